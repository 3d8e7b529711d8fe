import type { Generated } from 'kysely'
import type { AttendanceStatus } from '../attendance/types.ts'
import type { AttendanceEvent, ClassStatus, Provenance, Provisioning, RecordingState, Room } from '../model.ts'
import type { ChangeKind, InboxState } from '../store.ts'
import type { Mark } from '../store-results.ts'

/*
 * Columns are as both databases have them: ids and enumerations as text, times as epoch milliseconds in bigints,
 * booleans as 0 or 1, lists and maps as JSON text.
 */

export interface ClassTable {
  tenant_id: string
  id: string
  course_id: string
  teacher_id: string
  title: string
  description: string
  starts_at: number
  duration_minutes: number
  status: ClassStatus
  provider: string
  server_id: string
  meeting_id: string
  /** NULL while the provider has not named the meeting: unique otherwise, so that a callback finds one class. */
  meeting_key: string | null
  moderator_password: string
  attendee_password: string
  meeting_details: string
  provisioning: Provisioning
  provisioning_reason: string | null
  record: number
  has_recording: number
  started_at: number | null
  ended_at: number | null
  created_at: number
  updated_at: number
  version: number
}

export interface EventTable {
  tenant_id: string
  class_id: string
  /** Digest of all fields in one canonical form: what makes two facts the same. */
  fact_key: string
  provenance: Provenance
  type: AttendanceEvent['type']
  instance: string
  at: number
  session: string | null
  person: string | null
  room: Room | null
  present: string | null
  /** All who report it, sorted, with a space between; NULL where `provenance` is the only one. */
  sources: string | null
}

export interface RecordingTable {
  tenant_id: string
  class_id: string
  record_id: string
  name: string
  state: RecordingState
  published: number
  started_at: number | null
  ended_at: number | null
  duration_seconds: number | null
  size_bytes: number | null
  playback: string
}

export interface ActivityTable {
  tenant_id: string
  class_id: string
  instance: string
  /** Empty for the run as a whole. */
  person: string
  polls_published: number
  talk_ms: number
  messages: number
  raised_hands: number
  reactions: number
  poll_answers: number
}

export interface OnceTable {
  tenant_id: string
  /** Digest of who asked and under which key. */
  once_key: string
  class_id: string
  fingerprint: string
}

export interface GapTable {
  tenant_id: string
  provider: string
  /** Empty for all servers of the provider. */
  server_id: string
  from_at: number
  to_at: number
  cause: string
  found_at: number
}

export interface LastWellTable {
  tenant_id: string
  what: string
  at: number
}

export interface ReconciliationTable {
  tenant_id: string
  class_id: string
  state: 'waiting' | 'done'
  attempts: number
  next_at: number | null
  at: number | null
  has_report: number
  added: number
  watched: string
}

export interface AliasTable {
  tenant_id: string
  provider: string
  server_id: string
  meeting_key: string
  parent_key: string
  parent_instance: string
  room: Room
}

export interface InboxTable {
  seq: Generated<number>
  tenant_id: string
  provider: string
  server_id: string
  kind: string
  body: Uint8Array
  digest: string
  received_at: number
  state: InboxState
  attempts: number
  next_attempt_at: number
  reason: string | null
  stripped: Generated<number>
}

export interface RefusedTable {
  id: Generated<number>
  tenant_id: string
  provider: string
  method: string
  target: string
  headers: string
  body: Uint8Array
  reason: string
  digest: string
  received_at: number
}

export interface OperationTable {
  id: Generated<number>
  tenant_id: string
  at: number
  who: string
  what: string
  count: number
}

/** Which inbox row waits for which meeting to be known. */
export interface WaitingTable {
  tenant_id: string
  provider: string
  server_id: string
  meeting_key: string
  seq: number
}

export interface ChangeTable {
  /** In the order of commits. */
  seq: Generated<number>
  tenant_id: string
  course_id: string
  /** Empty for what is of the course as a whole. */
  class_id: string
  kind: ChangeKind
}

export interface CalendarTokenTable {
  tenant_id: string
  user_id: string
  digest: string
  created_at: number
}

export interface JobTable {
  tenant_id: string
  name: string
  key: string
  due_at: number
  tries: number
  failures: number
  /** NULL: nobody has it. */
  lease: string | null
  leased_until: number
  /** 1: put while somebody had it. */
  put_again: number
  dead: number
  reason: string | null
}

/** Starts that were announced. */
export interface ReminderTable {
  tenant_id: string
  class_id: string
  starts_at: number
}

/** A class that is over, and how its results stand to what they rest on. */
export interface StateTable {
  tenant_id: string
  class_id: string
  facts_version: number
  /** -1 before there are any. */
  results_version: number
  rules: string | null
  computed_at: number | null
}

export interface ResultTable {
  tenant_id: string
  class_id: string
  person: string
  status: AttendanceStatus | null
  credited_ms: number
  held_ms: number
  minutes: number
  percent_tenths: number | null
  participation_score: number | null
  late: number
  left_early: number
  confidence: 'exact' | 'imputed' | 'incomplete'
  provenance: string
  on_roster: number
  erased: number
}

export interface AttendanceMarkTable {
  tenant_id: string
  class_id: string
  person: string
  mark: Mark
  note: string
  marked_by: string
  marked_at: number
}

export interface SettingTable {
  tenant_id: string
  name: string
  value: string
  version: number
}

export interface SchemaTable {
  version: number
  name: string
}

export interface Tables {
  classes: ClassTable
  events: EventTable
  recordings: RecordingTable
  activity: ActivityTable
  once: OnceTable
  aliases: AliasTable
  inbox: InboxTable
  inbox_waiting: WaitingTable
  refused: RefusedTable
  operations: OperationTable
  changes: ChangeTable
  calendar_tokens: CalendarTokenTable
  jobs: JobTable
  reminders: ReminderTable
  attendance_states: StateTable
  attendance_results: ResultTable
  attendance_marks: AttendanceMarkTable
  gaps: GapTable
  last_well: LastWellTable
  reconciliations: ReconciliationTable
  settings: SettingTable
  schema_versions: SchemaTable
}

/** The name of each table in the database. */
export type TableNames = { readonly [Name in keyof Tables]: Name }

/**
 * Table names with a prefix. Their type is the name without it, by which Kysely knows the columns; so queries name
 * columns alone, never `table.column`.
 */
export function tableNames(prefix: string): TableNames {
  const name = <Name extends keyof Tables>(table: Name): Name => `${prefix}${table}` as Name
  return {
    classes: name('classes'),
    events: name('events'),
    recordings: name('recordings'),
    activity: name('activity'),
    once: name('once'),
    aliases: name('aliases'),
    inbox: name('inbox'),
    inbox_waiting: name('inbox_waiting'),
    refused: name('refused'),
    operations: name('operations'),
    changes: name('changes'),
    calendar_tokens: name('calendar_tokens'),
    jobs: name('jobs'),
    reminders: name('reminders'),
    attendance_states: name('attendance_states'),
    attendance_results: name('attendance_results'),
    attendance_marks: name('attendance_marks'),
    gaps: name('gaps'),
    last_well: name('last_well'),
    reconciliations: name('reconciliations'),
    settings: name('settings'),
    schema_versions: name('schema_versions'),
  }
}
