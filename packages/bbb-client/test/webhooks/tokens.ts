import { createHmac } from 'node:crypto'
import { SECRET } from './wire.ts'

export const CLAIMS = { meeting_id: 'class-7', record_id: '1f0c5b3e-1700000000000' }

/** A secret as jose wants it. */
export const key = (secret: string): Uint8Array => new TextEncoder().encode(secret)

/** One part of a token. */
export const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token with any header and claims, correctly signed with the hash given, whatever the header says. */
export function forge(header: unknown, claims: unknown = CLAIMS, secret = SECRET, hash = 'sha256'): string {
  const text = `${part(header)}.${part(claims)}`
  return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`
}
