import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import type { ChecksumAlgorithm } from '../checksum.ts'
import { equalDigests } from './digest.ts'
import type { PreparedSecret } from './options.ts'

/** Which secret signed; `expired` when only one past its end did. */
export type Signer = number | 'expired' | null

/**
 * Looks for the secret behind a digest. Computes every candidate and remembers the first that fits, so that how long it
 * takes tells nothing about which one did.
 */
export function findSigner(
  presented: string,
  secrets: readonly PreparedSecret[],
  digest: (secret: string) => string,
): Signer {
  let found: Signer = null
  let index = 0
  for (const { secret, alive } of secrets) {
    const fits = equalDigests(presented, digest(secret))
    if (fits && alive && typeof found !== 'number') found = index
    if (fits && !alive) found ??= 'expired'
    index += 1
  }
  return found
}

/**
 * {@link findSigner} for `hash(url + signed + secret)`. URL and signed text are laid down once and only the secret behind
 * them changes, so that a further secret costs one hash and no copy.
 */
export function findChecksumSigner(
  checksum: string,
  algorithm: ChecksumAlgorithm,
  url: string,
  signed: Uint8Array,
  secrets: readonly PreparedSecret[],
): Signer {
  let longest = 0
  for (const { secret } of secrets) longest = Math.max(longest, secret.length)
  // UTF-8 takes at most three bytes for a UTF-16 unit.
  const work = Buffer.allocUnsafe((url.length + longest) * 3 + signed.length)
  const start = work.write(url)
  work.set(signed, start)
  const tail = start + signed.length
  const signer = findSigner(checksum, secrets, secret =>
    hash(algorithm, work.subarray(0, tail + work.write(secret, tail)), 'hex'),
  )
  // The memory goes back to a pool that other buffers are cut from.
  work.fill(0, tail)
  return signer
}
