import { ConferencingError } from '../errors.ts'
import type { ClassStatus } from '../model.ts'

/**
 * Where the old table keeps what. `null`: it has no such column. The names are those of the LMS that asked for this
 * (`live_classes`); another table needs only a map.
 */
export interface SourceColumns {
  readonly id: string
  readonly scheduledAt: string
  readonly durationMinutes: string | null
  readonly status: string
  readonly meetingId: string | null
  readonly joinUrl: string | null
  readonly startUrl: string | null
  readonly password: string | null
  readonly recordingUrl: string | null
  readonly courseId: string | null
  readonly teacherId: string | null
  readonly title: string | null
  readonly description: string | null
  /** IANA name of the zone in which `scheduledAt` is told, row by row. */
  readonly timeZone: string | null
  readonly createdAt: string | null
  readonly updatedAt: string | null
}

/** The new columns. */
export interface TargetColumns {
  readonly provider: string
  readonly meetingId: string
  readonly moderatorPassword: string
  readonly attendeePassword: string
  /** Why this provider, or why none. */
  readonly reason: string
  /** `migrated`, `kept` or `rejected`; there until `finalize`. */
  readonly outcome: string
  /** Of the old columns as they were when the row was decided; there until `finalize`. */
  readonly digest: string
}

/** What to migrate, and how to read it. */
export interface MigrationPlan {
  readonly table: string
  /** Of the table in PostgreSQL. */
  readonly schema: string
  readonly source: SourceColumns
  readonly target: TargetColumns
  /** What the table calls each status. */
  readonly statuses: Readonly<Record<string, ClassStatus>>
  /** In which a time without offset is told. */
  readonly timeZone: string
  /** The view with the old names and the new. */
  readonly view: string
}

/** What may be said otherwise than for `live_classes`. */
export interface MigrationPlanOptions {
  /** @default 'live_classes' */
  readonly table?: string | undefined
  /** @default 'public' */
  readonly schema?: string | undefined
  readonly source?: Partial<SourceColumns> | undefined
  readonly target?: Partial<TargetColumns> | undefined
  /** Beside `scheduled`, `live`, `completed` and `cancelled`. */
  readonly statuses?: Readonly<Record<string, ClassStatus>> | undefined
  /** @default 'UTC' */
  readonly timeZone?: string | undefined
  /** @default the table's name with `_compat` */
  readonly view?: string | undefined
}

const statuses: readonly ClassStatus[] = ['scheduled', 'live', 'completed', 'cancelled']

/** The columns of `live_classes` before the move. */
export const liveClassesColumns: SourceColumns = {
  id: 'id',
  scheduledAt: 'scheduled_at',
  durationMinutes: 'duration_minutes',
  status: 'status',
  meetingId: 'zoom_meeting_id',
  joinUrl: 'join_url',
  startUrl: 'start_url',
  password: 'password',
  recordingUrl: 'recording_url',
  courseId: 'course_id',
  teacherId: null,
  title: 'title',
  description: 'description',
  timeZone: null,
  createdAt: 'created_at',
  updatedAt: 'updated_at',
}

export const newColumns: TargetColumns = {
  provider: 'provider',
  meetingId: 'meeting_id',
  moderatorPassword: 'moderator_password',
  attendeePassword: 'attendee_password',
  reason: 'provider_reason',
  outcome: 'migration_outcome',
  digest: 'migration_digest',
}

const evidenceFields = [
  'id',
  'courseId',
  'scheduledAt',
  'durationMinutes',
  'status',
  'meetingId',
  'joinUrl',
  'startUrl',
  'password',
  'recordingUrl',
  'timeZone',
] as const satisfies readonly (keyof SourceColumns)[]

/** The old columns that decide about a row, or say what must not be lost of it; in the order of every digest. */
export const evidenceColumns = ({ source }: Pick<MigrationPlan, 'source'>): readonly string[] => [
  ...new Set(evidenceFields.flatMap(field => source[field] ?? [])),
]

/** The order of the new columns in every list. */
export const targetNames = [
  'provider',
  'meetingId',
  'moderatorPassword',
  'attendeePassword',
  'reason',
  'outcome',
  'digest',
] as const satisfies readonly (keyof TargetColumns)[]

/** A plan with its defaults. Throws `INVALID` for a name no table could have, a zone that does not exist, or names that collide. */
export function migrationPlan(options: MigrationPlanOptions = {}): MigrationPlan {
  const table = options.table ?? 'live_classes'
  const plan: MigrationPlan = {
    table,
    schema: options.schema ?? 'public',
    source: { ...liveClassesColumns, ...options.source },
    target: { ...newColumns, ...options.target },
    statuses: {
      scheduled: 'scheduled',
      live: 'live',
      completed: 'completed',
      cancelled: 'cancelled',
      ...options.statuses,
    },
    timeZone: options.timeZone ?? 'UTC',
    view: options.view ?? `${table}_compat`,
  }
  const names = [
    ['table', plan.table],
    ['schema', plan.schema],
    ['view', plan.view],
    ...Object.entries(plan.source).filter(([, name]) => name !== null),
    ...Object.entries(plan.target),
  ] as const
  for (const [field, name] of names) requireIdentifier(field, name ?? '')
  if (plan.view === plan.table) throw invalid('view', 'must be another name than the table')
  const targets = Object.values(plan.target)
  if (new Set(targets).size < targets.length) throw invalid('target', 'names one column twice')
  const shared = Object.values(plan.source).find(name => name !== null && targets.includes(name))
  if (shared) throw invalid('target', `${shared} is an old column: a new one needs a name of its own`)
  requireZone(plan.timeZone)
  const status = Object.values(plan.statuses).find(one => !statuses.includes(one))
  if (status !== undefined) throw invalid('statuses', `must lead to ${statuses.join(', ')}`)
  return plan
}

/** `attendance` is about another table: see `attendancePlanFrom`. */
const planFields = ['table', 'schema', 'source', 'target', 'statuses', 'timeZone', 'view', 'attendance'] as const

/** A plan from JSON that a person wrote. Throws `INVALID` naming what is unknown or no text. */
export function migrationPlanFrom(given: unknown): MigrationPlan {
  const known: Record<string, readonly string[] | null> = {
    source: Object.keys(liveClassesColumns),
    target: Object.keys(newColumns),
    statuses: null,
  }
  const { attendance: _, ...options } = record('the map', given, planFields)
  for (const [field, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, field)) requireText(field, value)
    else {
      for (const [name, text] of Object.entries(record(field, value, known[field] ?? null)))
        if (!(field === 'source' && text === null)) requireText(`${field}.${name}`, text)
    }
  }
  return migrationPlan(options)
}

/** An object that has no other fields than these; `null`: it may have any. Throws `INVALID`. */
export function record(
  field: string,
  value: unknown,
  known: readonly string[] | null,
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(field, 'must be an object')
  const unknown = Object.keys(value).find(name => known !== null && !known.includes(name))
  if (unknown !== undefined) throw invalid(field, `knows no ${unknown}`)
  return { ...value }
}

/** Throws `INVALID`. */
export function requireText(field: string, value: unknown): void {
  if (typeof value !== 'string') throw invalid(field, 'must be a text')
}

/** Kysely quotes it; what passes here is also harmless in a message. Throws `INVALID`. */
export function requireIdentifier(field: string, name: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name))
    throw invalid(field, 'must be a name of letters, digits and _, at most 63')
}

function requireZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
  } catch {
    throw invalid('timeZone', 'is no time zone: give an IANA name such as Europe/Prague')
  }
}

const invalid = (field: string, what: string): ConferencingError =>
  new ConferencingError('INVALID', `${field} ${what}.`, { details: { field } })
