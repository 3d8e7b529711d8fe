import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { success } from '../envelope.ts'
import type { ApiEnv } from '../ports.ts'
import { presentMark } from '../present.ts'
import * as schemas from '../schemas.ts'
import { answers, type Parts, signedIn } from './parts.ts'

const path = '/api/v1/courses/live-classes/{id}/attendance/{user_id}/mark/'
const common = { tags: ['Live classes'], ...signedIn, request: { params: schemas.markParams } }

const put = createRoute({
  ...common,
  request: {
    params: schemas.markParams,
    body: { required: true, content: { 'application/json': { schema: schemas.markBody } } },
  },
  method: 'put',
  path,
  operationId: 'markAttendance',
  summary: "Say what a person's attendance was, beside the figures",
  responses: answers(schemas.attendanceMark, 'The mark; no later fact changes it.'),
})

const remove = createRoute({
  ...common,
  method: 'delete',
  path,
  operationId: 'unmarkAttendance',
  summary: 'Take a mark back',
  responses: answers(schemas.attendanceMark, 'There is no mark any more.'),
})

/** What teachers say of attendance, whatever the figures are. */
export function markRoutes(app: OpenAPIHono<ApiEnv>, { conferencing, access }: Parts): void {
  app.openapi(put, async c => {
    const { id, user_id: userId } = c.req.valid('param')
    const who = c.get('actor').userId
    await access.teacherOf(c.get('actor'), id)
    const made = await conferencing.markAttendance({ classId: id, userId, mark: c.req.valid('json'), who })
    return c.json(success(made ? presentMark(made, { note: true }) : noMark(userId), 'Attendance marked'), 200)
  })

  app.openapi(remove, async c => {
    const { id, user_id: userId } = c.req.valid('param')
    const who = c.get('actor').userId
    await access.teacherOf(c.get('actor'), id)
    await conferencing.markAttendance({ classId: id, userId, mark: null, who })
    return c.json(success(noMark(userId), 'Mark taken back'), 200)
  })
}

const noMark = (userId: string) => ({ user_id: userId, mark: null, note: null, marked_by: null, marked_at: null })
