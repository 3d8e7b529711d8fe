import {
  backoffMs,
  DEFAULT_RETRY,
  type HttpClock,
  type HttpRequest,
  type HttpResponse,
  isTransientReason,
  RetryBudget,
  type SendOutcome,
  type ServerHealth,
  send,
  type Transport,
} from 'bbb-client/http'
import type { z } from 'zod'
import type { ConferencingError } from '../../errors.ts'
import type { ProviderCallOptions } from '../../provider.ts'
import { faultOf, rateLimited, refusal, unanswered, unavailable, zoomCodeOf } from './errors.ts'
import { parseJson } from './json.ts'
import { rateLimitOf } from './limits.ts'
import type { AccessToken, TokenSource } from './token.ts'

/** Zoom's classes of calls, which are counted apart (its rate-limit page). */
export type CallWeight = 'light' | 'medium' | 'heavy'

/** One call of Zoom's API. */
export interface ZoomCall<T> {
  /** As errors show it. */
  readonly name: string
  readonly method: HttpRequest['method']
  /** Below `/v2`, every segment encoded. */
  readonly path: string
  readonly body?: object | undefined
  /** The one status that is a success. */
  readonly status: 200 | 201 | 204
  /** The shape that is a success; an answer without a body is `undefined`. */
  readonly schema: z.ZodType<T>
  readonly weight: CallWeight
  /** `safe`: may be repeated after it was sent. `unsent`: only when nothing left, or Zoom said it did nothing. */
  readonly repeat: 'safe' | 'unsent'
}

export interface ApiOptions {
  readonly token: TokenSource
  readonly transport: Transport
  readonly health: ServerHealth
  readonly clock: HttpClock
  /** For one request, in milliseconds. */
  readonly timeoutMs: number
  /** For a call with all its repetitions, in milliseconds, unless the call says otherwise. */
  readonly deadlineMs: number
}

type Verdict<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** `pauseMs`: after how long it may be repeated; `null`: not at all. */
  | { readonly kind: 'failed'; readonly error: ConferencingError; readonly pauseMs: number | null }

/** What is left of the time for a piece of work that takes several calls. */
export type TimeLeft = () => ProviderCallOptions

const MAX_ANSWER = 16 * 1024 * 1024

/** The one way out to Zoom: token, limits, repetitions, verdict. */
export class ZoomApi {
  readonly #options: ApiOptions
  readonly #budget = new RetryBudget()
  /** Until when a daily limit is spent, by class of calls, in epoch milliseconds. */
  readonly #spent = new Map<CallWeight, number>()

  constructor(options: ApiOptions) {
    this.#options = options
  }

  /**
   * Throws `ConferencingError`; with the caller's `signal.reason` when that aborts. A token that Zoom refuses is renewed
   * once.
   */
  async call<T>(call: ZoomCall<T>, how: ProviderCallOptions = {}): Promise<T> {
    const { token, clock } = this.#options
    const deadline = clock.now() + (how.deadlineMs ?? this.#options.deadlineMs)
    this.#budget.earn()
    let renewed = false
    for (let attempt = 1; ; attempt++) {
      this.#requireNotSpent(call)
      const left = { signal: how.signal, deadlineMs: Math.max(1, deadline - clock.now()) }
      const access = await token.get(call.name, left)
      const verdict = this.#judge(call, await this.#send(call, access, left, deadline), attempt)
      if (verdict.kind === 'done') return verdict.value
      const { error, pauseMs } = verdict
      if (zoomCodeOf(error) === '124' && !renewed) {
        renewed = true
        token.drop(access)
        continue
      }
      const mayRepeat = pauseMs !== null && attempt < DEFAULT_RETRY.attempts && clock.now() + pauseMs < deadline
      if (!mayRepeat || !this.#budget.spend()) throw error
      await this.#pause(pauseMs, how.signal)
    }
  }

  /** One deadline over several calls. A piece of work that others share has no `signal`: nobody ends it for the rest. */
  timeLeft({ signal, deadlineMs = this.#options.deadlineMs }: ProviderCallOptions = {}): TimeLeft {
    const { clock } = this.#options
    const until = clock.now() + deadlineMs
    return () => ({ signal, deadlineMs: Math.max(1, until - clock.now()) })
  }

  async #send<T>(
    call: ZoomCall<T>,
    access: AccessToken,
    how: ProviderCallOptions,
    deadline: number,
  ): Promise<SendOutcome> {
    const { transport, health, clock, timeoutMs } = this.#options
    const body = call.body === undefined ? undefined : JSON.stringify(call.body)
    return send(
      {
        method: call.method,
        origin: access.origin,
        path: `/v2${call.path}`,
        headers: {
          authorization: `Bearer ${access.value}`,
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body }),
        maxResponseBytes: MAX_ANSWER,
      },
      // Whether to repeat is decided here, for the reasons lie in Zoom's bodies.
      {
        retry: { ...DEFAULT_RETRY, attempts: 1 },
        timeoutMs,
        deadlineMs: Math.max(1, deadline - clock.now()),
        repeat: 'unsent',
      },
      { transport, health, clock, signal: how.signal },
    )
  }

  #judge<T>(call: ZoomCall<T>, outcome: SendOutcome, attempt: number): Verdict<T> {
    const { clock } = this.#options
    const backoff = (): number => backoffMs(attempt, DEFAULT_RETRY, clock.random())
    if (outcome.kind !== 'response') {
      const error = unanswered(call.name, outcome)
      const transient =
        outcome.kind === 'failure'
          ? isTransientReason(outcome.failure)
          : outcome.kind === 'timeout' && outcome.limit === 'attempt'
      const harmless = call.repeat === 'safe' || error.outcome === 'not-sent'
      return { kind: 'failed', error, pauseMs: transient && harmless ? backoff() : null }
    }
    const { response } = outcome
    if (response.status === call.status) {
      const read = this.#read(call, response)
      if (read !== null) return read
    }
    return this.#failure(call, response, backoff)
  }

  /** `null` when it is no success after all: Zoom also sends errors with status 200. */
  #read<T>(call: ZoomCall<T>, response: HttpResponse): Verdict<T> | null {
    try {
      const parsed = call.schema.safeParse(response.body.length === 0 ? undefined : parseJson(response.body, 'answer'))
      return parsed.success ? { kind: 'done', value: parsed.data } : null
    } catch {
      return null
    }
  }

  #failure<T>(call: ZoomCall<T>, response: HttpResponse, backoff: () => number): Verdict<T> {
    const { clock } = this.#options
    const fault = faultOf(response.body)
    if (response.status === 429) {
      const limit = rateLimitOf(response.headers, fault?.message ?? '', clock.now(), clock.random())
      if (limit.limit === 'day') this.#spent.set(call.weight, clock.now() + limit.waitMs)
      const error = rateLimited(call.name, limit, clock.now(), response.headers)
      return { kind: 'failed', error, pauseMs: limit.limit === 'second' ? limit.waitMs : null }
    }
    if (response.status >= 500) {
      const error = unavailable(call.name, `HTTP ${response.status}`, 'unknown', response)
      return { kind: 'failed', error, pauseMs: call.repeat === 'safe' ? backoff() : null }
    }
    const isRedirect = response.status >= 300 && response.status < 400
    const error =
      fault === null || isRedirect
        ? unavailable(call.name, isRedirect ? 'a redirect' : 'an unexpected answer', 'unknown', response)
        : refusal(call.name, response, fault)
    return { kind: 'failed', error, pauseMs: null }
  }

  #requireNotSpent<T>({ name, weight }: ZoomCall<T>): void {
    const { clock } = this.#options
    const waitMs = (this.#spent.get(weight) ?? 0) - clock.now()
    if (waitMs > 0) throw rateLimited(name, { limit: 'day', waitMs }, clock.now())
  }

  #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.#options
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clock.clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = clock.setTimeout(() => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }, ms)
      if (signal?.aborted) stop()
      else signal?.addEventListener('abort', stop, { once: true })
    })
  }
}
