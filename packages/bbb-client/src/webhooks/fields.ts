import { BbbWebhookError } from './errors.ts'

/** A record without prototype: a key named `constructor` is only a key. */
export function bareRecord<T>(): Record<string, T> {
  return Object.create(null)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Reads one object of a callback by name and remembers what was not asked for. Errors name the path, never the value.
 * Ids and texts that upstream turned into numbers come back as text.
 */
export class Fields {
  readonly path: string
  readonly #object: Readonly<Record<string, unknown>>
  readonly #unread: Set<string>
  readonly #family: Fields[]

  /** @throws {@link BbbWebhookError} `malformed` when `value` is no object. */
  constructor(value: unknown, path: string, family: Fields[] = []) {
    if (!isObject(value))
      throw new BbbWebhookError('malformed', `${path === '' ? 'attributes' : path} is not an object.`)
    this.path = path
    this.#object = value
    this.#unread = new Set(Object.keys(value))
    this.#family = family
    family.push(this)
  }

  /** The raw value, or `undefined`; own properties only. */
  take(key: string): unknown {
    this.#unread.delete(key)
    return Object.hasOwn(this.#object, key) ? this.#object[key] : undefined
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#object, key)
  }

  /** Text that must be there and not be empty. */
  text(key: string): string {
    return this.maybeText(key) ?? this.missing(key)
  }

  /** `""` is how upstream says "unknown". */
  maybeText(key: string): string | null {
    const value = this.take(key)
    if (typeof value === 'number') return String(value)
    return typeof value === 'string' && value !== '' ? value : null
  }

  maybeNumber(key: string): number | null {
    const value = this.take(key)
    if (typeof value === 'number') return value
    return typeof value === 'string' && /^\d{1,15}(\.\d{1,6})?$/.test(value) ? Number(value) : null
  }

  flag(key: string): boolean {
    return this.maybeFlag(key) ?? this.missing(key)
  }

  /** Only `true` and `false`, as booleans or as text. */
  maybeFlag(key: string): boolean | null {
    const value = this.take(key)
    if (value === true || value === 'true') return true
    return value === false || value === 'false' ? false : null
  }

  /** @see toDate */
  maybeDate(key: string): Date | null {
    return toDate(this.take(key))
  }

  list(key: string): readonly unknown[] {
    const value = this.take(key)
    return Array.isArray(value) ? value : this.missing(key)
  }

  /** What `list` gives, or nothing when it is absent or no list. */
  maybeList(key: string): readonly unknown[] {
    const value = this.take(key)
    return Array.isArray(value) ? value : []
  }

  /** One element of a list read from here, with a path of its own and its unread fields counted. */
  item(key: string, index: number, value: unknown): Fields {
    return new Fields(value, this.path === '' ? `${key}[${index}]` : `${this.path}.${key}[${index}]`, this.#family)
  }

  /** The object under `key`. */
  fields(key: string): Fields {
    return new Fields(this.take(key), this.path === '' ? key : `${this.path}.${key}`, this.#family)
  }

  maybeFields(key: string): Fields | null {
    return isObject(this.#object[key]) && this.has(key) ? this.fields(key) : null
  }

  /** Free keys with text values, such as metadata: numbers become text, an empty element (`{}`) becomes `""`. */
  map(key: string): Readonly<Record<string, string>> {
    const texts = bareRecord<string>()
    const value = this.take(key)
    if (!isObject(value)) return texts
    for (const [name, entry] of Object.entries(value)) {
      if (typeof entry === 'string') texts[name] = entry
      else if (typeof entry === 'number' || typeof entry === 'boolean') texts[name] = String(entry)
      else if (isObject(entry) && Object.keys(entry).length === 0) texts[name] = ''
    }
    return texts
  }

  /** Everything in this family of objects that nobody asked for, by path, written into `extra`. */
  collectUnread(extra: Record<string, unknown>): void {
    for (const member of this.#family) {
      for (const key of member.#unread) {
        const value = member.#object[key]
        // Upstream's empty element.
        if (isObject(value) && Object.keys(value).length === 0) continue
        extra[member.path === '' ? key : `${member.path}.${key}`] = value
      }
    }
  }

  missing(key: string): never {
    const path = this.path === '' ? key : `${this.path}.${key}`
    throw new BbbWebhookError('malformed', `${path} is missing or of another type.`)
  }
}

const EARLIEST_MS = Date.UTC(2000, 0, 1)
const LATEST_MS = Date.UTC(2100, 0, 1)
/** Below this a time is in seconds: as milliseconds it would lie in early 1973. */
const SECONDS_BELOW = 100_000_000_000

/**
 * A time of bbb-webhooks: milliseconds, except that recording scripts send seconds. `null` for anything that is no time
 * between 2000 and 2100.
 */
export function toDate(value: unknown): Date | null {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number)) return null
  const milliseconds = number < SECONDS_BELOW ? number * 1000 : number
  return milliseconds >= EARLIEST_MS && milliseconds < LATEST_MS ? new Date(milliseconds) : null
}
