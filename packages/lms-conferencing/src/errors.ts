/** Every way a use case or provider can fail, stable across versions. */
export type ConferencingErrorCode =
  /** Bad input to a use case; `details` names the field. */
  | 'INVALID'
  | 'CLASS_NOT_FOUND'
  | 'MEETING_NOT_FOUND'
  | 'RECORDING_NOT_FOUND'
  /** A status transition that does not exist; the message names both ends. */
  | 'CONFLICT'
  | 'FORBIDDEN'
  /** The provider refused our credentials or signature; an administrator must act. */
  | 'UNAUTHORIZED'
  | 'UNSUPPORTED'
  | 'RATE_LIMITED'
  /** The provider could not be reached or did not answer usefully. */
  | 'UNAVAILABLE'
  /** The provider understood and said no. */
  | 'REFUSED'
  /** A callback that failed verification. */
  | 'CALLBACK_REJECTED'
  /** The store could not take it now; nothing was acknowledged. */
  | 'STORE_UNAVAILABLE'

/**
 * What happened at the provider: `not-sent` nothing left this process, `refused` it said no, `unknown` it may or may
 * not have acted (only then is a row kept for a later look).
 */
export type Outcome = 'not-sent' | 'refused' | 'unknown'

export interface ConferencingErrorOptions {
  readonly cause?: unknown
  readonly provider?: string | undefined
  readonly outcome?: Outcome | undefined
  /** A sentence a teacher understands. */
  readonly userMessage?: string | undefined
  readonly details?: Readonly<Record<string, string>> | undefined
}

/** The one error of this package. Switch on `code`. Messages never hold a secret, a checksum or a join link. */
export class ConferencingError extends Error {
  override readonly name = 'ConferencingError'
  readonly code: ConferencingErrorCode
  readonly provider: string | undefined
  readonly outcome: Outcome | undefined
  readonly userMessage: string
  readonly details: Readonly<Record<string, string>>

  constructor(code: ConferencingErrorCode, message: string, options: ConferencingErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.provider = options.provider
    this.outcome = options.outcome
    this.userMessage = options.userMessage ?? message
    this.details = options.details ?? {}
  }
}
