import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { success } from '../envelope.ts'
import type { ApiEnv } from '../ports.ts'
import { presentClass } from '../present.ts'
import * as schemas from '../schemas.ts'
import { answers, type Parts, signedIn } from './parts.ts'

const create = createRoute({
  method: 'post',
  path: '/api/v1/courses/{id}/create_virtual_class/',
  operationId: 'createVirtualClass',
  summary: 'Plan a further class of a course',
  tags: ['Courses'],
  ...signedIn,
  request: {
    params: schemas.idParams,
    body: { required: true, content: { 'application/json': { schema: schemas.newClassBody } } },
  },
  responses: answers(schemas.createdClass, 'The class; `meeting_created` is false while its meeting is being retried.'),
})

const list = createRoute({
  method: 'get',
  path: '/api/v1/courses/{id}/live-classes/',
  operationId: 'listLiveClasses',
  summary: 'The classes of a course, by start',
  tags: ['Courses'],
  ...signedIn,
  request: { params: schemas.idParams, query: schemas.listQuery },
  responses: answers(schemas.classPage, 'One page of classes.'),
})

export function courseRoutes(app: OpenAPIHono<ApiEnv>, { conferencing, access }: Parts): void {
  app.openapi(create, async c => {
    const { id: courseId } = c.req.valid('param')
    const body = c.req.valid('json')
    const actor = c.get('actor')
    await access.courseTitle(courseId)
    await access.teacher(actor, courseId)
    const liveClass = await conferencing.createClass({
      courseId,
      teacherId: actor.userId,
      title: body.title,
      description: body.description,
      startsAt: new Date(body.scheduled_at),
      durationMinutes: body.duration_minutes,
      record: body.record,
    })
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
