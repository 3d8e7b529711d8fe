/** What a clock gives back for a timer. */
export interface FakeTimer {
  readonly cancel: () => void
}

/**
 * Where the fake server's time comes from. Every wait of the server (expiry, retries, processing of recordings, delays)
 * goes through it, so a test or a demo decides how fast an hour passes.
 */
export interface FakeClock {
  /** Epoch milliseconds. */
  now(): number
  /** Calls back once after `ms` milliseconds. */
  setTimeout(callback: () => void, ms: number): FakeTimer
  clearTimeout(timer: FakeTimer): void
  /** Told of work under way outside the clock (a callback on the wire), so that a manual clock can wait for it. */
  whileBusy?(work: Promise<unknown>): void
}

/** Longer waits overflow Node's timers and would fire at once. */
const longestTimeoutMs = 2_147_483_647

/** The wall clock. Its timers never keep a process alive. */
export const systemClock: FakeClock = {
  now: () => Date.now(),
  setTimeout(callback, ms) {
    const timer = setTimeout(callback, Math.min(Math.max(0, ms), longestTimeoutMs)).unref()
    return { cancel: () => clearTimeout(timer) }
  },
  clearTimeout: timer => timer.cancel(),
}

/** A clock whose timers can all be taken back at once; afterwards it starts no new ones. */
export class StoppableClock implements FakeClock {
  readonly #clock: FakeClock
  readonly #timers = new Set<FakeTimer>()
  #stopped = false

  constructor(clock: FakeClock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  setTimeout(callback: () => void, ms: number): FakeTimer {
    if (this.#stopped) return { cancel: () => undefined }
    const inner = this.#clock.setTimeout(() => {
      this.#timers.delete(timer)
      callback()
    }, ms)
    const timer: FakeTimer = {
      cancel: () => {
        this.#timers.delete(timer)
        this.#clock.clearTimeout(inner)
      },
    }
    this.#timers.add(timer)
    return timer
  }

  clearTimeout(timer: FakeTimer): void {
    timer.cancel()
  }

  whileBusy(work: Promise<unknown>): void {
    this.#clock.whileBusy?.(work)
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers) timer.cancel()
  }
}

/** How a {@link ManualClock} starts and how long it waits for real work. */
export interface ManualClockOptions {
  /** Epoch milliseconds it starts at. @default 2026-01-05T09:00:00Z */
  startAt?: number | undefined
  /**
   * Real milliseconds that simulated time stands still for work on the wire; a receiver that never answers holds it up
   * no longer. @default 1000
   */
  patienceMs?: number | undefined
}

interface PendingTimer extends FakeTimer {
  readonly at: number
  readonly callback: () => void
}

/**
 * A clock that moves only when told to.
 *
 * @example
 * const clock = new ManualClock()
 * const fake = new FakeBbb({ secret, clock })
 * await clock.advance(60_000) // everything due in that minute has happened, callbacks included
 */
export class ManualClock implements FakeClock {
  #now: number
  #advancing: Promise<void> = Promise.resolve()
  readonly #patienceMs: number
  readonly #timers = new Set<PendingTimer>()
  readonly #busy = new Set<Promise<unknown>>()

  constructor(options: ManualClockOptions = {}) {
    this.#now = options.startAt ?? Date.UTC(2026, 0, 5, 9, 0, 0)
    this.#patienceMs = options.patienceMs ?? 1_000
  }

  now(): number {
    return this.#now
  }

  /** Number of timers not yet due. */
  get pending(): number {
    return this.#timers.size
  }

  setTimeout(callback: () => void, ms: number): FakeTimer {
    const timer: PendingTimer = {
      at: this.#now + Math.max(0, ms),
      callback,
      cancel: () => this.#timers.delete(timer),
    }
    this.#timers.add(timer)
    return timer
  }

  clearTimeout(timer: FakeTimer): void {
    timer.cancel()
  }

  whileBusy(work: Promise<unknown>): void {
    const settled: Promise<unknown> = work.catch(() => undefined).finally(() => this.#busy.delete(settled))
    this.#busy.add(settled)
  }

  /** Moves time on by `ms`, running what falls due in order and letting its promises settle in between. */
  advance(ms: number): Promise<void> {
    const next = this.#advancing.then(() => this.#advanceTo(this.#now + ms))
    this.#advancing = next.catch(() => undefined)
    return next
  }

  async #advanceTo(target: number): Promise<void> {
    await this.#settle()
    for (let timer = this.#nextDue(target); timer; timer = this.#nextDue(target)) {
      this.#timers.delete(timer)
      this.#now = Math.max(this.#now, timer.at)
      timer.callback()
      await this.#settle()
    }
    this.#now = Math.max(this.#now, target)
  }

  #nextDue(target: number): PendingTimer | undefined {
    let next: PendingTimer | undefined
    for (const timer of this.#timers) {
      if (timer.at > target) continue
      // Timers due at the same time run in the order they were set, which is that of the set.
      if (!next || timer.at < next.at) next = timer
    }
    return next
  }

  async #settle(): Promise<void> {
    await turn()
    if (this.#busy.size === 0) return
    let patient = true
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>(resolve => {
      timer = setTimeout(() => {
        patient = false
        resolve()
      }, this.#patienceMs)
    })
    while (patient && this.#busy.size > 0) {
      await Promise.race([Promise.all(this.#busy), patience])
      await turn()
    }
    clearTimeout(timer)
  }
}

/** One turn of the event loop: every promise that can settle has settled. */
function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
