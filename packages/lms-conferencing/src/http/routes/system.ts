import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { success } from '../envelope.ts'
import type { ApiEnv } from '../ports.ts'
import { healthReport, successOf } from '../schemas.ts'
import type { Parts } from './parts.ts'

const content = { 'application/json': { schema: successOf(healthReport) } }

const healthz = createRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'getHealth',
  summary: 'Whether this process can serve',
  tags: ['System'],
  responses: {
    200: { description: 'It can.', content },
    503: { description: 'The database does not answer.', content },
  },
})

export function systemRoutes(app: OpenAPIHono<ApiEnv>, { conferencing }: Parts): void {
  app.openapi(healthz, async c => {
    const { ok, store } = await conferencing.health()
    return ok
      ? c.json(success({ status: 'ok' as const, store }, 'Ready'), 200)
      : c.json(success({ status: 'unavailable' as const, store }, 'The database does not answer'), 503)
  })

  app.openAPIRegistry.registerComponent('securitySchemes', 'lms', {
    type: 'http',
    scheme: 'bearer',
    description: 'Whatever the LMS authenticates its users by.',
  })
  app.doc31('/openapi.json', documentInfo)
}

/** What the document says of itself. */
export const documentInfo = {
  openapi: '3.1.0',
  info: {
    title: 'Live classes',
    version: '1',
    description: 'Classes, meetings, attendance and recordings of a learning platform.',
  },
} as const
