import type { z } from '@hono/zod-openapi'
import type { LiveClass, Recording } from '../model.ts'
import type { AttendanceRecord, ClassAttendance } from '../use-cases/attendance.ts'
import type { JoinInfo } from '../use-cases/join.ts'
import type * as schemas from './schemas.ts'

/** The model in the API's words: snake_case, ISO 8601. Meetings, and so passwords, never come this way. */
export const presentClass = (liveClass: LiveClass): z.infer<typeof schemas.liveClass> => ({
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

const presentRecord = (record: AttendanceRecord): z.infer<typeof schemas.attendanceRecord> => ({
  user_id: record.userId,
  name: record.displayName,
  on_roster: record.onRoster,
  status: record.status,
  attendance_percentage: record.percentage,
  duration_minutes: record.minutes,
  join_time: isoOrNull(record.firstJoin),
  leave_time: isoOrNull(record.lastLeave),
  late: record.late,
  left_early: record.leftEarly,
  late_by_ms: record.lateByMs,
  left_early_by_ms: record.leftEarlyByMs,
  observed_ms: record.observedMs,
  bridged_ms: record.bridgedMs,
  credited_ms: record.creditedMs,
  imputed_ms: record.imputedMs,
  reconnects: record.reconnects,
  gaps: record.gaps,
  confidence: record.confidence,
  anomalies: [...record.anomalies],
  in_class_now: record.inClassNow,
  participation_score: record.participationScore,
  participation_basis: record.participationBasis,
  provenance: [...record.provenance],
  intervals: record.intervals.map(presentInterval),
})

/** The records that `sees` lets through. */
export const presentAttendance = (
  found: ClassAttendance,
  sees: (record: AttendanceRecord) => boolean,
): z.infer<typeof schemas.attendance> => ({
  class_id: found.liveClass.id,
  class_status: found.liveClass.status,
  final: found.final,
  held_ms: found.heldMs,
  blind_ms: found.blindMs,
  held: found.held.map(presentInterval),
  unattributed_sessions: found.unattributedSessions,
  records: found.records.filter(sees).map(presentRecord),
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
