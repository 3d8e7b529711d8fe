import { createHmac } from 'node:crypto'

/** A compact JSON Web Token, signed as BigBlueButton's scripts do. */
export function signJwt(header: { alg: 'HS256' | 'HS512'; typ?: 'JWT' }, payload: object, secret: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value), 'utf8').toString('base64url')
  const signed = `${encode(header)}.${encode(payload)}`
  const hash = header.alg === 'HS256' ? 'sha256' : 'sha512'
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`
}
