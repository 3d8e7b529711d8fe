import { type OpenAPIHono, z } from '@hono/zod-openapi'
import { ConferencingError } from '../../errors.ts'
import { faultFields } from '../../fault.ts'
import { retryAfterSeconds, statusOf } from '../errors.ts'
import type { ApiEnv } from '../ports.ts'
import { readBody } from '../read-body.ts'
import type { Parts } from './parts.ts'

/** The largest callback that is read, in bytes. */
const maxBytes = 1024 * 1024
/** How long its body may take to arrive, in milliseconds. */
const readDeadlineMs = 10_000

/** Which provider's callbacks arrive where; whatever follows the path is the provider's to check. */
const callbackPaths = { '/api/v1/classes/bbb-webhook': 'bbb', '/api/v1/classes/zoom-webhook': 'zoom' } as const

/** One body for every refusal: it tells a stranger nothing, and 401 is the one refusal that senders take for an answer (T41). */
const refused = {
  success: false,
  error: { code: 'CALLBACK_REJECTED', message: 'The callback was refused.', details: {} },
}

export function callbackRoutes(app: OpenAPIHono<ApiEnv>, { conferencing, logger, clock }: Parts): void {
  async function receive(provider: string, request: Request): Promise<Response> {
    try {
      if (!isPlain(request.headers.get('content-encoding'))) throw reject('compressed')
      const body = await readBody(request, { maxBytes, deadlineMs: readDeadlineMs, clock })
      if (body === null) throw reject('too_large_or_slow')
      const answer = await conferencing.receiveCallback(provider, {
        method: request.method,
        target: targetOf(request.url),
        headers: request.headers,
        body,
      })
      if (answer !== null) return new Response(answer, { headers: { ...headers, 'Content-Type': 'application/json' } })
      return Response.json({ success: true, data: null, message: 'Stored' }, { headers })
    } catch (error) {
      return answerTo(error, provider)
    }
  }

  function answerTo(error: unknown, provider: string): Response {
    const code = error instanceof ConferencingError ? error.code : 'INTERNAL'
    if (code === 'CALLBACK_REJECTED' || code === 'INVALID' || code === 'UNSUPPORTED') {
      logger.warn('callback refused', { provider, ...faultFields(error) })
      return Response.json(refused, { status: 401, headers })
    }
    // Not stored, whatever the cause: the sender shall keep it and come again.
    logger.error('callback not stored', { provider, ...faultFields(error) })
    const error503 = { code: 'STORE_UNAVAILABLE', message: 'Not stored. Please send it again.', details: {} }
    return Response.json(
      { success: false, error: error503 },
      { status: statusOf.STORE_UNAVAILABLE, headers: { ...headers, 'Retry-After': String(retryAfterSeconds) } },
    )
  }

  for (const [path, provider] of Object.entries(callbackPaths)) {
    app.all(`${path}/*`, c => {
      if (c.req.method === 'POST') return receive(provider, c.req.raw)
      const error = { code: 'METHOD_NOT_ALLOWED', message: 'Callbacks are posted.', details: {} }
      return Response.json({ success: false, error }, { status: 405, headers: { ...headers, Allow: 'POST' } })
    })
    app.openAPIRegistry.registerPath({
      method: 'post',
      path: `${path}/{token}`,
      operationId: `${provider}Callback`,
      summary: 'Callbacks of the video service',
      tags: ['Callbacks'],
      request: { params: tokenParams },
      responses: {
        200: { description: 'Stored for good.' },
        401: { description: 'Refused, whatever the reason.' },
        405: { description: 'Not a POST.' },
        503: { description: 'Not stored; send it again.' },
      },
    })
  }
}

const tokenParams = z.object({
  token: z.string().openapi({ description: 'The secret end of the registered address.' }),
})

/** A body that would have to be unpacked before it can be verified could be anything, of any size. */
const isPlain = (encoding: string | null): boolean => encoding === null || encoding.toLowerCase() === 'identity'

const headers = { 'Cache-Control': 'no-store' }

const reject = (reason: string): ConferencingError =>
  new ConferencingError('CALLBACK_REJECTED', 'The callback was refused.', { details: { reason } })

/** Path and query as they stand in the request; no parser may tidy them up, for they are signed. */
function targetOf(url: string): string {
  const path = url.indexOf('/', url.indexOf('://') + 3)
  return path === -1 ? '/' : url.slice(path)
}
