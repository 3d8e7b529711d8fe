import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import type { ChecksumAlgorithm } from '../checksum.ts'
import { algorithmOf } from './digest.ts'
import { BbbWebhookError } from './errors.ts'
import { signedJson } from './form.ts'
import {
  keepsSecrets,
  type PreparedOptions,
  prepareOptions,
  type VerifyWebhookOptions,
  type WebhookScheme,
} from './options.ts'
import { bearerToken, checksumsIn, rawBody, requireMethod, type WebhookRequest } from './request.ts'
import { findChecksumSigner, findSigner } from './signer.ts'

/** What made a callback trustworthy. */
export interface VerifiedWebhook {
  readonly scheme: WebhookScheme
  /** The hash function of the checksum; `null` for Bearer. */
  readonly algorithm: ChecksumAlgorithm | null
  /** Position in `secrets` of the one that verified, and its `id` if it has one. */
  readonly secretIndex: number
  readonly secretId: string | null
  /** The configured URL that was signed; `null` for Bearer, which signs none. */
  readonly callbackUrl: string | null
  /** The signature does not cover the body (`url+braces`): ask the API before acting on what it says. */
  readonly forgeable: boolean
}

/** From the one that protects most to the one that protects nothing. */
const CHECKSUM_SCHEMES: readonly WebhookScheme[] = ['url+body', 'url+json', 'url+braces']

const MISSING =
  'The request has neither a checksum in its query nor an Authorization: Bearer header. Check that it comes from bbb-webhooks, ' +
  'that the target is passed with its query, and that the registered URL has no #fragment.'
const MISMATCH =
  'No secret and callback URL explain the checksum. Check that callbackUrl is the string given to hooks/create, character for character; ' +
  'that the secret is the one of `bbb-conf --secret`; that the body is the raw bytes; ' +
  "and, for bbb-webhooks before 3.4.0, that accept names 'url+json' (2.x) or 'url+braces' (3.0.0 to 3.3.1)."

/**
 * Verifies one callback of bbb-webhooks over its raw bytes, without parsing it: the same bytes can be stored and given
 * to `parseWebhook` later. Pure and synchronous.
 *
 * @throws {@link BbbWebhookError} when it must not be trusted; BbbConfigError when the options are wrong.
 * @example
 * verifyWebhook({ target: req.url, headers: req.headers, body }, { callbackUrl, secrets: [secret] }).scheme
 */
export function verifyWebhook(request: WebhookRequest, options: VerifyWebhookOptions): VerifiedWebhook {
  const prepared = prepareOptions(options)
  requireMethod(request.method, 'POST')
  const body = rawBody(request.body, prepared.maxBodyBytes)

  const token = bearerToken(request.headers)
  const { count, last: checksum } = checksumsIn(typeof request.target === 'string' ? request.target : '')
  if (token !== null) {
    const bearer = verifyBearer(token, prepared)
    if (!(bearer instanceof BbbWebhookError)) return bearer
    // A proxy may have put a Bearer of its own beside the checksum.
    if (checksum === null) throw bearer
  }
  if (checksum === null) throw new BbbWebhookError('missing', MISSING)
  const algorithm = algorithmOf(checksum)
  if (algorithm === null) {
    throw new BbbWebhookError('mismatch', 'The checksum is not lower-case hex of a known length.')
  }
  if (!prepared.algorithms.includes(algorithm)) {
    throw new BbbWebhookError(
      'algorithm',
      `The checksum is ${algorithm}, which algorithms does not name. Add it, or change hookChecksumAlgorithm on the server.`,
    )
  }
  return verifyChecksum({ checksum, algorithm, count }, body, prepared)
}

/** The checksum of a request, and how many parameters of that name it has. */
interface Presented {
  readonly checksum: string
  readonly algorithm: ChecksumAlgorithm
  readonly count: number
}

function verifyChecksum(presented: Presented, body: Buffer, prepared: PreparedOptions): VerifiedWebhook {
  const { checksum, algorithm, count } = presented
  const { urls, schemes, secrets } = prepared
  let verified: VerifiedWebhook | undefined
  let expired = false
  let candidates = 0
  for (const scheme of CHECKSUM_SCHEMES) {
    const signed = schemes.includes(scheme) ? signedPart(scheme, body) : null
    if (signed === null) continue
    for (const url of urls) {
      candidates += 1
      const signer = findChecksumSigner(checksum, algorithm, url, signed, secrets)
      // The registered URL may have a `checksum` of its own; the sender then adds one more, never two.
      if (signer === null || checksumsIn(url).count + 1 !== count) continue
      if (signer === 'expired') expired = true
      else {
        verified ??= {
          scheme,
          algorithm,
          secretIndex: signer,
          secretId: secrets[signer]?.id ?? null,
          callbackUrl: url,
          forgeable: scheme === 'url+braces',
        }
      }
    }
  }
  if (verified !== undefined) return verified
  throw expired ? expiredSecret() : noSigner(schemes, candidates)
}

/** What a scheme signs between URL and secret; `null` when the body is not one that the scheme could have signed. */
function signedPart(scheme: WebhookScheme, body: Buffer): Buffer | null {
  if (scheme === 'url+body') return body
  if (scheme === 'url+braces') return Buffer.from('{}')
  const json = signedJson(body)
  return json === null ? null : Buffer.from(json)
}

function verifyBearer(token: string, prepared: PreparedOptions): VerifiedWebhook | BbbWebhookError {
  const { urls, schemes, secrets } = prepared
  if (!schemes.includes('bearer')) {
    return new BbbWebhookError(
      'scheme',
      "The callback carries the shared secret as Bearer, which accept does not name. Accept 'bearer', or set bbb.auth2_0: false for bbb-webhooks on the server.",
    )
  }
  if (!prepared.allowInsecureBearer && !urls.every(keepsSecrets)) {
    return new BbbWebhookError(
      'insecure',
      'The callback carries the shared secret over plain HTTP, where everybody on the way can read it. Register an https: callback URL, ' +
        'or set bbb.auth2_0: false for bbb-webhooks on the server; allowInsecureBearer takes it all the same.',
    )
  }
  // Digests have one length, secrets do not: hashing both sides hides how long the secret is.
  const presented = hash('sha256', Buffer.from(token, 'latin1'), 'hex')
  const signer = findSigner(presented, secrets, secret => hash('sha256', secret, 'hex'))
  if (signer === null) return new BbbWebhookError('mismatch', 'The Bearer token is none of the secrets.')
  if (signer === 'expired') return expiredSecret()
  return {
    scheme: 'bearer',
    algorithm: null,
    secretIndex: signer,
    secretId: secrets[signer]?.id ?? null,
    callbackUrl: null,
    forgeable: false,
  }
}

function expiredSecret(): BbbWebhookError {
  return new BbbWebhookError('expired', 'The callback is signed with a secret whose end time (until) has passed.')
}

function noSigner(schemes: readonly WebhookScheme[], candidates: number): BbbWebhookError {
  if (schemes.every(scheme => scheme === 'bearer')) {
    return new BbbWebhookError('scheme', "The callback has a checksum, but accept names only 'bearer'.")
  }
  if (candidates === 0) {
    return new BbbWebhookError(
      'malformed',
      "'url+json' takes a form of exactly event, timestamp and domain in this order, because nothing else in it is signed.",
    )
  }
  return new BbbWebhookError('mismatch', MISMATCH)
}
