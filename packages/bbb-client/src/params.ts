import { BbbParamError } from './errors.ts'
import { isPlain, QueryBuilder } from './query.ts'
import type { XmlElement } from './xml.ts'

/**
 * How the parameters of a call are checked and written. A table row per parameter: its name is the key, its codec says
 * what is allowed. Whatever a codec lets through, every known server reads back as it was given.
 */

const NONE: readonly XmlElement[] = []

/** A request being written: the query, and what goes into the body, which the checksum never covers. */
export class RequestDraft extends QueryBuilder {
  /** Modules of an XML body (BigBlueButton docs, "POST requests"). */
  modules: readonly XmlElement[] = NONE
  /** The one file of a multipart body. */
  file: { readonly name: string; readonly content: Uint8Array } | undefined
}

/** What a codec needs beside the value. */
export interface EncodeContext {
  readonly call: string
  /** Why a URL may not be sent for others to open; `undefined` when it may. */
  readonly checkUrl: (value: string) => string | undefined
  /** Something unwise that is allowed; says what and why, never the value. */
  readonly warn: (message: string) => void
}

/** How one parameter is checked and written. */
export interface Codec<T> {
  /** @default false */
  readonly required?: true
  encode(out: RequestDraft, name: string, value: T, context: EncodeContext): void
}

/** A table made ready to be walked; see {@link paramTable}. */
export interface ParamTable<P> {
  readonly rows: readonly (readonly [name: string, codec: Codec<unknown>])[]
  readonly names: ReadonlySet<string>
  /** Only for the types: the parameters this table writes. */
  readonly params?: P
}

/** One codec for each property of the parameters, so that neither can be forgotten. */
export function paramTable<P>(codecs: { readonly [K in keyof P]-?: Codec<Exclude<P[K], undefined>> }): ParamTable<P> {
  const rows = Object.entries<Codec<unknown>>(codecs)
  return { rows, names: new Set(rows.map(([name]) => name)) }
}

/** Throws {@link BbbParamError}. The problem must not hold the value. */
export function refuse(context: EncodeContext, name: string, problem: string): never {
  throw new BbbParamError(context.call, name, problem)
}

/** Control characters, which servers drop silently, and two code points that no XML answer could give back. */
const UNFIT = /[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/

/** Text that arrives as it was given. */
export function checkText(value: unknown, name: string, context: EncodeContext): string {
  if (typeof value !== 'string') return refuse(context, name, `must be a string, not ${kindOf(value)}`)
  if (isPlain(value)) return value
  if (!value.isWellFormed()) return refuse(context, name, 'holds half a surrogate pair, which cannot be encoded')
  if (UNFIT.test(value)) return refuse(context, name, 'holds a control character, which the server would drop')
  return value
}

/** What a value is instead, for an error. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : typeof value
}

/** A list, of whatever. */
export function checkList(value: unknown, name: string, context: EncodeContext): readonly unknown[] {
  if (!Array.isArray(value)) return refuse(context, name, `must be a list, not ${kindOf(value)}`)
  return value
}

/** Objects written as such: literals and those without prototype, of any realm. A Date or a URL has no entries to send. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/**
 * The own fields of a small object (a document, a group…) by their names; nothing inherited, nothing that is not known.
 */
export function ownFields<K extends string>(
  value: unknown,
  known: readonly K[],
  at: string,
  context: EncodeContext,
): Readonly<Partial<Record<K, unknown>>> {
  if (!isPlainObject(value)) return refuse(context, at, `must be an object, not ${kindOf(value)}`)
  const fields: Partial<Record<K, unknown>> = Object.create(null)
  for (const [key, field] of Object.entries<unknown>(value)) {
    const name = known.find(candidate => candidate === key)
    if (name === undefined) return refuse(context, `${at}.${printable(key)}`, `is none of ${known.join(', ')}`)
    if (field !== undefined) fields[name] = field
  }
  return fields
}

/** A key may be anything at all; what is printed of it is short and plain. */
export function printable(key: string): string {
  return key.replace(/[^A-Za-z0-9_.-]/g, '?').slice(0, 40)
}

/**
 * Writes all of `params` by `table`, in the table's order, so that equal parameters give equal queries.
 * Properties that no row names are refused: a typing error must not vanish.
 */
export function encodeParams<P>(table: ParamTable<P>, params: P, out: RequestDraft, context: EncodeContext): void {
  if (typeof params !== 'object' || params === null || Array.isArray(params))
    refuse(context, 'params', `must be an object, not ${kindOf(params)}`)
  const given: object = params
  let used = 0
  for (const [name, codec] of table.rows) {
    const value: unknown = Reflect.get(given, name)
    if (value !== undefined && Object.hasOwn(given, name)) {
      used++
      codec.encode(out, name, value, context)
    } else if (codec.required) refuse(context, name, 'is required')
  }
  const keys = Object.keys(given)
  if (keys.length > used)
    for (const key of keys)
      if (!table.names.has(key))
        refuse(context, printable(key), 'is not a parameter of this call; new ones go into `extra`')
}

/** The encode of a call that is its table and nothing else. */
export function byTable<P>(table: ParamTable<P>) {
  return (out: RequestDraft, params: P, context: EncodeContext): void => encodeParams(table, params, out, context)
}
