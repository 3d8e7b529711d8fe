import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { etag } from 'hono/etag'
import { classCalendar } from '../../calendar.ts'
import { success } from '../envelope.ts'
import { HttpError } from '../errors.ts'
import type { ApiEnv } from '../ports.ts'
import * as schemas from '../schemas.ts'
import { answers, createdAnswers, type Parts, signedIn } from './parts.ts'

const feedPath = '/api/v1/dashboard/calendar.ics'

const feedAnswers = answers(z.string(), 'An `.ics` file; what is cancelled stays in it, as cancelled.')

const feed = createRoute({
  method: 'get',
  path: feedPath,
  operationId: 'getCalendarFeed',
  summary: "A person's classes, for a calendar program to subscribe to",
  description: 'Whoever has the token may read. Send `If-None-Match`: what is unchanged is not sent again.',
  tags: ['Dashboard'],
  request: { query: z.object({ token: z.string() }) },
  responses: {
    200: { ...feedAnswers[200], content: { 'text/calendar': { schema: z.string() } } },
    304: { description: 'Nothing has changed.' },
    404: { ...feedAnswers[404], description: 'No such token, or no longer.' },
    503: feedAnswers[503],
  },
})

const common = { path: '/api/v1/dashboard/calendar-token/', tags: ['Dashboard'], ...signedIn }

const createToken = createRoute({
  ...common,
  method: 'post',
  operationId: 'createCalendarFeed',
  summary: 'Make the address of the calendar feed; the one before opens nothing any more',
  responses: createdAnswers(schemas.calendarFeed, 'The address is told this once.'),
})

const revokeToken = createRoute({
  ...common,
  method: 'delete',
  operationId: 'revokeCalendarFeed',
  summary: 'Close the calendar feed',
  responses: answers(schemas.revokedFeed, 'Its address opens nothing any more.'),
})

/** For programs that cannot sign in, so it stands before the question who is asking. Nothing of it reaches a log. */
export function feedRoute(app: OpenAPIHono<ApiEnv>, { conferencing, lms }: Parts): void {
  if (!lms.coursesOf) return
  app.openAPIRegistry.registerPath(feed)
  // Without the document's validation: a token that cannot be is answered like one that is not.
  app.get(feedPath, etag(), async c => {
    const userId = await conferencing.calendarFeeds.ownerOf(c.req.query('token') ?? '')
    if (userId === null) {
      c.header('Cache-Control', 'no-store')
      throw new HttpError('NOT_FOUND', 'There is nothing here.')
    }
    const courses = new Map((await lms.coursesOf?.(userId))?.map(course => [course.id, course]))
    const entries = (await conferencing.calendarFeeds.classes([...courses.keys()])).map(({ liveClass, revision }) => ({
      liveClass,
      sequence: revision,
      courseTitle: courses.get(liveClass.courseId)?.title,
    }))
    c.header('Cache-Control', 'private, no-cache')
    return c.body(classCalendar(entries, { name: 'Live classes', refreshMinutes: 60 }), 200, {
      'Content-Type': 'text/calendar; charset=utf-8',
    })
  })
}

export function feedTokenRoutes(app: OpenAPIHono<ApiEnv>, { conferencing, lms }: Parts): void {
  if (!lms.coursesOf) return
  app.openapi(createToken, async c => {
    const token = await conferencing.calendarFeeds.createToken(c.get('actor').userId)
    return c.json(success({ feed_path: `${feedPath}?token=${token}` }, 'Calendar feed created'), 201)
  })
  app.openapi(revokeToken, async c => {
    const revoked = await conferencing.calendarFeeds.revokeToken(c.get('actor').userId)
    return c.json(success({ revoked }, revoked ? 'Calendar feed closed' : 'There was no calendar feed'), 200)
  })
}
