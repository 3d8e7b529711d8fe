import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { success } from '../envelope.ts'
import type { ApiEnv } from '../ports.ts'
import { presentAttendance, presentRecording } from '../present.ts'
import * as schemas from '../schemas.ts'
import { answers, type Parts, signedIn } from './parts.ts'

const common = { tags: ['Live classes'], ...signedIn, request: { params: schemas.idParams } }

const attendance = createRoute({
  ...common,
  method: 'get',
  path: '/api/v1/courses/live-classes/{id}/attendance/',
  operationId: 'getAttendance',
  summary: 'Who was there; a student sees their own row',
  responses: answers(schemas.attendance, 'Provisional while `final` is false.'),
})

const recordings = createRoute({
  ...common,
  method: 'get',
  path: '/api/v1/courses/live-classes/{id}/recordings/',
  operationId: 'getRecordings',
  summary: 'The recordings of a class; students see the published ones',
  responses: answers(schemas.recordings, 'By start.'),
})

/** What is left of a class: who was there, and what can be watched again. */
export function outcomeRoutes(app: OpenAPIHono<ApiEnv>, { conferencing, access }: Parts): void {
  app.openapi(attendance, async c => {
    const actor = c.get('actor')
    const { liveClass, role } = await access.memberOf(actor, c.req.valid('param').id)
    const found = await conferencing.attendance(liveClass.id)
    const data = presentAttendance(found, ({ userId }) => role === 'teacher' || userId === actor.userId)
    return c.json(success(data, found.final ? 'Attendance' : 'Attendance so far'), 200)
  })

  app.openapi(recordings, async c => {
    const { liveClass, role } = await access.memberOf(c.get('actor'), c.req.valid('param').id)
    const found = await conferencing.recordings(liveClass.id)
    const shown = role === 'teacher' ? found : found.filter(({ published, state }) => published && state !== 'deleted')
    return c.json(success({ recordings: shown.map(presentRecording) }, 'Recordings retrieved successfully'), 200)
  })
}
