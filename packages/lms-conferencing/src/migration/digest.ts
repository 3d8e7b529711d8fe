import { hash } from 'node:crypto'

/** Digests of rows. Pure. */

/**
 * Of some columns of one row, in a fixed order: SHA-256 in base64 over each as a quoted text, or `n` for NULL, with commas
 * between. So NULL and empty differ, no text runs into the next, and a database can say the same in SQL.
 */
export const rowDigest = (values: readonly (string | null)[]): string => {
  let text = ''
  for (const [at, value] of values.entries()) {
    if (at > 0) text += ','
    text += value === null ? 'n' : `'${value.includes("'") ? value.replaceAll("'", "''") : value}'`
  }
  return hash('sha256', text, 'base64')
}

/** How much of a digest tells whether new columns are as they were written: 64 bits guard against a change, not an enemy. */
export const WRITTEN_LENGTH = 11

/** Of a set of rows, whatever their order: each row counts once, by its own digest, which covers its key. */
export class TableDigest {
  readonly #sum = new Uint8Array(32)

  add(digest: string): void {
    const bytes = Buffer.from(digest, 'base64')
    for (let at = 0; at < this.#sum.length; at++) this.#sum[at] = (this.#sum[at] ?? 0) ^ (bytes[at] ?? 0)
  }

  hex(): string {
    return Buffer.from(this.#sum).toString('hex')
  }
}
