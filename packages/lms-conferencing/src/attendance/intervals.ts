import type { Interval } from './types.ts'

/** The intervals sorted, merged where they touch or overlap, empty ones gone. */
export function union(intervals: readonly Interval[]): readonly Interval[] {
  const only = intervals[0]
  if (intervals.length === 1 && only !== undefined) return only[0] < only[1] ? intervals : []
  const merged: Interval[] = []
  let from = 0
  let to = Number.NEGATIVE_INFINITY
  for (const next of sorted(intervals)) {
    if (next[0] >= next[1]) continue
    if (next[0] <= to) {
      if (next[1] > to) to = next[1]
      continue
    }
    if (to !== Number.NEGATIVE_INFINITY) merged.push([from, to])
    from = next[0]
    to = next[1]
  }
  if (to !== Number.NEGATIVE_INFINITY) merged.push([from, to])
  return merged
}

function sorted(intervals: readonly Interval[]): readonly Interval[] {
  let before = Number.NEGATIVE_INFINITY
  for (const [from] of intervals) {
    if (from < before) return [...intervals].sort((a, b) => a[0] - b[0])
    before = from
  }
  return intervals
}

/** What two lists share; both as {@link union} gives them. */
export function intersect(left: readonly Interval[], right: readonly Interval[]): Interval[] {
  const shared: Interval[] = []
  let i = 0
  let j = 0
  for (;;) {
    const a = left[i]
    const b = right[j]
    if (a === undefined || b === undefined) return shared
    const from = Math.max(a[0], b[0])
    const to = Math.min(a[1], b[1])
    if (from < to) shared.push([from, to])
    if (a[1] <= b[1]) i++
    else j++
  }
}

/** The first list without the second; both as {@link union} gives them. */
export function subtract(intervals: readonly Interval[], cut: readonly Interval[]): Interval[] {
  const rest: Interval[] = []
  let j = 0
  for (const [from, to] of intervals) {
    let start = from
    for (let hole = cut[j]; hole !== undefined && hole[0] < to; hole = cut[++j]) {
      if (hole[0] > start) rest.push([start, hole[0]])
      if (hole[1] > start) start = hole[1]
      // This hole may reach into the next interval.
      if (hole[1] >= to) break
    }
    if (start < to) rest.push([start, to])
  }
  return rest
}

/** The part of the intervals inside one window, which may be empty. */
export function clip(intervals: readonly Interval[], window: Interval): Interval[] {
  return window[0] < window[1] ? intersect(intervals, [window]) : []
}

/** Total length. */
export function measure(intervals: readonly Interval[]): number {
  let total = 0
  for (const [from, to] of intervals) total += to - from
  return total
}
