import type { Clock, TimerHandle } from '../../src/clock.ts'

interface Timer extends TimerHandle {
  readonly at: number
  readonly callback: () => void
}

/** A clock that a test moves by hand. Timers fire in order, each at its own time. */
export class ManualClock implements Clock {
  #now: number
  readonly #timers = new Set<Timer>()

  constructor(start: Date | string) {
    this.#now = new Date(start).getTime()
  }

  now(): number {
    return this.#now
  }

  setTimeout(callback: () => void, ms: number): TimerHandle {
    const timer: Timer = { at: this.#now + ms, callback, cancel: () => this.#timers.delete(timer) }
    this.#timers.add(timer)
    return timer
  }

  clearTimeout(handle: TimerHandle): void {
    handle.cancel()
  }

  get waiting(): number {
    return this.#timers.size
  }

  /** When the next timer is due. */
  get nextAt(): number | null {
    return this.#timers.size === 0 ? null : Math.min(...[...this.#timers].map(({ at }) => at))
  }

  advance(ms: number): void {
    const until = this.#now + ms
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)
      if (!next) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
    }
    this.#now = until
  }
}
