import { attendance } from '../../attendance/index.ts'
import type { AttendanceOptions } from '../../attendance/types.ts'
import type { AttendanceEvent } from '../../model.ts'
import type { StoredClass, StoredEvent } from '../../store.ts'
import type { Mark } from '../../store-results.ts'
import { isUnstorable } from '../decide.ts'
import type { LmsAttendanceRow } from '../lms/attendance.ts'
import { readTime } from '../time.ts'
import type { AttendancePlan, LmsStatus } from './plan.ts'

/**
 * The one outcome of a row of the LMS's attendance. `facts`: its times became facts; `known`: the provider's own facts
 * tell of this person already, and more finely; `word`: it has no times, only a status or minutes; `unreadable`: times
 * that cannot be, or nobody's id. The row itself is never touched.
 */
export type AttendanceOutcome = 'facts' | 'known' | 'word' | 'unreadable'

/** What the LMS says where the figures say something else, or nothing. */
export interface LmsWord {
  readonly person: string
  /** `null`: marks have no such word. */
  readonly mark: Mark | null
  readonly note: string
}

export interface JudgedAttendance {
  readonly outcomes: readonly AttendanceOutcome[]
  readonly events: readonly StoredEvent[]
  readonly words: readonly LmsWord[]
}

const MINUTE_MS = 60_000
/** The run of a class of which the provider tells nothing. */
const LMS_RUN = 'lms'

/** Decides about the rows of one class. Pure: no default, no clock, no other class. */
export function judgeAttendance(
  { liveClass }: Pick<StoredClass, 'liveClass'>,
  evidence: readonly StoredEvent[],
  {
    rows,
    plan,
    options,
  }: {
    readonly rows: readonly LmsAttendanceRow[]
    readonly plan: AttendancePlan
    readonly options?: AttendanceOptions | undefined
  },
): JudgedAttendance {
  const theirs = evidence.filter(({ provenance }) => provenance !== 'lms').map(({ event }) => event)
  const known = peopleOf(theirs)
  const runs = runsOf(theirs)
  const read = rows.map(row => readRow(row, plan))
  const events: AttendanceEvent[] = []
  const outcomes = read.map(({ id, person, spans }): AttendanceOutcome => {
    if (person === null || spans === null) return 'unreadable'
    if (known.has(person)) return 'known'
    if (spans.length === 0) return 'word'
    for (const [index, { from, to }] of spans.entries()) {
      const who = { instance: runAt(runs, from), session: `lms:${id}:${index}`, person }
      events.push({ type: 'joined', ...who, at: from })
      if (to !== null) events.push({ type: 'left', ...who, at: to })
    }
    return 'facts'
  })
  const all = [...theirs, ...events]
  const said = read.flatMap(({ person, status, note }) =>
    person === null || status === null ? [] : { person, status, note },
  )
  const { people } = attendance({
    class: {
      scheduledStart: liveClass.startsAt.getTime(),
      plannedMs: liveClass.durationMinutes * MINUTE_MS,
      startedAt: liveClass.startedAt?.getTime() ?? null,
      endedAt: liveClass.endedAt?.getTime() ?? null,
    },
    roster: [...new Set(said.map(({ person }) => person))],
    events: all,
    options,
    now: null,
  })
  const words = said.flatMap(({ person, status, note }) =>
    people[person]?.status === status ? [] : { person, mark: markOf(status), note },
  )
  return { outcomes, events: events.map(event => ({ event, provenance: 'lms' })), words }
}

interface Span {
  readonly from: number
  /** `null`: nobody wrote down when it ended. */
  readonly to: number | null
}

interface ReadRow {
  readonly id: string
  readonly person: string | null
  /** `null`: they cannot be read. */
  readonly spans: readonly Span[] | null
  readonly status: LmsStatus | null
  readonly note: string
}

function readRow(row: LmsAttendanceRow, { statuses, timeZone }: AttendancePlan): ReadRow {
  const { status } = row
  const minutes = row.minutes !== null && /^\d{1,5}(\.\d+)?$/.test(row.minutes) ? Number(row.minutes) : null
  const told = [
    status,
    row.minutes !== null && `${row.minutes} min`,
    row.percentage !== null && `${row.percentage} %`,
    row.score !== null && `score ${row.score}`,
  ].filter(text => typeof text === 'string' && text !== '')
  return {
    id: row.id ?? '',
    person: isStorable(row.person) ? row.person : null,
    spans: spansOf(row, minutes, timeZone),
    status: status !== null && Object.hasOwn(statuses, status) ? (statuses[status] ?? null) : null,
    note: `As the LMS had it: ${told.join(', ')}`.slice(0, 500),
  }
}

/** As ids of people are kept. */
const isStorable = (person: string | null): boolean =>
  person !== null && person !== '' && person.length <= 255 && !isUnstorable(person)

/**
 * When somebody was there. Where the LMS counted fewer minutes than lie between coming and going, the rest is a gap in
 * the middle: both ends and the minutes stay what they were, and nobody knows where the gap was.
 */
function spansOf(row: LmsAttendanceRow, minutes: number | null, zone: string): readonly Span[] | null {
  if (row.joinedAt === null || row.joinedAt === '') return []
  const joined = readTime(row.joinedAt, zone)
  const left = row.leftAt === null || row.leftAt === '' ? null : readTime(row.leftAt, zone)
  if ('problem' in joined || (left !== null && 'problem' in left)) return null
  const from = joined.at
  const countedMs = minutes === null ? null : Math.round(minutes * MINUTE_MS)
  const to = left?.at ?? (countedMs ? from + countedMs : null)
  if (to === null) return [{ from, to }]
  if (to < from) return null
  const missing = countedMs === null || countedMs === 0 ? 0 : to - from - countedMs
  // Whole minutes are cut: less than one is missing for no other reason.
  if (missing < MINUTE_MS || countedMs === null) return to === from ? [] : [{ from, to }]
  const half = Math.floor(countedMs / 2)
  return [
    { from, to: from + half },
    { from: to - (countedMs - half), to },
  ]
}

function peopleOf(events: readonly AttendanceEvent[]): ReadonlySet<string> {
  return new Set(
    events.flatMap(event => {
      if (event.type === 'snapshot') return event.present.flatMap(({ person }) => person ?? [])
      return event.type === 'joined' || event.type === 'left' ? (event.person ?? []) : []
    }),
  )
}

/** When each run began, by what is known of it. */
function runsOf(events: readonly AttendanceEvent[]): ReadonlyMap<string, number> {
  const runs = new Map<string, number>()
  for (const { instance, at } of events) runs.set(instance, Math.min(at, runs.get(instance) ?? at))
  return runs
}

/** The run that somebody came to: the last that had begun by then, or else the first. */
function runAt(runs: ReadonlyMap<string, number>, at: number): string {
  const inOrder = [...runs].sort(([, a], [, b]) => a - b)
  return (inOrder.findLast(([, began]) => began <= at) ?? inOrder[0])?.[0] ?? LMS_RUN
}

const markOf = (status: LmsStatus): Mark | null => (status === 'partial' || status === 'left_early' ? null : status)
