import { redactUrl } from '@examples/school'
import { getRequestListener } from '@hono/node-server'
import express, { type Express } from 'express'
import type { Logger } from 'lms-conferencing'
import type { FetchHandler } from 'lms-conferencing/http'

export interface AppOptions {
  /** The REST API of live classes. */
  readonly api: FetchHandler
  /** What browsers see at every other address. */
  readonly page: FetchHandler
  readonly logger: Logger
}

/** What belongs to the API. A pattern without groups: Express would decode what they catch, and refuse what it cannot. */
const apiPaths = /^\/(?:api(?:\/.*)?|healthz\/?|openapi\.json)$/s

/** A learning platform with live classes. Listens nowhere yet. */
export function buildApp({ api, page, logger }: AppOptions): Express {
  const listener = getRequestListener(api, { overrideGlobalObjects: false })
  const app = express()
  app.disable('x-powered-by')
  app.use((request, response, next) => {
    const fields = { method: request.method, url: redactUrl(request.originalUrl) }
    response.once('finish', () => logger.info('request', { ...fields, status: response.statusCode }))
    next()
  })
  // Before any parser: callbacks are verified over their raw bytes, so their bodies must arrive unread.
  app.all(apiPaths, (request, response) => listener(request, response))
  // From here on, the rest of the application with its parsers.
  app.use(express.json())
  const pages = getRequestListener(page, { overrideGlobalObjects: false })
  app.get('/{*path}', (request, response) => pages(request, response))
  return app
}
