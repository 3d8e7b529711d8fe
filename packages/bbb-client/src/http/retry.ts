/** Pure timing of repeated requests: no clock, no randomness of its own. */

/** How often and with what pauses a request is repeated. */
export interface RetryPolicy {
  /** Requests in all, the first included. @default 3 */
  readonly attempts: number
  /** Longest pause before the second request; doubles for each further one. @default 1000 */
  readonly baseDelayMs: number
  /** Longest pause of all. @default 4000 */
  readonly maxDelayMs: number
}

/** Three requests, pauses up to 1, 2, 4 seconds. */
export const DEFAULT_RETRY: RetryPolicy = { attempts: 3, baseDelayMs: 1000, maxDelayMs: 4000 }

/** Statuses after which the same request may succeed. */
const TRANSIENT = new Set([408, 429, 502, 503, 504])

/** Whether the same request may succeed a moment later. */
export function isTransientStatus(status: number): boolean {
  return TRANSIENT.has(status)
}

/**
 * Full jitter: anything from nothing to the cap, so that many callers do not come back together.
 * `random` in [0, 1). `failures` counts from 1.
 */
export function backoffMs(failures: number, policy: RetryPolicy, random: number): number {
  const cap = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (failures - 1))
  return Math.floor(random * (cap + 1))
}

/**
 * `Retry-After` → milliseconds from `now` (epoch ms, best the server's own); seconds or an HTTP date (RFC 9110, 10.2.3).
 * A date in the past is 0; anything else that cannot be meant is `undefined`.
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? ''
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER)
  const at = httpDate(text)
  return at === undefined ? undefined : Math.max(0, at - now)
}

/** An HTTP date → epoch milliseconds. */
export function httpDate(header: string | undefined): number | undefined {
  // Only forms with a weekday name: Date.parse alone would take almost anything. The oldest form leaves out the zone.
  if (header === undefined || !/^[A-Z][a-z]{2,8},? /.test(header)) return undefined
  const at = Date.parse(header.endsWith('GMT') ? header : `${header} GMT`)
  return Number.isNaN(at) ? undefined : at
}

/**
 * What retries a server is given: each call earns a tenth of one, each retry costs one, and a reserve covers short
 * trouble. So a dead server sees at most 1.1 times the calls plus the reserve.
 */
export class RetryBudget {
  readonly #reserve: number
  readonly #perCall: number
  #tokens: number

  constructor(reserve = 20, perCall = 0.1) {
    this.#reserve = reserve
    this.#perCall = perCall
    this.#tokens = reserve
  }

  earn(): void {
    this.#tokens = Math.min(this.#reserve, this.#tokens + this.#perCall)
  }

  /** Takes a retry if one is left. */
  spend(): boolean {
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
