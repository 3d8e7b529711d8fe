/** When a {@link CircuitBreaker} opens, and for how long. */
export interface BreakerOptions {
  /** Failures in a row before the server is left alone. @default 10 */
  readonly failures: number
  /** Longest pause before one request is let through again, in milliseconds. @default 5000 */
  readonly openMs: number
}

/** Ten failures, up to five seconds. */
export const DEFAULT_BREAKER: BreakerOptions = { failures: 10, openMs: 5000 }

/**
 * Leaves a failing server alone. Closed until so many failures in a row, then open for a jittered pause, then one
 * request is let through: its success closes, its failure opens again. Time and chance are arguments.
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions
  #failures = 0
  #openUntil = 0
  #probing = false

  constructor(options: BreakerOptions = DEFAULT_BREAKER) {
    this.#options = options
  }

  /** 0: go ahead (and report how it went). More: how long to stay away, in milliseconds. */
  enter(now: number): number {
    if (this.#failures < this.#options.failures) return 0
    if (now < this.#openUntil) return this.#openUntil - now
    if (this.#probing) return Math.max(1, Math.ceil(this.#options.openMs / 10))
    this.#probing = true
    return 0
  }

  succeeded(): void {
    this.#failures = 0
    this.#probing = false
  }

  /** `random` in [0, 1): half the pause is fixed, half is spread, so that many processes do not come back together. */
  failed(now: number, random: number): void {
    this.#failures++
    this.#probing = false
    if (this.#failures >= this.#options.failures)
      this.#openUntil = now + Math.round(this.#options.openMs * (0.5 + random / 2))
  }

  /** The request ended without saying anything about the server (it was aborted by the caller). */
  left(): void {
    this.#probing = false
  }
}
