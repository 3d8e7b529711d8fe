import type { XmlNode } from './xml.ts'

/**
 * Reads fields of an answer. Everything on the wire is text; each field says here what it must be. Unknown elements
 * survive in `extra`, unreadable ones become `null`, and only a missing identity makes a record unusable.
 */

/** Free keys (metadata, customdata, unknown fields): a plain object without prototype, safe for any key. */
export type Bag = Readonly<Record<string, string>>

/** Instances inherit no name at all, and unlike those of `Object.create(null)` they stay fast. */
class BagObject {
  [name: string]: string
}
Object.setPrototypeOf(BagObject.prototype, null)
Reflect.deleteProperty(BagObject.prototype, 'constructor')

const EMPTY_BAG: Bag = Object.freeze(new BagObject())

/** Without the white space of XML at both ends; other blanks belong to the text. */
export function trimXml(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isSpace(text.charCodeAt(from))) from++
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--
  return to - from === text.length ? text : text.slice(from, to)
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

function bagOf(nodes: Iterable<XmlNode>): Bag {
  let bag: Record<string, string> | undefined
  for (const node of nodes) {
    bag ??= new BagObject()
    bag[node.name] = trimXml(node.text)
  }
  return bag ?? EMPTY_BAG
}

/** A record that lacks its identity. The path says where, nothing says what. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
  readonly path: string

  constructor(path: string) {
    super(`${path} is missing or unreadable`)
    this.path = path
  }
}

const YEAR_2000 = 946_684_800_000
const YEAR_2100 = 4_102_444_800_000

/** Grouping that servers put into numbers: `1,202`, `1.202`, `1 202`, `1'202`, `1,00,202`. */
const GROUPED = /^-?\d{1,3}(?:[,.'’\u00a0\u202f\u2009 ]\d{2,3})*[,.'’\u00a0\u202f\u2009 ]\d{3}$/
const INTEGER = /^-?\d{1,19}$/

/** Text → whole number, with or without grouping; `null` for anything else, and beyond 2^53. */
export function parseInteger(text: string): number | null {
  const trimmed = text.trim()
  const digits = INTEGER.test(trimmed) ? trimmed : GROUPED.test(trimmed) ? trimmed.replace(/[^\d-]/g, '') : null
  if (digits === null) return null
  const value = Number(digits)
  return Number.isSafeInteger(value) ? value : null
}

/** Fields of one record of an answer. */
export class Reader {
  readonly node: XmlNode
  readonly #warn: (issue: string) => void
  /** Where it stands, for the rare case that somebody has to be told. */
  readonly #parent: Reader | null
  readonly #step: string | number

  constructor(node: XmlNode, step: string | number, warn: (issue: string) => void, parent: Reader | null = null) {
    this.node = node
    this.#step = step
    this.#warn = warn
    this.#parent = parent
  }

  /** For example `getMeetings.meetings[3]`. */
  get path(): string {
    const at = this.#parent?.path ?? ''
    if (typeof this.#step === 'number') return `${at}[${this.#step}]`
    return at === '' ? this.#step : `${at}.${this.#step}`
  }

  /** The element's text as it came, without blanks around it; `null` when the element is absent. */
  text(name: string): string | null {
    const node = this.node.child(name)
    return node === undefined ? null : trimXml(node.text)
  }

  /** Like {@link text}, with `''` as `null`. */
  filled(name: string): string | null {
    return this.text(name) || null
  }

  /** Text that must be there for the record to mean anything. */
  identity(name: string): string {
    const value = this.filled(name)
    if (value === null) throw new ShapeError(`${this.path}.${name}`)
    return value
  }

  /** `true` or `false` in any letter case. */
  boolean(name: string): boolean | null {
    const value = this.text(name)?.toLowerCase()
    return value === 'true' ? true : value === 'false' ? false : null
  }

  /** The same, where every such answer says it. */
  verdict(name: string): boolean {
    const value = this.boolean(name)
    if (value === null) throw new ShapeError(`${this.path}.${name}`)
    return value
  }

  /** A whole number, with or without grouping. */
  integer(name: string): number | null {
    const value = this.text(name)
    return value === null ? null : parseInteger(value)
  }

  /** A count: a whole number from 0. */
  count(name: string): number | null {
    const value = this.integer(name)
    return value !== null && value >= 0 ? value : null
  }

  /** A whole number from 1 that must be there. */
  positive(name: string): number {
    const value = this.integer(name)
    if (value === null || value < 1) throw new ShapeError(`${this.path}.${name}`)
    return value
  }

  /** Epoch milliseconds, exact; 0, unreadable and implausible (outside 2000 to 2100) are `null`. */
  epoch(name: string): number | null {
    const value = this.integer(name)
    return value !== null && value >= YEAR_2000 && value < YEAR_2100 ? value : null
  }

  date(name: string): Date | null {
    const value = this.epoch(name)
    return value === null ? null : new Date(value)
  }

  /** Free keys below one element. */
  bag(name: string): Bag {
    const node = this.node.child(name)
    return node === undefined ? EMPTY_BAG : bagOf(node.children)
  }

  /** Elements that no field is made for, where they hold text alone. */
  extra(known: ReadonlySet<string>): Bag {
    let unknown: XmlNode[] | undefined
    for (const child of this.node.children)
      if (!known.has(child.name) && child.children.length === 0) {
        unknown ??= []
        unknown.push(child)
      }
    return unknown === undefined ? EMPTY_BAG : bagOf(unknown)
  }

  /** The record below one element; `null` when it is absent. */
  child(name: string): Reader | null {
    const node = this.node.child(name)
    return node === undefined ? null : new Reader(node, name, this.#warn, this)
  }

  /** The texts of the elements called `item` below `list`. */
  texts(list: string, item: string): readonly string[] {
    return (this.node.child(list)?.children ?? [])
      .filter(child => child.name === item)
      .map(child => trimXml(child.text))
  }

  /**
   * Records below one element, for none, one and many alike. A record without identity is left out, and said to be:
   * one bad record never hides the others.
   */
  list<T>(list: string, item: string, decode: (reader: Reader) => T): readonly T[] {
    const reader = this.child(list)
    return reader === null ? [] : reader.#records(item, decode)
  }

  /** The list an answer is for: there, if only empty, or said to be empty by a message key. */
  answer<T>(list: string, item: string, emptyKey: string | null, decode: (reader: Reader) => T): readonly T[] {
    if (this.node.child(list) === undefined && (emptyKey === null || this.text('messageKey') !== emptyKey))
      throw new ShapeError(`${this.path}.${list}`)
    return this.list(list, item, decode)
  }

  #records<T>(item: string, decode: (reader: Reader) => T): readonly T[] {
    const records: T[] = []
    let index = 0
    for (const node of this.node.children) {
      if (node.name !== item) continue
      const reader = new Reader(node, index++, this.#warn, this)
      try {
        records.push(decode(reader))
      } catch (error) {
        if (!(error instanceof ShapeError)) throw error
        this.#warn(error.message)
      }
    }
    return records
  }
}
