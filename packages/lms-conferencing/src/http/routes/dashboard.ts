import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { success } from '../envelope.ts'
import type { ApiEnv } from '../ports.ts'
import { presentDashboard } from '../present-dashboard.ts'
import * as schemas from '../schemas.ts'
import { answers, type Parts, signedIn } from './parts.ts'

const myClasses = createRoute({
  method: 'get',
  path: '/api/v1/dashboard/my-virtual-classes/',
  operationId: 'getMyVirtualClasses',
  summary: 'The classes of the courses this person is in',
  tags: ['Dashboard'],
  ...signedIn,
  request: { query: schemas.dashboardQuery },
  responses: answers(schemas.dashboard, 'A page of each list that was asked for.'),
})

/** Without the port there is no such route, in the document neither. */
export function dashboardRoutes(app: OpenAPIHono<ApiEnv>, { conferencing, lms, clock }: Parts): void {
  if (!lms.coursesOf) return
  app.openapi(myClasses, async c => {
    const { userId } = c.get('actor')
    const { status, limit, offset } = c.req.valid('query')
    const courses = new Map((await lms.coursesOf?.(userId))?.map(course => [course.id, course]))
    const found = await conferencing.dashboard({ userId, courseIds: [...courses.keys()], status, limit, offset })
    const data = { ...presentDashboard(found, { courses, now: clock.now() }), limit, offset }
    return c.json(success(data, 'Virtual classes retrieved successfully'), 200)
  })
}
