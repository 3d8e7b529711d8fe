import { Buffer } from 'node:buffer'
import { timingSafeEqual } from 'node:crypto'
import type { ChecksumAlgorithm } from '../checksum.ts'

/** As long as the longest digest here, SHA-512 in hex. Filled and read within one call, so one pair serves all. */
const MAX_DIGEST_CHARACTERS = 128
const left = Buffer.alloc(MAX_DIGEST_CHARACTERS)
const right = Buffer.alloc(MAX_DIGEST_CHARACTERS)

/**
 * The one comparison of digests, as ASCII text (hex or base64url): constant time for equal lengths. Lengths are public
 * (they name the algorithm), so comparing them first gives nothing away.
 */
export function equalDigests(presented: string, expected: string): boolean {
  const { length } = expected
  if (presented.length !== length || length > MAX_DIGEST_CHARACTERS) return false
  left.write(presented, 'latin1')
  right.write(expected, 'latin1')
  return timingSafeEqual(left.subarray(0, length), right.subarray(0, length))
}

/** The hash function that a presented checksum claims: lower-case hex of one of four lengths; `null` for anything else. */
export function algorithmOf(checksum: string): ChecksumAlgorithm | null {
  if (!/^[0-9a-f]+$/.test(checksum)) return null
  switch (checksum.length) {
    case 40:
      return 'sha1'
    case 64:
      return 'sha256'
    case 96:
      return 'sha384'
    case 128:
      return 'sha512'
    default:
      return null
  }
}
