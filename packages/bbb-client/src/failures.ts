import type { Repeat, ServerFailure } from './api/operation.ts'
import type { ResolvedOptions } from './config.ts'
import {
  BbbApiError,
  BbbCircuitOpenError,
  type BbbError,
  BbbHttpError,
  BbbNetworkError,
  BbbResponseError,
  BbbTimeoutError,
  type Outcome,
  type ResponseProblem,
} from './errors.ts'
import { isTransientStatus } from './http/retry.ts'
import { isTransientReason, type SendOutcome } from './http/send.ts'
import { isBusy, isUndecided } from './message-keys.ts'
import type { RequestDraft } from './params.ts'
import { scrubber } from './scrub.ts'

/** What was asked, as far as an error has to know it. */
export interface Asked {
  readonly call: string
  /** With the checksum: never part of an error. */
  readonly path: string
  readonly out: RequestDraft
  readonly repeat: Repeat
  readonly timeoutMs: number
  readonly deadlineMs: number
  readonly options: ResolvedOptions
}

type Answered = Extract<SendOutcome, { kind: 'response' }>
type Unanswered = Exclude<SendOutcome, { kind: 'response' }>

function about({ call }: Asked, { attempts, response }: Answered) {
  return { call, attempts, status: response.status }
}

/** FAILED, in the server's words as far as they may be repeated. */
export function apiError(
  asked: Asked,
  answered: Answered,
  failure: { readonly messageKey: string; readonly message: string; readonly errors: readonly ServerFailure[] },
): BbbApiError {
  const { status } = answered.response
  const undecided = isUndecided(failure.messageKey, status)
  const checksum = asked.path.split('checksum=')[1] ?? ''
  const scrub = scrubber([...asked.options.secrets(), checksum, ...passwordsIn(asked.out)])
  return new BbbApiError({
    ...about(asked, answered),
    outcome: undecided ? 'unknown' : 'refused',
    retryable: isBusy(failure.messageKey) || (undecided && asked.repeat === 'safe'),
    messageKey: scrub(failure.messageKey, 100),
    apiMessage: scrub(failure.message, 500),
    errors: failure.errors
      .slice(0, 20)
      .map(({ key, message }) => ({ key: scrub(key, 100), message: scrub(message, 500) })),
  })
}

/** Parameters that let somebody in. */
function passwordsIn(out: RequestDraft): readonly string[] {
  return ['attendeePW', 'moderatorPW', 'password', 'replaceSessionToken'].map(name => out.get(name) ?? '')
}

/** HTTP said no, and no API answer came with it. */
export function httpError(asked: Asked, answered: Answered): BbbHttpError {
  const { status } = answered.response
  return new BbbHttpError({
    ...about(asked, answered),
    outcome: status >= 500 ? 'unknown' : 'refused',
    retryable: isTransientStatus(status) && (status < 500 || asked.repeat === 'safe'),
    retryAfterMs: answered.retryAfterMs,
  })
}

/** Says where to, without path and query, which may hold a checksum. */
export function redirectError(asked: Asked, answered: Answered, location: string): BbbResponseError {
  const { origin } = URL.parse(location, asked.options.origin) ?? {}
  const target = location === '' || origin === undefined || origin === 'null' ? 'nowhere' : origin
  return new BbbResponseError({
    ...about(asked, answered),
    outcome: 'refused',
    problem: 'redirect',
    issues: [`HTTP ${answered.response.status} to ${target}`],
  })
}

/** An answer came that says nothing. */
export function unreadableError(
  asked: Asked,
  answered: Answered,
  problem: ResponseProblem,
  issue: string,
): BbbResponseError {
  return new BbbResponseError({ ...about(asked, answered), outcome: 'unknown', problem, issues: [issue] })
}

/** No answer came. */
export function transportError(asked: Asked, unanswered: Unanswered): BbbError {
  const { call, options, repeat } = asked
  const { origin } = options
  const { attempts } = unanswered
  if (unanswered.kind === 'open')
    return new BbbCircuitOpenError({ call, origin, retryAfterMs: unanswered.retryAfterMs })
  const outcome: Outcome = unanswered.sent ? 'unknown' : 'not-sent'
  const repeatable = repeat === 'safe' || !unanswered.sent
  if (unanswered.kind === 'timeout') {
    const { limit } = unanswered
    const timeoutMs = limit === 'attempt' ? asked.timeoutMs : asked.deadlineMs
    return new BbbTimeoutError({ call, attempts, origin, outcome, retryable: repeatable, limit, timeoutMs })
  }
  const { reason, systemCode } = unanswered.failure
  if (reason === 'too-large' || reason === 'encoding') {
    const issue =
      reason === 'encoding' ? 'a content encoding other than identity' : `more than ${options.maxResponseBytes} bytes`
    return new BbbResponseError({ call, attempts, outcome, status: 0, problem: reason, issues: [issue] })
  }
  const retryable = repeatable && isTransientReason(unanswered.failure)
  return new BbbNetworkError({ call, attempts, origin, outcome, retryable, reason, systemCode })
}
