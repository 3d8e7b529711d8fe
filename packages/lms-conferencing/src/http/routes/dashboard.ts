import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import type { ClassSchemas } from '../class-schemas.ts'
import { success } from '../envelope.ts'
import type { ApiEnv } from '../ports.ts'
import { presentDashboard } from '../present-dashboard.ts'
import { dashboardQuery } from '../schemas.ts'
import { answers, type Parts, signedIn } from './parts.ts'

const myClasses = ({ dashboard }: ClassSchemas) =>
  createRoute({
    method: 'get',
    path: '/api/v1/dashboard/my-virtual-classes/',
    operationId: 'getMyVirtualClasses',
    summary: 'The classes of the courses this person is in',
    tags: ['Dashboard'],
    ...signedIn,
    request: { query: dashboardQuery },
    responses: answers(dashboard, 'A page of each list that was asked for.'),
  })

/** Without the port there is no such route, in the document neither. */
export function dashboardRoutes(app: OpenAPIHono<ApiEnv>, parts: Parts): void {
  const { conferencing, lms, clock, presentClass } = parts
  if (!lms.coursesOf) return
  app.openapi(myClasses(parts.classSchemas), async c => {
    const { userId } = c.get('actor')
    const { status, limit, offset } = c.req.valid('query')
    const courses = new Map((await lms.coursesOf?.(userId))?.map(course => [course.id, course]))
    const found = await conferencing.dashboard({ userId, courseIds: [...courses.keys()], status, limit, offset })
    const data = { ...presentDashboard(found, { courses, now: clock.now(), presentClass }), limit, offset }
    return c.json(success(data, 'Virtual classes retrieved successfully'), 200)
  })
}
