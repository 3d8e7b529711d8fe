/**
 * Where time comes from. Everything that waits or asks for the time takes one, so that a test, a demo or a replay
 * decides what time it is.
 */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Calls back once after `ms`. The answer is only good for {@link Clock.clearTimeout}. */
  setTimeout(callback: () => void, ms: number): TimerHandle
  clearTimeout(handle: TimerHandle): void
}

/** Whatever the clock needs to find its timer again. */
export type TimerHandle = { readonly cancel: () => void }

/** The wall clock. Its timers never keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout(callback, ms) {
    // Longer waits overflow Node's timer and would fire at once.
    const timer = setTimeout(callback, Math.min(Math.max(0, ms), 2_147_483_647)).unref()
    return { cancel: () => clearTimeout(timer) }
  },
  clearTimeout: handle => handle.cancel(),
}
