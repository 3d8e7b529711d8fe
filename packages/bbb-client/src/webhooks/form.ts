import { Buffer, isUtf8 } from 'node:buffer'
import { BbbWebhookError } from './errors.ts'

/** The three fields of a callback, decoded. `timestamp` is the decimal text. */
export interface WebhookForm {
  readonly event: string
  readonly timestamp: string
  readonly domain: string
}

const FIELDS: readonly (keyof WebhookForm)[] = ['event', 'timestamp', 'domain']
/** Decimal without sign, point or leading zero, and exact as a number. */
const TIMESTAMP = /^(0|[1-9]\d{0,14})$/

/** Strict, unlike `URLSearchParams`: a broken escape or text that is no UTF-8 is an error, not a replacement sign. */
function decode(text: string): string {
  return decodeURIComponent(text.includes('+') ? text.replaceAll('+', ' ') : text)
}

/**
 * The pairs of a form body, raw name, decoded name and value.
 * @throws {@link BbbWebhookError} `malformed` when an escape is broken or the bytes are no UTF-8.
 */
export function readPairs(
  body: Uint8Array,
): { readonly rawName: string; readonly name: string; readonly value: string }[] {
  try {
    if (!isUtf8(body)) throw new URIError()
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
      .toString('utf8')
      .split('&')
      .map(pair => {
        const equals = pair.indexOf('=')
        const rawName = equals === -1 ? pair : pair.slice(0, equals)
        return { rawName, name: decode(rawName), value: equals === -1 ? '' : decode(pair.slice(equals + 1)) }
      })
  } catch {
    throw new BbbWebhookError('malformed', 'The form has a broken escape or text that is not UTF-8.')
  }
}

/**
 * The fields of a body whose every byte is signed: an unknown field is passed over, a known one comes exactly once.
 * @throws {@link BbbWebhookError} `malformed`, naming the field.
 */
export function readForm(body: Uint8Array): WebhookForm {
  const pairs = readPairs(body)
  const one = (field: keyof WebhookForm): string => {
    const found = pairs.filter(pair => pair.name === field)
    const [pair] = found
    if (pair === undefined || found.length > 1) {
      throw new BbbWebhookError('malformed', `The form has ${found.length} fields named ${field} instead of one.`)
    }
    return pair.value
  }
  const form = { event: one('event'), timestamp: one('timestamp'), domain: one('domain') }
  if (!TIMESTAMP.test(form.timestamp)) {
    throw new BbbWebhookError('malformed', 'The timestamp of the form is no number of milliseconds.')
  }
  return form
}

/**
 * What bbb-webhooks 2.x signs in place of the body: the fields as JSON text, in its order, `timestamp` as a number
 * (upstream `callback_emitter.js`). `null` unless the form holds exactly those fields in that order, because anything
 * else in it would not be covered by the signature.
 */
export function signedJson(body: Uint8Array): string | null {
  let pairs: ReturnType<typeof readPairs>
  try {
    pairs = readPairs(body)
  } catch {
    return null
  }
  const [event, timestamp, domain] = pairs
  if (pairs.length !== FIELDS.length || FIELDS.some((field, index) => pairs[index]?.rawName !== field)) return null
  if (!event || !timestamp || !domain || !TIMESTAMP.test(timestamp.value)) return null
  return JSON.stringify({ event: event.value, timestamp: Number(timestamp.value), domain: domain.value })
}
