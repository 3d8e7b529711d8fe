import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { classCalendar } from '../../calendar.ts'
import type { ClassSchemas } from '../class-schemas.ts'
import { success } from '../envelope.ts'
import { HttpError } from '../errors.ts'
import { createRateLimiter } from '../limits.ts'
import type { Actor, ApiEnv } from '../ports.ts'
import { presentJoinInfo } from '../present.ts'
import * as schemas from '../schemas.ts'
import { answers, type Parts, participant, signedIn } from './parts.ts'

const common = { tags: ['Live classes'], ...signedIn, request: { params: schemas.idParams } }

const calendarAnswers = answers(z.string(), 'An `.ics` file; a changed class replaces its entry.')

const routesOf = ({ liveClass, classDetails, createdMeeting, startedClass }: ClassSchemas) => ({
  get: createRoute({
    ...common,
    method: 'get',
    path: '/api/v1/courses/live-classes/{id}/',
    operationId: 'getLiveClass',
    summary: 'One class',
    responses: answers(classDetails, 'The class.'),
  }),

  change: createRoute({
    ...common,
    method: 'patch',
    path: '/api/v1/courses/live-classes/{id}/',
    operationId: 'updateLiveClass',
    summary: 'Reschedule or rename a class',
    request: {
      params: schemas.idParams,
      body: { required: true, content: { 'application/json': { schema: schemas.classChangesBody } } },
    },
    responses: answers(liveClass, 'The class as it is now; `pending` until the video service knows.'),
  }),

  cancel: createRoute({
    ...common,
    method: 'delete',
    path: '/api/v1/courses/live-classes/{id}/',
    operationId: 'cancelLiveClass',
    summary: 'Cancel a class that has not begun',
    responses: answers(liveClass, 'The class is cancelled; its row stays.'),
  }),

  calendar: createRoute({
    ...common,
    method: 'get',
    path: '/api/v1/courses/live-classes/{id}/calendar.ics',
    operationId: 'getCalendar',
    summary: 'One class for a calendar',
    responses: {
      ...calendarAnswers,
      200: { ...calendarAnswers[200], content: { 'text/calendar': { schema: z.string() } } },
    },
  }),

  createMeeting: createRoute({
    ...common,
    method: 'post',
    path: '/api/v1/courses/live-classes/{id}/create_meeting/',
    operationId: 'createMeeting',
    summary: 'Make the meeting of a class, or try again',
    responses: answers(createdMeeting, 'The meeting is there; `created` is false when it was before.'),
  }),

  joinInfo: createRoute({
    ...common,
    method: 'get',
    path: '/api/v1/courses/live-classes/{id}/join_info/',
    operationId: 'getJoinInfo',
    summary: 'Whether and how this person gets in now',
    responses: answers(schemas.joinInfo, 'With a link when `can_join`, with the reason when not.'),
  }),

  start: createRoute({
    ...common,
    method: 'post',
    path: '/api/v1/courses/live-classes/{id}/start_class/',
    operationId: 'startClass',
    summary: 'Start a class, or open its room again',
    responses: answers(startedClass, 'The class is live; the link is for the one who asked.'),
  }),

  end: createRoute({
    ...common,
    method: 'post',
    path: '/api/v1/courses/live-classes/{id}/end_class/',
    operationId: 'endClass',
    summary: 'End a class for everybody',
    responses: answers(liveClass, 'The class is over.'),
  }),
})

/** Join links stay out of every cache (T9) and out of the referrer of whatever page comes next. */
const keepLinkPrivate = (c: Context): void => c.header('Referrer-Policy', 'no-referrer')

export function liveClassRoutes(app: OpenAPIHono<ApiEnv>, parts: Parts): void {
  const { conferencing, access, clock, limits, presentClass } = parts
  const { get, change, cancel, calendar, createMeeting, joinInfo, start, end } = routesOf(parts.classSchemas)
  const { joins = { burst: 30, perMinute: 30 } } = limits
  const joinWait = joins ? createRateLimiter(joins, clock) : () => 0
  /** Every link is made anew, and may cost a question to the video service. */
  function takeTurn({ userId }: Actor): void {
    const retryAfterSeconds = joinWait(userId)
    if (retryAfterSeconds > 0) {
      throw new HttpError('TOO_MANY_REQUESTS', 'Too many attempts. Please wait a moment.', { retryAfterSeconds })
    }
  }

  app.openapi(get, async c => {
    const { liveClass, role } = await access.memberOf(c.get('actor'), c.req.valid('param').id)
    const courseTitle = await access.courseTitle(liveClass.courseId)
    return c.json(
      success({ ...presentClass(liveClass), course_title: courseTitle, role }, 'Class retrieved successfully'),
      200,
    )
  })

  app.openapi(change, async c => {
    const { id } = await access.teacherOf(c.get('actor'), c.req.valid('param').id)
    const { title, description, scheduled_at: at, duration_minutes: durationMinutes } = c.req.valid('json')
    const startsAt = at === undefined ? undefined : new Date(at)
    const changed = await conferencing.updateClass(id, { title, description, startsAt, durationMinutes })
    return c.json(success(presentClass(changed), 'Class changed'), 200)
  })

  app.openapi(cancel, async c => {
    const { id } = await access.teacherOf(c.get('actor'), c.req.valid('param').id)
    return c.json(success(presentClass(await conferencing.cancelClass(id)), 'Class cancelled'), 200)
  })

  app.openapi(calendar, async c => {
    const { liveClass } = await access.memberOf(c.get('actor'), c.req.valid('param').id)
    const { revision } = await conferencing.classRevision(liveClass.id)
    const courseTitle = await access.courseTitle(liveClass.courseId)
    c.header('Content-Disposition', 'attachment; filename="class.ics"')
    return c.body(classCalendar([{ liveClass, sequence: revision, courseTitle }]), 200, {
      'Content-Type': 'text/calendar; charset=utf-8',
    })
  })

  app.openapi(createMeeting, async c => {
    const { id } = await access.teacherOf(c.get('actor'), c.req.valid('param').id)
    const { liveClass, created } = await conferencing.createMeeting(id)
    const data = { meeting_id: liveClass.meetingId, created, live_class: presentClass(liveClass) }
    return c.json(success(data, created ? 'Meeting created successfully' : 'The meeting was there already'), 200)
  })

  app.openapi(joinInfo, async c => {
    const actor = c.get('actor')
    takeTurn(actor)
    const { liveClass, role } = await access.memberOf(actor, c.req.valid('param').id)
    const info = await conferencing.joinInfo(liveClass.id, participant(actor, role))
    keepLinkPrivate(c)
    return c.json(success(presentJoinInfo(info), info.reason ?? 'You can join now'), 200)
  })

  app.openapi(start, async c => {
    const actor = c.get('actor')
    takeTurn(actor)
    const { id } = await access.teacherOf(actor, c.req.valid('param').id)
    const { liveClass, joinUrl } = await conferencing.startClass(id, participant(actor, 'teacher'))
    const data = {
      join_url: joinUrl,
      role: 'moderator' as const,
      status: liveClass.status,
      live_class: presentClass(liveClass),
    }
    keepLinkPrivate(c)
    return c.json(success(data, 'Class started'), 200)
  })

  app.openapi(end, async c => {
    const { id } = await access.teacherOf(c.get('actor'), c.req.valid('param').id)
    return c.json(success(presentClass(await conferencing.endClass(id)), 'Class ended'), 200)
  })
}
