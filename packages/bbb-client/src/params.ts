import { BbbParamError } from './errors.ts'
import type { QueryBuilder } from './query.ts'

/**
 * How each parameter is checked and written. A table row per parameter: the name on the wire is the key, the codec
 * says what is allowed. Whatever a codec lets through, every known server reads back as it was given.
 */

/** What a codec needs beside the value. */
export interface EncodeContext {
  readonly call: string
  /** Checks a URL that others will open. */
  readonly checkUrl: (value: string) => string | undefined
  /** Something unwise that is allowed; says what and why, never the value. */
  readonly warn: (message: string) => void
}

export interface Codec<T> {
  readonly required: boolean
  encode(out: QueryBuilder, name: string, value: T, context: EncodeContext): void
}

/** One codec for each property of the parameters, so that neither can be forgotten. */
export type ParamTable<P> = { readonly [K in keyof P]-?: Codec<Exclude<P[K], undefined>> }

function refuse(context: EncodeContext, name: string, problem: string): never {
  throw new BbbParamError(context.call, name, problem)
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

/** Refuses what has no UTF-8 form, and control characters, which the server would silently drop. */
function checkText(value: unknown, name: string, context: EncodeContext): string {
  if (typeof value !== 'string') return refuse(context, name, `must be a string, not ${kindOf(value)}`)
  if (!value.isWellFormed()) return refuse(context, name, 'holds half a surrogate pair, which cannot be encoded')
  if (CONTROL.test(value)) return refuse(context, name, 'holds a control character, which the server would drop')
  return value
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : typeof value
}

function add(out: QueryBuilder, name: string, value: string, context: EncodeContext): void {
  if (!out.add(name, value)) refuse(context, name, 'is given twice')
}

interface TextRule {
  readonly required?: boolean
  /** In UTF-16 units, as the server counts. */
  readonly min?: number
  readonly max?: number
}

export function text(rule: TextRule = {}): Codec<string> {
  return {
    required: rule.required ?? false,
    encode(out, name, value, context) {
      const checked = checkText(value, name, context)
      if (checked.length < (rule.min ?? 0) || checked.length > (rule.max ?? 65_535))
        refuse(context, name, `must have ${rule.min ?? 0} to ${rule.max ?? 65_535} characters`)
      if (rule.max === 256 && /\s{2}/.test(checked))
        context.warn(`${context.call}: ${name} has several blanks in a row, of which the server's answers show one`)
      add(out, name, checked, context)
    },
  }
}

const COULD_BE_INTERNAL = /^[0-9a-f]{1,40}$/

/** The external id of a meeting (BigBlueButton's MeetingIDConstraint): 2 to 256 characters, no comma, no blanks at the ends. */
export function meetingId(): Codec<string> {
  return {
    required: true,
    encode(out, name, value, context) {
      const id = checkText(value, name, context)
      if (id.length < 2 || id.length > 256) refuse(context, name, 'must have 2 to 256 characters')
      if (id.includes(',')) refuse(context, name, 'must not hold a comma')
      if (id.trim() !== id) refuse(context, name, 'must not begin or end with a blank')
      if (COULD_BE_INTERNAL.test(id))
        context.warn(
          `${context.call}: ${name} looks like the beginning of an internal id and may find another meeting; use an id with a letter beyond f`,
        )
      add(out, name, id, context)
    },
  }
}

/** An internal or external id given by the server, sent back as it came. */
export const opaqueId = (): Codec<string> => text({ required: true, min: 1, max: 1024 })

/**
 * Several ids. An empty list is refused: servers take it for "all of them".
 * The server decodes each once more after splitting, so `%` and `+` are escaped a second time
 * (BigBlueButton's ParamsProcessorUtil).
 */
export function idList(rule: { required?: boolean } = {}): Codec<string | readonly string[]> {
  return {
    required: rule.required ?? false,
    encode(out, name, value, context) {
      const ids = typeof value === 'string' ? [value] : value
      if (!Array.isArray(ids)) return refuse(context, name, 'must be an id or a list of ids')
      if (ids.length === 0)
        refuse(context, name, 'is an empty list, which servers take for all; leave it out, or make no call')
      const parts = ids.map((id: unknown, i) => {
        const checked = checkText(id, `${name}[${i}]`, context)
        if (checked.trim() === '') refuse(context, `${name}[${i}]`, 'is empty, which servers take for all')
        if (checked.includes(',')) refuse(context, `${name}[${i}]`, 'must not hold a comma')
        return checked.replace(/[%+]/g, char => (char === '%' ? '%25' : '%2B'))
      })
      add(out, name, parts.join(','), context)
    },
  }
}

/** `true` or `false`; the server takes nothing else for true. */
export function flag(): Codec<boolean> {
  return {
    required: false,
    encode(out, name, value, context) {
      if (typeof value !== 'boolean') refuse(context, name, `must be true or false, not ${kindOf(value)}`)
      add(out, name, String(value), context)
    },
  }
}

export function requiredFlag(): Codec<boolean> {
  return { ...flag(), required: true }
}

/** Sent only when true: some releases take the mere presence for true (BigBlueButton 2.6, isBreakout). */
export function flagWhenTrue(): Codec<boolean> {
  const inner = flag()
  return {
    required: false,
    encode(out, name, value, context) {
      if (value !== false) inner.encode(out, name, value, context)
    },
  }
}

export function integer(rule: { min?: number; max?: number; required?: boolean } = {}): Codec<number> {
  const min = rule.min ?? 0
  const max = rule.max ?? 2_147_483_647
  return {
    required: rule.required ?? false,
    encode(out, name, value, context) {
      if (!Number.isSafeInteger(value) || value < min || value > max)
        refuse(context, name, `must be a whole number from ${min} to ${max}`)
      add(out, name, String(value), context)
    },
  }
}

/** Digits kept as text, so that leading zeros stay. */
export function digits(): Codec<string> {
  return {
    required: false,
    encode(out, name, value, context) {
      if (!/^\d{1,18}$/.test(checkText(value, name, context))) refuse(context, name, 'must be a string of digits')
      add(out, name, value, context)
    },
  }
}

/** One of a set of words, or (where servers add words) another plain word. */
export function word<T extends string>(
  known: readonly T[],
  rule: { open?: boolean; required?: boolean } = {},
): Codec<T> {
  return {
    required: rule.required ?? false,
    encode(out, name, value, context) {
      const checked: string = checkText(value, name, context)
      const allowed =
        known.some(candidate => candidate === checked) ||
        (rule.open === true && /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(checked))
      if (!allowed) refuse(context, name, `must be one of ${known.join(', ')}`)
      add(out, name, checked, context)
    },
  }
}

export function words<T extends string>(known: readonly T[]): Codec<readonly T[]> {
  return {
    required: false,
    encode(out, name, value, context) {
      if (!Array.isArray(value) || value.length === 0) refuse(context, name, 'must be a list that is not empty')
      for (const item of value)
        if (!/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(checkText(item, name, context)))
          refuse(context, name, `holds a word that is none of ${known.join(', ')}`)
      add(out, name, value.join(','), context)
    },
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Text that BigBlueButton shows as HTML: escaped here, so that it arrives as text. Line ends become `<br>`, tabs blanks.
 */
export function escapedText(): Codec<string> {
  return {
    required: false,
    encode(out, name, value, context) {
      if (typeof value !== 'string') return refuse(context, name, `must be a string, not ${kindOf(value)}`)
      const lines = value.split(/\r\n|[\r\n\u0085]/).map(line => checkText(line.replaceAll('\t', ' '), name, context))
      add(out, name, lines.map(line => line.replace(/[&<>"']/g, char => ESCAPES[char] ?? char)).join('<br>'), context)
    },
  }
}

/** HTML the caller vouches for, sent under another name than its own. */
export function trustedHtml(wireName: string): Codec<string> {
  return {
    required: false,
    encode(out, name, value, context) {
      if (typeof value !== 'string') return refuse(context, name, `must be a string, not ${kindOf(value)}`)
      add(out, wireName, checkText(value.replace(/[\r\n\t]+/g, ' '), name, context), context)
    },
  }
}

/** A URL that others will open, checked by the client's policy. */
export function url(wireName?: string): Codec<string> {
  return {
    required: false,
    encode(out, name, value, context) {
      const problem = context.checkUrl(checkText(value, name, context))
      if (problem !== undefined) refuse(context, name, problem)
      add(out, wireName ?? name, value, context)
    },
  }
}

export function color(): Codec<string> {
  return {
    required: false,
    encode(out, name, value, context) {
      if (!/^#[0-9a-fA-F]{6}$/.test(checkText(value, name, context)))
        refuse(context, name, 'must have the form #RRGGBB')
      add(out, name, value, context)
    },
  }
}

/** Data sent as JSON text. */
export function json<T>(): Codec<T> {
  return {
    required: false,
    encode(out, name, value, context) {
      add(out, name, checkText(JSON.stringify(value), name, context), context)
    },
  }
}

/** A map whose entries become parameters of their own: `meta_…`, `userdata-…`, `plugin_…`. */
export interface PrefixRule {
  readonly prefix: string
  /** What a key must match, after {@link lowerCase}. */
  readonly pattern: RegExp
  readonly lowerCase?: boolean
  /** Keys that decide something and have an option of their own. */
  readonly reserved?: (key: string) => boolean
  /** Whether values may be empty. @default true */
  readonly allowEmpty?: boolean
}

/** Own entries of a map or plain object; nothing inherited is ever sent. */
function entriesOf(value: unknown, name: string, context: EncodeContext): readonly (readonly [string, unknown])[] {
  if (value instanceof Map) return [...value].map(([key, entry]): [string, unknown] => [String(key), entry])
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse(context, name, 'must be an object or a Map of strings')
  return Object.entries(value)
}

export type StringMap = Readonly<Record<string, string>> | ReadonlyMap<string, string>

export function prefixed(rule: PrefixRule): Codec<StringMap> {
  return {
    required: false,
    encode(out, name, value, context) {
      for (const [key, entry] of entriesOf(value, name, context)) {
        if (entry === undefined) continue
        const wireKey = rule.lowerCase === true ? key.toLowerCase() : key
        const at = `${name}[${printable(key)}]`
        if (!rule.pattern.test(wireKey)) refuse(context, at, `is no allowed key: ${rule.pattern.source}`)
        // Servers cut `checksum=…` out of the query as text, wherever it stands.
        if (wireKey.toLowerCase().endsWith('checksum')) refuse(context, at, 'must not end in "checksum"')
        if (rule.reserved?.(wireKey.toLowerCase()) === true)
          refuse(context, at, 'is reserved: use the option made for it')
        const checked = checkText(entry, at, context)
        if (checked === '' && rule.allowEmpty === false) refuse(context, at, 'is empty, which servers fail on')
        if (!out.add(rule.prefix + wireKey, checked)) refuse(context, at, 'is given twice (letter case does not count)')
      }
    },
  }
}

/** A key may be anything at all; what is printed of it is short and plain. */
function printable(key: string): string {
  return key.replace(/[^A-Za-z0-9_.-]/g, '?').slice(0, 40)
}

/**
 * Writes all of `params` by `table`, in the table's order, so that equal parameters give equal queries.
 * Properties that no row names are refused: a typing error must not vanish.
 */
export function encodeParams<P extends object>(
  table: ParamTable<P>,
  params: P,
  out: QueryBuilder,
  context: EncodeContext,
): void {
  let used = 0
  for (const name in table) {
    const codec = table[name]
    const own = Object.hasOwn(params, name)
    if (own) used++
    const value = own ? params[name] : undefined
    if (value !== undefined) codec.encode(out, name, value as Exclude<P[typeof name], undefined>, context)
    else if (codec.required) refuse(context, name, 'is required')
  }
  const keys = Object.keys(params)
  if (keys.length > used)
    for (const key of keys)
      if (!Object.hasOwn(table, key))
        refuse(context, printable(key), 'is not a parameter of this call; new ones go into `extra`')
}

/** Rows of another table, given as an object of their own. */
export function group<P extends object>(table: ParamTable<P>): Codec<P> {
  return {
    required: false,
    encode(out, name, value, context) {
      if (typeof value !== 'object' || value === null) return refuse(context, name, 'must be an object')
      encodeParams(table, value, out, context)
    },
  }
}
