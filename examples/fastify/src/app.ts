import { redactUrl } from '@examples/school'
import { getRequestListener } from '@hono/node-server'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify'
import type { Logger } from 'lms-conferencing'
import type { FetchHandler } from 'lms-conferencing/http'

export interface AppOptions {
  /** The REST API of live classes. */
  readonly api: FetchHandler
  /** What browsers see at every other address. */
  readonly page: FetchHandler
  /** As Fastify's own; addresses are shortened to what may be written down. @default false */
  readonly logger?: FastifyServerOptions['logger']
}

/** A learning platform with live classes. Listens nowhere yet. */
export async function buildApp({ api, page, logger = false }: AppOptions): Promise<FastifyInstance> {
  const answer = answerWith(api)
  const app = Fastify({
    logger: logger && {
      ...(logger === true ? {} : logger),
      serializers: { req: ({ method, url }: { method: string; url: string }) => ({ method, url: redactUrl(url) }) },
    },
    // A path that is no valid text matches no route, and may be a callback's: only the API knows the answer to those.
    frameworkErrors: (_error, request, reply) => answer(request, reply),
  })
  await app.register(liveClasses, { answer })
  app.get('/*', answerWith(page))
  return app
}

type Answer = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

function answerWith(handler: FetchHandler): Answer {
  const listener = getRequestListener(handler, { overrideGlobalObjects: false })
  return (request, reply) => {
    reply.hijack()
    return listener(request.raw, reply.raw)
  }
}

/**
 * Mounts the API. Its plugin is encapsulated: here bodies stay unread, for callbacks are verified over their raw
 * bytes; the rest of the application keeps Fastify's parsers.
 */
async function liveClasses(scope: FastifyInstance, { answer }: { readonly answer: Answer }): Promise<void> {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _body, done) => done(null))
  // What Fastify will not route to a handler, a content type that is none, is for the API to refuse too.
  scope.setErrorHandler((_error, request, reply) => answer(request, reply))
  for (const path of ['/api/*', '/healthz', '/openapi.json']) scope.all(path, answer)
}

/** Pino wants the fields first. */
export const conferencingLogger = (log: FastifyBaseLogger): Logger => ({
  debug: (message, fields = {}) => log.debug(fields, message),
  info: (message, fields = {}) => log.info(fields, message),
  warn: (message, fields = {}) => log.warn(fields, message),
  error: (message, fields = {}) => log.error(fields, message),
})
