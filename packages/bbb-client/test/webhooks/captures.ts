import { Buffer } from 'node:buffer'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ChecksumAlgorithm, WebhookRequest, WebhookScheme } from 'bbb-client/webhooks'

/** One callback recorded from a running bbb-webhooks. */
export interface Capture {
  readonly series: string
  readonly n: number
  readonly auth: 'checksum' | 'bearer'
  readonly scheme: WebhookScheme | null
  readonly algorithm: ChecksumAlgorithm | null
  readonly secret: string
  readonly domain: string
  readonly callbackURL: string
  readonly method: string
  readonly target: string
  readonly rawHeaders: readonly (readonly [string, string])[]
  readonly bodyBase64: string
}

export const data = process.env.CONFORMANCE_DATA

/** Every recorded callback, or nothing in a clone without the data. */
export function captures(): readonly Capture[] {
  if (!data) return []
  const directory = join(data, 'bbb', 'webhook-captures')
  return readdirSync(directory)
    .filter(file => file.endsWith('.jsonl'))
    .flatMap(file => readFileSync(join(directory, file), 'utf8').trim().split('\n'))
    .map(line => JSON.parse(line))
}

export function series(name: string): readonly Capture[] {
  return captures().filter(capture => capture.series === name)
}

export function bodyOf(capture: Capture): Buffer {
  return Buffer.from(capture.bodyBase64, 'base64')
}

export function requestOf(capture: Capture): WebhookRequest {
  return { method: capture.method, target: capture.target, headers: capture.rawHeaders, body: bodyOf(capture) }
}
