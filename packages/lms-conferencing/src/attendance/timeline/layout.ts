import type { AttendanceClass, AttendanceResult, Interval } from '../types.ts'

/** Widths in pixels: names, the time itself, then percentage and status. */
export const WIDTH = 1040
export const NAMES = { x: 24, width: 176 }
export const PLOT = { x: 212, width: 616 }
export const FIGURES = { percent: 902, status: 916 }

/** Rows shrink as there are more of them, down to what can still be read. */
export function rowHeight(rows: number): number {
  if (rows <= 12) return 34
  if (rows <= 30) return 28
  return rows <= 80 ? 22 : 18
}

/** Clock time across, as pixels. */
export interface Scale {
  readonly domain: Interval
  x(time: number): number
}

/**
 * From the first to the last moment worth seeing: held and blind time, and the plan unless the class was held at
 * quite another time. `null` when nothing was held.
 */
export function timeScale(lmsClass: AttendanceClass, { held, blind }: AttendanceResult): Scale | null {
  if (held.length === 0) return null
  const shown = [...held, ...blind]
  const start = shown.reduce((first, [from]) => Math.min(first, from), Infinity)
  const end = shown.reduce((last, [, to]) => Math.max(last, to), -Infinity)
  const plan = planned(lmsClass)
  const near = plan !== null && plan[0] <= end + lmsClass.plannedMs && plan[1] >= start - lmsClass.plannedMs
  const domain: Interval = near ? [Math.min(start, plan[0]), Math.max(end, plan[1])] : [start, end]
  const length = domain[1] - domain[0]
  return { domain, x: time => PLOT.x + ((time - domain[0]) / length) * PLOT.width }
}

export function planned({ scheduledStart, plannedMs }: AttendanceClass): Interval | null {
  return scheduledStart === null || plannedMs === 0 ? null : [scheduledStart, scheduledStart + plannedMs]
}

const MINUTE = 60_000
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map(minutes => minutes * MINUTE)

/** Round clock times inside the domain, no more than a dozen. */
export function ticks([from, to]: Interval): number[] {
  const step = STEPS.find(length => (to - from) / length <= 12) ?? Math.ceil((to - from) / 12 / MINUTE) * MINUTE
  const first = Math.ceil(from / step) * step
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, index) => first + index * step)
}

/** How many were there, as steps: each entry holds from its time on. */
export function headcount(people: readonly (readonly Interval[])[]): { readonly at: number; readonly count: number }[] {
  const changes = people
    .flatMap(intervals =>
      intervals.flatMap(([from, to]) => [
        { at: from, by: 1 },
        { at: to, by: -1 },
      ]),
    )
    .sort((a, b) => a.at - b.at)
  const steps: { at: number; count: number }[] = []
  let count = 0
  for (const { at, by } of changes) {
    count += by
    const last = steps.at(-1)
    if (last?.at === at) last.count = count
    else steps.push({ at, count })
  }
  return steps
}

/** The name cut to what fits, wide letters counted twice. */
export function fitted(name: string, width: number, fontSize: number): string {
  const room = width / (fontSize * 0.55)
  const letters = [...new Intl.Segmenter().segment(name)].map(({ segment }) => segment)
  let used = 0
  for (const [index, letter] of letters.entries()) {
    used += /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{Emoji_Presentation}]/u.test(letter) ? 1.8 : 1
    if (used > room)
      return `${letters
        .slice(0, Math.max(1, index - 1))
        .join('')
        .trimEnd()}…`
  }
  return name
}
