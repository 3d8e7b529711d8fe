import type { ClassFacts, InstanceFacts } from './facts.ts'
import { clip, intersect, subtract, union } from './intervals.ts'
import { firstAbove } from './search.ts'
import type { AttendanceClass, Interval } from './types.ts'

/** When one run of the meeting was on. */
export interface Span {
  /** `null`: nothing shows when it began. */
  readonly start: number | null
  readonly end: number
  /** Looked at live, and not over. */
  readonly running: boolean
}

/** What counts as class time (section 3). */
export interface Held {
  readonly spans: ReadonlyMap<InstanceFacts, Span>
  readonly intervals: readonly Interval[]
  /** What blind time took away from them. */
  readonly lost: readonly Interval[]
  /** All blind time, sorted and merged. */
  readonly blind: readonly Interval[]
}

/** The held set H of section 3.4, and the spans of 3.1 it was made from. */
export function heldTime(
  lmsClass: AttendanceClass,
  facts: ClassFacts,
  { windowMode, now }: { readonly windowMode: 'planned' | 'actual' | 'scheduled'; readonly now: number | null },
): Held {
  const spans = instanceSpans(lmsClass, facts, now)
  const blind = union(lmsClass.blind ?? [])
  const ran = [...spans.values()].flatMap(({ start, end }): Interval[] => (start === null ? [] : [[start, end]]))
  const whole = heldWindow(lmsClass, ran, { windowMode, now })
  return { spans, intervals: subtract(whole, blind), lost: intersect(whole, blind), blind }
}

function instanceSpans(lmsClass: AttendanceClass, facts: ClassFacts, now: number | null): Map<InstanceFacts, Span> {
  // Finite: facts that are not known are at `Infinity`.
  const limit = now ?? Number.MAX_SAFE_INTEGER
  const known = [...facts.instances.values()].filter(({ start }) => start <= limit)
  const starts = known.map(({ start }) => start).sort((a, b) => a - b)
  const { scheduledStart, plannedMs, endedAt } = lmsClass
  const plannedEnd = scheduledStart === null ? Number.NEGATIVE_INFINITY : scheduledStart + plannedMs
  const open = now ?? endedAt ?? Math.max(plannedEnd, facts.lastEvent)
  const spans = new Map<InstanceFacts, Span>()
  for (const instance of facts.instances.values()) {
    const start = instance.start <= limit ? instance.start : null
    if (instance.ended <= limit) {
      spans.set(instance, { start, end: instance.ended, running: false })
      continue
    }
    const next = start === null ? undefined : starts[firstAbove(start, starts.length, i => starts[i])]
    spans.set(instance, { start, end: next ?? open, running: now !== null && next === undefined })
  }
  return spans
}

/** Held time before blind time is taken from it (sections 3.2 to 3.4). */
function heldWindow(
  { scheduledStart, plannedMs, startedAt, endedAt }: AttendanceClass,
  ran: readonly Interval[],
  { windowMode, now }: { readonly windowMode: 'planned' | 'actual' | 'scheduled'; readonly now: number | null },
): readonly Interval[] {
  const planned = scheduledStart !== null && plannedMs > 0
  if (windowMode === 'scheduled' && planned) {
    return union([[scheduledStart, Math.min(scheduledStart + plannedMs, now ?? Infinity)]])
  }
  if (ran.length === 0) return []
  const actualStart = startedAt ?? ran.reduce((first, [start]) => Math.min(first, start), Infinity)
  const actualEnd = now ?? endedAt ?? ran.reduce((last, [, end]) => Math.max(last, end), Number.NEGATIVE_INFINITY)
  const run = union(ran)
  if (windowMode === 'actual' || !planned) return clip(run, [actualStart, actualEnd])
  const from = Math.max(actualStart, scheduledStart)
  const to = Math.min(actualEnd, from + plannedMs)
  // Held before its plan: only known for certain when it is over.
  if (from >= to && now === null) return clip(run, [actualStart, Math.min(actualEnd, actualStart + plannedMs)])
  return clip(run, [from, to])
}
