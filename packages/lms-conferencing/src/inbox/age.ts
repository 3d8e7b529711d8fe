import type { VerifiedCallback } from '../provider.ts'

/** How far ahead of ours the sender's clock may be, in milliseconds (T35). */
const aheadMs = 5 * 60_000

/**
 * Whether a callback is older, or newer, than what is applied by itself: it may be genuine and late, or a repetition by
 * somebody who has seen it. Both ends are inside.
 */
export const isStale = ({ age }: Pick<VerifiedCallback, 'age'>, now: number): boolean =>
  age !== undefined && (now - age.sentAt > age.maxMs || age.sentAt - now > aheadMs)

/**
 * The longest age that may be accepted, in seconds: a quarter of the shortest time that callbacks are known, so that none
 * is applied again when its first copy is forgotten (T35).
 */
const longestAgeSeconds = (30 * 86_400) / 4

/** Throws `TypeError` naming the option. */
export function checkMaxAge(name: string, seconds: number): number {
  if (seconds > 0 && seconds <= longestAgeSeconds) return seconds
  throw new TypeError(`${name}: must be above 0 and at most ${longestAgeSeconds}`)
}
