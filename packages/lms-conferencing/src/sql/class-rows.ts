import type { Insertable, Updateable } from 'kysely'
import { ConferencingError } from '../errors.ts'
import type { Meeting } from '../model.ts'
import type { ClassPatch, StoredClass } from '../store.ts'
import type { ClassTable } from './schema.ts'

const timeOrNull = (value: Date | null): number | null => (value ? value.getTime() : null)
const dateOrNull = (value: number | null): Date | null => (value === null ? null : new Date(value))

/** A class → its row. Throws `INVALID` when class and meeting contradict each other. */
export function toRow({ liveClass, meeting, version }: StoredClass): Insertable<ClassTable> {
  if (liveClass.provider !== meeting.provider || liveClass.meetingId !== meeting.meetingId) {
    throw new ConferencingError('INVALID', 'A class and its meeting name different providers or meetings.')
  }
  return {
    tenant_id: liveClass.tenantId,
    id: liveClass.id,
    course_id: liveClass.courseId,
    teacher_id: liveClass.teacherId,
    title: liveClass.title,
    description: liveClass.description,
    starts_at: liveClass.startsAt.getTime(),
    duration_minutes: liveClass.durationMinutes,
    status: liveClass.status,
    ...meetingToRow(meeting),
    provisioning: liveClass.provisioning,
    provisioning_reason: liveClass.provisioningReason,
    record: Number(liveClass.record),
    has_recording: Number(liveClass.hasRecording),
    started_at: timeOrNull(liveClass.startedAt),
    ended_at: timeOrNull(liveClass.endedAt),
    created_at: liveClass.createdAt.getTime(),
    updated_at: liveClass.updatedAt.getTime(),
    version,
  }
}

const meetingToRow = (meeting: Meeting) => ({
  provider: meeting.provider,
  server_id: meeting.serverId,
  meeting_id: meeting.meetingId,
  meeting_key: meeting.meetingKey === '' ? null : meeting.meetingKey,
  moderator_password: meeting.moderatorPassword,
  attendee_password: meeting.attendeePassword,
  meeting_details: JSON.stringify(meeting.details),
})

/** Only what the patch names; a meeting comes with its provider and id. */
export function patchToRow(patch: ClassPatch): Updateable<ClassTable> {
  return {
    ...(patch.title !== undefined && { title: patch.title }),
    ...(patch.description !== undefined && { description: patch.description }),
    ...(patch.startsAt !== undefined && { starts_at: patch.startsAt.getTime() }),
    ...(patch.durationMinutes !== undefined && { duration_minutes: patch.durationMinutes }),
    ...(patch.status !== undefined && { status: patch.status }),
    ...(patch.meetingId !== undefined && { meeting_id: patch.meetingId }),
    ...(patch.provisioning !== undefined && { provisioning: patch.provisioning }),
    ...(patch.provisioningReason !== undefined && { provisioning_reason: patch.provisioningReason }),
    ...(patch.hasRecording !== undefined && { has_recording: Number(patch.hasRecording) }),
    ...(patch.startedAt !== undefined && { started_at: timeOrNull(patch.startedAt) }),
    ...(patch.endedAt !== undefined && { ended_at: timeOrNull(patch.endedAt) }),
    ...(patch.meeting && meetingToRow(patch.meeting)),
  }
}

/** What a row of classes says. */
export function classFromRow(row: ClassTable): StoredClass {
  const details: Readonly<Record<string, string>> = JSON.parse(row.meeting_details)
  return {
    liveClass: {
      id: row.id,
      tenantId: row.tenant_id,
      courseId: row.course_id,
      teacherId: row.teacher_id,
      title: row.title,
      description: row.description,
      startsAt: new Date(row.starts_at),
      durationMinutes: row.duration_minutes,
      status: row.status,
      provider: row.provider,
      meetingId: row.meeting_id,
      provisioning: row.provisioning,
      provisioningReason: row.provisioning_reason,
      record: row.record !== 0,
      hasRecording: row.has_recording !== 0,
      startedAt: dateOrNull(row.started_at),
      endedAt: dateOrNull(row.ended_at),
      createdAt: new Date(row.created_at),
      updatedAt: new Date(row.updated_at),
    },
    meeting: {
      provider: row.provider,
      serverId: row.server_id,
      meetingId: row.meeting_id,
      meetingKey: row.meeting_key ?? '',
      moderatorPassword: row.moderator_password,
      attendeePassword: row.attendee_password,
      details,
    },
    version: row.version,
  }
}
