import { Buffer } from 'node:buffer'
import { BbbWebhookError } from './errors.ts'

/** A `Headers`, the header object of a Node request, or pairs. */
export type WebhookHeaders =
  | Headers
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [string, string]>

/** A callback as it arrived: nothing parsed, nothing decoded, nothing normalised. */
export interface WebhookRequest {
  /** Checked when given: bbb-webhooks only sends POST. */
  readonly method?: string | undefined
  /** Path and query as they arrived (`req.url` in Node). Only its `checksum` is read; host and path decide nothing. */
  readonly target: string
  readonly headers: WebhookHeaders
  /** The raw body. A string is taken as UTF-8. */
  readonly body: Uint8Array | string
}

/** How many bytes of body are looked at unless told otherwise: 1 MiB. */
export const MAX_BODY_BYTES = 1_048_576

const ALREADY_PARSED =
  'The body is not raw: a framework parsed it before it could be verified, and a body written again is not the one that was signed. ' +
  'Give this route the bytes: express.raw({ type: () => true }) instead of express.json() or express.urlencoded(), ' +
  'a Fastify content type parser with parseAs "buffer", await request.arrayBuffer() for fetch-style handlers.'

/**
 * Every value of one header; the name in any letter case. Anything that is not text is passed over, because a request
 * is a stranger's and must never become an exception.
 */
export function headerValues(headers: unknown, name: string): string[] {
  const values: string[] = []
  const take = (key: unknown, value: unknown) => {
    if (typeof key !== 'string' || key.length !== name.length || key.toLowerCase() !== name) return
    for (const item of Array.isArray(value) ? value : [value]) if (typeof item === 'string') values.push(item)
  }
  if (typeof headers !== 'object' || headers === null) return values
  if (Symbol.iterator in headers && typeof headers[Symbol.iterator] === 'function') {
    for (const pair of headers as Iterable<unknown>) if (Array.isArray(pair)) take(pair[0], pair[1])
  } else {
    for (const key of Object.keys(headers)) take(key, Reflect.get(headers, key))
  }
  return values
}

/**
 * The body as bytes, not copied.
 * @throws {@link BbbWebhookError} `parsed` when it is no bytes, `too_large` when it is more than `maxBytes`.
 */
export function rawBody(body: unknown, maxBytes: number): Buffer {
  let bytes: Buffer
  if (typeof body === 'string') bytes = Buffer.from(body, 'utf8')
  else if (body instanceof Uint8Array) bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  else if (body instanceof ArrayBuffer) bytes = Buffer.from(body)
  else throw new BbbWebhookError('parsed', ALREADY_PARSED)
  if (bytes.length > maxBytes) throw new BbbWebhookError('too_large', `The body is larger than ${maxBytes} bytes.`)
  return bytes
}

/** @throws {@link BbbWebhookError} `method` when a method was given and is another one. */
export function requireMethod(method: unknown, expected: 'GET' | 'POST'): void {
  if (method !== undefined && method !== expected) {
    throw new BbbWebhookError('method', `This callback is a ${expected} request.`)
  }
}

/** The token of `Authorization: Bearer …`, `null` when there is none; two such headers are no token at all. */
export function bearerToken(headers: unknown): string | null {
  const values = headerValues(headers, 'authorization')
  // Beyond Latin-1 nothing can have come through HTTP, and narrowing it to bytes could make two texts equal. For the
  // same reason no `i` flag: it would let Ÿ in as ÿ.
  const match = values.length === 1 ? /^[Bb][Ee][Aa][Rr][Ee][Rr] ([\x21-\x7e\x80-\xff]+)$/.exec(values[0] ?? '') : null
  return match?.[1] ?? null
}

/** The query of a URL or request target: after the first `?`, before any `#`. */
export function queryOf(target: string): string {
  const fragment = target.indexOf('#')
  const start = target.indexOf('?')
  const end = fragment === -1 ? target.length : fragment
  return start === -1 || start > end ? '' : target.slice(start + 1, end)
}

/**
 * The `checksum` parameters of a URL or request target: how many there are, and the raw value of the last. bbb-webhooks
 * writes that name in no other spelling.
 */
export function checksumsIn(target: string): { readonly count: number; readonly last: string | null } {
  let count = 0
  let last: string | null = null
  if (target.includes('checksum')) {
    for (const pair of queryOf(target).split('&')) {
      if (pair !== 'checksum' && !pair.startsWith('checksum=')) continue
      count += 1
      last = pair.slice('checksum='.length)
    }
  }
  return { count, last }
}
