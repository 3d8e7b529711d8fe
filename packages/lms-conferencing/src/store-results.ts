import type { AttendanceStatus, PersonAttendance } from './attendance/types.ts'
import type { LiveClass, Provenance } from './model.ts'

/** One person's attendance of a class that is over: what is kept is a cache of what its facts say. */
export interface NewResult
  extends Pick<
    PersonAttendance,
    'creditedMs' | 'minutes' | 'percentage' | 'participationScore' | 'late' | 'leftEarly' | 'confidence'
  > {
  readonly person: string
  /** `null`: not on the roster. */
  readonly status: AttendanceStatus | null
  readonly heldMs: number
  /** Sorted. */
  readonly provenance: readonly Provenance[]
  readonly onRoster: boolean
}

export interface StoredResult extends NewResult {
  /** Under a pseudonym since the person was erased: the LMS knows nobody of this name, and totals still count them. */
  readonly isErased: boolean
}

/** How results stand to what they rest on. */
export interface ResultsState {
  /** Grows with everything that may change the figures: facts, counters, gaps, the plan of the class. */
  readonly factsVersion: number
  /** The version the kept results rest on; -1 before there are any. Below {@link ResultsState.factsVersion}: stale. */
  readonly resultsVersion: number
  /** By which rules they were computed; `null` before there are any. */
  readonly rules: string | null
}

/** Results to keep. */
export interface NewResults {
  /** The version read before the facts they were computed from. */
  readonly factsVersion: number
  readonly rules: string
  readonly results: readonly NewResult[]
  readonly at: Date
}

/** What a teacher says, whatever the figures are. */
export type Mark = 'present' | 'late' | 'excused' | 'absent'

export interface AttendanceMark {
  readonly person: string
  readonly mark: Mark
  /** For teachers; may be empty. */
  readonly note: string
  readonly markedBy: string
  readonly markedAt: Date
}

/** Attendance as kept: results, and a teacher's marks above them. */
export interface ResultTransaction {
  /** `null` for a class that is not over: its figures change with the clock, and nothing of them is kept. */
  getResultsState(tenantId: string, classId: string): Promise<ResultsState | null>
  /** By person. */
  listResults(tenantId: string, classId: string): Promise<readonly StoredResult[]>
  /**
   * Replaces the results of a class; answers those that were there. Who was erased stays so. `null`, and nothing is written, when the class is not
   * over or results of newer facts are there already.
   */
  saveResults(tenantId: string, classId: string, results: NewResults): Promise<readonly StoredResult[] | null>
  /** Classes whose results are missing, behind their facts, or of other rules, by id. */
  listStaleResults(filter: StaleFilter): Promise<readonly string[]>

  /** Replaces the mark of this person. */
  putAttendanceMark(tenantId: string, classId: string, mark: AttendanceMark): Promise<void>
  /** Answers whether there was one. */
  deleteAttendanceMark(tenantId: string, classId: string, person: string): Promise<boolean>
  /** By person. */
  listAttendanceMarks(tenantId: string, classId: string): Promise<readonly AttendanceMark[]>
}

export interface StaleFilter {
  readonly tenantId: string
  /** `facts`: missing or behind. Otherwise those of other rules than these. */
  readonly by: 'facts' | { readonly rules: string }
  readonly limit: number
  /** Only classes after this one. */
  readonly afterClassId?: string | undefined
}

export type DashboardListName = 'upcoming' | 'live' | 'completed'

export interface DashboardQuery {
  readonly tenantId: string
  /** Whose results and marks to show. */
  readonly person: string
  readonly courseIds: readonly string[]
  readonly lists: readonly DashboardListName[]
  readonly now: Date
  /** Results by other rules are not current; `null`: by whatever rules. */
  readonly rules: string | null
  /** For each list. */
  readonly limit: number
  readonly offset: number
}

/** One class on a dashboard, with what is kept about one person. */
export interface DashboardEntry {
  readonly liveClass: LiveClass
  readonly result: StoredResult | null
  /** Whether the results of this class rest on everything known, by the rules of today. */
  readonly isCurrent: boolean
  readonly mark: Mark | null
}

export interface DashboardPage {
  /** How many there are, on this page or not. */
  readonly total: number
  readonly entries: readonly DashboardEntry[]
}

/** The longest class, in minutes: what began before that is over, whatever its length. */
export const LONGEST_CLASS_MINUTES = 1440

export interface DashboardTransaction {
  /**
   * A page of each list, in one statement whose cost does not grow with how many classes there are, nor, but for the
   * counting, with how many a course has had.
   * `upcoming`: planned, their planned end still to come, by start; `live`: by start; `completed`: the latest first.
   */
  readDashboard(query: DashboardQuery): Promise<Readonly<Record<DashboardListName, DashboardPage | null>>>
}
