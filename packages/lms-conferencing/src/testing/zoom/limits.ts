import type { Clock } from '../../clock.ts'
import { type FakeZoomResponse, json, timeText } from './message.ts'

/** Classes of calls, counted apart. */
export type Weight = 'light' | 'medium' | 'heavy'

const DAY_MS = 86_400_000

/** Calls a second on the Pro plan, and calls a day: as on the free plan, the only one with numbers of its own. */
const PER_SECOND: Readonly<Record<Weight, number>> = { light: 30, medium: 20, heavy: 10 }
const PER_DAY: Readonly<Record<Weight, number>> = { light: 6_000, medium: 2_000, heavy: 1_000 }
const HOST_PER_DAY = 100
const REGISTRANT_PER_DAY = 3

/** Counts calls by second and by UTC day, on the fake's clock. */
export class Limits {
  readonly #clock: Clock
  readonly #counts = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A refusal, or `undefined` when the call may go on. */
  take(weight: Weight): FakeZoomResponse | undefined {
    const now = this.#clock.now()
    if (this.#add(`${weight} day ${this.#day()}`) > PER_DAY[weight]) return dayIsSpent(weight, now)
    if (this.#add(`${weight} second ${Math.floor(now / 1000)}`) > PER_SECOND[weight]) return secondIsSpent(weight)
    return undefined
  }

  takeHost(hostId: string): FakeZoomResponse | undefined {
    if (this.#add(`host ${hostId} ${this.#day()}`) <= HOST_PER_DAY) return undefined
    return limited(
      `You have exceeded the daily rate limit (${HOST_PER_DAY}) of Meeting Create/Update API requests permitted for this particular user. You may resume these requests at GMT 00:00:00.`,
    )
  }

  takeRegistrant(meetingId: string, email: string): FakeZoomResponse | undefined {
    if (this.#add(`registrant ${meetingId} ${email} ${this.#day()}`) <= REGISTRANT_PER_DAY) return undefined
    return limited(
      `You have exceeded the daily rate limit of "${REGISTRANT_PER_DAY}" for Add meeting registrant API requests for the registrant "${email}". You may resume these requests at GMT 00:00:00.`,
    )
  }

  /** Uses up what is left of the day. */
  spendDay(weight: Weight): void {
    this.#counts.set(`${weight} day ${this.#day()}`, PER_DAY[weight])
  }

  #day(): number {
    return Math.floor(this.#clock.now() / DAY_MS)
  }

  #add(key: string): number {
    const count = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, count)
    return count
  }
}

const limited = (message: string, headers: Readonly<Record<string, string>> = {}): FakeZoomResponse =>
  json(429, { code: 429, message }, headers)

const headersOf = (weight: Weight, type: 'QPS' | 'Daily-limit', limit: number): Record<string, string> => ({
  'x-ratelimit-category': `${weight[0]?.toUpperCase()}${weight.slice(1)}`,
  'x-ratelimit-type': type,
  'x-ratelimit-limit': String(limit),
  'x-ratelimit-remaining': '0',
})

export const secondIsSpent = (weight: Weight): FakeZoomResponse =>
  limited(
    'You have reached the maximum per-second rate limit for this API. Try again later.',
    headersOf(weight, 'QPS', PER_SECOND[weight]),
  )

const dayIsSpent = (weight: Weight, now: number): FakeZoomResponse =>
  limited(
    'You have reached the maximum daily rate limit for this API. Refer to the response header for details on when you can make another request.',
    {
      ...headersOf(weight, 'Daily-limit', PER_DAY[weight]),
      // A date where HTTP has seconds.
      'retry-after': timeText((Math.floor(now / DAY_MS) + 1) * DAY_MS),
    },
  )
