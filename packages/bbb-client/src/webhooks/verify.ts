import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import type { ChecksumAlgorithm } from '../checksum.ts'
import { equalDigests, readChecksum } from './digest.ts'
import { BbbWebhookError } from './errors.ts'
import { signedJson } from './form.ts'
import {
  bodyLimit,
  keepsSecrets,
  type PreparedSecret,
  prepareAlgorithms,
  prepareCallbackUrls,
  prepareSchemes,
  prepareSecrets,
  type VerifyWebhookOptions,
  type WebhookScheme,
} from './options.ts'
import { bearerToken, checksumParameters, rawBody, requireMethod, type WebhookRequest } from './request.ts'

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

const MISMATCH =
  'No secret and callback URL explain the checksum. Check that callbackUrl is the string given to hooks/create, character for character; ' +
  'that the secret is the one of `bbb-conf --secret`; that the body is the raw bytes; ' +
  "and, for bbb-webhooks before 3.4.0, that accept names 'url+json' (2.x) or 'url+braces' (3.0.0 to 3.3.1)."

/**
 * Verifies one callback of bbb-webhooks over its raw bytes, without parsing it: the same bytes can be stored and given
 * to {@link parseWebhook} later. Pure and synchronous.
 *
 * @throws {@link BbbWebhookError} when it must not be trusted; BbbConfigError when the options are wrong.
 * @example
 * verifyWebhook({ target: req.url, headers: req.headers, body }, { callbackUrl, secrets: [secret] }).scheme
 */
export function verifyWebhook(request: WebhookRequest, options: VerifyWebhookOptions): VerifiedWebhook {
  const urls = prepareCallbackUrls(options.callbackUrl)
  const schemes = prepareSchemes(options.accept)
  const algorithms = prepareAlgorithms(options.algorithms)
  const secrets = prepareSecrets(options)
  requireMethod(request.method, 'POST')
  const body = rawBody(request.body, bodyLimit(options))

  const token = bearerToken(request.headers)
  const checksums = typeof request.target === 'string' ? checksumParameters(request.target) : []
  const presented = checksums.at(-1)
  if (token !== null) {
    const bearer = verifyBearer(token, secrets, urls, schemes, options.allowInsecureBearer === true)
    if (!(bearer instanceof BbbWebhookError)) return bearer
    // A proxy may have put a Bearer of its own beside the checksum.
    if (presented === undefined) throw bearer
  }
  if (presented === undefined) {
    throw new BbbWebhookError(
      'missing',
      'The request has neither a checksum in its query nor an Authorization: Bearer header. Check that it comes from bbb-webhooks, ' +
        'that the target is passed with its query, and that the registered URL has no #fragment.',
    )
  }
  const signature = readChecksum(presented)
  if (signature === null) {
    throw new BbbWebhookError('mismatch', 'The checksum is not lower-case hex of a known length.')
  }
  if (!algorithms.includes(signature.algorithm)) {
    throw new BbbWebhookError(
      'algorithm',
      `The checksum is ${signature.algorithm}, which algorithms does not name. Add it, or change hookChecksumAlgorithm on the server.`,
    )
  }
  const texts = signedTexts(schemes, body)
  // The registered URL may have a `checksum` of its own; the sender then adds one more, never two.
  const eligible = urls.map(url => checksumParameters(url).length + 1 === checksums.length)
  const found = findSigner(signature, texts, urls, eligible, secrets)
  if (found === null) throw noSigner(schemes, texts.length)
  const { scheme, url, index } = found
  return {
    scheme,
    algorithm: signature.algorithm,
    ...named(secrets, index),
    callbackUrl: url,
    forgeable: scheme === 'url+braces',
  }
}

type SignedText = readonly [scheme: WebhookScheme, signed: Buffer]

/** What each accepted scheme signs between URL and secret. */
function signedTexts(schemes: readonly WebhookScheme[], body: Buffer): SignedText[] {
  const texts: SignedText[] = []
  if (schemes.includes('url+body')) texts.push(['url+body', body])
  const json = schemes.includes('url+json') ? signedJson(body) : null
  if (json !== null) texts.push(['url+json', Buffer.from(json, 'utf8')])
  if (schemes.includes('url+braces')) texts.push(['url+braces', Buffer.from('{}', 'latin1')])
  return texts
}

/**
 * Computes every candidate and remembers the first that fits: how long it takes tells nothing about which one did.
 * URL and signed text are laid down once and only the secret behind them changes, so that a further secret costs one
 * hash and no copy.
 */
function findSigner(
  signature: { readonly algorithm: ChecksumAlgorithm; readonly digest: Buffer },
  texts: readonly SignedText[],
  urls: readonly string[],
  eligible: readonly boolean[],
  secrets: readonly PreparedSecret[],
): { readonly scheme: WebhookScheme; readonly url: string; readonly index: number } | null {
  let found: { scheme: WebhookScheme; url: string; index: number } | null = null
  let expired = false
  for (const [scheme, signed] of texts) {
    for (const [position, url] of urls.entries()) {
      const room = Math.max(...secrets.map(({ secret }) => secret.length)) * 3
      const work = Buffer.allocUnsafe(url.length * 3 + signed.length + room)
      const start = work.write(url, 0, 'utf8')
      signed.copy(work, start)
      const tail = start + signed.length
      for (const [index, { secret, alive }] of secrets.entries()) {
        const end = tail + work.write(secret, tail, 'utf8')
        const fits = equalDigests(signature.digest, hash(signature.algorithm, work.subarray(0, end), 'buffer'))
        if (!fits || eligible[position] !== true) continue
        if (!alive) expired = true
        else found ??= { scheme, url, index }
      }
      // The memory goes back to a pool that other buffers are cut from.
      work.fill(0, tail)
    }
  }
  if (found === null && expired) throw expiredSecret()
  return found
}

function verifyBearer(
  token: string,
  secrets: readonly PreparedSecret[],
  urls: readonly string[],
  schemes: readonly WebhookScheme[],
  allowInsecure: boolean,
): VerifiedWebhook | BbbWebhookError {
  if (!schemes.includes('bearer')) {
    return new BbbWebhookError(
      'scheme',
      "The callback carries the shared secret as Bearer, which accept does not name. Accept 'bearer', or set bbb.auth2_0: false for bbb-webhooks on the server.",
    )
  }
  if (!allowInsecure && !urls.every(keepsSecrets)) {
    return new BbbWebhookError(
      'insecure',
      'The callback carries the shared secret over plain HTTP, where everybody on the way can read it. Register an https: callback URL, ' +
        'or set bbb.auth2_0: false for bbb-webhooks on the server; allowInsecureBearer takes it all the same.',
    )
  }
  // Digests have one length, secrets do not: hashing both sides hides how long the secret is.
  const presented = hash('sha256', Buffer.from(token, 'latin1'), 'buffer')
  let found = -1
  let expired = false
  for (const [index, { secret, alive }] of secrets.entries()) {
    if (!equalDigests(presented, hash('sha256', secret, 'buffer'))) continue
    if (!alive) expired = true
    else if (found === -1) found = index
  }
  if (found === -1) {
    return expired ? expiredSecret() : new BbbWebhookError('mismatch', 'The Bearer token is none of the secrets.')
  }
  return { scheme: 'bearer', algorithm: null, ...named(secrets, found), callbackUrl: null, forgeable: false }
}

function named(secrets: readonly PreparedSecret[], index: number) {
  return { secretIndex: index, secretId: secrets[index]?.id ?? null }
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
