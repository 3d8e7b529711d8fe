import { Buffer } from 'node:buffer'
import { BbbWebhookError } from './errors.ts'

/** What a signed text may cost. */
export interface JsonLimits {
  readonly maxDepth: number
  readonly maxNodes: number
  readonly maxStringBytes: number
}

const EVENT_LIMITS: JsonLimits = { maxDepth: 32, maxNodes: 10_000, maxStringBytes: 65_536 }

/** Fields that let their reader into a meeting. They are dropped on arrival, so that nothing can log or store them. */
const CREDENTIALS = new Set([
  'moderator-pass',
  'viewer-pass',
  'session-token',
  'moderatorPass',
  'viewerPass',
  'sessionToken',
  'authToken',
  'learningDashboardAccessToken',
])

/** Text that no database takes: NUL and halves of surrogate pairs. */
const UNSTORABLE = /[\0\p{Surrogate}]/u

/**
 * JSON text → value within limits, without credentials, every string storable. Walks with a list of its own instead
 * of recursion, so that depth costs no stack. Keys such as `__proto__` stay own properties and mean nothing.
 *
 * @throws {@link BbbWebhookError} `malformed`, naming the rule; the text itself is never quoted.
 */
export function parseJson(text: string, what: string, limits: JsonLimits = EVENT_LIMITS): unknown {
  let root: unknown
  try {
    root = JSON.parse(text)
  } catch {
    // The parser's own message quotes the text.
    throw new BbbWebhookError('malformed', `${what} is not JSON.`)
  }
  const refuse = (rule: string): never => {
    throw new BbbWebhookError('malformed', `${what} ${rule}.`)
  }
  const holder = { root }
  const pending: { readonly parent: object; readonly depth: number }[] = [{ parent: holder, depth: 0 }]
  let nodes = 0
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { parent, depth } = next
    if (depth > limits.maxDepth) refuse(`is nested deeper than ${limits.maxDepth} levels`)
    for (const key of Object.keys(parent)) {
      if (CREDENTIALS.has(key)) {
        Reflect.deleteProperty(parent, key)
        continue
      }
      if (++nodes > limits.maxNodes) refuse(`has more than ${limits.maxNodes} values`)
      const value: unknown = Reflect.get(parent, key)
      if (UNSTORABLE.test(key) || key.length > limits.maxStringBytes) refuse('has a name that cannot be stored')
      if (typeof value === 'string') {
        if (value.length > limits.maxStringBytes / 3 && Buffer.byteLength(value) > limits.maxStringBytes) {
          refuse(`has a text longer than ${limits.maxStringBytes} bytes`)
        }
        if (UNSTORABLE.test(value)) define(parent, key, value.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\ufffd'))
      } else if (typeof value === 'number') {
        if (!Number.isFinite(value)) refuse('has a number without end')
      } else if (typeof value === 'object' && value !== null) {
        pending.push({ parent: value, depth: depth + 1 })
      }
    }
  }
  return holder.root
}

/** Assignment would call the setter of `__proto__`. */
function define(parent: object, key: string, value: string): void {
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true })
}
