import { z } from '@hono/zod-openapi'
import type { OldNames } from '../old-names.ts'
import { attendanceRecord, classStatus, mark, roomRole, time } from './schemas.ts'

const plainClass = z.object({
  id: z.string(),
  course: z.string(),
  teacher: z.string(),
  title: z.string(),
  description: z.string(),
  scheduled_at: time,
  duration_minutes: z.number().int(),
  status: classStatus,
  provider: z.string(),
  meeting_id: z.string(),
  provisioning: z.enum(['pending', 'ready', 'failed']),
  provisioning_reason: z.string().nullable(),
  record: z.boolean(),
  has_recording: z.boolean(),
  started_at: time.nullable(),
  ended_at: time.nullable(),
  created_at: time,
  updated_at: time,
})

const empty = (description: string) => z.null().openapi({ deprecated: true, description })

const classWithOldNames = plainClass.extend({
  zoom_meeting_id: z.string().nullable().openapi({
    deprecated: true,
    description: 'Read `meeting_id`, and `provider` beside it. `null` for a class that is not on Zoom.',
  }),
  join_url: empty('Always `null`. Ask `join_info`: a link is made for one person, at the click.'),
  start_url: empty('Always `null`. Ask `start_class`.'),
  password: empty('Always `null`. Nobody types a password any more.'),
} satisfies Record<keyof OldNames, z.ZodType>)

const count = z.number().int().nullable()

/** Every answer that holds a class. The names from before are in the document where they are in the answers. */
export function classSchemas({ oldNames }: { readonly oldNames: boolean }) {
  const shape: typeof plainClass = oldNames ? classWithOldNames : plainClass
  const liveClass = shape.openapi('LiveClass')
  // Not liveClass.extend(): the document would ask for a course that is its id and an object at once.
  const dashboardClass = shape
    .extend({
      course: z.object({ id: z.string(), title: z.string(), instructor_name: z.string().nullable() }),
      can_join: z.boolean(),
      meeting_running: z.boolean(),
      time_until_start: z.string().nullable().openapi({ example: '2 days' }),
    })
    .openapi('DashboardClass')
  const attendedClass = dashboardClass
    .extend({
      attendance: attendanceRecord
        .pick({ status: true, attendance_percentage: true, participation_score: true })
        .extend({ duration_attended: z.number().int().openapi({ description: 'In minutes.' }) })
        .nullable(),
      attendance_final: z
        .boolean()
        .openapi({ description: 'False while something is known that is not counted yet; it will be in a moment.' }),
      attendance_mark: mark.nullable(),
    })
    .openapi('AttendedClass')
  return {
    liveClass,
    dashboardClass,
    createdCourse: z
      .object({ id: z.string(), title: z.string(), description: z.string(), virtual_classes: z.array(liveClass) })
      .openapi('CreatedCourse'),
    createdClass: liveClass.extend({ meeting_created: z.boolean() }).openapi('CreatedVirtualClass'),
    classPage: z
      .object({ live_classes: z.array(liveClass), limit: z.number().int(), offset: z.number().int() })
      .openapi('LiveClassPage'),
    classDetails: liveClass
      .extend({ course_title: z.string(), role: z.enum(['teacher', 'student']) })
      .openapi('LiveClassDetails'),
    createdMeeting: z
      .object({ meeting_id: z.string(), created: z.boolean(), live_class: liveClass })
      .openapi('CreatedMeeting'),
    startedClass: z
      .object({ join_url: z.url(), role: roomRole, status: classStatus, live_class: liveClass })
      .openapi('StartedClass'),
    dashboard: z
      .object({
        upcoming: z.array(dashboardClass),
        live: z.array(dashboardClass),
        completed: z.array(attendedClass),
        counts: z.object({ upcoming: count, live: count, completed: count }),
        limit: z.number().int(),
        offset: z.number().int(),
      })
      .openapi('Dashboard'),
  }
}

export type ClassSchemas = ReturnType<typeof classSchemas>

/** A class as the API tells it. */
export type ClassAnswer = z.infer<typeof plainClass>
