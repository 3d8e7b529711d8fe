/** What the REST API answers, as pages get it. Times are ISO 8601 texts. */

export type LiveClassStatus = 'scheduled' | 'live' | 'completed' | 'cancelled'

export interface LiveClassInfo {
  readonly id: string
  readonly course: string
  readonly teacher: string
  readonly title: string
  readonly description: string
  readonly scheduled_at: string
  readonly duration_minutes: number
  readonly status: LiveClassStatus
  readonly provider: string
  readonly meeting_id: string
  readonly provisioning: 'pending' | 'ready' | 'failed'
  /** Why the meeting is not there, as a sentence for a teacher. */
  readonly provisioning_reason: string | null
  readonly record: boolean
  readonly has_recording: boolean
  readonly started_at: string | null
  readonly ended_at: string | null
  readonly created_at: string
  readonly updated_at: string
}

export interface LiveClassDetails extends LiveClassInfo {
  readonly course_title: string
  readonly role: 'teacher' | 'student'
}

export interface LiveClassPage {
  readonly live_classes: readonly LiveClassInfo[]
  readonly limit: number
  readonly offset: number
}

export interface NewVirtualClass {
  readonly title: string
  readonly description?: string | undefined
  readonly scheduled_at: string
  readonly duration_minutes?: number | undefined
  readonly record?: boolean | undefined
}

export interface VirtualClassChanges {
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly scheduled_at?: string | undefined
  readonly duration_minutes?: number | undefined
}

export interface CreatedVirtualClass extends LiveClassInfo {
  /** `false` while the meeting is being retried. */
  readonly meeting_created: boolean
}

export interface NewCourse {
  readonly title: string
  readonly description?: string | undefined
  readonly auto_create_virtual_class?: boolean | undefined
  readonly virtual_class_schedule?: string | undefined
  readonly virtual_class_duration?: number | undefined
}

export interface CreatedCourse {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly virtual_classes: readonly LiveClassInfo[]
}

export interface CreatedMeeting {
  readonly meeting_id: string
  /** `false`: it was there before. */
  readonly created: boolean
  readonly live_class: LiveClassInfo
}

export interface JoinInfo {
  /** For this person, now. Open it; never store, log or share it. */
  readonly join_url: string | null
  readonly role: 'moderator' | 'attendee'
  readonly meeting_running: boolean
  readonly can_start: boolean
  readonly can_join: boolean
  /** Why `can_join` is false, for this person to read. */
  readonly reason: string | null
  readonly status: LiveClassStatus
}

export interface StartedClass {
  /** For this person, now. Open it; never store, log or share it. */
  readonly join_url: string
  readonly role: 'moderator' | 'attendee'
  readonly status: LiveClassStatus
  readonly live_class: LiveClassInfo
}

export interface RecordingInfo {
  readonly record_id: string
  readonly name: string
  readonly state: 'processing' | 'published' | 'unpublished' | 'deleted'
  readonly published: boolean
  readonly playback_url: string | null
  readonly playback: readonly {
    readonly type: string
    readonly url: string
    readonly duration_minutes: number | null
  }[]
  readonly duration_seconds: number | null
  readonly size_mb: number | null
  readonly recorded_at: string | null
  readonly ended_at: string | null
}

export type AttendanceStatus = 'present' | 'late' | 'left_early' | 'partial' | 'absent' | 'not_held'

export interface Interval {
  readonly from: string
  readonly to: string
}

export interface AttendanceRecord {
  readonly user_id: string
  readonly name: string | null
  readonly name_flagged: boolean
  readonly on_roster: boolean
  readonly status: AttendanceStatus | null
  readonly attendance_percentage: number | null
  readonly duration_minutes: number
  readonly join_time: string | null
  readonly leave_time: string | null
  readonly late: boolean
  readonly left_early: boolean
  readonly late_by_ms: number | null
  readonly left_early_by_ms: number | null
  readonly observed_ms: number
  readonly bridged_ms: number
  readonly credited_ms: number
  readonly imputed_ms: number
  readonly reconnects: number
  readonly gaps: number
  readonly confidence: 'exact' | 'imputed' | 'incomplete'
  readonly anomalies: readonly ('orphan_left' | 'superseded' | 'unclosed')[]
  readonly in_class_now: boolean
  readonly participation_score: number | null
  readonly participation_basis: 'attendance' | 'attendance+activity' | null
  readonly provenance: readonly ('webhook' | 'snapshot' | 'report' | 'lms')[]
  readonly intervals: readonly Interval[]
}

export type AttendanceMarkValue = 'present' | 'late' | 'excused' | 'absent'

/** What the teacher says, whatever the figures are. */
export interface AttendanceMark {
  readonly user_id: string
  /** `null`: taken back. */
  readonly mark: AttendanceMarkValue | null
  /** For teachers. */
  readonly note: string | null
  readonly marked_by: string | null
  readonly marked_at: string | null
}

export interface AttendanceTotals {
  readonly people: number
  readonly counts: Readonly<Record<AttendanceStatus, number>>
  readonly not_seen_yet: number
  readonly in_class_now: number
  readonly guests: number
  readonly attendance_percentage: number | null
  readonly to_review: number
}

export type AttendanceSource = 'webhook' | 'snapshot' | 'report' | 'lms'

export interface AttendanceGap extends Interval {
  /** `hook_lost`, `receiver_down` or another. */
  readonly cause: string
  readonly state: 'open' | 'repaired'
  readonly repaired_by: readonly AttendanceSource[]
  /** What nobody tells of: it counts for nobody. */
  readonly blind: readonly Interval[]
  /** For a teacher, with the times in UTC. */
  readonly sentence: string
}

export interface AttendanceContradiction {
  readonly user_id: string
  readonly difference_ms: number
  readonly says: readonly {
    readonly source: AttendanceSource
    readonly present_ms: number
    readonly intervals: readonly Interval[]
  }[]
}

export interface ClassAttendance {
  readonly class_id: string
  readonly class_status: LiveClassStatus
  /** `false` while the class may still go on. */
  readonly final: boolean
  readonly held_ms: number
  readonly blind_ms: number
  readonly held: readonly Interval[]
  readonly unattributed_sessions: number
  /** For teachers. */
  readonly totals: AttendanceTotals | null
  readonly records: readonly AttendanceRecord[]
  readonly marks: readonly AttendanceMark[]
  /** Times in which callbacks were lost, and what tells of them instead. */
  readonly gaps: readonly AttendanceGap[]
  /** People about whom the sources disagree; for a student only the own. */
  readonly contradictions: readonly AttendanceContradiction[]
}

export interface DashboardClass extends Omit<LiveClassInfo, 'course'> {
  readonly course: { readonly id: string; readonly title: string; readonly instructor_name: string | null }
  readonly can_join: boolean
  readonly meeting_running: boolean
  /** `2 days`; `null` once it is time. */
  readonly time_until_start: string | null
}

export interface AttendedClass extends DashboardClass {
  readonly attendance: {
    readonly status: AttendanceStatus | null
    /** In minutes. */
    readonly duration_attended: number
    readonly attendance_percentage: number | null
    readonly participation_score: number | null
  } | null
  /** False while something is known that is not counted yet; it will be in a moment. */
  readonly attendance_final: boolean
  readonly attendance_mark: AttendanceMarkValue | null
}

export interface MyVirtualClasses {
  readonly upcoming: readonly DashboardClass[]
  readonly live: readonly DashboardClass[]
  /** The newest first. */
  readonly completed: readonly AttendedClass[]
  /** `null` for lists that were not asked for. */
  readonly counts: Readonly<Record<'upcoming' | 'live' | 'completed', number | null>>
  readonly limit: number
  readonly offset: number
}

export interface CalendarFeed {
  /** Path and query below the address of the API. Whoever has it may read the calendar. */
  readonly feed_path: string
}

export interface RevokedCalendarFeed {
  readonly revoked: boolean
}

/** How the parts do, for administrators. */
export interface OperatorHealth {
  readonly status: 'ok' | 'unavailable'
  readonly store: 'ok' | 'unavailable'
  readonly store_fault: string | null
  /** How many callbacks are in which state; `null` while the database does not answer. */
  readonly inbox: Readonly<Record<CallbackState, number>> | null
  readonly oldest_waiting_seconds: number | null
  /** Refused requests that are kept. */
  readonly quarantined: number | null
  readonly providers: readonly {
    readonly name: string
    readonly answered_at: string | null
    readonly failing: {
      readonly since: string
      readonly count: number
      readonly call: string
      readonly code: string
    } | null
    /** What was found when it was last made sure that each server calls us back. */
    readonly callbacks: readonly {
      readonly server_id: string
      readonly at: string
      readonly found: string | null
      readonly code: string | null
    }[]
  }[]
}

/** `dead`: given up after many tries; `stale`: too old to be believed when it came. */
export type CallbackState = 'new' | 'applied' | 'ignored' | 'dead' | 'stale'

/** A callback as administrators see it: without what it says. */
export interface CallbackEntry {
  readonly seq: number
  readonly provider: string
  readonly server_id: string
  readonly kind: string
  readonly state: CallbackState
  readonly attempts: number
  /** Why it was not applied. */
  readonly reason: string | null
  readonly received_at: string
  readonly next_attempt_at: string | null
  readonly waiting_for: readonly string[]
  readonly digest: string
  readonly bytes: number
  /** What it says is not kept any more: it cannot be replayed. */
  readonly forgotten: boolean
}

export interface CallbackPage {
  readonly callbacks: readonly CallbackEntry[]
  /** `after` of the next page; `null`: this is the last. */
  readonly next: number | null
}

export interface ReplayedCallbacks {
  readonly replayed: number
  readonly dry_run: boolean
}

export type RolloutPhase = 'preparation' | 'testing' | 'gradual' | 'full' | 'cleanup'

/** Which courses get their new classes on the new provider while a platform moves. */
export interface RolloutInfo {
  readonly phase: RolloutPhase
  /** Of courses, 0 to 100. */
  readonly percentage: number
  readonly new_courses_since: string | null
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  readonly overrides: Readonly<Record<string, string>>
  readonly old_enabled: boolean
  readonly version: number
  /** What is decided for the course that was asked about, and why. */
  readonly course: {
    readonly id: string
    readonly provider: string
    /** A code: `in_percentage`, `denied`, … */
    readonly reason: string
    /** The same as a sentence. */
    readonly explanation: string
    /** 0 to 9999; never changes. */
    readonly bucket: number
  } | null
}

/** Rows of the old table, by what became of them: the four add up to `rows`. */
export interface MigrationCounts {
  readonly rows: number
  /** Decided. */
  readonly migrated: number
  /** Decided, and stays on the old provider: over or in progress. */
  readonly kept: number
  /** Nothing could be decided: somebody has to look. */
  readonly rejected: number
  /** Filled by the LMS itself. */
  readonly theirs: number
  /** Why a row was decided, or rejected: rows, by code. */
  readonly reasons: Readonly<Record<string, number>>
}

/** How far the move of an old table is. */
export interface MigrationInfo {
  readonly table: string
  /** `null`: not begun. */
  readonly phase: string | null
  /** What is to be done next. */
  readonly next: string
  readonly counts: MigrationCounts | null
  /** The last verification, signed. */
  readonly report: {
    readonly at: string
    readonly who: string
    readonly ok: boolean
    readonly counts: MigrationCounts
    /** Rows that the LMS wrote since the run, decided on the way. */
    readonly caught_up: number
    readonly undecided: number
    /** Rows that changed since they were decided. */
    readonly stale: number
    /** Rows whose new columns do not follow from the old ones. */
    readonly wrong: number
    readonly source_digest: string
    readonly digest: string
  } | null
  /** The latest last. */
  readonly log: readonly { readonly at: string; readonly who: string; readonly what: string; readonly rows: number }[]
}
