import {
  type Codec,
  checkText,
  type EncodeContext,
  isPlainObject,
  kindOf,
  printable,
  type RequestDraft,
  refuse,
} from '../params.ts'
import { isReservedMetaName, isReservedName, isReservedUserdataName } from './names.ts'

/** Free keys with text values, as an object or a Map. */
export type StringMap = Readonly<Record<string, string>> | ReadonlyMap<string, string>

/**
 * A map whose entries become parameters of their own: `meta_…`, `userdata-…`, `plugin_…`. Reserved keys are all those
 * that could be a parameter of the tables, so that a name stands twice only if it is twice in the map.
 */
interface PrefixRule {
  readonly prefix: string
  /** What a key must match as it is given. */
  readonly pattern: RegExp
  /** The server makes it lower case; done here, so that two keys cannot become one there. */
  readonly lowerCase?: true
  /** Keys that decide something, or have an option of their own; asked in lower case. */
  readonly reserved?: (key: string) => boolean
  /** Empty values make the server fail. */
  readonly filled?: true
}

/** Own entries of a map or plain object; nothing inherited is ever sent. */
function entriesOf(
  value: unknown,
  name: string,
  context: EncodeContext,
): Iterable<readonly [key: unknown, value: unknown]> {
  if (value instanceof Map) return value
  if (!isPlainObject(value)) return refuse(context, name, `must be an object or a Map of strings, not ${kindOf(value)}`)
  if (Object.getOwnPropertySymbols(value).length > 0) refuse(context, name, 'has a key that is a symbol')
  return Object.entries<unknown>(value)
}

/** A codec for such a map. */
export function prefixed(rule: PrefixRule): Codec<StringMap> {
  return {
    encode(out: RequestDraft, name, value, context) {
      const seen = new Set<string>()
      for (const [key, entry] of entriesOf(value, name, context)) {
        if (entry === undefined) continue
        if (typeof key !== 'string') return refuse(context, name, `has a key that is ${kindOf(key)}`)
        const at = `${name}[${printable(key)}]`
        // The key as given: lower-casing could turn a foreign letter (the Kelvin sign) into a plain one.
        if (!rule.pattern.test(key)) refuse(context, at, `is no allowed key: ${rule.pattern.source}`)
        const lower = key.toLowerCase()
        // Servers cut `checksum=…` out of the query as text, wherever it stands.
        if (lower.endsWith('checksum')) refuse(context, at, 'must not end in "checksum"')
        if (rule.reserved?.(lower) === true) refuse(context, at, 'is reserved: use the option made for it')
        const checked = checkText(entry, at, context)
        if (checked === '' && rule.filled === true) refuse(context, at, 'is empty, which servers fail on')
        if (seen.has(lower)) refuse(context, at, 'is given twice (letter case does not count)')
        seen.add(lower)
        out.add(rule.prefix + (rule.lowerCase === true ? lower : key), checked)
      }
    },
  }
}

/** `meta_…`: names as BigBlueButton keeps them (its ParamsProcessorUtil drops others silently), lower-cased by it and here. */
export const meta = (): Codec<StringMap> =>
  prefixed({ prefix: 'meta_', pattern: /^[A-Za-z][A-Za-z0-9-]{0,63}$/, lowerCase: true, reserved: isReservedMetaName })

/** The same as a filter: any name, of which the server keeps some in mixed case. */
export const metaFilter = (): Codec<StringMap> =>
  prefixed({ prefix: 'meta_', pattern: /^[A-Za-z][A-Za-z0-9-]{0,63}$/, filled: true })

/** `userdata-…`: the server splits at every dash and wants exactly two parts, so a key has none. */
export const userdata = (): Codec<StringMap> =>
  prefixed({ prefix: 'userdata-', pattern: /^[A-Za-z_][A-Za-z0-9_.]{0,63}$/, reserved: isReservedUserdataName })

/** `plugin_…`: settings handed to plugins, whose names the server makes lower case. */
export const plugin = (): Codec<StringMap> =>
  prefixed({ prefix: 'plugin_', pattern: /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/, lowerCase: true })

/** Parameters newer than this release. Documented ones have an option of their own and are refused here. */
export const extra = (): Codec<StringMap> =>
  prefixed({ prefix: '', pattern: /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/, reserved: isReservedName })
