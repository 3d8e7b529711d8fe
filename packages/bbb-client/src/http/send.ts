import type { CircuitBreaker } from './breaker.ts'
import { backoffMs, httpDate, isTransientStatus, type RetryBudget, type RetryPolicy, retryAfterMs } from './retry.ts'
import { HttpFailure, type HttpRequest, type HttpResponse, type Transport, toHttpFailure } from './types.ts'

/** Time and chance, so that tests own both. */
export interface HttpClock {
  /** Milliseconds, never going back; near the epoch, because dates of servers are compared with it. */
  now(): number
  setTimeout(callback: () => void, ms: number): unknown
  clearTimeout(handle: unknown): void
  /** In [0, 1). */
  random(): number
}

const STARTED = performance.timeOrigin

/** The time and chance of the process. */
export const systemHttpClock: HttpClock = {
  // Not Date.now: a clock that is set back an hour must not keep a breaker open for an hour.
  now: () => STARTED + performance.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: handle => clearTimeout(handle as NodeJS.Timeout),
  random: Math.random,
}

/** What one call may cost. */
export interface SendPolicy {
  readonly retry: RetryPolicy
  /** For one attempt, in milliseconds. */
  readonly timeoutMs: number
  /** For all attempts and pauses together, in milliseconds. */
  readonly deadlineMs: number
  /** `safe`: may be repeated after bytes were sent. `unsent`: only when none were. */
  readonly repeat: 'safe' | 'unsent'
}

/** What is remembered about a server between calls. */
export interface ServerHealth {
  readonly budget: RetryBudget
  readonly breaker: CircuitBreaker
}

/** How it ended, as plain data; the caller knows which error that is. */
export type SendOutcome = { readonly attempts: number } & (
  | { readonly kind: 'response'; readonly response: HttpResponse; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'failure'; readonly failure: HttpFailure; readonly sent: boolean }
  | { readonly kind: 'timeout'; readonly limit: 'attempt' | 'deadline'; readonly sent: boolean }
  | { readonly kind: 'open'; readonly retryAfterMs: number }
)

type Attempt =
  | { readonly kind: 'response'; readonly response: HttpResponse }
  | { readonly kind: 'failure'; readonly failure: HttpFailure }
  | { readonly kind: 'timeout'; readonly limit: 'attempt' | 'deadline'; readonly sent: boolean }

/**
 * Sends under retry policy, deadline, budget and breaker. Reading the answer is not part of it: an answer that cannot
 * be understood was still delivered. Rejects only with the caller's `signal.reason`.
 */
export async function send(
  request: Omit<HttpRequest, 'signal'>,
  policy: SendPolicy,
  ports: {
    readonly transport: Transport
    readonly health: ServerHealth
    readonly clock: HttpClock
    readonly signal?: AbortSignal | undefined
  },
): Promise<SendOutcome> {
  const { clock, signal } = ports
  const { budget, breaker } = ports.health
  signal?.throwIfAborted()
  const began = clock.now()
  const closedFor = breaker.enter(began)
  if (closedFor > 0) return { kind: 'open', attempts: 0, retryAfterMs: closedFor }
  budget.earn()

  const deadline = began + policy.deadlineMs
  let everSent = false
  for (let attempts = 1; ; attempts++) {
    const leftMs = attempts === 1 ? policy.deadlineMs : deadline - clock.now()
    const attempt = await attemptOnce(request, policy.timeoutMs, leftMs, ports)
    if (signal?.aborted) {
      breaker.left()
      throw signal.reason
    }
    everSent ||= attempt.kind === 'response' || (attempt.kind === 'failure' ? attempt.failure.sent : attempt.sent)
    if (isServerTrouble(attempt)) breaker.failed(clock.now(), clock.random())
    else breaker.succeeded()

    const wait = attempt.kind === 'response' ? askedToWait(attempt.response, clock) : undefined
    const outcome = (): SendOutcome =>
      attempt.kind === 'response'
        ? { ...attempt, attempts, retryAfterMs: wait }
        : { ...attempt, attempts, sent: everSent }
    if (!isTransient(attempt) || attempts >= policy.retry.attempts) return outcome()
    if (everSent && policy.repeat === 'unsent') return outcome()
    const pause = wait ?? backoffMs(attempts, policy.retry, clock.random())
    if (pause >= deadline - clock.now() || !budget.spend()) return outcome()
    await sleep(pause, clock, signal)
    if (signal?.aborted) throw signal.reason
    if (clock.now() >= deadline || breaker.enter(clock.now()) > 0) return outcome()
  }
}

async function attemptOnce(
  request: Omit<HttpRequest, 'signal'>,
  timeoutMs: number,
  leftMs: number,
  ports: { readonly transport: Transport; readonly clock: HttpClock; readonly signal?: AbortSignal | undefined },
): Promise<Attempt> {
  const limit = timeoutMs < leftMs ? 'attempt' : 'deadline'
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  const timer = ports.clock.setTimeout(stop, Math.max(0, Math.min(timeoutMs, leftMs)))
  // Not AbortSignal.any: a listener taken off again leaves nothing on a caller's long-lived signal.
  ports.signal?.addEventListener('abort', stop, { once: true })
  try {
    const { method, origin, path, headers, body, maxResponseBytes } = request
    const { signal } = controller
    const response = await ports.transport({ method, origin, path, headers, body, maxResponseBytes, signal })
    return { kind: 'response', response }
  } catch (error) {
    const failure = error instanceof HttpFailure ? error : toHttpFailure(error, true)
    return controller.signal.aborted ? { kind: 'timeout', limit, sent: failure.sent } : { kind: 'failure', failure }
  } finally {
    ports.clock.clearTimeout(timer)
    ports.signal?.removeEventListener('abort', stop)
  }
}

/** A date is meant by the server's clock, which its own Date header shows. */
function askedToWait({ headers }: HttpResponse, clock: HttpClock): number | undefined {
  return retryAfterMs(headers['retry-after'], httpDate(headers.date) ?? clock.now())
}

function isTransient(attempt: Attempt): boolean {
  if (attempt.kind === 'response') return isTransientStatus(attempt.response.status)
  if (attempt.kind === 'timeout') return attempt.limit === 'attempt'
  return isTransientReason(attempt.failure)
}

/** A certificate, a blocked address or an oversized answer will be the same the next time. */
export function isTransientReason(failure: HttpFailure): boolean {
  return ['dns', 'refused', 'unreachable', 'reset'].includes(failure.reason)
}

function isServerTrouble(attempt: Attempt): boolean {
  if (attempt.kind === 'response') return attempt.response.status >= 502 && attempt.response.status <= 504
  return attempt.kind === 'timeout' || isTransientReason(attempt.failure)
}

function sleep(ms: number, clock: HttpClock, signal: AbortSignal | undefined): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      clock.clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = clock.setTimeout(done, ms)
    signal?.addEventListener('abort', done, { once: true })
  })
}
