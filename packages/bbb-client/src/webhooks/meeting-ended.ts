import { hash } from 'node:crypto'
import { BbbConfigError } from '../errors.ts'
import { equalDigests } from './digest.ts'
import { BbbWebhookError } from './errors.ts'
import { queryOf, requireMethod, type WebhookRequest } from './request.ts'

/** BigBlueButton says that a meeting ended. Nobody signed it: ask the API before ending anything on its word. */
export interface MeetingEndedHint {
  /** The external id; `null` from `meetingEndedURL`, which names none. */
  readonly meetingID: string | null
  /** Whether somebody pressed record; `null` when it is not said. */
  readonly recordingMarks: boolean | null
}

export interface MeetingEndedOptions {
  /**
   * The random part of the registered URL, a whole path segment or query value of at least 22 characters (128 bits as
   * base64url). It is all that keeps strangers out, since the callback is not signed.
   */
  readonly token: string | readonly string[]
}

/** 128 bits as base64url. */
const MIN_TOKEN_CHARACTERS = 22

/**
 * The plain GET that `meta_endCallbackUrl` or `meetingEndedURL` asks for. Compares the token of the URL in constant time.
 *
 * @throws {@link BbbWebhookError} `mismatch` without a right token.
 */
export function receiveMeetingEnded(
  request: Pick<WebhookRequest, 'method' | 'target'>,
  options: MeetingEndedOptions,
): MeetingEndedHint {
  const tokens = typeof options.token === 'string' ? [options.token] : options.token
  if (tokens.length === 0 || tokens.some(token => token.length < MIN_TOKEN_CHARACTERS)) {
    throw new BbbConfigError('token', `must have at least ${MIN_TOKEN_CHARACTERS} random characters`)
  }
  requireMethod(request.method, 'GET')
  const target = typeof request.target === 'string' ? request.target : ''
  const path = target.replace(/[?#].*$/s, '').split('/')
  const values = queryOf(target)
    .split('&')
    .map(pair => pair.slice(pair.indexOf('=') + 1))
  const expected = tokens.map(token => hash('sha256', token, 'hex'))
  let matches = 0
  for (const piece of [...path, ...values]) {
    const presented = hash('sha256', piece, 'hex')
    for (const digest of expected) if (equalDigests(presented, digest)) matches += 1
  }
  if (matches === 0) throw new BbbWebhookError('mismatch', 'The URL of the callback does not hold the token.')
  return readMeetingEnded(target)
}

/** What the target says, believed by nobody. The last of repeated parameters counts: BigBlueButton appends its own. */
export function readMeetingEnded(target: string): MeetingEndedHint {
  const query = new URLSearchParams(queryOf(target))
  const meetingID = query.getAll('meetingID').at(-1) ?? ''
  const marks = query.getAll('recordingmarks').at(-1)
  return {
    meetingID: meetingID === '' ? null : meetingID,
    recordingMarks: marks === 'true' ? true : marks === 'false' ? false : null,
  }
}
