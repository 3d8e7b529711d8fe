import type { Activity, AttendanceEvent } from '../model.ts'

export type { Activity } from '../model.ts'

/** A half-open interval `[from, to)` in epoch milliseconds. */
export type Interval = readonly [from: number, to: number]

/** What the LMS knows of the class. Times in epoch milliseconds. */
export interface AttendanceClass {
  readonly scheduledStart: number | null
  /** Planned length; 0 = not planned. */
  readonly plannedMs: number
  /** When the LMS started and ended the class, if it did. */
  readonly startedAt: number | null
  readonly endedAt: number | null
  /** Times in which events are known to have been lost and no other source could fill in. @default [] */
  readonly blind?: readonly Interval[] | undefined
}

export interface AttendanceOptions {
  /** @default 'planned' */
  readonly windowMode?: 'planned' | 'actual' | 'scheduled' | undefined
  /** Longest gap that is bridged. @default 120_000 */
  readonly reconnectGraceMs?: number | undefined
  /** Later than this is late. @default 600_000 */
  readonly lateAfterMs?: number | undefined
  /** Gone longer than this before the end is left early. @default 600_000 */
  readonly leftEarlyBeforeMs?: number | undefined
  /** Below is partial. @default 75 */
  readonly presentMinPercent?: number | undefined
  /** Below is absent. @default 10 */
  readonly absentBelowPercent?: number | undefined
  /** Whether a later join in another session ends an unclosed one. @default true */
  readonly supersede?: boolean | undefined
  /** Share of attendance in the participation score, 0 to 100. @default 70 */
  readonly attendanceWeight?: number | undefined
  readonly targets?:
    | {
        readonly talkMs?: number | undefined
        readonly messages?: number | undefined
        readonly raisedHands?: number | undefined
        readonly reactions?: number | undefined
      }
    | undefined
}

export interface AttendanceInput {
  readonly class: AttendanceClass
  /** Person keys that get a status. */
  readonly roster: readonly string[]
  readonly events: readonly AttendanceEvent[]
  readonly options?: AttendanceOptions | undefined
  /** Given: the class is looked at while it runs. Left out: final. */
  readonly now?: number | null | undefined
  /** Counters by person. Given (even empty): the provider counts, and a person without counters has zeros. */
  readonly activity?: Readonly<Record<string, Activity>> | null | undefined
  /** @default 0 */
  readonly pollsPublished?: number | undefined
}

export type AttendanceStatus = 'present' | 'late' | 'left_early' | 'partial' | 'absent' | 'not_held'
export type Anomaly = 'orphan_left' | 'superseded' | 'unclosed'

export interface PersonAttendance {
  /** `null`: off the roster, or live and not seen in held time yet. */
  readonly status: AttendanceStatus | null
  /** One decimal, half up; for show only. `null` when nothing was held. */
  readonly percentage: number | null
  readonly minutes: number
  readonly observedMs: number
  readonly bridgedMs: number
  readonly creditedMs: number
  readonly firstJoin: number | null
  readonly lastLeave: number | null
  readonly late: boolean
  readonly leftEarly: boolean
  readonly lateByMs: number | null
  readonly leftEarlyByMs: number | null
  readonly reconnects: number
  readonly gaps: number
  readonly imputedMs: number
  readonly confidence: 'exact' | 'imputed' | 'incomplete'
  readonly anomalies: readonly Anomaly[]
  readonly inClassNow: boolean
  /** 0 to 100; `null` off the roster or when nothing was held. */
  readonly participationScore: number | null
  /** What the score was made of; `null` with it. */
  readonly participationBasis: 'attendance' | 'attendance+activity' | null
  /** When the person was there, bridged gaps included, cut to the held time: `creditedMs` in all. */
  readonly intervals: readonly Interval[]
  /** The part of `intervals` that is a bridged reconnect. */
  readonly bridged: readonly Interval[]
  /** The part of `intervals` that rests on a session nobody saw the end of: `imputedMs` in all. */
  readonly imputed: readonly Interval[]
}

export interface AttendanceResult {
  /** Whether it was computed without `now`. */
  readonly final: boolean
  readonly heldMs: number
  readonly blindMs: number
  readonly held: readonly Interval[]
  /** What blind time took away: `blindMs` in all. */
  readonly blind: readonly Interval[]
  /**
   * By person key; an object without a prototype, so any key is safe to look up. The roster comes first, except that
   * objects always list keys like `12` before all others: for an order, use the roster's own (or `classReport`).
   */
  readonly people: Readonly<Record<string, PersonAttendance>>
}
