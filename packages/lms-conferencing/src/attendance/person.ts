import type { HeldAxis } from './axis.ts'
import { measure, subtract, union } from './intervals.ts'
import type { Presence } from './sessions.ts'
import type { Interval } from './types.ts'

/** The figures of section 5. Intervals are clock times. */
export interface Credit {
  readonly observedMs: number
  readonly creditedMs: number
  readonly imputedMs: number
  readonly reconnects: number
  readonly gaps: number
  readonly firstJoin: number | null
  readonly lastLeave: number | null
  readonly lateByMs: number | null
  readonly leftEarlyByMs: number | null
  readonly intervals: readonly Interval[]
  readonly bridged: readonly Interval[]
  readonly imputed: readonly Interval[]
}

const NONE: readonly Interval[] = []

const NO_CREDIT: Credit = {
  observedMs: 0,
  creditedMs: 0,
  imputedMs: 0,
  reconnects: 0,
  gaps: 0,
  firstJoin: null,
  lastLeave: null,
  lateByMs: null,
  leftEarlyByMs: null,
  intervals: NONE,
  bridged: NONE,
  imputed: NONE,
}

/** What one person is credited with. All arithmetic is on the held axis, where pauses have no length. */
export function credit(presence: Presence | undefined, axis: HeldAxis, graceMs: number): Credit {
  if (presence === undefined) return NO_CREDIT
  const present = onAxis(presence, axis, 'all')
  const first = present[0]
  const last = present.at(-1)
  if (first === undefined || last === undefined) return NO_CREDIT
  const full = bridge(present, graceMs)
  // The same once more, with every unclosed session cut at its last evidence (section 5.6).
  const uncertain = presence.stretches.some(([, to, proven]) => proven < to)
  const certain = uncertain ? bridge(onAxis(presence, axis, 'proven'), graceMs).intervals : full.intervals
  const clock = (stretches: readonly Interval[]) => stretches.flatMap(stretch => axis.times(stretch))
  const intervals = clock(full.intervals)
  const observedMs = measure(present)
  const creditedMs = measure(full.intervals)
  return {
    observedMs,
    creditedMs,
    imputedMs: creditedMs - measure(certain),
    reconnects: full.reconnects,
    gaps: full.gaps,
    firstJoin: intervals[0]?.[0] ?? null,
    lastLeave: intervals.at(-1)?.[1] ?? null,
    lateByMs: first[0],
    leftEarlyByMs: axis.lengthMs - last[1],
    intervals,
    bridged: full.reconnects === 0 ? NONE : clock(subtract(certain, present)),
    imputed: uncertain ? clock(subtract(full.intervals, certain)) : NONE,
  }
}

function onAxis({ stretches }: Presence, axis: HeldAxis, part: 'all' | 'proven'): readonly Interval[] {
  return union(
    stretches.map(([from, to, proven]): Interval => [axis.before(from), axis.before(part === 'all' ? to : proven)]),
  )
}

/** Fills the gaps that are short enough (section 5.2); a pause of the class has no length here and is no gap. */
function bridge(
  parts: readonly Interval[],
  graceMs: number,
): { readonly intervals: readonly Interval[]; readonly reconnects: number; readonly gaps: number } {
  const intervals: Interval[] = []
  let reconnects = 0
  let gaps = 0
  let open: Interval | undefined
  for (const part of parts) {
    if (open === undefined) open = part
    else if (part[0] - open[1] <= graceMs) {
      reconnects++
      open = [open[0], part[1]]
    } else {
      gaps++
      intervals.push(open)
      open = part
    }
  }
  if (open !== undefined) intervals.push(open)
  return { intervals, reconnects, gaps }
}
