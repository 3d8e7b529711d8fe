import { randomBytes } from 'node:crypto'
import { type HttpClock, type Transport, undiciTransport } from 'bbb-client/http'
import { ZodError } from 'zod'
import { type Clock, systemClock, type TimerHandle } from '../../clock.ts'
import { ConferencingError } from '../../errors.ts'
import type { AttendanceEvent, Meeting, MeetingSpec, Recording } from '../../model.ts'
import type { CallbackRequest, ConferenceProvider, VerifiedCallback } from '../../provider.ts'
import { isZoomHost, type OpenAccount, openAccount, type ZoomAccount } from './account.ts'
import type { TimeLeft } from './api.ts'
import {
  allRows,
  createMeeting,
  deleteMeeting,
  endMeeting,
  getMeeting,
  listMeetings,
  meetingRecordings,
  participantReport,
  pastInstances,
  pastMeeting,
  updateMeeting,
  type ZoomMeeting,
} from './calls.ts'
import { isMissing, zoomCodeOf } from './errors.ts'
import { toConferenceEvent } from './events.ts'
import { findMarked, MAX_MARKER, toAttendance, toCreateBody, toRecording, toUpdateBody } from './map.ts'
import { type PersonOf, personResolver } from './person.ts'
import type { ZoomMeetingSettings } from './settings.ts'
import {
  challengeAnswer,
  isFresh,
  MAX_AGE_SECONDS,
  readSignature,
  redact,
  rejected,
  signedBy,
  tryParse,
} from './webhook.ts'

export interface ZoomProviderOptions extends ZoomAccount {
  /** `false`: no new meetings are made; those there are can be held, and read for ever. @default true */
  readonly enabled?: boolean | undefined
  readonly settings?: ZoomMeetingSettings | undefined
  /** Who somebody is that did not come by a link of ours: a teacher signed in to Zoom, for example. @default nobody */
  readonly people?: PersonOf | undefined
  /** Names the account in every row. @default 'default' */
  readonly serverId?: string | undefined
  /** Accounts that only still hold old classes, by the name their rows carry. */
  readonly oldAccounts?: Readonly<Record<string, ZoomAccount>> | undefined
  /** Begins the first line of every agenda; tells installations apart that share an account. @default 'lms-class:' */
  readonly markerPrefix?: string | undefined
  /** Domain of the addresses under which students are registered; it must take no mail. @default 'lms.invalid' */
  readonly registrantDomain?: string | undefined
  /** How old a webhook may be to count, in seconds; older ones are kept aside. @default 6000 */
  readonly maxAgeSeconds?: number | undefined
  /** Zoom's domain, for clouds that have their own. @default 'zoom.us' */
  readonly domain?: string | undefined
  /** Another address for tokens and API alike, on this machine: a fake to test against. */
  readonly url?: string | undefined
  /** For one request, in milliseconds. @default 10000 */
  readonly timeoutMs?: number | undefined
  /** For a call with all its repetitions, in milliseconds. @default 15000 */
  readonly deadlineMs?: number | undefined
  /** @default undici's global dispatcher */
  readonly transport?: Transport | undefined
  /** @default the wall clock */
  readonly clock?: Clock | undefined
  /** Uniform in `[0, 1)`: spreads repetitions. @default Math.random */
  readonly random?: (() => number) | undefined
}

/** Zoom behind the provider contract, through a server-to-server OAuth app. */
export function zoomProvider(options: ZoomProviderOptions): ConferenceProvider {
  const {
    enabled = true,
    settings = {},
    serverId = 'default',
    markerPrefix = 'lms-class:',
    maxAgeSeconds = MAX_AGE_SECONDS,
    domain = 'zoom.us',
    clock = systemClock,
  } = options
  const network = {
    transport: options.transport ?? undiciTransport(),
    clock: httpClock(clock, options.random ?? Math.random),
    domain,
    url: options.url === undefined ? undefined : localOrigin(options.url),
    registrantDomain: options.registrantDomain ?? 'lms.invalid',
    timeoutMs: options.timeoutMs ?? 10_000,
    deadlineMs: options.deadlineMs ?? 15_000,
  }
  const accounts = new Map<string, OpenAccount>([[serverId, openAccount(serverId, options, network)]])
  for (const [id, account] of Object.entries(options.oldAccounts ?? {}))
    accounts.set(id, openAccount(id, account, network))

  function accountOf(meeting: Pick<Meeting, 'provider' | 'serverId'>): OpenAccount {
    const account = meeting.provider === 'zoom' ? accounts.get(meeting.serverId) : undefined
    if (account !== undefined) return account
    throw new ConferencingError('UNSUPPORTED', `No Zoom account named "${meeting.serverId}" is configured.`, {
      provider: 'zoom',
      outcome: 'not-sent',
      userMessage: 'This class is on a Zoom account that is not set up here any more. Please tell an administrator.',
    })
  }

  function requireEnabled(): void {
    if (enabled) return
    throw new ConferencingError('UNSUPPORTED', 'Zoom is switched off for new meetings.', {
      provider: 'zoom',
      outcome: 'not-sent',
      userMessage: 'New classes are not held on Zoom any more.',
    })
  }

  async function find({ api }: OpenAccount, { meetingId }: Meeting, left: TimeLeft): Promise<ZoomMeeting | null> {
    return meetingId === '' ? null : unlessMissing(() => api.call(getMeeting(meetingId), left()))
  }

  async function get(account: OpenAccount, meeting: Meeting, left: TimeLeft): Promise<ZoomMeeting> {
    const found = await find(account, meeting, left)
    if (found !== null) return found
    throw new ConferencingError('MEETING_NOT_FOUND', 'Zoom has no such meeting.', {
      provider: 'zoom',
      outcome: 'refused',
      userMessage: 'This class is not open at the moment.',
    })
  }

  function markerOf({ classId }: MeetingSpec): string {
    const marker = `${markerPrefix}${classId}`
    if (marker.length <= MAX_MARKER && /^[\x21-\x7e]+$/.test(marker)) return marker
    throw new ConferencingError('INVALID', 'The id of the class cannot be written into a Zoom meeting.', {
      provider: 'zoom',
      outcome: 'not-sent',
      details: { class_id: 'must be short and of plain characters' },
    })
  }

  /** Looks for the meeting first: an earlier answer may have been lost, and Zoom would make a second one. */
  async function findOrCreate(
    account: OpenAccount,
    meeting: Meeting,
    spec: MeetingSpec,
    left: TimeLeft,
  ): Promise<string> {
    const { api } = account
    const host = meeting.details.host ?? account.hostOf(spec)
    const marker = markerOf(spec)
    const list = spec.startsAt.getTime() > clock.now() ? 'upcoming' : 'scheduled'
    const marked = findMarked(await allRows(api, listMeetings(host, list), left), marker)
    if (marked !== undefined) return marked.id
    return (await api.call(createMeeting(host, toCreateBody(meeting, spec, marker, settings)), left())).id
  }

  /** Links go to Zoom or nowhere. */
  function zoomLink(link: string | undefined): string {
    const url = link === undefined ? null : URL.parse(link)
    if (link !== undefined && url?.protocol === 'https:' && isZoomHost(url.hostname, domain)) return link
    throw new ConferencingError('UNAVAILABLE', 'Zoom gave no link that leads to Zoom.', {
      provider: 'zoom',
      outcome: 'refused',
      userMessage: 'Zoom gave no link for this class. Please try again in a minute.',
    })
  }

  /** Ended runs by UUID; `null` when Zoom knows of none. */
  async function runsOf(
    { api }: OpenAccount,
    { meetingId }: Meeting,
    left: TimeLeft,
  ): Promise<readonly string[] | null> {
    if (meetingId === '') return null
    const found = await unlessMissing(() => api.call(pastInstances(meetingId), left()))
    return found === null || found.meetings.length === 0 ? null : [...new Set(found.meetings.map(({ uuid }) => uuid))]
  }

  async function reportOf(
    account: OpenAccount,
    meeting: Meeting,
    uuid: string,
    left: TimeLeft,
  ): Promise<AttendanceEvent[]> {
    const { api, registrants } = account
    const run = await api.call(pastMeeting(uuid), left())
    const rows = await allRows(api, participantReport(uuid), left)
    // Some accounts leave addresses out of reports.
    const isNameless = rows.some(row => row.registrant_id !== undefined && row.user_email === undefined)
    const addresses = isNameless ? await registrants.addressesOf(meeting.meetingId, left) : new Map<string, string>()
    const personOf = personResolver(account.addresses, options.people)
    return [
      { type: 'started', instance: uuid, at: run.start_time },
      ...rows.flatMap(row => toAttendance(row, uuid, personOf, id => addresses.get(id))),
      ...(run.end_time === undefined ? [] : [{ type: 'ended' as const, instance: uuid, at: run.end_time }]),
    ]
  }

  /** The accounts whose webhooks may arrive here: behind a proxy the path may have lost its beginning. */
  function accountsAt(target: string): readonly OpenAccount[] {
    const path = target.split('?', 1)[0] ?? ''
    return [...accounts.values()].filter(({ webhookPath }) => webhookPath === undefined || webhookPath.endsWith(path))
  }

  return {
    name: 'zoom',
    capabilities: { idempotentOpen: true, snapshots: false, publishRecordings: false },

    planMeeting(spec) {
      requireEnabled()
      const account = accountOf({ provider: 'zoom', serverId })
      markerOf(spec)
      return {
        provider: 'zoom',
        serverId,
        // Zoom gives the id.
        meetingId: '',
        meetingKey: '',
        moderatorPassword: '',
        // As long as Zoom allows, of the characters it allows.
        attendeePassword: randomBytes(8).toString('base64url').slice(0, 10),
        details: { host: account.hostOf(spec) },
      }
    },

    async openMeeting(meeting, spec, how) {
      const account = accountOf(meeting)
      const left = account.api.timeLeft(how)
      const found = await find(account, meeting, left)
      if (found !== null) {
        const changes = found.status === 'started' ? null : toUpdateBody(found, spec, markerOf(spec), clock.now())
        if (changes !== null) await account.api.call(updateMeeting(found.id, changes), left())
        return meeting
      }
      requireEnabled()
      const meetingId = await findOrCreate(account, meeting, spec, left)
      return { ...meeting, meetingId, meetingKey: meetingId }
    },

    async joinLink(meeting, participant, how) {
      const account = accountOf(meeting)
      const left = account.api.timeLeft(how)
      // The host's link holds a token of two hours: asked for at the click, and for nobody else.
      if (participant.role === 'moderator') return zoomLink((await get(account, meeting, left)).start_url)
      if (meeting.meetingId === '') await get(account, meeting, left)
      return zoomLink(await account.registrants.linkFor(meeting, participant, left))
    },

    async endMeeting(meeting, how) {
      const account = accountOf(meeting)
      const left = account.api.timeLeft(how)
      if (meeting.meetingId === '') return
      try {
        await account.api.call(endMeeting(meeting.meetingId), left())
      } catch (error) {
        // What Zoom answers for a meeting that is not running is written nowhere: look.
        const mayBeOver = isMissing(error) || zoomCodeOf(error) === '3000'
        if (!mayBeOver || (await find(account, meeting, left))?.status === 'started') throw error
      }
    },

    async cancelMeeting(meeting, how) {
      const account = accountOf(meeting)
      const left = account.api.timeLeft(how)
      if (meeting.meetingId === '') return
      const remove = (): Promise<unknown> =>
        unlessMissing(() => account.api.call(deleteMeeting(meeting.meetingId), left()))
      try {
        await remove()
      } catch (error) {
        if (zoomCodeOf(error) !== '3002') throw error
        await account.api.call(endMeeting(meeting.meetingId), left())
        await remove()
      }
    },

    async isRunning(meeting, how) {
      const account = accountOf(meeting)
      return (await find(account, meeting, account.api.timeLeft(how)))?.status === 'started'
    },

    // Only the largest plans tell who is connected now.
    snapshot: async meeting => {
      accountOf(meeting)
      return null
    },

    async recordings(meeting, how) {
      const account = accountOf(meeting)
      const left = account.api.timeLeft(how)
      if (meeting.meetingId === '') return []
      const found: Omit<Recording, 'classId'>[] = []
      // By id Zoom tells of the newest run only.
      for (const run of (await runsOf(account, meeting, left)) ?? [meeting.meetingId]) {
        const set = await unlessMissing(() => account.api.call(meetingRecordings(run), left()))
        if (set !== null && set.id === meeting.meetingId && set.recording_files.length > 0) found.push(toRecording(set))
      }
      return found
    },

    async report(meeting, how) {
      const account = accountOf(meeting)
      const left = account.api.timeLeft(how)
      const runs = await runsOf(account, meeting, left)
      if (runs === null) return null
      // All runs or none, so that what is missing is asked for again.
      return unlessMissing(async () => {
        const events: AttendanceEvent[] = []
        for (const uuid of runs) events.push(...(await reportOf(account, meeting, uuid, left)))
        return events
      })
    },

    // Subscriptions are kept in Zoom's own pages.
    keepCallbacks: async () => null,

    verify(request: CallbackRequest): VerifiedCallback {
      const signature = readSignature(request.headers)
      const candidates = accountsAt(request.target)
      let source: { serverId: string; secret: string } | undefined
      for (const { serverId: id, webhookSecrets } of candidates) {
        const secret = signedBy(webhookSecrets, signature, request.body)
        if (secret !== null) source ??= { serverId: id, secret }
      }
      if (source === undefined) throw rejected('mismatch')
      const body = tryParse(request.body)
      const now = clock.now()
      const answer = challengeAnswer(body, signature, source.secret, now)
      return {
        serverId: source.serverId,
        kind: answer !== null ? 'challenge' : isFresh(signature, now, maxAgeSeconds) ? 'event' : 'stale',
        body: redact(request.body, body),
        ...(answer !== null && { answer }),
      }
    },

    events({ serverId: id, kind, body }) {
      if (kind === 'challenge') return [{ kind: 'other', meetingKey: null, name: 'endpoint.url_validation' }]
      const account = accountOf({ provider: 'zoom', serverId: id })
      try {
        const event = toConferenceEvent(tryParse(body), personResolver(account.addresses, options.people))
        // Genuine, but so old that it may be a replay: kept aside, for a person to look at.
        return [kind === 'stale' ? { kind: 'other', meetingKey: event.meetingKey, name: 'stale' } : event]
      } catch (error) {
        if (!(error instanceof ZodError)) throw error
        const where = error.issues[0]?.path
          .map(String)
          .filter(part => /^\w{1,40}$/.test(part))
          .join('.')
        throw new ConferencingError('INVALID', 'The callback is from Zoom, but cannot be read.', {
          provider: 'zoom',
          details: { reason: 'malformed', ...(where !== undefined && where !== '' && { field: where }) },
        })
      }
    },
  }
}

/** `null` when Zoom says that what was asked for is not there. */
async function unlessMissing<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

const httpClock = (clock: Clock, random: () => number): HttpClock => ({
  now: () => clock.now(),
  setTimeout: (callback, ms) => clock.setTimeout(callback, ms),
  clearTimeout: (handle: TimerHandle) => clock.clearTimeout(handle),
  random,
})

function localOrigin(given: string): string {
  const url = URL.parse(given)
  const isLocal = url !== null && /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname)
  if (!isLocal || !/^https?:$/.test(url.protocol)) throw new TypeError('url: must be an address on this machine')
  return url.origin
}
