import { createHash } from 'node:crypto'
import type { Parameters } from './parameters.ts'

/** The hashes BigBlueButton knows. */
export type HashName = 'sha1' | 'sha256' | 'sha384' | 'sha512'

const byHexLength: Readonly<Record<number, HashName>> = { 40: 'sha1', 64: 'sha256', 96: 'sha384', 128: 'sha512' }

/** Lower-case hex digest of a text's UTF-8 bytes. */
export function hashHex(name: HashName, text: string): string {
  return createHash(name).update(text, 'utf8').digest('hex')
}

/** The hash a digest of this many hex digits belongs to. */
function hashByLength(hex: string): HashName | undefined {
  return byHexLength[hex.length]
}

/** What a server knows about checksums. */
export interface ChecksumRules {
  readonly secret: string
  readonly algorithms: readonly HashName[]
  readonly anyCase: boolean
}

/**
 * The query as bbb-web hashes it: three literal replacements of all occurrences of the decoded checksum value, nothing
 * parsed (upstream: `GetChecksum.java`, `ParamsProcessorUtil.java`).
 */
export function stripChecksum(rawQuery: string, checksum: string): string {
  const plain = [...rawQuery].filter(char => char >= ' ' && char !== '\x7f').join('')
  return plain
    .trim()
    .replaceAll(`&checksum=${checksum}`, '')
    .replaceAll(`checksum=${checksum}&`, '')
    .replaceAll(`checksum=${checksum}`, '')
}

/** Whether bbb-web takes this checksum for this query text. An empty secret turns the check off. */
export function checksumMatches(call: string, rawQuery: string, checksum: string, rules: ChecksumRules): boolean {
  if (rules.secret === '') return true
  const name = hashByLength(checksum)
  if (!name || !rules.algorithms.includes(name)) return false
  const expected = hashHex(name, call + stripChecksum(rawQuery, checksum) + rules.secret)
  return expected === (rules.anyCase ? checksum.toLowerCase() : checksum)
}

/** The text that releases before 3.0 hash when a form was posted to a URL without a query: sorted, Java-encoded. */
export function postedFormQuery(form: Parameters): string {
  return [...form]
    .filter(([name]) => name !== 'checksum')
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([name, value]) => `${name}=${javaUrlEncode(value)}`)
    .join('&')
}

/** `java.net.URLEncoder`: blanks become `+`; letters, digits and `*-._` stay; the rest is escaped. */
function javaUrlEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll('%20', '+')
    .replace(/[!'()~]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

/**
 * Whether the webhooks API takes this request: its own, regular-expression way to take the checksum out of the URL, and an
 * exact comparison (upstream: `bbb-webhooks src/out/webhooks/utils.js`).
 *
 * @returns `undefined` when the length fits no hash, where the real service throws.
 */
export function hooksChecksumMatches(
  method: string,
  target: string,
  checksum: string,
  rules: Omit<ChecksumRules, 'anyCase'>,
): boolean | undefined {
  const name = hashByLength(checksum)
  if (!name) return undefined
  if (!rules.algorithms.includes(name)) return false
  const stripped = target
    .replace(/&checksum=[^&]*/, '')
    .replace(/checksum=[^&]*&/, '')
    .replace(/checksum=[^&]*$/, '')
  const query = /\?(.*)/s.exec(stripped)?.[1] ?? ''
  return hashHex(name, method + query + rules.secret) === checksum
}
