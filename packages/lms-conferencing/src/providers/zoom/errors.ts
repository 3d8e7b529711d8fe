import type { HttpResponse, SendOutcome } from 'bbb-client/http'
import { z } from 'zod'
import { ConferencingError, type ConferencingErrorCode, type Outcome } from '../../errors.ts'
import { parseJson } from './json.ts'
import type { RateLimit } from './limits.ts'

/** A call by name, as errors and logs show it: never its path, which holds ids, or its body. */
export type CallName = string

const errorBody = z.object({
  code: z.int(),
  message: z.string().catch(''),
  errors: z.array(z.object({ field: z.string() })).catch([]),
})

/** Zoom's own words about a refusal. */
export interface ZoomFault {
  readonly code: number
  readonly message: string
  readonly fields: readonly string[]
}

/** The error body of an answer, whatever its status; `null` when it has none (gateways send HTML or XML). */
export function faultOf(body: Uint8Array): ZoomFault | null {
  try {
    const { code, message, errors } = errorBody.parse(parseJson(body, 'answer'))
    return { code, message, fields: errors.map(({ field }) => field).filter(field => /^[\w.[\]]{1,80}$/.test(field)) }
  } catch {
    return null
  }
}

interface Meaning {
  readonly code: ConferencingErrorCode
  readonly what: string
  readonly userMessage: string
}

const ADMIN = 'Please tell an administrator.'
const notHere = 'This class is not known to Zoom at the moment.'
const refused = (what: string, userMessage: string): Meaning => ({ code: 'REFUSED', what, userMessage })
const noScope: Meaning = {
  code: 'UNAUTHORIZED',
  what: 'the app lacks a scope',
  userMessage: `Zoom does not allow this to our application. ${ADMIN}`,
}
const noHost = refused('the host is not on this account', `The teacher has no Zoom account here. ${ADMIN}`)

/** Zoom's error codes (its API document) in our words; whatever is not here is a plain refusal. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  104: noScope,
  4711: noScope,
  124: { code: 'UNAUTHORIZED', what: 'the access token', userMessage: `Zoom did not let us in. ${ADMIN}` },
  200: refused('not in this plan, or no permission', `The Zoom account does not allow this. ${ADMIN}`),
  300: refused('a field', 'Zoom does not accept this class as it is.'),
  1001: noHost,
  1010: noHost,
  1120: noHost,
  3000: refused('the meeting cannot be changed now', 'Zoom does not allow this while the class is as it is.'),
  3001: { code: 'MEETING_NOT_FOUND', what: 'no such meeting, or not ended yet', userMessage: notHere },
  3002: refused('the meeting is in progress', 'The class is still running.'),
  3003: refused('not the host', `The teacher is not the host of this class. ${ADMIN}`),
  3007: { code: 'MEETING_NOT_FOUND', what: 'the meeting has ended', userMessage: 'This class is over.' },
  3043: refused('capacity reached', 'This class is full.'),
  3161: refused('the host has no licence', `The teacher’s Zoom account may not host classes. ${ADMIN}`),
  3301: { code: 'MEETING_NOT_FOUND', what: 'no recording yet', userMessage: 'There is no recording yet.' },
  12702: refused('older than a year', 'Zoom keeps reports for one year.'),
}

const unforeseen = refused('refused', 'Zoom does not accept this.')

/** An answer that says no → our error. */
export function refusal(call: CallName, { status, headers }: HttpResponse, fault: ZoomFault): ConferencingError {
  const { code, what, userMessage } = MEANINGS[fault.code] ?? unforeseen
  const scopes = fault.message.match(/\b[a-z_]+(?::[a-z_]+){1,3}\b/g)
  return new ConferencingError(fault.fields.length > 0 ? 'INVALID' : code, `Zoom refused ${call}: ${what}.`, {
    provider: 'zoom',
    outcome: 'refused',
    userMessage,
    details: {
      ...detailsOf(call, status, headers),
      zoom_code: String(fault.code),
      ...(fault.fields.length > 0 && { fields: fault.fields.join(' ') }),
      ...(fault.code === 4711 && scopes !== null && { scopes: scopes.join(' ') }),
    },
  })
}

const LIMIT_WORDS = {
  second: ['too many calls in a second', 'Zoom is busy. Please try again in a moment.'],
  day: ['the daily limit of the account', 'Zoom takes no more requests from us today.'],
  'host-day': ['the daily limit of this host', 'Zoom takes no more changes to this teacher’s classes today.'],
  'registrant-day': [
    'the daily limit of this person',
    'Zoom let you register too often today. Please use your old link.',
  ],
} as const

export function rateLimited(
  call: CallName,
  { limit, waitMs }: RateLimit,
  now: number,
  headers: HttpResponse['headers'] = {},
): ConferencingError {
  const [what, userMessage] = LIMIT_WORDS[limit]
  return new ConferencingError('RATE_LIMITED', `Zoom put off ${call}: ${what}.`, {
    provider: 'zoom',
    outcome: 'refused',
    userMessage,
    details: { ...detailsOf(call, 429, headers), limit, retry_after: new Date(now + waitMs).toISOString() },
  })
}

/** No answer, or none that can be used. */
export function unavailable(
  call: CallName,
  reason: string,
  outcome: Outcome,
  response?: HttpResponse | undefined,
): ConferencingError {
  return new ConferencingError('UNAVAILABLE', `Zoom gave no usable answer to ${call}: ${reason}.`, {
    provider: 'zoom',
    outcome,
    userMessage: 'Zoom does not answer. Please try again in a minute.',
    details: { ...(response ? detailsOf(call, response.status, response.headers) : { call }), reason },
  })
}

/** How a request that brought no answer ended. */
export function unanswered(
  call: CallName,
  outcome: Exclude<SendOutcome, { readonly kind: 'response' }>,
): ConferencingError {
  if (outcome.kind === 'open') return unavailable(call, 'left alone after many failures', 'not-sent')
  const reason = outcome.kind === 'timeout' ? 'too slow' : outcome.failure.reason
  return unavailable(call, reason, outcome.sent ? 'unknown' : 'not-sent')
}

/** Zoom's own code of a refusal, as it gave it. */
export const zoomCodeOf = (error: unknown): string | undefined =>
  error instanceof ConferencingError ? error.details.zoom_code : undefined

/** Whether Zoom said that there is no such meeting (any more, or yet). */
export const isMissing = (error: unknown): boolean =>
  error instanceof ConferencingError && error.code === 'MEETING_NOT_FOUND'

/** `null` when Zoom says that what was asked for is not there. */
export async function unlessMissing<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

function detailsOf(call: CallName, status: number, headers: HttpResponse['headers']): Record<string, string> {
  const tracking = headers['x-zm-trackingid'] ?? ''
  return {
    call,
    http_status: String(status),
    // What Zoom's support asks for.
    ...(/^[\w=;:.-]{1,128}$/.test(tracking) && { tracking_id: tracking }),
  }
}
