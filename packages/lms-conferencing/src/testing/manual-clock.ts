import type { Clock, TimerHandle } from '../clock.ts'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** A clock that stands still until it is told to move. */
export class ManualClock implements Clock {
  #now: number
  readonly #timers = new Map<TimerHandle, Timer>()

  /** @param now epoch milliseconds */
  constructor(now = Date.UTC(2026, 0, 5, 9)) {
    this.#now = now
  }

  /** How long until the first timer goes off, in milliseconds; `null` when none is set. */
  get untilNext(): number | null {
    const times = [...this.#timers.values()].map(({ at }) => at)
    return times.length === 0 ? null : Math.min(...times) - this.#now
  }

  now(): number {
    return this.#now
  }

  setTimeout(callback: () => void, ms: number): TimerHandle {
    const handle: TimerHandle = { cancel: () => this.#timers.delete(handle) }
    this.#timers.set(handle, { at: this.#now + Math.max(0, ms), callback })
    return handle
  }

  clearTimeout(handle: TimerHandle): void {
    handle.cancel()
  }

  /** Lets `ms` milliseconds go by: timers that come due go off in order, each at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      let first: [TimerHandle, Timer] | undefined
      for (const entry of this.#timers) if (!first || entry[1].at < first[1].at) first = entry
      if (!first || first[1].at > end) break
      const [handle, { at, callback }] = first
      this.#timers.delete(handle)
      this.#now = Math.max(this.#now, at)
      callback()
    }
    this.#now = end
  }
}
