import { OpenAPIHono } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { etag } from 'hono/etag'
import { getPath } from 'hono/utils/url'
import { systemClock } from '../clock.ts'
import { ConferencingError } from '../errors.ts'
import { noLogger } from '../logger.ts'
import { withOldNames } from '../old-names.ts'
import { createAccess } from './access.ts'
import { classSchemas } from './class-schemas.ts'
import { docsRoute } from './docs-page.ts'
import { failureAnswer } from './envelope.ts'
import { HttpError } from './errors.ts'
import type { ApiEnv, HttpApiOptions } from './ports.ts'
import { presentClass } from './present.ts'
import { readBody } from './read-body.ts'
import { adminPaths, adminRoutes } from './routes/admin.ts'
import { callbackRoutes } from './routes/callbacks.ts'
import { courseRoutes } from './routes/courses.ts'
import { dashboardRoutes } from './routes/dashboard.ts'
import { feedRoute, feedTokenRoutes } from './routes/feed.ts'
import { liveClassRoutes } from './routes/live-classes.ts'
import { markRoutes } from './routes/marks.ts'
import { outcomeRoutes } from './routes/outcomes.ts'
import type { Parts } from './routes/parts.ts'
import { rolloutRoutes } from './routes/rollout.ts'
import { systemRoutes } from './routes/system.ts'
import { timelineRoutes } from './routes/timeline.ts'

/** Lists that pages ask for again and again: what is unchanged is not sent again. */
const listPaths = ['/api/v1/courses/:id/live-classes/', '/api/v1/dashboard/my-virtual-classes/']

const revalidated: MiddlewareHandler = async (c, next) => {
  await next()
  // Kept by nobody but this person's browser, and asked for each time; there is no link in a list.
  if (c.res.ok) c.header('Cache-Control', 'private, no-cache')
}

/** A request to its answer: what every framework can mount. */
export type FetchHandler = (request: Request) => Promise<Response>

/** The largest body people may send, in bytes. */
const maxBodyBytes = 256 * 1024
/** How long it may take to arrive, in milliseconds. */
const readDeadlineMs = 10_000

/**
 * The REST API of live classes as one fetch handler. It never throws: every failure is an answer.
 *
 * Mount it where its paths arrive unchanged (`/api/v1/…`, `/healthz`, `/openapi.json`) and the body unread: callbacks
 * are verified over their raw bytes.
 *
 * @example
 * const api = createHttpApi({ conferencing, authenticate, lms })
 * http.createServer(getRequestListener(api)).listen(3000)
 */
export function createHttpApi(options: HttpApiOptions): FetchHandler {
  const { conferencing, lms, authenticate, logger = noLogger, clock = systemClock, limits = {} } = options
  const { migration, oldNames = false } = options
  const parts: Parts = {
    conferencing,
    lms,
    access: createAccess({ conferencing, lms }),
    logger,
    clock,
    limits,
    migration,
    classSchemas: classSchemas({ oldNames }),
    presentClass: oldNames ? liveClass => withOldNames(presentClass(liveClass)) : presentClass,
  }
  const app = new OpenAPIHono<ApiEnv>({
    getPath: withSlash,
    defaultHook(result) {
      if (!result.success) throw invalid(result.error.issues)
    },
  })

  const identify: MiddlewareHandler<ApiEnv> = async (c, next) => {
    // Before anything else is looked at: who is nobody learns nothing, not even which field is wrong.
    const actor = await authenticate(c.req.raw)
    if (!actor) throw new HttpError('UNAUTHENTICATED', 'Please sign in.')
    c.set('actor', actor)
    // Every answer is one person's view, and some hold a link (T9).
    c.header('Cache-Control', 'no-store')
    await next()
  }
  const takeBody: MiddlewareHandler<ApiEnv> = async (c, next) => {
    const { raw } = c.req
    if (raw.method !== 'GET' && raw.method !== 'HEAD') {
      const body = await readBody(raw, { maxBytes: maxBodyBytes, deadlineMs: readDeadlineMs, clock })
      if (body === null || body === 'busy')
        throw new HttpError('TOO_LARGE', 'The body is too large, or takes too long to arrive.')
      // A plain request with the bytes: servers hand over requests of their own making, which cannot be copied.
      c.req.raw = new Request(raw.url, { method: raw.method, headers: raw.headers, body: Buffer.from(body) })
    }
    await next()
  }
  feedRoute(app, parts)
  for (const path of ['/api/v1/courses/*', '/api/v1/dashboard/*', adminPaths]) app.use(path, identify, takeBody)
  for (const path of listPaths) app.use(path, revalidated, etag({ weak: true }))
  liveClassRoutes(app, parts)
  outcomeRoutes(app, parts)
  markRoutes(app, parts)
  timelineRoutes(app, parts)
  courseRoutes(app, parts)
  dashboardRoutes(app, parts)
  feedTokenRoutes(app, parts)
  callbackRoutes(app, parts)
  adminRoutes(app, parts)
  rolloutRoutes(app, parts)
  systemRoutes(app, parts)
  docsRoute(app)
  app.notFound(c => failureAnswer(c, new HttpError('NOT_FOUND', 'There is nothing here.'), logger))
  app.onError((error, c) => failureAnswer(c, error, logger))
  return async request => app.fetch(request)
}

/** The API's paths end in a slash, but for the names of files; one that was forgotten is no other path. */
function withSlash(request: Request): string {
  const path = getPath(request)
  return path.startsWith('/api/') && !/(\/|\/calendar\.ics|\/timeline\.svg)$/.test(path) ? `${path}/` : path
}

/** The first thing wrong with each field, by its name. */
function invalid(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): ConferencingError {
  const details: Record<string, string> = {}
  for (const { path, message } of issues) details[path.map(String).join('.') || 'body'] ??= message
  const message = Object.entries(details)
    .map(([field, what]) => `${field}: ${what}`)
    .join('; ')
  return new ConferencingError('INVALID', message, { details })
}
