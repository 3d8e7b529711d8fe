import type { AttendanceStatus } from '../../attendance/types.ts'
import { ConferencingError } from '../../errors.ts'
import { type MigrationPlan, record, requireIdentifier, requireText } from '../columns.ts'

/** Where the LMS's own table of attendance keeps what, one row for each person in each class. `null`: it has no such column. */
export interface AttendanceColumns {
  readonly id: string
  readonly classId: string
  /** The user's id, as the LMS gives it to `authenticate`. */
  readonly person: string
  readonly joinedAt: string | null
  readonly leftAt: string | null
  /** Minutes in the class, as the LMS counted them. */
  readonly minutes: string | null
  readonly status: string | null
  readonly percentage: string | null
  readonly score: string | null
}

/** What the LMS says of a person: our status, or that the absence was excused, which no figure tells. */
export type LmsStatus = Exclude<AttendanceStatus, 'not_held'> | 'excused'

/** How to read the LMS's own attendance. */
export interface AttendancePlan {
  readonly table: string
  /** Of the table in PostgreSQL. */
  readonly schema: string
  readonly columns: AttendanceColumns
  /** What the table calls each status. */
  readonly statuses: Readonly<Record<string, LmsStatus>>
  /** In which a time without offset is told. */
  readonly timeZone: string
}

export interface AttendancePlanOptions {
  /** @default 'class_attendance' */
  readonly table?: string | undefined
  readonly columns?: Partial<AttendanceColumns> | undefined
  /** Beside our own words. */
  readonly statuses?: Readonly<Record<string, LmsStatus>> | undefined
}

/** The columns of the table that the LMS of the time had beside `live_classes`. */
export const classAttendanceColumns: AttendanceColumns = {
  id: 'id',
  classId: 'live_class_id',
  person: 'student_id',
  joinedAt: 'join_time',
  leftAt: 'leave_time',
  minutes: 'duration_minutes',
  status: 'status',
  percentage: 'attendance_percentage',
  score: 'participation_score',
}

const words = ['present', 'late', 'left_early', 'partial', 'absent', 'excused'] as const satisfies readonly LmsStatus[]

/** A plan with its defaults; schema and time zone are those of the table of classes. Throws `INVALID` naming what cannot be. */
export function attendancePlan(
  { schema, timeZone }: Pick<MigrationPlan, 'schema' | 'timeZone'>,
  options: AttendancePlanOptions = {},
): AttendancePlan {
  const statuses = Object.fromEntries(words.map(word => [word, word]))
  const plan: AttendancePlan = {
    table: options.table ?? 'class_attendance',
    schema,
    columns: { ...classAttendanceColumns, ...options.columns },
    statuses: { ...statuses, ...options.statuses },
    timeZone,
  }
  requireIdentifier('attendance.table', plan.table)
  for (const [field, name] of Object.entries(plan.columns))
    if (name !== null) requireIdentifier(`attendance.columns.${field}`, name)
  const unknown = Object.values(plan.statuses).find(word => !words.includes(word))
  if (unknown === undefined) return plan
  throw new ConferencingError('INVALID', `attendance.statuses must lead to ${words.join(', ')}.`, {
    details: { field: 'attendance.statuses' },
  })
}

/** The part `attendance` of a map that a person wrote. Throws `INVALID` naming what is unknown or no text. */
export function attendancePlanFrom(
  classes: Pick<MigrationPlan, 'schema' | 'timeZone'>,
  given: unknown,
): AttendancePlan {
  const optional = Object.entries(classAttendanceColumns)
    .map(([name]) => name)
    .filter(name => !['id', 'classId', 'person'].includes(name))
  const { table, columns, statuses } = record('attendance', given, ['table', 'columns', 'statuses'])
  if (table !== undefined) requireText('attendance.table', table)
  if (columns !== undefined) {
    const named = record('attendance.columns', columns, Object.keys(classAttendanceColumns))
    for (const [field, name] of Object.entries(named))
      if (!(name === null && optional.includes(field))) requireText(`attendance.columns.${field}`, name)
  }
  if (statuses !== undefined)
    for (const [word, name] of Object.entries(record('attendance.statuses', statuses, null)))
      requireText(`attendance.statuses.${word}`, name)
  return attendancePlan(classes, given as AttendancePlanOptions)
}
