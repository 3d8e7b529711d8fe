/** Why a callback was refused. Only `malformed` can be `verified`; every other reason means: trust nothing in it. */
export type BbbWebhookReason =
  /** No signature that could be checked. */
  | 'missing'
  /** A signature that no secret, callback URL and accepted scheme explains. */
  | 'mismatch'
  /** Signed with a secret whose end time has passed, or with a token past its own. */
  | 'expired'
  /** Signed in a way that `accept` does not name. */
  | 'scheme'
  /** Signed with a hash function that `algorithms` does not name. */
  | 'algorithm'
  /** The shared secret itself came over plain HTTP. */
  | 'insecure'
  /** Not the text that bbb-webhooks writes. */
  | 'malformed'
  | 'too_large'
  /** A framework parsed the body before it could be verified: a mistake in the set-up, not in the request. */
  | 'parsed'
  | 'method'
  /** A compressed body. */
  | 'encoding'
  | 'content_type'
  /** The sender hung up before the whole body had come. */
  | 'aborted'

/**
 * The one error of callbacks. Switch on `reason`. No message, field or cause holds a secret, a checksum, a token or a
 * part of the body, so it may be logged as it is.
 */
export class BbbWebhookError extends Error {
  override readonly name = 'BbbWebhookError'
  readonly code = 'BBB_WEBHOOK_REJECTED'
  readonly reason: BbbWebhookReason
  /**
   * The signature was right and only the content cannot be read (`reason` is `malformed`): store the bytes as a dead
   * letter and answer 2xx, because asking BigBlueButton to repeat them brings the same bytes again.
   */
  readonly verified: boolean

  constructor(reason: BbbWebhookReason, message: string, options: { readonly verified?: boolean | undefined } = {}) {
    super(message)
    this.reason = reason
    this.verified = options.verified ?? false
  }
}

/** Reads content whose signature was right: what cannot be read is then `verified`. */
export function readVerified<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof BbbWebhookError) || error.reason !== 'malformed') throw error
    throw new BbbWebhookError('malformed', error.message, { verified: true })
  }
}
