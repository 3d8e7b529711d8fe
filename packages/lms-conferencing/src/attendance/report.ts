import type { Provenance } from '../model.ts'
import type { Contradiction } from './contradictions.ts'
import type { ClassGap } from './gaps.ts'
import type { AttendanceResult, AttendanceStatus, PersonAttendance } from './types.ts'
import { visibleText } from './visible-text.ts'

/** A person as the LMS knows them. */
export interface ReportPerson {
  readonly person: string
  readonly name: string
}

/** One line of a report: a person, under a name that hides nothing. */
export interface ReportName {
  readonly person: string
  /** Fit to show: bidi controls and zero-width characters are written out. `null`: the LMS gave no name. */
  readonly name: string | null
  /** Whether the name had such characters: it may look like somebody else's. */
  readonly nameFlagged: boolean
}

/** One person in one class. */
export interface ClassRow extends ReportName, PersonAttendance {
  readonly onRoster: boolean
  /** Held time of the class, the denominator of every figure. */
  readonly heldMs: number
  /** Where the facts about this person came from, sorted. */
  readonly provenance: readonly Provenance[]
}

/** How often each status was given. */
export type StatusCounts = Readonly<Record<AttendanceStatus, number>>

/** One class as a whole. Only the roster is counted. */
export interface ClassTotals {
  readonly final: boolean
  readonly heldMs: number
  /** Time of the class nothing is known of; it counts for and against nobody. */
  readonly blindMs: number
  readonly people: number
  readonly counts: StatusCounts
  /** Live: on the roster and not seen yet. */
  readonly notSeenYet: number
  readonly inClassNow: number
  /** There, and not on the roster. */
  readonly guests: number
  /** Credited time of the roster in its held time, one decimal, half up; `null` when nothing was held. */
  readonly percentage: number | null
  /** Rows that rest on imputed time or miss an event: a teacher should look at them. */
  readonly toReview: number
}

/** What a teacher should know of the evidence before trusting a figure. */
export interface Doubts {
  /** Times in which callbacks were lost, and what told of them instead. */
  readonly gaps: readonly ClassGap[]
  /** People about whom the sources disagree. */
  readonly contradictions: readonly Contradiction[]
}

export interface ClassReport extends Doubts {
  readonly rows: readonly ClassRow[]
  readonly totals: ClassTotals
}

/** One class of a course. */
export interface CourseClass {
  readonly classId: string
  readonly title: string
  readonly result: AttendanceResult
}

/** One person over all classes. Counted are classes that are over, were held, and had the person on their roster. */
export interface CourseRow extends ReportName {
  readonly classes: number
  readonly counts: StatusCounts
  /** The status in each class, in the order of the classes; `null`: not on its roster, or not over yet. */
  readonly statuses: readonly (AttendanceStatus | null)[]
  readonly creditedMs: number
  readonly heldMs: number
  /** Credited in held time over all classes, one decimal, half up; `null` when nothing was held. */
  readonly percentage: number | null
  /** Mean of the participation scores, half up. */
  readonly participationScore: number | null
  readonly toReview: number
}

export interface CourseReport {
  readonly rows: readonly CourseRow[]
  readonly classes: readonly (ClassTotals & { readonly classId: string; readonly title: string })[]
}

/** The rows of one class, the roster in its order, then everybody else who was there; and its totals. */
export function classReport(
  result: AttendanceResult,
  roster: readonly ReportPerson[],
  provenance: ReadonlyMap<string, readonly Provenance[]> = new Map(),
  { gaps = [], contradictions = [] }: Partial<Doubts> = {},
): ClassReport {
  const { names, keys } = register(roster, [result])
  const rows = keys.flatMap((person): ClassRow[] => {
    const figures = result.people[person]
    if (figures === undefined) return []
    return [
      {
        ...nameOf(person, names),
        ...figures,
        onRoster: names.has(person),
        heldMs: result.heldMs,
        provenance: [...(provenance.get(person) ?? [])].sort(),
      },
    ]
  })
  return { rows, totals: totalsOf(result, rows), gaps, contradictions }
}

/** Each person over all classes of a course, and each class as a whole. */
export function courseReport(classes: readonly CourseClass[], roster: readonly ReportPerson[]): CourseReport {
  const { names, keys } = register(
    roster,
    classes.map(({ result }) => result),
  )
  return {
    rows: keys.map(person => courseRow(nameOf(person, names), classes)),
    classes: classes.map(({ classId, title, result }) => ({
      classId,
      title: visibleText(title).text,
      ...classReport(result, roster).totals,
    })),
  }
}

function courseRow(who: ReportName, classes: readonly CourseClass[]): CourseRow {
  const figures = classes.map(({ result }) => (result.final ? result.people[who.person] : undefined))
  const held = classes.filter(({ result }, index) => {
    const status = figures[index]?.status ?? null
    return status !== null && status !== 'not_held' && result.heldMs > 0
  })
  const counted = held.flatMap(({ result }) => result.people[who.person] ?? [])
  const scores = counted.flatMap(({ participationScore }) => participationScore ?? [])
  const creditedMs = sum(counted.map(row => row.creditedMs))
  const heldMs = sum(held.map(({ result }) => result.heldMs))
  return {
    ...who,
    classes: held.length,
    counts: countStatuses(figures.map(row => row?.status ?? null)),
    statuses: figures.map(row => row?.status ?? null),
    creditedMs,
    heldMs,
    percentage: percentage(creditedMs, heldMs),
    participationScore:
      scores.length === 0 ? null : Math.floor((2 * sum(scores) + scores.length) / (2 * scores.length)),
    toReview: counted.filter(row => row.confidence !== 'exact').length,
  }
}

function totalsOf(result: AttendanceResult, rows: readonly ClassRow[]): ClassTotals {
  const roster = rows.filter(row => row.onRoster)
  return {
    final: result.final,
    heldMs: result.heldMs,
    blindMs: result.blindMs,
    people: roster.length,
    counts: countStatuses(roster.map(row => row.status)),
    notSeenYet: roster.filter(row => row.status === null).length,
    inClassNow: roster.filter(row => row.inClassNow).length,
    guests: rows.length - roster.length,
    percentage: percentage(sum(roster.map(row => row.creditedMs)), result.heldMs * roster.length),
    toReview: roster.filter(row => row.confidence !== 'exact').length,
  }
}

/** Names by key, and all keys in the order of the report. */
function register(roster: readonly ReportPerson[], results: readonly AttendanceResult[]) {
  const names = new Map(roster.map(({ person, name }) => [person, name]))
  const seen = new Set(results.flatMap(({ people }) => Object.keys(people)))
  const others = [...seen].filter(person => !names.has(person)).sort()
  return { names, keys: [...names.keys(), ...others] }
}

function nameOf(person: string, names: ReadonlyMap<string, string>): ReportName {
  const given = names.get(person)
  if (given === undefined) return { person, name: null, nameFlagged: false }
  const { text, flagged } = visibleText(given)
  return { person, name: text, nameFlagged: flagged }
}

function countStatuses(statuses: readonly (AttendanceStatus | null)[]): StatusCounts {
  const counts = { present: 0, late: 0, left_early: 0, partial: 0, absent: 0, not_held: 0 }
  for (const status of statuses) if (status !== null) counts[status]++
  return counts
}

/** As section 5.5, over sums that may be larger than one class. */
function percentage(creditedMs: number, heldMs: number): number | null {
  if (heldMs === 0) return null
  const [credited, held] = [BigInt(creditedMs), BigInt(heldMs)]
  return Number((credited * 2000n + held) / (2n * held)) / 10
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
