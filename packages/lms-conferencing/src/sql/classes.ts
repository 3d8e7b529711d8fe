import type { Insertable, Transaction, Updateable } from 'kysely'
import { ConferencingError } from '../errors.ts'
import type { Meeting } from '../model.ts'
import type { ClassPatch, MeetingName, StoredClass, StoreTransaction } from '../store.ts'
import type { ChangeLog } from './changes.ts'
import { requeueWaiting } from './inbox.ts'
import { keepResults, makeStale } from './results.ts'
import type { ClassTable, TableNames, Tables } from './schema.ts'

type ClassQueries = Pick<
  StoreTransaction,
  'insertClass' | 'getClass' | 'findClassByMeetingKey' | 'listClasses' | 'updateClass' | 'deleteClass'
>

/** By which attendance is measured. */
const measured = ['startsAt', 'durationMinutes', 'status', 'startedAt', 'endedAt'] as const

export function classQueries(db: Transaction<Tables>, tables: TableNames, log: ChangeLog): ClassQueries {
  const getClass: ClassQueries['getClass'] = async (tenantId, id) => {
    const row = await db
      .selectFrom(tables.classes)
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .executeTakeFirst()
    return row ? classFromRow(row) : null
  }

  return {
    getClass,

    async insertClass(stored) {
      await db.insertInto(tables.classes).values(toRow(stored)).execute()
      const { tenantId, id } = stored.liveClass
      if (stored.liveClass.status === 'completed') await keepResults(db, tables, { tenantId, classId: id })
      await requeueWaiting(db, tables, meetingName(tenantId, stored.meeting))
      await log.note(tenantId, id, 'class')
    },

    async findClassByMeetingKey({ tenantId, provider, serverId, meetingKey }) {
      const row = await db
        .selectFrom(tables.classes)
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .where('provider', '=', provider)
        .where('server_id', '=', serverId)
        .where('meeting_key', '=', meetingKey)
        .executeTakeFirst()
      return row ? classFromRow(row) : null
    },

    async listClasses({ tenantId, courseIds, status, provisioning, endedSince, limit, offset, ...starts }) {
      if (courseIds?.length === 0) return []
      let query = db.selectFrom(tables.classes).selectAll().where('tenant_id', '=', tenantId)
      if (courseIds) query = query.where('course_id', 'in', courseIds)
      if (status) query = query.where('status', '=', status)
      if (provisioning) query = query.where('provisioning', '=', provisioning)
      if (starts.startsSince) query = query.where('starts_at', '>=', starts.startsSince.getTime())
      if (starts.startsBefore) query = query.where('starts_at', '<', starts.startsBefore.getTime())
      if (endedSince) query = query.where('ended_at', '>=', endedSince.getTime())
      const { provider, meetingId, after } = starts
      if (provider !== undefined) query = query.where('provider', '=', provider)
      if (meetingId !== undefined) query = query.where('meeting_id', '=', meetingId)
      if (after) {
        const at = after.startsAt.getTime()
        query = query.where(({ eb, and, or }) =>
          or([eb('starts_at', '>', at), and([eb('starts_at', '=', at), eb('id', '>', after.id)])]),
        )
      }
      const rows = await query
        .orderBy('starts_at')
        .orderBy('id')
        .limit(limit ?? Number.MAX_SAFE_INTEGER)
        .offset(offset ?? 0)
        .execute()
      return rows.map(classFromRow)
    },

    async updateClass({ liveClass: { tenantId, id }, version }, patch, now) {
      const { numUpdatedRows } = await db
        .updateTable(tables.classes)
        .set({ ...patchToRow(patch), updated_at: now.getTime(), version: version + 1 })
        .where('tenant_id', '=', tenantId)
        .where('id', '=', id)
        .where('version', '=', version)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return null
      if (patch.status === 'completed') await keepResults(db, tables, { tenantId, classId: id })
      if (measured.some(field => patch[field] !== undefined)) await makeStale(db, tables, { tenantId, classId: id })
      if (patch.meeting) await requeueWaiting(db, tables, meetingName(tenantId, patch.meeting))
      await log.note(tenantId, id, 'class')
      return getClass(tenantId, id)
    },

    async deleteClass(tenantId, id) {
      const deleted = await db
        .deleteFrom(tables.classes)
        .where('tenant_id', '=', tenantId)
        .where('id', '=', id)
        .returning('course_id')
        .executeTakeFirst()
      if (deleted) await log.noteFor(tenantId, deleted.course_id, id, 'class')
    },
  }
}

const meetingName = (tenantId: string, { provider, serverId, meetingKey }: Meeting): MeetingName => ({
  tenantId,
  provider,
  serverId,
  meetingKey,
})

const timeOrNull = (value: Date | null): number | null => (value ? value.getTime() : null)
const dateOrNull = (value: number | null): Date | null => (value === null ? null : new Date(value))

function toRow({ liveClass, meeting, version }: StoredClass): Insertable<ClassTable> {
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
function patchToRow(patch: ClassPatch): Updateable<ClassTable> {
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
