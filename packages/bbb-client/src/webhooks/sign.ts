import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import type { ChecksumAlgorithm } from '../checksum.ts'
import { signedJson } from './form.ts'
import { prepareCallbackUrls, prepareSecrets, type WebhookScheme } from './options.ts'

export interface SignWebhookOptions {
  /** The string that would have been given to `hooks/create`. */
  readonly callbackUrl: string
  readonly secret: string
  /** Events as bbb-webhooks writes them: `{ data: { type: 'event', id, attributes, event: { ts } } }`, or raw messages. */
  readonly events: readonly unknown[]
  /**
   * When the callback was first tried, in milliseconds.
   * @default 1_700_000_000_000
   */
  readonly timestamp?: number | undefined
  /** @default 'bbb.example.org' */
  readonly domain?: string | undefined
  /** @default 'url+body' */
  readonly scheme?: WebhookScheme | undefined
  /** @default 'sha256' */
  readonly algorithm?: ChecksumAlgorithm | undefined
}

/** A callback to send to the code under test. */
export interface SignedWebhook {
  readonly method: 'POST'
  /** Path and query, with the checksum. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** RFC 3986, as the `request` library of bbb-webhooks 2.x writes forms. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

/**
 * A callback as bbb-webhooks sends it, byte for byte, for the tests of your own receiver. Pure.
 *
 * @throws BbbConfigError when URL or secret could not be registered.
 * @example
 * const request = signWebhook({ callbackUrl, secret, events: [userJoined] })
 * await app.inject({ ...request, url: request.target, payload: request.body })
 */
export function signWebhook(options: SignWebhookOptions): SignedWebhook {
  const { callbackUrl, secret, scheme = 'url+body', algorithm = 'sha256', domain = 'bbb.example.org' } = options
  prepareCallbackUrls(callbackUrl)
  prepareSecrets({ secrets: secret })
  const event = JSON.stringify(options.events)
  const timestamp = String(options.timestamp ?? 1_700_000_000_000)
  const body =
    scheme === 'url+json'
      ? `event=${percentEncode(event)}&timestamp=${timestamp}&domain=${percentEncode(domain)}`
      : new URLSearchParams({ domain, event, timestamp }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' }
  if (scheme === 'bearer') {
    return {
      method: 'POST',
      target: targetOf(callbackUrl),
      headers: { ...headers, authorization: `Bearer ${secret}` },
      body,
    }
  }
  const signed = { 'url+body': body, 'url+json': signedJson(Buffer.from(body)) ?? '', 'url+braces': '{}' }[scheme]
  const checksum = hash(algorithm, callbackUrl + signed + secret, 'hex')
  // bbb-webhooks looks for any query, also an empty one, and not for where a fragment begins.
  const separator = callbackUrl.replace(/#.*$/s, '').includes('?') ? '&' : '?'
  return { method: 'POST', target: targetOf(`${callbackUrl}${separator}checksum=${checksum}`), headers, body }
}

/** What an HTTP client puts on the request line. */
function targetOf(url: string): string {
  const { pathname, search } = new URL(url)
  return pathname + search
}
