import type { VerifyWebhookOptions } from './options.ts'
import { parseWebhook, type WebhookContent } from './parse.ts'
import type { WebhookRequest } from './request.ts'
import { type VerifiedWebhook, verifyWebhook } from './verify.ts'

/** A callback that was verified and read. */
export interface ReceivedWebhook extends VerifiedWebhook, WebhookContent {}

/**
 * Verifies one callback of bbb-webhooks and reads its events.
 *
 * @throws {@link BbbWebhookError} when it must not be trusted (answer 401), or, with `verified: true`, when it can be
 * trusted but not read (store it, answer 2xx). BbbConfigError when the options are wrong.
 * @example
 * const { events } = receiveWebhook({ target: req.url, headers: req.headers, body }, { callbackUrl, secrets })
 * for (const event of events) if (event.id === 'user-joined') greet(event.user.name)
 */
export function receiveWebhook(request: WebhookRequest, options: VerifyWebhookOptions): ReceivedWebhook {
  const verified = verifyWebhook(request, options)
  return { ...verified, ...parseWebhook(request.body) }
}
