import type { HttpClock } from 'bbb-client/http'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** Time that moves when the test says so. A timer of no time goes off at once, as it does in life. */
export class TestClock implements HttpClock {
  #now = Date.UTC(2026, 10, 22)
  readonly #timers = new Set<Timer>()
  /** Pauses that were asked for, in milliseconds. */
  readonly pauses: number[] = []
  /** What chance says next; 0 makes every pause none. */
  chance = 0

  now(): number {
    return this.#now
  }

  random(): number {
    return this.chance
  }

  setTimeout(callback: () => void, ms: number): Timer {
    const timer = { at: this.#now + ms, callback }
    this.#timers.add(timer)
    this.pauses.push(ms)
    if (ms === 0) setImmediate(() => this.#fire(timer))
    return timer
  }

  clearTimeout(timer: unknown): void {
    for (const known of this.#timers) if (known === timer) this.#timers.delete(known)
  }

  /** Timers that have not gone off and were not taken back. */
  get pending(): number {
    return this.#timers.size
  }

  #fire(timer: Timer): void {
    if (this.#timers.delete(timer)) timer.callback()
  }

  /** Lets time pass: each timer on the way goes off in its turn, and what it sets off gets its turn too. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
      const [next] = due
      if (next === undefined) break
      this.#now = Math.max(this.#now, next.at)
      this.#fire(next)
      await turn()
    }
    this.#now = end
    await turn()
  }

  /** Sets the wall clock aside without a timer going off. */
  jump(ms: number): void {
    this.#now += ms
  }
}

/** Until everything that is ready now has happened. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
}
