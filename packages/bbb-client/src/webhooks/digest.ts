import { Buffer } from 'node:buffer'
import { timingSafeEqual } from 'node:crypto'
import type { ChecksumAlgorithm } from '../checksum.ts'

/**
 * The one comparison of digests: constant time for equal lengths. Lengths are public (they name the algorithm), so
 * comparing them first gives nothing away.
 */
export function equalDigests(presented: Uint8Array, expected: Uint8Array): boolean {
  return presented.length === expected.length && timingSafeEqual(presented, expected)
}

const BY_LENGTH: Readonly<Record<number, ChecksumAlgorithm>> = { 40: 'sha1', 64: 'sha256', 96: 'sha384', 128: 'sha512' }

/** A checksum as it was presented: lower-case hex whose length names the algorithm; `null` for anything else. */
export function readChecksum(hex: string): { readonly algorithm: ChecksumAlgorithm; readonly digest: Buffer } | null {
  const algorithm = Object.hasOwn(BY_LENGTH, hex.length) ? BY_LENGTH[hex.length] : undefined
  if (algorithm === undefined || !/^[0-9a-f]+$/.test(hex)) return null
  return { algorithm, digest: Buffer.from(hex, 'hex') }
}
