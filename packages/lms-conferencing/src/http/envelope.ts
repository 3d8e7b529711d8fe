import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { routePath } from 'hono/route'
import { ConferencingError } from '../errors.ts'
import { faultFields } from '../fault.ts'
import type { Logger } from '../logger.ts'
import { HttpError, retryAfterSeconds, statusOf } from './errors.ts'
import type { ApiEnv } from './ports.ts'

/** A good answer. */
export const success = <T>(data: T, message: string) => ({ success: true as const, data, message })

interface Failure {
  readonly code: keyof typeof statusOf
  readonly message: string
  readonly details: Readonly<Record<string, string>>
}

/** Any error as an answer. What is not ours says nothing of itself. */
export function failureAnswer(c: Context<ApiEnv>, error: unknown, logger: Logger): Response {
  const failure = failureOf(error)
  const status = statusOf[failure.code]
  if (status >= 500) {
    // The pattern, not the path: paths hold ids, and queries worse.
    const fields = { method: c.req.method, route: routePath(c), status, ...faultFields(error) }
    if (failure.code === 'INTERNAL') logger.error('request failed', fields)
    else logger.warn('request failed', fields)
  }
  const wait = error instanceof HttpError ? error.retryAfterSeconds : undefined
  if (status === 503 || wait !== undefined) c.header('Retry-After', String(wait ?? retryAfterSeconds))
  if (status === 401) c.header('WWW-Authenticate', 'Bearer')
  return c.json({ success: false, error: failure }, status)
}

function failureOf(error: unknown): Failure {
  if (error instanceof ConferencingError) {
    return { code: error.code, message: error.userMessage, details: error.details }
  }
  if (error instanceof HttpError) return { code: error.code, message: error.message, details: {} }
  if (error instanceof HTTPException && error.status < 500) {
    return { code: 'INVALID', message: 'The body is not valid JSON.', details: { body: 'must be valid JSON' } }
  }
  return {
    code: 'INTERNAL',
    message: 'Something went wrong here. Please try again, or tell an administrator.',
    details: {},
  }
}
