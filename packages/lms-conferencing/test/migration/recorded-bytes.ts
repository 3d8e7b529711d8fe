import { createCipheriv } from 'node:crypto'

/** So many bytes that look like a film, the same in every process. */
export const contentOf = (size: number): Buffer =>
  createCipheriv('aes-128-ctr', Buffer.alloc(16, 'key'), Buffer.alloc(16)).update(Buffer.alloc(size))

/** In chunks of no round size, as a network gives them. */
export async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_521) yield bytes.subarray(at, at + 65_521)
}
