import { z } from '@hono/zod-openapi'

/** ISO 8601 with its offset. */
export const time = z.iso.datetime({ offset: true })
/** Outside these years a time is a mistake of unit, not a plan. */
const plannedTime = time.refine(text => /^20\d\d$/.test(String(new Date(text).getUTCFullYear())), {
  error: 'must be a time between the years 2000 and 2100',
})
const milliseconds = z.number().int()

export const classStatus = z.enum(['scheduled', 'live', 'completed', 'cancelled'])

export const idParams = z.object({ id: z.string().min(1).max(200) })

export const creatingHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, { error: 'must have 1 to 255 visible ASCII characters' })
    .optional()
    .openapi({ description: 'New for each thing to make. The same key again answers what was made before.' }),
})

export const newClassBody = z
  .object({
    title: z.string().openapi({ example: 'Week 2: Advanced Topics' }),
    description: z.string().default(''),
    scheduled_at: time.openapi({ example: '2027-01-22T10:00:00Z' }),
    duration_minutes: z.number().int().default(60).openapi({ example: 90 }),
    record: z.boolean().default(true),
  })
  .openapi('NewVirtualClass')

export const newCourseBody = z
  .object({
    title: z.string().trim().min(1).max(500).openapi({ example: 'Python Programming' }),
    description: z.string().max(20_000).default(''),
    auto_create_virtual_class: z.boolean().default(true),
    virtual_class_schedule: plannedTime.optional().openapi({ description: 'In seven days unless given.' }),
    virtual_class_duration: z.number().int().min(1).max(1440).default(60).openapi({ example: 90 }),
  })
  .openapi('NewCourse')

export const classChangesBody = z
  .strictObject({
    title: z.string().optional(),
    description: z.string().optional(),
    scheduled_at: time.optional(),
    duration_minutes: z.number().int().optional(),
  })
  .openapi('VirtualClassChanges')

export const recordingParams = idParams.extend({ record_id: z.string().min(1).max(500) })

export const recordingChangesBody = z.strictObject({ published: z.boolean() }).openapi('RecordingChanges')

export const listQuery = z.object({
  status: classStatus.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  offset: z.coerce.number().int().min(0).default(0),
})

export const dashboardQuery = z.object({
  status: z.enum(['upcoming', 'live', 'completed', 'all']).default('all'),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  offset: z.coerce.number().int().min(0).default(0),
})

export const roomRole = z.enum(['moderator', 'attendee'])

export const joinInfo = z
  .object({
    join_url: z.url().nullable().openapi({ description: 'For this person, now. Not to be stored or shared.' }),
    role: roomRole,
    meeting_running: z.boolean(),
    can_start: z.boolean(),
    can_join: z.boolean(),
    reason: z.string().nullable().openapi({ description: 'Why `can_join` is false, for this person to read.' }),
    status: classStatus,
  })
  .openapi('JoinInfo')

const interval = z.object({ from: time, to: time })

const provenance = z.enum(['webhook', 'snapshot', 'report', 'lms'])

export const attendanceRecord = z
  .object({
    user_id: z.string(),
    name: z.string().nullable(),
    name_flagged: z
      .boolean()
      .openapi({ description: 'The name has hidden characters, written out here: it may look like another.' }),
    on_roster: z.boolean(),
    status: z.enum(['present', 'late', 'left_early', 'partial', 'absent', 'not_held']).nullable(),
    attendance_percentage: z.number().nullable(),
    duration_minutes: z.number().int(),
    join_time: time.nullable(),
    leave_time: time.nullable(),
    late: z.boolean(),
    left_early: z.boolean(),
    late_by_ms: milliseconds.nullable(),
    left_early_by_ms: milliseconds.nullable(),
    observed_ms: milliseconds,
    bridged_ms: milliseconds,
    credited_ms: milliseconds,
    imputed_ms: milliseconds,
    reconnects: z.number().int(),
    gaps: z.number().int(),
    confidence: z.enum(['exact', 'imputed', 'incomplete']),
    anomalies: z.array(z.enum(['orphan_left', 'superseded', 'unclosed'])),
    in_class_now: z.boolean(),
    participation_score: z.number().int().nullable(),
    participation_basis: z.enum(['attendance', 'attendance+activity']).nullable(),
    provenance: z.array(provenance),
    intervals: z.array(interval),
  })
  .openapi('AttendanceRecord')

export const mark = z.enum(['present', 'late', 'excused', 'absent'])

export const markBody = z
  .strictObject({ mark, note: z.string().max(2000).default('') })
  .openapi('NewAttendanceMark', { description: 'What the teacher says, whatever the figures are.' })

export const attendanceMark = z
  .object({
    user_id: z.string(),
    mark: mark.nullable().openapi({ description: '`null`: taken back.' }),
    note: z.string().nullable().openapi({ description: 'For teachers.' }),
    marked_by: z.string().nullable(),
    marked_at: time.nullable(),
  })
  .openapi('AttendanceMark')

export const markParams = idParams.extend({ user_id: z.string().min(1).max(255) })

export const attendanceTotals = z
  .object({
    people: z.number().int(),
    counts: z.object({
      present: z.number().int(),
      late: z.number().int(),
      left_early: z.number().int(),
      partial: z.number().int(),
      absent: z.number().int(),
      not_held: z.number().int(),
    }),
    not_seen_yet: z.number().int(),
    in_class_now: z.number().int(),
    guests: z.number().int(),
    attendance_percentage: z.number().nullable(),
    to_review: z.number().int(),
  })
  .openapi('AttendanceTotals')

export const attendanceGap = interval
  .extend({
    cause: z.string().openapi({ description: '`hook_lost`, `receiver_down` or another.' }),
    state: z.enum(['open', 'repaired']),
    repaired_by: z.array(provenance),
    blind: z.array(interval).openapi({ description: 'What nobody tells of: it counts for nobody.' }),
    sentence: z.string().openapi({ description: 'For a teacher, with the times in UTC.' }),
  })
  .openapi('AttendanceGap')

export const attendanceContradiction = z
  .object({
    user_id: z.string(),
    difference_ms: milliseconds,
    says: z.array(z.object({ source: provenance, present_ms: milliseconds, intervals: z.array(interval) })),
  })
  .openapi('AttendanceContradiction')

export const attendance = z
  .object({
    class_id: z.string(),
    class_status: classStatus,
    final: z.boolean(),
    held_ms: milliseconds,
    blind_ms: milliseconds,
    held: z.array(interval),
    unattributed_sessions: z.number().int(),
    totals: attendanceTotals.nullable().openapi({ description: 'Of the roster; for teachers.' }),
    records: z.array(attendanceRecord),
    marks: z.array(attendanceMark).openapi({ description: 'Beside the figures, which they never change.' }),
    gaps: z
      .array(attendanceGap)
      .openapi({ description: 'Times in which callbacks were lost, and what tells of them instead.' }),
    contradictions: z
      .array(attendanceContradiction)
      .openapi({ description: 'People about whom the sources disagree; for a student only the own.' }),
  })
  .openapi('Attendance')

export const recording = z
  .object({
    record_id: z.string(),
    name: z.string(),
    state: z.enum(['processing', 'published', 'unpublished', 'deleted']),
    published: z.boolean(),
    playback_url: z.string().nullable(),
    playback: z.array(z.object({ type: z.string(), url: z.string(), duration_minutes: z.number().nullable() })),
    duration_seconds: z.number().nullable(),
    size_mb: z.number().nullable(),
    recorded_at: time.nullable(),
    ended_at: time.nullable(),
  })
  .openapi('Recording')

export const recordings = z.object({ recordings: z.array(recording) }).openapi('Recordings')

export const calendarFeed = z
  .object({
    feed_path: z
      .string()
      .openapi({ description: 'Path and query below the address of the API. Whoever has it may read the calendar.' }),
  })
  .openapi('CalendarFeed')

export const revokedFeed = z.object({ revoked: z.boolean() }).openapi('RevokedCalendarFeed')

export const healthReport = z
  .object({ status: z.enum(['ok', 'unavailable']), store: z.enum(['ok', 'unavailable']) })
  .openapi('Health')

export const failure = z
  .object({
    success: z.literal(false),
    error: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.string()) }),
  })
  .openapi('Failure')

export const attendanceQuery = z.object({ format: z.enum(['json', 'csv']).optional() })

/** The envelope around a good answer. */
export const successOf = <T extends z.ZodType>(data: T) =>
  z.object({ success: z.literal(true), data, message: z.string() })
