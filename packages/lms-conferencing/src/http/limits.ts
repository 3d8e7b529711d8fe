import type { Clock } from '../clock.ts'

/** How often something may be done: so often at once, and then so often a minute. */
export interface RateLimit {
  readonly burst: number
  readonly perMinute: number
}

/** Answers how many seconds this key has to wait; 0: it may go ahead, and has used one turn. */
export type RateLimiter = (key: string) => number

/** How many keys are remembered: beyond them whoever came longest ago starts afresh. */
const maxKeys = 10_000

/** Turns are given back at an even pace (a token bucket). In this process only: several processes allow several times as much. */
export function createRateLimiter({ burst, perMinute }: RateLimit, clock: Clock): RateLimiter {
  if (!(burst >= 1 && perMinute > 0)) throw new TypeError('a rate limit needs a burst of 1 or more, and a pace above 0')
  const perMs = perMinute / 60_000
  const buckets = new Map<string, { turns: number; at: number }>()
  return key => {
    const now = clock.now()
    const { turns, at } = buckets.get(key) ?? { turns: burst, at: now }
    // A clock set back gives nothing, and takes nothing.
    const available = Math.min(burst, turns + Math.max(0, now - at) * perMs)
    const isAllowed = available >= 1
    buckets.delete(key)
    buckets.set(key, { turns: isAllowed ? available - 1 : available, at: now })
    const [oldest] = buckets.keys()
    if (buckets.size > maxKeys && oldest !== undefined) buckets.delete(oldest)
    return isAllowed ? 0 : Math.max(1, Math.ceil((1 - available) / perMs / 1000))
  }
}

/** Memory for what arrives: as much as is there, whoever sends it. */
export interface ByteBudget {
  /** `false`: there is not so much left now. */
  take(bytes: number): boolean
  giveBack(bytes: number): void
}

export function createByteBudget(bytes: number): ByteBudget {
  let left = bytes
  return {
    take(wanted) {
      if (wanted > left) return false
      left -= wanted
      return true
    },
    giveBack(taken) {
      left += taken
    },
  }
}
