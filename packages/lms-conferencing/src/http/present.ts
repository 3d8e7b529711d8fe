import type { z } from '@hono/zod-openapi'
import { type ClassGap, type ClassRow, type ClassTotals, type Contradiction, gapText } from '../attendance/index.ts'
import type { LiveClass, Recording } from '../model.ts'
import type { AttendanceMark } from '../store-results.ts'
import type { ClassAttendance } from '../use-cases/attendance.ts'
import type { JoinInfo } from '../use-cases/join.ts'
import type { ClassAnswer } from './class-schemas.ts'
import type * as schemas from './schemas.ts'

/** The model in the API's words: snake_case, ISO 8601. Meetings, and so passwords, never come this way. */
export const presentClass = (liveClass: LiveClass): ClassAnswer => ({
  id: liveClass.id,
  course: liveClass.courseId,
  teacher: liveClass.teacherId,
  title: liveClass.title,
  description: liveClass.description,
  scheduled_at: liveClass.startsAt.toISOString(),
  duration_minutes: liveClass.durationMinutes,
  status: liveClass.status,
  provider: liveClass.provider,
  meeting_id: liveClass.meetingId,
  provisioning: liveClass.provisioning,
  provisioning_reason: liveClass.provisioningReason,
  record: liveClass.record,
  has_recording: liveClass.hasRecording,
  started_at: liveClass.startedAt?.toISOString() ?? null,
  ended_at: liveClass.endedAt?.toISOString() ?? null,
  created_at: liveClass.createdAt.toISOString(),
  updated_at: liveClass.updatedAt.toISOString(),
})

export const presentJoinInfo = (info: JoinInfo): z.infer<typeof schemas.joinInfo> => ({
  join_url: info.joinUrl,
  role: info.role,
  meeting_running: info.meetingRunning,
  can_start: info.canStart,
  can_join: info.canJoin,
  reason: info.reason,
  status: info.liveClass.status,
})

const isoOrNull = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

const presentInterval = ([from, to]: readonly [number, number]) => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
})

export const presentRow = (row: ClassRow): z.infer<typeof schemas.attendanceRecord> => ({
  user_id: row.person,
  name: row.name,
  name_flagged: row.nameFlagged,
  on_roster: row.onRoster,
  status: row.status,
  attendance_percentage: row.percentage,
  duration_minutes: row.minutes,
  join_time: isoOrNull(row.firstJoin),
  leave_time: isoOrNull(row.lastLeave),
  late: row.late,
  left_early: row.leftEarly,
  late_by_ms: row.lateByMs,
  left_early_by_ms: row.leftEarlyByMs,
  observed_ms: row.observedMs,
  bridged_ms: row.bridgedMs,
  credited_ms: row.creditedMs,
  imputed_ms: row.imputedMs,
  reconnects: row.reconnects,
  gaps: row.gaps,
  confidence: row.confidence,
  anomalies: [...row.anomalies],
  in_class_now: row.inClassNow,
  participation_score: row.participationScore,
  participation_basis: row.participationBasis,
  provenance: [...row.provenance],
  intervals: row.intervals.map(presentInterval),
})

export const presentTotals = (totals: ClassTotals): z.infer<typeof schemas.attendanceTotals> => ({
  people: totals.people,
  counts: { ...totals.counts },
  not_seen_yet: totals.notSeenYet,
  in_class_now: totals.inClassNow,
  guests: totals.guests,
  attendance_percentage: totals.percentage,
  to_review: totals.toReview,
})

/** The note is between teachers. */
export const presentMark = (
  { person, mark, note, markedBy, markedAt }: AttendanceMark,
  shown: { readonly note: boolean },
): z.infer<typeof schemas.attendanceMark> => ({
  user_id: person,
  mark,
  note: shown.note ? note : null,
  marked_by: markedBy,
  marked_at: markedAt.toISOString(),
})

const presentGap = (gap: ClassGap): z.infer<typeof schemas.attendanceGap> => ({
  ...presentInterval([gap.from, gap.to]),
  cause: gap.cause,
  state: gap.state,
  repaired_by: [...gap.repairedBy],
  blind: gap.blind.map(presentInterval),
  sentence: gapText(gap, { time: at => new Date(at).toISOString().slice(11, 16) }),
})

const presentContradiction = ({
  person,
  differenceMs,
  says,
}: Contradiction): z.infer<typeof schemas.attendanceContradiction> => ({
  user_id: person,
  difference_ms: differenceMs,
  says: says.map(({ source, presentMs, intervals }) => ({
    source,
    present_ms: presentMs,
    intervals: intervals.map(presentInterval),
  })),
})

/** For a teacher everything; for a student, their own row. */
export const presentAttendance = (
  { liveClass, result, report, unattributedSessions, marks }: ClassAttendance,
  rows: readonly ClassRow[],
): z.infer<typeof schemas.attendance> => ({
  class_id: liveClass.id,
  class_status: liveClass.status,
  final: result.final,
  held_ms: result.heldMs,
  blind_ms: result.blindMs,
  held: result.held.map(presentInterval),
  unattributed_sessions: unattributedSessions,
  totals: rows === report.rows ? presentTotals(report.totals) : null,
  records: rows.map(presentRow),
  marks: rows.flatMap(({ person }) => {
    const found = marks.get(person)
    return found ? [presentMark(found, { note: rows === report.rows })] : []
  }),
  gaps: report.gaps.map(presentGap),
  contradictions: report.contradictions
    .filter(({ person }) => rows.some(row => row.person === person))
    .map(presentContradiction),
})

export const presentRecording = (recording: Recording): z.infer<typeof schemas.recording> => ({
  record_id: recording.recordId,
  name: recording.name,
  state: recording.state,
  published: recording.published,
  playback_url: recording.playback[0]?.url ?? null,
  playback: recording.playback.map(({ type, url, durationMinutes }) => ({
    type,
    url,
    duration_minutes: durationMinutes,
  })),
  duration_seconds: recording.durationSeconds,
  size_mb: recording.sizeBytes === null ? null : Math.round(recording.sizeBytes / 104_857.6) / 10,
  recorded_at: recording.startedAt?.toISOString() ?? null,
  ended_at: recording.endedAt?.toISOString() ?? null,
})
