import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { attendanceTimeline } from '../../attendance/index.ts'
import type { ClassAttendance } from '../../use-cases/attendance.ts'
import type { ApiEnv } from '../ports.ts'
import * as schemas from '../schemas.ts'
import { answers, type Parts, signedIn } from './parts.ts'

const known = (isKnown: (text: string) => boolean, what: string) =>
  z
    .string()
    .max(60)
    .refine(isKnown, { error: `must be ${what}` })

const timelineQuery = z.object({
  locale: known(
    succeeds(locale => new Intl.Locale(locale)),
    'a language tag',
  ).default('en-GB'),
  time_zone: known(
    succeeds(timeZone => new Intl.DateTimeFormat('en', { timeZone })),
    'a time zone',
  ).default('UTC'),
  theme: z.enum(['auto', 'light', 'dark']).default('auto'),
})

const timelineAnswers = answers(z.string(), 'An SVG picture that loads nothing and runs nothing.')

const timeline = createRoute({
  method: 'get',
  path: '/api/v1/courses/live-classes/{id}/attendance/timeline.svg',
  operationId: 'getAttendanceTimeline',
  summary: 'Who was there when, as a picture',
  tags: ['Live classes'],
  ...signedIn,
  request: { params: schemas.idParams, query: timelineQuery },
  responses: {
    ...timelineAnswers,
    200: { ...timelineAnswers[200], content: { 'image/svg+xml': { schema: z.string() } } },
  },
})

/** The picture of a class: everybody's times, so for its teachers only. */
export function timelineRoutes(app: OpenAPIHono<ApiEnv>, { conferencing, access }: Parts): void {
  app.openapi(timeline, async c => {
    const { id } = await access.teacherOf(c.get('actor'), c.req.valid('param').id)
    const { locale, time_zone: timeZone, theme } = c.req.valid('query')
    const picture = draw(await conferencing.attendance(id), { locale, timeZone, theme })
    // Opened by itself it is a document: even then it runs and loads nothing.
    c.header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'")
    return c.body(picture, 200, { 'Content-Type': 'image/svg+xml; charset=utf-8' })
  })
}

function draw(
  { liveClass, result, report }: ClassAttendance,
  options: NonNullable<Parameters<typeof attendanceTimeline>[1]>,
): string {
  const { title, startsAt, durationMinutes, startedAt, endedAt } = liveClass
  return attendanceTimeline(
    {
      title,
      class: {
        scheduledStart: startsAt.getTime(),
        plannedMs: durationMinutes * 60_000,
        startedAt: startedAt?.getTime() ?? null,
        endedAt: endedAt?.getTime() ?? null,
      },
      result,
      roster: report.rows
        .filter(({ onRoster }) => onRoster)
        .map(({ person, name }) => ({ person, name: name ?? person })),
      gaps: report.gaps,
    },
    options,
  )
}

function succeeds(make: (text: string) => unknown): (text: string) => boolean {
  return text => {
    try {
      make(text)
      return true
    } catch {
      return false
    }
  }
}
