import { type OpenAPIHono, z } from '@hono/zod-openapi'
import { ConferencingError } from '../../errors.ts'
import { faultFields } from '../../fault.ts'
import { storeUnavailable } from '../../store-faults.ts'
import { retryAfterSeconds, statusOf } from '../errors.ts'
import { createByteBudget, createRateLimiter } from '../limits.ts'
import type { ApiEnv } from '../ports.ts'
import { readBody } from '../read-body.ts'
import type { Parts } from './parts.ts'

const mebibyte = 1024 * 1024
/** How long its body may take to arrive, in milliseconds. */
const readDeadlineMs = 10_000

/** A stranger who knocks all day shall not fill the log. */
const refusalLines = { burst: 20, perMinute: 30 }

/** Callbacks of one kind: what follows the path is the provider's to check. */
interface CallbackRoute {
  readonly path: string
  readonly provider: string
  readonly method: 'GET' | 'POST'
  /** The largest that is read, in bytes. */
  readonly maxBytes: number
  readonly operationId: string
  readonly summary: string
  /**
   * Refusals with a status of their own, by reason; all others are 401. BigBlueButton's routes have none: it takes 401
   * for an answer, and deletes the whole hook over any other refusal that is repeated (T41).
   */
  readonly refusalStatus?: Readonly<Record<string, 413 | 415>> | undefined
}

const callbackRoutesOf: readonly CallbackRoute[] = [
  {
    path: '/api/v1/classes/bbb-webhook',
    provider: 'bbb',
    method: 'POST',
    maxBytes: mebibyte,
    operationId: 'bbbCallback',
    summary: 'What happens in meetings, from bbb-webhooks',
  },
  {
    path: '/api/v1/classes/bbb-recording-ready',
    provider: 'bbb',
    method: 'POST',
    maxBytes: mebibyte,
    operationId: 'bbbRecordingReady',
    summary: 'A format of a recording was published',
  },
  {
    path: '/api/v1/classes/bbb-analytics',
    provider: 'bbb',
    method: 'POST',
    // A report grows with the class: some 1.5 KB for each person and connection.
    maxBytes: 8 * mebibyte,
    operationId: 'bbbAnalytics',
    summary: 'Who was in a meeting and what they did, once it is over',
  },
  {
    path: '/api/v1/classes/bbb-meeting-ended',
    provider: 'bbb',
    method: 'GET',
    maxBytes: 0,
    operationId: 'bbbMeetingEnded',
    summary: 'A meeting may be over; unsigned, so the video service is asked',
  },
  {
    path: '/api/v1/classes/zoom-webhook',
    provider: 'zoom',
    method: 'POST',
    maxBytes: mebibyte,
    operationId: 'zoomCallback',
    summary: 'What happens in meetings, from Zoom',
    refusalStatus: { compressed: 415, too_large_or_slow: 413 },
  },
]

/** One body for every refusal: it tells a stranger nothing, and 401 is the one refusal that senders take for an answer (T41). */
const refused = {
  success: false,
  error: { code: 'CALLBACK_REJECTED', message: 'The callback was refused.', details: {} },
}

export function callbackRoutes(app: OpenAPIHono<ApiEnv>, parts: Parts): void {
  const { conferencing, logger, clock, limits } = parts
  const budget = createByteBudget(limits.callbackBytes ?? 64 * mebibyte)
  const mayLog = createRateLimiter(refusalLines, clock)
  let unlogged = 0

  async function receive(route: CallbackRoute, request: Request): Promise<Response> {
    const { provider, maxBytes } = route
    try {
      if (!isPlain(request.headers.get('content-encoding'))) throw refuse(provider, 'compressed')
      const body = await readBody(request, { maxBytes, deadlineMs: readDeadlineMs, clock, budget })
      if (body === 'busy') throw storeUnavailable('queue_full')
      if (body === null) throw refuse(provider, 'too_large_or_slow')
      const answer = await conferencing.receiveCallback(provider, {
        method: request.method,
        target: targetOf(request.url),
        headers: request.headers,
        body,
      })
      if (answer !== null) return new Response(answer, { headers: { ...headers, 'Content-Type': 'application/json' } })
      return Response.json({ success: true, data: null, message: 'Stored' }, { headers })
    } catch (error) {
      return answerTo(error, route)
    }
  }

  function refuse(provider: string, reason: string): ConferencingError {
    conferencing.countRefusal(provider, reason)
    return reject(reason)
  }

  function answerTo(error: unknown, { provider, refusalStatus = {} }: CallbackRoute): Response {
    const code = error instanceof ConferencingError ? error.code : 'INTERNAL'
    if (code === 'CALLBACK_REJECTED' || code === 'INVALID' || code === 'UNSUPPORTED') {
      if (mayLog(provider) > 0) unlogged++
      else {
        logger.warn('callback refused', { provider, ...faultFields(error), ...(unlogged > 0 && { unlogged }) })
        unlogged = 0
      }
      const reason = error instanceof ConferencingError ? (error.details.reason ?? '') : ''
      return Response.json(refused, { status: refusalStatus[reason] ?? 401, headers })
    }
    // Not stored, whatever the cause: the sender shall keep it and come again.
    logger.error('callback not stored', { provider, ...faultFields(error) })
    const error503 = { code: 'STORE_UNAVAILABLE', message: 'Not stored. Please send it again.', details: {} }
    return Response.json(
      { success: false, error: error503 },
      { status: statusOf.STORE_UNAVAILABLE, headers: { ...headers, 'Retry-After': String(retryAfterSeconds) } },
    )
  }

  for (const route of callbackRoutesOf) {
    const { path, method, operationId, summary, refusalStatus } = route
    app.all(`${path}/*`, c => {
      if (c.req.method === method) return receive(route, c.req.raw)
      const error = { code: 'METHOD_NOT_ALLOWED', message: `This callback is a ${method}.`, details: {} }
      return Response.json({ success: false, error }, { status: 405, headers: { ...headers, Allow: method } })
    })
    app.openAPIRegistry.registerPath({
      method: method === 'GET' ? 'get' : 'post',
      path: `${path}/{token}`,
      operationId,
      summary,
      tags: ['Callbacks'],
      request: { params: tokenParams },
      responses: {
        200: { description: 'Stored for good.' },
        401: { description: 'Refused, whatever the reason.' },
        405: { description: 'Another method.' },
        ...(refusalStatus && {
          413: { description: 'Too large, or too slow to arrive.' },
          415: { description: 'Compressed.' },
        }),
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
