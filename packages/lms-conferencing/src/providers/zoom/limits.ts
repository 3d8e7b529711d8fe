import { retryAfterMs } from 'bbb-client/http'

/** Which of Zoom's limits was met. */
export type ZoomLimit =
  /** Calls in a second, or at the same time: over in a moment. */
  | 'second'
  /** Calls of one class in a day, for the whole account. */
  | 'day'
  /** Meetings made or changed for one host in a day; other hosts still work. */
  | 'host-day'
  /** Registrations of one person in a day. */
  | 'registrant-day'

/** What a 429 means. */
export interface RateLimit {
  readonly limit: ZoomLimit
  /** When to come back, in milliseconds from now. */
  readonly waitMs: number
}

/**
 * A 429 → which limit, and how long to stay away. Zoom's texts decide (its rate-limit page), its headers where the text
 * is new. `now` in epoch ms, `random` in [0, 1).
 */
export function rateLimitOf(
  headers: Readonly<Record<string, string>>,
  message: string,
  now: number,
  random: number,
): RateLimit {
  const limit = limitOf(headers, message)
  const told = waitOf(headers['retry-after'], now)
  if (limit === 'second') return { limit, waitMs: told ?? 1000 + Math.floor(random * 1000) }
  return { limit, waitMs: told ?? nextMidnight(now) - now }
}

function limitOf(headers: Readonly<Record<string, string>>, message: string): ZoomLimit {
  if (/Add meeting registrant/i.test(message)) return 'registrant-day'
  if (/permitted for this particular user/i.test(message)) return 'host-day'
  if (/maximum daily rate limit/i.test(message)) return 'day'
  return /daily/i.test(headers['x-ratelimit-type'] ?? '') ? 'day' : 'second'
}

/** `Retry-After`, which Zoom writes as an ISO date where HTTP has seconds or a date of its own. */
function waitOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(header.trim())) return retryAfterMs(header, now)
  const at = Date.parse(header.trim())
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

const DAY_MS = 86_400_000

/** Daily counters begin anew at 00:00 UTC. */
const nextMidnight = (now: number): number => (Math.floor(now / DAY_MS) + 1) * DAY_MS
