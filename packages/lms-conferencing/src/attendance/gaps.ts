import type { AttendanceEvent, Provenance } from '../model.ts'
import { type Evidence, sourcesOfFact } from './evidence.ts'
import { intersect, subtract, union } from './intervals.ts'
import type { Interval } from './types.ts'

/** `hook_lost`: the service did not call us. `receiver_down`: it did, and we did not answer. */
export type GapCause = 'hook_lost' | 'receiver_down' | (string & {})

/** A time in which callbacks are known or suspected to be lost, in epoch milliseconds. */
export interface LostCallbacks {
  readonly from: number
  readonly to: number
  readonly cause: GapCause
}

/** Lost callbacks as far as they concern one class. */
export interface ClassGap extends LostCallbacks {
  /** `repaired`: other sources tell of all of it. */
  readonly state: 'open' | 'repaired'
  /** What told of it, or of a part of it, instead. */
  readonly repairedBy: readonly Provenance[]
  /** The part nobody tells of: it counts for and against nobody. */
  readonly blind: readonly Interval[]
}

/** The time of a class that lost callbacks can concern. */
export interface ClassTime {
  readonly startedAt: number | null
  readonly endedAt: number | null
  /** Given: it still runs. */
  readonly now?: number | null | undefined
}

export interface GapInput extends ClassTime {
  readonly lost: readonly LostCallbacks[]
  readonly evidence: readonly Evidence[]
  /** When the room was looked at without a hole, where those looks are not among the evidence any more. @default [] */
  readonly watched?: readonly Interval[] | undefined
}

/** Looks at a room no further apart than this leave nothing between them that the figures would show. In milliseconds. */
export const watchReachMs = 150_000

/**
 * What lost callbacks mean for one class: cut to its time, and what tells of them instead. A participant report tells of
 * the whole run it is about; looks at the room tell of the time between them. By beginning.
 */
export function classGaps({ lost, evidence, watched = [], ...times }: GapInput): readonly ClassGap[] {
  if (lost.length === 0) return []
  const events = evidence.map(({ event }) => event)
  const span = classSpan(events, times)
  if (span === null) return []
  const reported = reportedTime(evidence, span)
  const seen = union([...watched, ...watchedTime(events, times)])
  return lost
    .flatMap(({ from, to, cause }): ClassGap[] => {
      const [cut] = intersect([[from, to]], [span])
      if (cut === undefined) return []
      const unreported = subtract([cut], reported)
      const blind = subtract(unreported, seen)
      const repairedBy: Provenance[] = []
      if (lengthOf(unreported) < cut[1] - cut[0]) repairedBy.push('report')
      if (lengthOf(blind) < lengthOf(unreported)) repairedBy.push('snapshot')
      return [{ from: cut[0], to: cut[1], cause, state: blind.length === 0 ? 'repaired' : 'open', repairedBy, blind }]
    })
    .sort((a, b) => a.from - b.from || a.to - b.to || (a.cause < b.cause ? -1 : 1))
}

/** From the first sign of the class to the last; `null` without any. */
function classSpan(events: readonly AttendanceEvent[], { startedAt, endedAt, now }: ClassTime): Interval | null {
  const times = events.map(({ at }) => at)
  const from = Math.min(startedAt ?? Infinity, ...minMax(times, 'min'))
  const to = Math.max(now ?? endedAt ?? -Infinity, ...minMax(times, 'max'))
  return from < to && to < Infinity ? [from, to] : null
}

/** Not by spreading: a class may have more events than a call takes arguments. */
function minMax(times: readonly number[], which: 'min' | 'max'): readonly number[] {
  if (times.length === 0) return []
  return [times.reduce((found, at) => Math[which](found, at))]
}

interface Run {
  started: number | undefined
  ended: number | undefined
  /** When the service's own report says that it ended: such a report is of the whole run. */
  reportedEnd: number | undefined
  readonly snapshots: number[]
  first: number
}

function runsOf(evidence: readonly Evidence[]): ReadonlyMap<string, Run> {
  const runs = new Map<string, Run>()
  for (const one of evidence) {
    const { type, instance, at } = one.event
    const run = runs.get(instance) ?? {
      started: undefined,
      ended: undefined,
      reportedEnd: undefined,
      snapshots: [],
      first: Infinity,
    }
    runs.set(instance, run)
    run.first = Math.min(run.first, at)
    if (type === 'started') run.started = Math.min(run.started ?? Infinity, at)
    if (type === 'snapshot') run.snapshots.push(at)
    if (type !== 'ended') continue
    run.ended = Math.min(run.ended ?? Infinity, at)
    if (sourcesOfFact(one).includes('report')) run.reportedEnd = Math.min(run.reportedEnd ?? Infinity, at)
  }
  return runs
}

/** The time that participant reports tell of: all of the class once every run has one. */
function reportedTime(evidence: readonly Evidence[], span: Interval): readonly Interval[] {
  const runs = [...runsOf(evidence).values()]
  if (runs.length === 0) return []
  if (runs.every(({ reportedEnd }) => reportedEnd !== undefined)) return union([span])
  return union(
    runs.flatMap(({ first, reportedEnd }): Interval[] => (reportedEnd === undefined ? [] : [[first, reportedEnd]])),
  )
}

/** The time between looks at the room that were close enough together; its opening and its end are such looks too. */
export function watchedTime(events: readonly AttendanceEvent[], times: ClassTime): readonly Interval[] {
  const runs = runsOf(events.map(event => ({ event, provenance: 'webhook' })))
  return union(
    [...runs.values()].flatMap(({ started, ended, snapshots }): Interval[] => {
      if (snapshots.length === 0) return []
      const opened = started ?? times.startedAt
      const closed = ended ?? times.now ?? times.endedAt
      const looks = [...snapshots, ...(opened === null ? [] : [opened]), ...(closed === null ? [] : [closed])]
      looks.sort((a, b) => a - b)
      return looks.flatMap((at, index): Interval[] => {
        const before = looks[index - 1]
        return before === undefined || at - before > watchReachMs ? [] : [[before, at]]
      })
    }),
  )
}

const lengthOf = (intervals: readonly Interval[]): number => intervals.reduce((sum, [from, to]) => sum + to - from, 0)

/** Words for {@link gapText}. */
export interface GapLabels {
  /** `{from}`, `{to}` and `{cause}` are filled in. */
  readonly lost: string
  readonly causes: Readonly<Record<string, string>>
  /** Of each source that can tell instead. */
  readonly repairedBy: Readonly<Partial<Record<Provenance, string>>>
  readonly counts: string
  /** `{times}` is filled in. */
  readonly partly: string
}

export const ENGLISH_GAPS: GapLabels = {
  lost: 'Callbacks were lost from {from} to {to} ({cause})',
  causes: { hook_lost: 'hook lost', receiver_down: 'our receiver was down' },
  repairedBy: {
    report: "repaired by the provider's participant report",
    snapshot: 'repaired by looking at the room every minute',
  },
  counts: 'this time counts for nobody',
  partly: '{times} counts for nobody',
}

/**
 * A gap in a sentence for a teacher.
 *
 * @example
 * const [from, to] = [Date.parse('2027-03-01T10:20:00Z'), Date.parse('2027-03-01T10:40:00Z')]
 * gapText(
 *   { from, to, cause: 'hook_lost', state: 'open', repairedBy: [], blind: [[from, to]] },
 *   { time: at => new Date(at).toISOString().slice(11, 16) },
 * ) // 'Callbacks were lost from 10:20 to 10:40 (hook lost); this time counts for nobody.'
 */
export function gapText(
  gap: ClassGap,
  { time, labels = ENGLISH_GAPS }: { readonly time: (at: number) => string; readonly labels?: GapLabels | undefined },
): string {
  const fill = (text: string, words: Readonly<Record<string, string>>): string =>
    text.replace(/\{(\w+)\}/g, (all, name: string) => words[name] ?? all)
  const cause = labels.causes[gap.cause] ?? gap.cause
  const lost = fill(labels.lost, { from: time(gap.from), to: time(gap.to), cause })
  const repairs = gap.repairedBy.flatMap(source => labels.repairedBy[source] ?? [])
  const times = gap.blind.map(([from, to]) => `${time(from)}–${time(to)}`).join(', ')
  const rest = repairs.length === 0 ? labels.counts : fill(labels.partly, { times })
  return `${[lost, ...repairs, ...(gap.state === 'open' ? [rest] : [])].join('; ')}.`
}
