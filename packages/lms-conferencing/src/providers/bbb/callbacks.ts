import { createHash } from 'node:crypto'
import {
  parseAnalytics,
  parseWebhook,
  readMeetingEnded,
  receiveRecordingReady,
  type SecretOptions,
  verifyAnalytics,
  verifyWebhook,
} from 'bbb-client/webhooks'
import { ConferencingError } from '../../errors.ts'
import { checkMaxAge } from '../../inbox/age.ts'
import type { ConferenceEvent } from '../../model.ts'
import type { CallbackRequest, ConferenceProvider, VerifiedCallback } from '../../provider.ts'
import { analyticsEvents } from './analytics.ts'
import { isTokenOf, type MeetingCallback, readTarget } from './callback-urls.ts'
import { toConferencingError } from './errors.ts'
import { runOf, toConferenceEvent } from './map.ts'
import { redactAnalyticsBody, redactHookBody } from './redact.ts'
import type { CallingServer } from './servers.ts'

/** A permanent hook repeats an event with its first timestamp for as long as nobody takes it; a week is a long outage. */
const MAX_AGE_SECONDS = 7 * 86_400

/** The largest report of a meeting that is read, in bytes: some 5,000 people. */
const maxReportBytes = 8 * 1024 * 1024

/** The part of the provider that takes BigBlueButton's callbacks: hooks, and the three that belong to one meeting. */
export function bbbCallbacks(
  servers: readonly CallingServer[],
  now: () => Date,
): Pick<ConferenceProvider, 'verify' | 'events'> {
  for (const { callbacks } of servers)
    checkMaxAge('callbacks.maxAgeSeconds', callbacks.maxAgeSeconds ?? MAX_AGE_SECONDS)

  /** The server whose hook route this is: behind a proxy the path may have lost its beginning, never its random end. */
  function serverAt(target: string): CallingServer | undefined {
    const path = target.split('?')[0] ?? ''
    const routed = servers.filter(({ callbacks }) => new URL(callbacks.url).pathname.endsWith(path))
    return routed[0] ?? (servers.length === 1 ? servers[0] : undefined)
  }

  function verifyHook(request: CallbackRequest): VerifiedCallback {
    const server = serverAt(request.target)
    if (server === undefined) throw rejected('missing', 'No BigBlueButton server calls back at this address.')
    const { url, maxAgeSeconds = MAX_AGE_SECONDS, ...verification } = server.callbacks
    const { forgeable } = verifyWebhook(request, { ...verification, callbackUrl: url, now })
    const sentAt = firstTriedAt(request.body)
    return {
      serverId: server.id,
      kind: forgeable ? 'hint' : 'hook',
      body: redactHookBody(request.body),
      ...(sentAt !== null && { age: { sentAt, maxMs: maxAgeSeconds * 1000 } }),
    }
  }

  /** Which server, and which of its meetings, the address was made for; what the request says must fit it. */
  function verifyMeetingCallback(request: CallbackRequest, kind: MeetingCallback, token: string): VerifiedCallback {
    let refusal: unknown = rejected('missing', 'No BigBlueButton server calls back at this address.')
    for (const { id: serverId, callbacks } of servers) {
      try {
        const { meetingId, body } = readers[kind](request, { secrets: callbacks.secrets, now })
        if (isTokenOf(token, callbacks.secrets, kind, { serverId, meetingId })) return { serverId, kind, body }
        refusal = rejected('mismatch', 'The address of the callback is that of another meeting.')
      } catch (error) {
        refusal = error
      }
    }
    throw refusal
  }

  return {
    verify(request) {
      try {
        const at = readTarget(request.target)
        return at === null ? verifyHook(request) : verifyMeetingCallback(request, at.kind, at.token)
      } catch (error) {
        throw toConferencingError(error)
      }
    },

    events({ kind, body }) {
      try {
        if (kind === 'recording-ready' || kind === 'meeting-ended') return [hintOf(kind, body)]
        if (kind === 'analytics') return analyticsEvents(parseAnalytics(body))
        const events = parseWebhook(body).events.map(toConferenceEvent)
        // A signature that does not cover the body proves nothing about who came and went.
        return kind === 'hint' ? events.map(asHint) : events
      } catch (error) {
        throw toConferencingError(error)
      }
    },
  }
}

/** When bbb-webhooks first tried to send this, in epoch milliseconds; `null`: it does not say, and waits for a person. */
function firstTriedAt(body: Uint8Array): number | null {
  const [, digits] = /(?:^|&)timestamp=(\d{1,15})(?:&|$)/.exec(Buffer.from(body).toString('latin1')) ?? []
  return digits === undefined ? null : Number(digits)
}

interface Read {
  readonly meetingId: string
  /** What is kept of the request: no token. */
  readonly body: Uint8Array
}

/** What a request of each kind says, as far as it proves it. */
const readers: Readonly<Record<MeetingCallback, (request: CallbackRequest, options: SecretOptions) => Read>> = {
  'recording-ready': (request, options) => {
    const { meetingID, recordID } = receiveRecordingReady(request, options)
    return { meetingId: meetingID, body: Buffer.from(JSON.stringify({ meetingID, recordID })) }
  },
  analytics: (request, options) => {
    verifyAnalytics(request, { ...options, maxBodyBytes: maxReportBytes })
    const { meetingID } = parseAnalytics(request.body)
    return { meetingId: meetingID, body: redactAnalyticsBody(request.body) }
  },
  'meeting-ended': ({ method, target }) => {
    if (method !== 'GET') throw rejected('method', 'This callback is a GET.')
    const { meetingID } = readMeetingEnded(target)
    if (meetingID === null) throw rejected('missing', 'The callback names no meeting.')
    return { meetingId: meetingID, body: Buffer.from(JSON.stringify({ meetingID })) }
  },
}

/** Words that are no proof: something to ask the server about. */
function hintOf(kind: 'recording-ready' | 'meeting-ended', body: Uint8Array): ConferenceEvent {
  const said: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
  const of = (name: string): string => {
    const value = typeof said === 'object' && said !== null && name in said ? Reflect.get(said, name) : undefined
    if (typeof value === 'string') return value
    throw new ConferencingError('INVALID', 'The stored callback cannot be read.', { provider: 'bbb' })
  }
  return kind === 'recording-ready'
    ? // A recording has the id of the run it was made in.
      { kind: 'recording', ...runOf(of('recordID')), recordId: of('recordID') }
    : { kind: 'maybe-ended', meetingKey: createHash('sha1').update(of('meetingID')).digest('hex') }
}

/** What is left of an event that anybody who saw one callback could have made up. */
function asHint(event: ConferenceEvent): ConferenceEvent {
  if (event.kind === 'recording' || event.kind === 'other') return event
  if (event.kind === 'attendance' && event.event.type === 'ended')
    return { kind: 'maybe-ended', meetingKey: event.meetingKey }
  return { kind: 'other', meetingKey: event.meetingKey, name: 'hint' }
}

const rejected = (reason: string, message: string): ConferencingError =>
  new ConferencingError('CALLBACK_REJECTED', message, { provider: 'bbb', details: { reason } })
