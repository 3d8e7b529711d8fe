/** Pauses grow from here… */
const firstPauseMs = 5_000
/** …to here, in milliseconds. */
const longestPauseMs = 300_000

/**
 * How long to wait before the next try, in milliseconds: doubles with each attempt (the first is 1) up to five minutes.
 * `random` in `[0, 1)` spreads it over the upper half, so that waiting things do not all come back at once.
 */
export function growingPause(attempts: number, random: number): number {
  const whole = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempts - 1, 30))
  return Math.round(whole / 2 + (whole / 2) * random)
}
