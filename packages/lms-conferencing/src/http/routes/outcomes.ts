import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { attendanceCsv } from '../../attendance/index.ts'
import { success } from '../envelope.ts'
import type { ApiEnv } from '../ports.ts'
import { presentAttendance, presentRecording } from '../present.ts'
import * as schemas from '../schemas.ts'
import { answers, type Parts, signedIn } from './parts.ts'

const common = { tags: ['Live classes'], ...signedIn, request: { params: schemas.idParams } }

const attendanceAnswers = answers(schemas.attendance, 'Provisional while `final` is false.')

const attendance = createRoute({
  ...common,
  request: { params: schemas.idParams, query: schemas.attendanceQuery },
  method: 'get',
  path: '/api/v1/courses/live-classes/{id}/attendance/',
  operationId: 'getAttendance',
  summary: 'Who was there; a student sees their own row',
  responses: {
    ...attendanceAnswers,
    200: {
      ...attendanceAnswers[200],
      content: { ...attendanceAnswers[200].content, 'text/csv': { schema: z.string() } },
    },
  },
})

const recordings = createRoute({
  ...common,
  method: 'get',
  path: '/api/v1/courses/live-classes/{id}/recordings/',
  operationId: 'getRecordings',
  summary: 'The recordings of a class; students see the published ones',
  responses: answers(schemas.recordings, 'By start.'),
})

const publishRecording = createRoute({
  ...common,
  request: {
    params: schemas.recordingParams,
    body: { required: true, content: { 'application/json': { schema: schemas.recordingChangesBody } } },
  },
  method: 'post',
  path: '/api/v1/courses/live-classes/{id}/recordings/{record_id}/',
  operationId: 'publishRecording',
  summary: 'Let students watch a recording, or not',
  responses: answers(schemas.recording, 'The recording as it is now.'),
})

const deleteRecording = createRoute({
  ...common,
  request: { params: schemas.recordingParams },
  method: 'delete',
  path: '/api/v1/courses/live-classes/{id}/recordings/{record_id}/',
  operationId: 'deleteRecording',
  summary: 'Delete a recording for good',
  responses: answers(schemas.recording, 'The recording is deleted.'),
})

/** What is left of a class: who was there, and what can be watched again. */
export function outcomeRoutes(app: OpenAPIHono<ApiEnv>, { conferencing, access }: Parts): void {
  app.openapi(attendance, async c => {
    const actor = c.get('actor')
    const { liveClass, role } = await access.memberOf(actor, c.req.valid('param').id)
    const found = await conferencing.attendance(liveClass.id)
    const { rows, gaps, contradictions } = found.report
    const shown = role === 'teacher' ? rows : rows.filter(({ person }) => person === actor.userId)
    if (wantsCsv(c.req.valid('query').format, c.req.header('accept'))) {
      c.header('Content-Disposition', 'attachment; filename="attendance.csv"')
      return c.body(attendanceCsv(shown, { gaps, contradictions }), 200, { 'Content-Type': 'text/csv; charset=utf-8' })
    }
    const message = found.result.final ? 'Attendance' : 'Attendance so far'
    return c.json(success(presentAttendance(found, shown), message), 200)
  })

  app.openapi(recordings, async c => {
    const { liveClass, role } = await access.memberOf(c.get('actor'), c.req.valid('param').id)
    const found = await conferencing.recordings(liveClass.id)
    const shown = role === 'teacher' ? found : found.filter(({ published, state }) => published && state !== 'deleted')
    return c.json(success({ recordings: shown.map(presentRecording) }, 'Recordings retrieved successfully'), 200)
  })

  app.openapi(publishRecording, async c => {
    const { id, record_id: recordId } = c.req.valid('param')
    await access.teacherOf(c.get('actor'), id)
    const { published } = c.req.valid('json')
    const changed = await conferencing.publishRecording(id, { recordId, published })
    return c.json(success(presentRecording(changed), published ? 'Recording published' : 'Recording unpublished'), 200)
  })

  app.openapi(deleteRecording, async c => {
    const { id, record_id: recordId } = c.req.valid('param')
    await access.teacherOf(c.get('actor'), id)
    return c.json(success(presentRecording(await conferencing.deleteRecording(id, recordId)), 'Recording deleted'), 200)
  })
}

/** Asked for in the query, or by a program that takes nothing else. */
const wantsCsv = (format: 'json' | 'csv' | undefined, accept = ''): boolean =>
  format ? format === 'csv' : accept.split(',', 1)[0]?.trim().startsWith('text/csv') === true
