import { hash } from 'node:crypto'

/** Digests of rows. Pure. */

/** Of the old columns of one row, in a fixed order: JSON keeps NULL and empty apart, and no text runs into the next. */
export const rowDigest = (values: readonly (string | null)[]): string =>
  hash('sha256', JSON.stringify(values), 'base64url')

/** Of a set of rows, whatever their order: each row counts once, by its own digest, which covers its key. */
export class TableDigest {
  readonly #sum = new Uint8Array(32)

  add(digest: string): void {
    const bytes = Buffer.from(digest, 'base64url')
    for (let at = 0; at < this.#sum.length; at++) this.#sum[at] = (this.#sum[at] ?? 0) ^ (bytes[at] ?? 0)
  }

  hex(): string {
    return Buffer.from(this.#sum).toString('hex')
  }
}
