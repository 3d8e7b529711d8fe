import { Buffer } from 'node:buffer'
import { createHmac } from 'node:crypto'
import { BbbWebhookError, readVerified } from './errors.ts'
import { Fields } from './fields.ts'
import { parseJson } from './json.ts'
import type { PreparedSecret } from './options.ts'
import { findSigner } from './signer.ts'

const HASHES = { HS256: 'sha256', HS512: 'sha512' } as const

interface VerifiedToken {
  readonly claims: Fields
  readonly secretIndex: number
  readonly secretId: string | null
}

const MAX_TOKEN_CHARACTERS = 8192
/** Three base64url parts and nothing else: no encryption, no JSON form, no detached or missing part. */
const COMPACT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/

/**
 * Verifies one compact token under one fixed HMAC. Written here because a callback must be verified in the same tick
 * and without loading a library, and because a verifier of one algorithm that reads nothing but `alg` from the header
 * has no header to be misled by. Tests hold it against jose.
 *
 * @throws {@link BbbWebhookError}
 */
export function verifyJwt(
  token: string,
  algorithm: keyof typeof HASHES,
  secrets: readonly PreparedSecret[],
): VerifiedToken {
  const [, header = '', payload = '', signature = ''] =
    token.length <= MAX_TOKEN_CHARACTERS ? (COMPACT.exec(token) ?? []) : []
  if (signature === '') throw new BbbWebhookError('mismatch', 'The token is no signed token of a usable length.')
  requireHeader(header, algorithm)
  // Compared as text, so that there is one spelling of the right signature and not several that decode to it.
  const signer = findSigner(signature, secrets, secret =>
    createHmac(HASHES[algorithm], secret).update(`${header}.${payload}`).digest('base64url'),
  )
  if (signer === null) throw new BbbWebhookError('mismatch', 'The token is signed with none of the secrets.')
  if (signer === 'expired')
    throw new BbbWebhookError('expired', 'The secret of the token is past its end time (until).')
  return {
    claims: readVerified(() => new Fields(decodePart(payload), 'token')),
    secretIndex: signer,
    secretId: secrets[signer]?.id ?? null,
  }
}

/** Anything beside `alg` and `typ` (keys, references to keys, critical extensions) has no business here. */
function requireHeader(part: string, algorithm: string): void {
  const header = new Fields(decodePart(part), 'token header')
  const alg = header.take('alg')
  const typ = header.take('typ')
  if (alg !== algorithm) throw new BbbWebhookError('algorithm', `The token is not ${algorithm}.`)
  const unread: Record<string, unknown> = {}
  header.collectUnread(unread)
  if ((typ !== undefined && typ !== 'JWT') || Object.keys(unread).length > 0) {
    throw new BbbWebhookError(
      'mismatch',
      'The header of the token asks for something that BigBlueButton never asks for.',
    )
  }
}

function decodePart(part: string): unknown {
  return parseJson(Buffer.from(part, 'base64url').toString('utf8'), 'A part of the token')
}

/** Clocks of two machines differ; this much is forgiven. */
const LEEWAY_MS = 60_000

/**
 * Refuses a token that is past its `exp`. BigBlueButton's recording-ready token has none, its analytics token must.
 * @throws {@link BbbWebhookError} `expired`
 */
export function requireFresh(claims: Fields, now: (() => Date) | undefined): void {
  if (!claims.has('exp')) return
  const exp = claims.take('exp')
  if (typeof exp !== 'number' || exp * 1000 + LEEWAY_MS <= (now ?? (() => new Date()))().getTime()) {
    throw new BbbWebhookError('expired', 'The token is past its own end time (exp). Check the clocks of both machines.')
  }
}
