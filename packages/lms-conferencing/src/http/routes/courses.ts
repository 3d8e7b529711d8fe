import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { ConferencingError } from '../../errors.ts'
import { faultFields } from '../../fault.ts'
import type { NewCourse } from '../../use-cases/first-class.ts'
import type { ClassSchemas } from '../class-schemas.ts'
import { success } from '../envelope.ts'
import type { Actor, ApiEnv, CreatedCourse } from '../ports.ts'
import * as schemas from '../schemas.ts'
import { answers, createdAnswers, type Parts, signedIn } from './parts.ts'

const routesOf = ({ createdCourse, createdClass, classPage }: ClassSchemas) => ({
  createCourse: createRoute({
    method: 'post',
    path: '/api/v1/courses/',
    operationId: 'createCourse',
    summary: 'Make a course, with its first class',
    tags: ['Courses'],
    ...signedIn,
    request: {
      headers: schemas.creatingHeaders,
      body: { required: true, content: { 'application/json': { schema: schemas.newCourseBody } } },
    },
    responses: createdAnswers(createdCourse, 'The course; the meeting of its class is made in the background.'),
  }),

  create: createRoute({
    method: 'post',
    path: '/api/v1/courses/{id}/create_virtual_class/',
    operationId: 'createVirtualClass',
    summary: 'Plan a further class of a course',
    tags: ['Courses'],
    ...signedIn,
    request: {
      params: schemas.idParams,
      headers: schemas.creatingHeaders,
      body: { required: true, content: { 'application/json': { schema: schemas.newClassBody } } },
    },
    responses: answers(createdClass, 'The class; `meeting_created` is false while its meeting is being retried.'),
  }),

  list: createRoute({
    method: 'get',
    path: '/api/v1/courses/{id}/live-classes/',
    operationId: 'listLiveClasses',
    summary: 'The classes of a course, by start',
    tags: ['Courses'],
    ...signedIn,
    request: { params: schemas.idParams, query: schemas.listQuery },
    responses: answers(classPage, 'One page of classes.'),
  }),
})

const keyOf = ({ userId }: Actor, key: string | undefined) => (key === undefined ? undefined : { key, userId })

export function courseRoutes(app: OpenAPIHono<ApiEnv>, parts: Parts): void {
  const { conferencing, lms, access, logger, presentClass } = parts
  const { createCourse, create, list } = routesOf(parts.classSchemas)

  /** The course is made, whatever becomes of its class. */
  async function firstClass(
    course: CreatedCourse,
    how: Pick<NewCourse, 'startsAt' | 'durationMinutes' | 'idempotency'>,
  ) {
    try {
      const { id: courseId, title, teacherId } = course
      return [await conferencing.createFirstClass({ courseId, title, teacherId, ...how })]
    } catch (error) {
      logger.error('first class not planned', { course_id: course.id, ...faultFields(error) })
      return []
    }
  }

  // Without the port there is no such route, in the document neither.
  if (lms.createCourse) {
    app.openapi(createCourse, async c => {
      const body = c.req.valid('json')
      const { 'idempotency-key': idempotencyKey } = c.req.valid('header')
      const { title: wanted, description: about } = body
      const actor = c.get('actor')
      const course = await lms.createCourse?.({ title: wanted, description: about, idempotencyKey }, actor)
      if (!course) throw new ConferencingError('FORBIDDEN', 'Only teachers may make courses.')
      const { auto_create_virtual_class: isWanted, virtual_class_schedule: at, virtual_class_duration: minutes } = body
      const startsAt = at === undefined ? undefined : new Date(at)
      const idempotency = keyOf(actor, idempotencyKey)
      const planned = isWanted ? await firstClass(course, { startsAt, durationMinutes: minutes, idempotency }) : []
      const message =
        isWanted && planned.length === 0
          ? 'Course created. Its first virtual class could not be planned; please add it yourself.'
          : 'Course created successfully'
      const { id, title, description } = course
      return c.json(success({ id, title, description, virtual_classes: planned.map(presentClass) }, message), 201)
    })
  }

  app.openapi(create, async c => {
    const { id: courseId } = c.req.valid('param')
    const body = c.req.valid('json')
    const actor = c.get('actor')
    await access.courseTitle(courseId)
    await access.teacher(actor, courseId)
    const liveClass = await conferencing.createClass(
      {
        courseId,
        teacherId: actor.userId,
        title: body.title,
        description: body.description,
        startsAt: new Date(body.scheduled_at),
        durationMinutes: body.duration_minutes,
        record: body.record,
      },
      { idempotency: keyOf(actor, c.req.valid('header')['idempotency-key']) },
    )
    const created = liveClass.provisioning === 'ready'
    const message = created
      ? 'Virtual class created successfully'
      : 'Virtual class created. Its meeting room is not there yet; it is being tried again.'
    return c.json(success({ ...presentClass(liveClass), meeting_created: created }, message), 200)
  })

  app.openapi(list, async c => {
    const { id: courseId } = c.req.valid('param')
    const { status, limit, offset } = c.req.valid('query')
    await access.courseTitle(courseId)
    await access.member(c.get('actor'), courseId)
    const found = await conferencing.listClasses({ courseIds: [courseId], status, limit, offset })
    const data = { live_classes: found.map(presentClass), limit, offset }
    return c.json(success(data, 'Virtual classes retrieved successfully'), 200)
  })
}
