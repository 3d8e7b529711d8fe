import { firstAbove } from './search.ts'
import type { Interval } from './types.ts'

/**
 * Held time as one straight line from 0 to `lengthMs`: pauses and blind time are gone from it, so on this line
 * "how much held time lies between" is a subtraction.
 */
export class HeldAxis {
  readonly intervals: readonly Interval[]
  readonly lengthMs: number
  /** Where each interval begins on the line. */
  readonly #offsets: number[]

  /** @param intervals sorted and disjoint */
  constructor(intervals: readonly Interval[]) {
    this.intervals = intervals
    this.#offsets = []
    let length = 0
    for (const [from, to] of intervals) {
      this.#offsets.push(length)
      length += to - from
    }
    this.lengthMs = length
  }

  /** Held milliseconds before a time. */
  before(time: number): number {
    const index = firstAbove(time, this.intervals.length, i => this.intervals[i]?.[0]) - 1
    const interval = this.intervals[index]
    return interval === undefined ? 0 : (this.#offsets[index] ?? 0) + Math.min(time, interval[1]) - interval[0]
  }

  /** A stretch of the line, as clock times: split where the class was not held. */
  times([from, to]: Interval): Interval[] {
    const found: Interval[] = []
    const index = firstAbove(from, this.#offsets.length, i => this.#offsets[i]) - 1
    for (let i = index; i < this.intervals.length; i++) {
      const offset = this.#offsets[i] ?? 0
      const [begin, end] = this.intervals[i] ?? [0, 0]
      if (offset >= to) break
      const first = Math.max(begin, begin + from - offset)
      const last = Math.min(end, begin + to - offset)
      if (first < last) found.push([first, last])
    }
    return found
  }
}
