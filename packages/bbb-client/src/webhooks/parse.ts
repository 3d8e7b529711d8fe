import { BbbWebhookError, readVerified } from './errors.ts'
import { readEvent, type WebhookEvent } from './events/event.ts'
import { readForm } from './form.ts'
import { parseJson } from './json.ts'
import { rawBody } from './request.ts'

/** The content of one callback. */
export interface WebhookContent {
  /** bbb-webhooks 3 sends one per callback, 2.x up to its `multiEvent`. */
  readonly events: readonly WebhookEvent[]
  /** When bbb-webhooks first tried to send it; the same on every repetition. Not unique per event. */
  readonly sentAt: Date
  /** `bbb.serverDomain` of the sender. */
  readonly domain: string
}

const MAX_EVENTS = 100

/**
 * Verified bytes → typed events. Pure: the same bytes give the same events at any time. Takes what
 * `verifyWebhook` has verified, now or earlier; so its errors say `verified: true`.
 *
 * @throws {@link BbbWebhookError} `malformed`: store the bytes as a dead letter and answer 2xx.
 */
export function parseWebhook(body: Uint8Array | string): WebhookContent {
  return readVerified(() => {
    const form = readForm(rawBody(body, Number.MAX_SAFE_INTEGER))
    const value = parseJson(form.event, 'The event field')
    // The documentation shows a bare object; what is sent is a list.
    const items = Array.isArray(value) ? value : [value]
    if (items.length === 0 || items.length > MAX_EVENTS) {
      throw new BbbWebhookError(
        'malformed',
        `The event field holds ${items.length} events instead of 1 to ${MAX_EVENTS}.`,
      )
    }
    return {
      events: items.map((item, index) => readEvent(item, `event[${index}]`)),
      sentAt: new Date(Number(form.timestamp)),
      domain: form.domain,
    }
  })
}
