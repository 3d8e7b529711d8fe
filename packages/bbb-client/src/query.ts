/**
 * Parameters → the exact query string that is signed and sent.
 *
 * Letters, digits, `-`, `_` and `.` stay bare, a space becomes `+`, every other byte of the UTF-8 form becomes an
 * upper-case `%XX`. This is the one spelling that every known server and load balancer takes, and no URL class
 * rewrites it on the way out, so the bytes that were hashed are the bytes on the wire.
 */

const PLAIN = /^[A-Za-z0-9\-_.]*$/

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

/** Collects `name=value` pairs in the order they were added. Names are known to be plain; values are encoded here and nowhere else. */
export class QueryBuilder {
  #query = ''
  /** Names in lower case; made when the first name comes that could be a repetition. */
  #names: Set<string> | undefined

  /** For names of a table, which stand there once. */
  add(name: string, value: string): void {
    this.#query += `${this.#query === '' ? '' : '&'}${name}=${encodeQueryValue(value)}`
    this.#names?.add(name.toLowerCase())
  }

  /** For names that the caller chose. Answers `false`, and adds nothing, when the name is there in whatever letter case. */
  addOnce(name: string, value: string): boolean {
    // Values hold no bare & and =, so the names can be read back.
    this.#names ??= new Set(this.#query.split('&').map(pair => pair.slice(0, pair.indexOf('=')).toLowerCase()))
    if (this.#names.has(name.toLowerCase())) return false
    this.add(name, value)
    return true
  }

  /** The value of a name written so, as it was given. */
  get(name: string): string | undefined {
    const pair = this.#query.split('&').find(candidate => candidate.startsWith(`${name}=`))
    return pair === undefined ? undefined : decodeURIComponent(pair.slice(name.length + 1).replaceAll('+', ' '))
  }

  toString(): string {
    return this.#query
  }
}
