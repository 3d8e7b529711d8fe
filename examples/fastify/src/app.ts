import { courses, school, students, teachers, tokenOf } from '@examples/school'
import { getRequestListener } from '@hono/node-server'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Conferencing, Logger } from 'lms-conferencing'
import { createHttpApi, type FetchHandler } from 'lms-conferencing/http'

export interface AppOptions {
  /** A promise where the app has to listen before its own address is known: requests wait for it. */
  readonly conferencing: Conferencing | Promise<Conferencing>
  /** As Fastify's own; addresses are shortened to what may be written down. @default false */
  readonly logger?: FastifyServerOptions['logger']
}

/** A learning platform with live classes. Listens nowhere yet. */
export async function buildApp({ conferencing, logger = false }: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({
    logger: logger && {
      ...(logger === true ? {} : logger),
      serializers: { req: ({ method, url }: { method: string; url: string }) => ({ method, url: redactUrl(url) }) },
    },
  })
  const api = Promise.resolve(conferencing).then(ready =>
    createHttpApi({
      conferencing: ready,
      authenticate: school.authenticate,
      lms: school.lms,
      logger: conferencingLogger(app.log),
    }),
  )
  await app.register(liveClasses, { api: async request => (await api)(request) })
  app.get('/', async (_request, reply) => reply.type('text/html; charset=utf-8').send(startPage()))
  return app
}

/**
 * Mounts the API. Its plugin is encapsulated: here bodies stay unread, for callbacks are verified over their raw
 * bytes; the rest of the application keeps Fastify's parsers.
 */
async function liveClasses(scope: FastifyInstance, { api }: { readonly api: FetchHandler }): Promise<void> {
  const listener = getRequestListener(api, { overrideGlobalObjects: false })
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _body, done) => done(null))
  for (const path of ['/api/*', '/healthz', '/openapi.json']) {
    scope.all(path, (request, reply) => {
      reply.hijack()
      return listener(request.raw, reply.raw)
    })
  }
}

/** Queries hold checksums and tickets, and the end of a callback's path is its secret part. */
export const redactUrl = (url: string): string =>
  url.replace(/\?.*$/s, '?[redacted]').replace(/(\/classes\/[^/?]+\/)[^?]+/, '$1[redacted]')

/** Pino wants the fields first. */
export const conferencingLogger = (log: FastifyBaseLogger): Logger => ({
  debug: (message, fields = {}) => log.debug(fields, message),
  info: (message, fields = {}) => log.info(fields, message),
  warn: (message, fields = {}) => log.warn(fields, message),
  error: (message, fields = {}) => log.error(fields, message),
})

const startPage = (): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Live classes</title>
<h1>Live classes</h1>
<p>A small school on Fastify. The API is under <code>/api/v1/</code>, described in <a href="/openapi.json">/openapi.json</a>;
<a href="/healthz">/healthz</a> says whether all is well.</p>
<h2>Courses</h2>
<ul>${courses.map(({ id, title, teacher }) => `<li><code>${id}</code> ${title} (${teacher.displayName})</li>`).join('')}</ul>
<h2>People</h2>
<p>Send <code>Authorization: Bearer <em>token</em></code>. For demonstrations only.</p>
<ul>${[...teachers, ...students].map(user => `<li><code>${tokenOf(user)}</code> ${user.displayName}</li>`).join('')}</ul>
</html>
`
