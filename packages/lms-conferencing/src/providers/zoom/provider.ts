import { randomBytes } from 'node:crypto'
import { type HttpClock, type Transport, undiciTransport } from 'bbb-client/http'
import { type Clock, systemClock, type TimerHandle } from '../../clock.ts'
import { ConferencingError } from '../../errors.ts'
import type { Meeting, MeetingSpec } from '../../model.ts'
import type { ConferenceProvider } from '../../provider.ts'
import { isZoomHost, noAccount, type OpenAccount, openAccount, type ZoomAccount } from './account.ts'
import type { TimeLeft } from './api.ts'
import { zoomCallbacks } from './callbacks.ts'
import {
  allRows,
  createMeeting,
  deleteMeeting,
  endMeeting,
  getMeeting,
  listMeetings,
  updateMeeting,
  type ZoomMeeting,
} from './calls.ts'
import { type FetchLike, recordingFilesOf } from './downloads.ts'
import { isMissing, unlessMissing, zoomCodeOf } from './errors.ts'
import { findMarked, MAX_MARKER, toCreateBody, toUpdateBody } from './map.ts'
import { recordingsOf, reportOf } from './past.ts'
import type { PersonOf } from './person.ts'
import type { ZoomMeetingSettings } from './settings.ts'
import { MAX_AGE_SECONDS } from './webhook.ts'

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
  /** Downloads files of recordings. @default the global fetch */
  readonly fetch?: FetchLike | undefined
  /** @default the wall clock */
  readonly clock?: Clock | undefined
  /** Uniform in `[0, 1)`: spreads repetitions. @default Math.random */
  readonly random?: (() => number) | undefined
}

/** Zoom sends a webhook again 5, 25 and 85 minutes after the first time; then it is lost. */
const REDELIVERY_MS = 85 * 60_000

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
    throw noAccount(meeting.serverId)
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

  return {
    name: 'zoom',
    capabilities: { idempotentOpen: true, snapshots: false, publishRecordings: false, redeliveryMs: REDELIVERY_MS },

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

    recordings: async (meeting, how) => recordingsOf(accountOf(meeting), meeting, how),

    recordingFiles: async (meeting, how) =>
      recordingFilesOf(accountOf(meeting), meeting, { ...how, fetch: options.fetch ?? fetch, domain }),

    report: async (meeting, how) => reportOf(accountOf(meeting), meeting, { ...how, people: options.people }),

    ...zoomCallbacks({ accounts, clock, maxAgeSeconds, people: options.people }),
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
