import type { ConferencingErrorCode } from '../errors.ts'

/** What only the HTTP side can find wrong. */
export type HttpErrorCode =
  | 'UNAUTHENTICATED'
  | 'COURSE_NOT_FOUND'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'TOO_LARGE'
  | 'TOO_MANY_REQUESTS'
  | 'INTERNAL'

export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly code: HttpErrorCode
  /** What `Retry-After` says. */
  readonly retryAfterSeconds: number | undefined

  constructor(code: HttpErrorCode, message: string, after?: { readonly retryAfterSeconds: number }) {
    super(message)
    this.code = code
    this.retryAfterSeconds = after?.retryAfterSeconds
  }
}

/** The status of every error the API answers with. */
export const statusOf = {
  INVALID: 400,
  UNAUTHENTICATED: 401,
  CALLBACK_REJECTED: 401,
  FORBIDDEN: 403,
  CLASS_NOT_FOUND: 404,
  COURSE_NOT_FOUND: 404,
  MEETING_NOT_FOUND: 404,
  RECORDING_NOT_FOUND: 404,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  CONFLICT: 409,
  TOO_LARGE: 413,
  /** The provider understood what was asked and will not do it. */
  REFUSED: 422,
  TOO_MANY_REQUESTS: 429,
  INTERNAL: 500,
  UNSUPPORTED: 501,
  /** Our credentials are wrong at the provider: nothing the person asking can change. */
  UNAUTHORIZED: 502,
  RATE_LIMITED: 503,
  UNAVAILABLE: 503,
  STORE_UNAVAILABLE: 503,
} as const satisfies Record<ConferencingErrorCode | HttpErrorCode, number>

/** Seconds in the `Retry-After` of a 503. */
export const retryAfterSeconds = 5
