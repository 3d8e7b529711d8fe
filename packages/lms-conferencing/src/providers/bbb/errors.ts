import { BbbApiError, BbbError, BbbHttpError } from 'bbb-client'
import { BbbWebhookError } from 'bbb-client/webhooks'
import { ConferencingError, type ConferencingErrorCode } from '../../errors.ts'

const MISSING = new Set([
  'notFound',
  'meetingNotFound',
  'invalidMeetingIdentifier',
  'meetingForciblyEnded',
  'noRecordings',
])
const SERVER_TROUBLE = new Set(['internalError', 'serverUnavailable', 'serverTagUnavailable', 'b3scale_server_error'])

function codeOf(error: BbbError): ConferencingErrorCode {
  if (error instanceof BbbApiError) {
    if (error.messageKey === 'checksumError') return 'UNAUTHORIZED'
    if (MISSING.has(error.messageKey)) return 'MEETING_NOT_FOUND'
    if (SERVER_TROUBLE.has(error.messageKey)) return 'UNAVAILABLE'
    return error.messageKey === 'unsupportedRequest' ? 'UNSUPPORTED' : 'REFUSED'
  }
  if (error instanceof BbbHttpError) {
    if (error.status === 429) return 'RATE_LIMITED'
    if (error.status === 401 || error.status === 403) return 'UNAUTHORIZED'
    return 'UNAVAILABLE'
  }
  if (error.code === 'BBB_PARAM_INVALID') return 'INVALID'
  return error.code === 'BBB_CONFIG_INVALID' ? 'UNAUTHORIZED' : 'UNAVAILABLE'
}

/** What the client or the callback side threw → our one error. Anything else (an abort reason, a bug) passes as it is. */
export function toConferencingError(error: unknown): unknown {
  if (error instanceof BbbWebhookError) {
    const code = error.verified ? 'INVALID' : 'CALLBACK_REJECTED'
    return new ConferencingError(code, error.message, { provider: 'bbb', details: { reason: error.reason } })
  }
  if (!(error instanceof BbbError)) return error
  return new ConferencingError(codeOf(error), error.message, {
    cause: error,
    provider: 'bbb',
    outcome: error.outcome,
    userMessage: error.userMessage,
    details: { call: error.call, ...(error instanceof BbbApiError && { message_key: error.messageKey }) },
  })
}

/** Runs a call to BigBlueButton; what it throws is a `ConferencingError`. */
export async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toConferencingError(error)
  }
}
