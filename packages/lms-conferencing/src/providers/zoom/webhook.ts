import { ConferencingError } from '../../errors.ts'
import type { CallbackRequest } from '../../provider.ts'
import { parseJson } from './json.ts'
import { hmacHex, isSameText } from './secret.ts'

/** Zoom's webhooks at the door: signature, age, challenge, and what is not to be kept. */

/** Why a callback was refused; `details.reason` of the error. */
export type WebhookRefusal = 'missing' | 'malformed' | 'mismatch' | 'stale_challenge' | 'harmful_challenge'

export function rejected(reason: WebhookRefusal): ConferencingError {
  return new ConferencingError('CALLBACK_REJECTED', 'The callback is not from Zoom.', {
    provider: 'zoom',
    details: { reason },
  })
}

/**
 * Zoom sends again until 85 minutes after the first try, and nobody knows whether with a new timestamp: so an hour old
 * is still fresh.
 */
export const MAX_AGE_SECONDS = 6_000
/** How far ahead of ours Zoom's clock may be, and how old a challenge may be. */
const SKEW_SECONDS = 300

/** The two headers that sign, checked for form only. */
export interface Signature {
  /** As it was signed: ten digits, seconds. */
  readonly timestamp: string
  /** 64 lower-case hex digits. */
  readonly digest: string
}

export const signatureHeaders = ['x-zm-request-timestamp', 'x-zm-signature'] as const

/** Throws `CALLBACK_REJECTED`. */
export function readSignature(headers: CallbackRequest['headers']): Signature {
  const [timestamp, signature] = signatureHeaders.map(name => headerOf(headers, name))
  if (timestamp === undefined || signature === undefined) throw rejected('missing')
  if (!/^[0-9]{10}$/.test(timestamp) || !/^v0=[0-9a-f]{64}$/.test(signature)) throw rejected('malformed')
  return { timestamp, digest: signature.slice('v0='.length) }
}

function headerOf(headers: CallbackRequest['headers'], name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined
  const found = Object.entries(headers).filter(([key, value]) => key.toLowerCase() === name && value !== undefined)
  const [only] = found
  // Sent twice, in whatever form, is no header anybody signed.
  if (found.length > 1 || Array.isArray(only?.[1])) throw rejected('malformed')
  return typeof only?.[1] === 'string' ? only[1] : undefined
}

/** Which of the secrets signed these bytes. All are tried, whichever fits, so that time tells nothing. */
export function signedBy(
  secrets: readonly string[],
  { timestamp, digest }: Signature,
  body: Uint8Array,
): string | null {
  let found: string | null = null
  for (const secret of secrets) {
    if (isSameText(hmacHex(secret, `v0:${timestamp}:`, body), digest)) found ??= secret
  }
  return found
}

/** Whether a signed time lies in the window. `now` in epoch milliseconds; both ends are inside. */
function isFresh({ timestamp }: Signature, now: number, maxAgeSeconds: number): boolean {
  const age = now - Number(timestamp) * 1000
  return age < (maxAgeSeconds + 1) * 1000 && age > -(SKEW_SECONDS + 1) * 1000
}

/**
 * The answer to an endpoint challenge; `null` when these bytes are none.
 *
 * The challenge asks for an HMAC under the secret that signs events, so it is answered only when it is signed itself,
 * recent, and asks for a text that can be no signed message: those hold a colon.
 */
export function challengeAnswer(body: unknown, signature: Signature, secret: string, now: number): string | null {
  if (fieldOf(body, 'event') !== 'endpoint.url_validation') return null
  if (!isFresh(signature, now, SKEW_SECONDS)) throw rejected('stale_challenge')
  const plainToken = fieldOf(fieldOf(body, 'payload'), 'plainToken')
  if (typeof plainToken !== 'string' || !/^[A-Za-z0-9_-]{1,128}$/.test(plainToken)) throw rejected('harmful_challenge')
  return JSON.stringify({ plainToken, encryptedToken: hmacHex(secret, plainToken) })
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined

/** `undefined` for bytes that are no JSON we would read: they wait as a dead letter for a person. */
export function tryParse(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes, 'message')
  } catch {
    return undefined
  }
}

/** What a callback carries and nobody needs again: tokens, links, passwords, telephone numbers, names in prose. */
const NEEDLESS = new Set([
  'download_token',
  'download_access_token',
  'download_url',
  'play_url',
  'share_url',
  'start_url',
  'join_url',
  'registration_url',
  'password',
  'passcode',
  'recording_play_passcode',
  'encrypted_password',
  'h323_password',
  'pstn_password',
  'phone_number',
  'ip_address',
  'leave_reason',
  'host_email',
  'first_name',
  'last_name',
])

/** The bytes to keep of a callback whose parsed body is `value`. */
export function redact(bytes: Uint8Array, value: unknown): Uint8Array {
  if (value === undefined) return bytes
  let found = false
  const clean = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(clean)
    if (typeof part !== 'object' || part === null) return part
    const kept = Object.entries(part).filter(([key]) => !NEEDLESS.has(key))
    if (kept.length < Object.keys(part).length) found = true
    return Object.fromEntries(kept.map(([key, child]) => [key, clean(child)]))
  }
  const cleaned = clean(value)
  return found ? Buffer.from(JSON.stringify(cleaned)) : bytes
}
