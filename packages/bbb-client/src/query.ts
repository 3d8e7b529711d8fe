/**
 * Parameters → the exact query string that is signed and sent.
 *
 * Letters, digits, `-`, `_` and `.` stay bare, a space becomes `+`, every other byte of the UTF-8 form becomes an
 * upper-case `%XX`. This is the one spelling that every known server and load balancer takes, and no URL class
 * rewrites it on the way out, so the bytes that were hashed are the bytes on the wire.
 */

const PLAIN = /^[A-Za-z0-9\-_.]*$/

/** Whether a value is the same encoded. */
export function isPlain(value: string): boolean {
  return PLAIN.test(value)
}

const ASCII: readonly string[] = Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  if (PLAIN.test(char)) return char
  return char === ' ' ? '+' : `%${code.toString(16).toUpperCase().padStart(2, '0')}`
})

/** Encodes one value. Throws `URIError` for a lone surrogate, which has no UTF-8 form. */
export function encodeQueryValue(value: string): string {
  if (PLAIN.test(value)) return value
  let out = ''
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    const ascii = ASCII[code]
    if (ascii !== undefined) {
      out += ascii
      continue
    }
    // A run of non-ASCII text: encodeURIComponent escapes all of it, and refuses half a surrogate pair.
    let end = i + 1
    while (end < value.length && value.charCodeAt(end) > 127) end++
    out += encodeURIComponent(value.slice(i, end))
    i = end - 1
  }
  return out
}

/** Collects `name=value` pairs in the order they are added. Names are known to be plain; values are encoded here and nowhere else. */
export class QueryBuilder {
  #query = ''

  add(name: string, value: string): void {
    this.addPlain(name, encodeQueryValue(value))
  }

  /** For values that are known to need no encoding: digits, true and false. */
  addPlain(name: string, value: string): void {
    this.#query = this.#query === '' ? `${name}=${value}` : `${this.#query}&${name}=${value}`
  }

  /** The value of a name written so, as it was given. */
  get(name: string): string | undefined {
    // Values hold no bare & and =, so the pairs can be read back.
    const pair = this.#query.split('&').find(candidate => candidate.startsWith(`${name}=`))
    return pair === undefined ? undefined : decodeURIComponent(pair.slice(name.length + 1).replaceAll('+', ' '))
  }

  toString(): string {
    return this.#query
  }
}
