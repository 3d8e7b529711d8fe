import type { LiveClass, Meeting, Recording } from '../../model.ts'
import type { MeetingName, NewInboxRow, StoredClass } from '../../store.ts'

/** A class as it is just after it was made; what a test is about goes into the two arguments. */
export function sampleClass(liveClass: Partial<LiveClass> = {}, meeting: Partial<Meeting> = {}): StoredClass {
  const id = liveClass.id ?? 'class-1'
  const { provider = 'json', meetingId = `meeting-${id}` } = { ...meeting, ...liveClass }
  return {
    liveClass: {
      id,
      tenantId: 'school',
      courseId: 'course-1',
      teacherId: 'teacher-1',
      title: 'Fractions',
      description: 'Halves and quarters',
      startsAt: new Date('2026-01-05T10:00:00Z'),
      durationMinutes: 60,
      status: 'scheduled',
      provider,
      meetingId,
      provisioning: 'ready',
      provisioningReason: null,
      record: true,
      hasRecording: false,
      startedAt: null,
      endedAt: null,
      createdAt: new Date('2026-01-01T08:00:00Z'),
      updatedAt: new Date('2026-01-01T08:00:00Z'),
      ...liveClass,
    },
    meeting: {
      provider,
      serverId: 'server-1',
      meetingId,
      meetingKey: meetingId,
      moderatorPassword: 'moderator-password',
      attendeePassword: 'attendee-password',
      details: { createTime: '1767600000000' },
      ...meeting,
    },
    version: 1,
  }
}

export const nameOf = ({ liveClass, meeting }: StoredClass): MeetingName => ({
  tenantId: liveClass.tenantId,
  provider: meeting.provider,
  serverId: meeting.serverId,
  meetingKey: meeting.meetingKey,
})

export const sampleRecording = (recording: Partial<Recording> = {}): Recording => ({
  recordId: 'record-1',
  classId: 'class-1',
  name: 'Fractions',
  state: 'published',
  published: true,
  startedAt: new Date('2026-01-05T10:00:00Z'),
  endedAt: new Date('2026-01-05T11:00:00Z'),
  durationSeconds: 3599.5,
  sizeBytes: 5_000_000_000,
  playback: [{ type: 'presentation', url: 'https://bbb.example/playback/record-1', durationMinutes: 60 }],
  ...recording,
})

/** `digest` may be any text that is different for different rows. */
export const sampleRow = (digest: string, row: Partial<NewInboxRow> = {}): NewInboxRow => ({
  tenantId: 'school',
  provider: 'json',
  serverId: 'server-1',
  kind: 'hook',
  body: new TextEncoder().encode(`body of ${digest}`),
  digest,
  receivedAt: new Date('2026-01-05T10:00:00.123Z'),
  ...row,
})
