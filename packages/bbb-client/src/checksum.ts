import { hash } from 'node:crypto'

/** The hash functions BigBlueButton takes. SHA-1 is for very old servers only. */
export type ChecksumAlgorithm = 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** All of them, weakest first. */
export const CHECKSUM_ALGORITHMS: readonly ChecksumAlgorithm[] = ['sha1', 'sha256', 'sha384', 'sha512']

/**
 * Signs one API call: lower-case hex of `hash(callName + query + secret)`, a plain hash without separators
 * (BigBlueButton docs, "API Security Model"). `query` is the exact query string that is sent, without the checksum.
 * Internal: exported from no entry point, because a checksum over a chosen string is as good as the secret.
 */
export function signCall(algorithm: ChecksumAlgorithm, callName: string, query: string, secret: string): string {
  return hash(algorithm, callName + query + secret, 'hex')
}
