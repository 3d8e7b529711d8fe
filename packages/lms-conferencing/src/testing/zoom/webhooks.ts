import { createHmac } from 'node:crypto'
import type { Clock, TimerHandle } from '../../clock.ts'
import { toJson } from './message.ts'

/** A webhook as it goes out. */
export interface FakeZoomWebhook {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Delivers one webhook; the answer's status and text. Rejects when there is none. */
export type WebhookSender = (webhook: FakeZoomWebhook) => Promise<{ readonly status: number; readonly body: string }>

/** One attempt to deliver. */
export interface FakeZoomDelivery {
  readonly event: string
  /** 1 for the first try. */
  readonly attempt: number
  /** Epoch milliseconds. */
  readonly at: number
  /** `undefined`: no answer in time. */
  readonly status: number | undefined
}

export interface WebhooksOptions {
  readonly secret: string
  readonly accountId: string
  readonly clock: Clock
  readonly send: WebhookSender
  /** Retries carry the time and signature of their own sending. Which of the two Zoom does is unknown. */
  readonly restampRetries: boolean
}

/** After the first try: 5 minutes, 20 more, 60 more. */
const RETRY_PAUSES_MS = [5, 20, 60].map(minutes => minutes * 60_000)
const CHALLENGE_EVERY_MS = 72 * 3_600_000
const CHALLENGE_FAILURES = 6
const ANSWER_WITHIN_MS = 3_000

interface Subscription {
  readonly url: string
  failures: number
  enabled: boolean
}

/** Zoom's event subscriptions: signs, sends, tries again, and asks every 72 hours whether the endpoint is alive. */
export class Webhooks {
  readonly deliveries: FakeZoomDelivery[] = []
  readonly #options: WebhooksOptions
  readonly #subscriptions: Subscription[] = []
  readonly #timers = new Set<TimerHandle>()
  #tail: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: WebhooksOptions) {
    this.#options = options
  }

  /** Subscribes an endpoint, once it has passed its challenge. Answers whether it did. */
  async subscribe(url: string): Promise<boolean> {
    const subscription: Subscription = { url, failures: 0, enabled: true }
    if (!(await this.#challenge(subscription))) return false
    this.#subscriptions.push(subscription)
    return true
  }

  get enabled(): number {
    return this.#subscriptions.filter(({ enabled }) => enabled).length
  }

  /** Sends an event to everybody who asked for it, after those before it. */
  emit(event: string, object: Readonly<Record<string, unknown>>, beside: Readonly<Record<string, unknown>> = {}): void {
    const { accountId, clock } = this.#options
    const text = { event, payload: { account_id: accountId, object }, event_ts: clock.now(), ...beside }
    const body = bytesOf(text)
    for (const { url } of this.#subscriptions.filter(({ enabled }) => enabled))
      this.#queue(() => this.#deliver(url, event, body, clock.now(), 1))
  }

  /** Resolves when nothing is on the wire; tries that wait for their time do not count. */
  async idle(): Promise<void> {
    for (let tail: Promise<void> | undefined; tail !== this.#tail; ) {
      tail = this.#tail
      await tail
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const timer of this.#timers) timer.cancel()
    await this.idle()
  }

  #queue(work: () => Promise<void>): void {
    this.#tail = this.#tail.then(work)
  }

  async #deliver(url: string, event: string, body: Uint8Array, stampedAt: number, attempt: number): Promise<void> {
    const { clock, restampRetries } = this.#options
    if (this.#closed) return
    const status = (await this.#post(url, body, stampedAt))?.status
    this.deliveries.push({ event, attempt, at: clock.now(), status })
    // 3xx and 4xx are final.
    const pause = status === undefined || status >= 500 ? RETRY_PAUSES_MS[attempt - 1] : undefined
    if (pause === undefined) return
    this.#later(pause, () => {
      const stamp = restampRetries ? clock.now() : stampedAt
      this.#queue(() => this.#deliver(url, event, body, stamp, attempt + 1))
    })
  }

  async #challenge(subscription: Subscription): Promise<boolean> {
    const { secret, clock } = this.#options
    const plainToken = createHmac('sha256', 'tokens of the fake')
      .update(String(clock.now()))
      .digest('base64url')
      .slice(0, 22)
    const body = bytesOf({ payload: { plainToken }, event_ts: clock.now(), event: 'endpoint.url_validation' })
    const answer = await this.#post(subscription.url, body, clock.now())
    this.deliveries.push({ event: 'endpoint.url_validation', attempt: 1, at: clock.now(), status: answer?.status })
    const isRight = answer?.status === 200 && isAnswer(answer.body, plainToken, secret)
    subscription.failures = isRight ? 0 : subscription.failures + 1
    if (subscription.failures >= CHALLENGE_FAILURES) subscription.enabled = false
    else this.#later(CHALLENGE_EVERY_MS, () => this.#queue(async () => void (await this.#challenge(subscription))))
    return isRight
  }

  async #post(
    url: string,
    body: Uint8Array,
    stampedAt: number,
  ): Promise<Awaited<ReturnType<WebhookSender>> | undefined> {
    const { secret, clock, send } = this.#options
    const timestamp = String(Math.floor(stampedAt / 1000))
    const headers = {
      'user-agent': 'Zoom Marketplace/1.0a',
      'content-type': 'application/json; charset=utf-8',
      'x-zm-request-timestamp': timestamp,
      'x-zm-signature': signatureOf(secret, timestamp, body),
      'x-zm-trackingid': `WEB_${stampedAt}`,
    }
    let timer: TimerHandle | undefined
    const tooLate = new Promise<undefined>(resolve => {
      timer = clock.setTimeout(() => resolve(undefined), ANSWER_WITHIN_MS)
    })
    try {
      return await Promise.race([send({ url, headers, body }), tooLate])
    } catch {
      return undefined
    } finally {
      if (timer) clock.clearTimeout(timer)
    }
  }

  #later(ms: number, work: () => void): void {
    if (this.#closed) return
    const timer = this.#options.clock.setTimeout(() => {
      this.#timers.delete(timer)
      work()
    }, ms)
    this.#timers.add(timer)
  }
}

/** `v0=` and the HMAC-SHA256 of `v0:timestamp:body`, in hex. */
export const signatureOf = (secret: string, timestamp: string, body: Uint8Array): string =>
  `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')}`

/** Zoom's mixture: beyond the basic plane escaped, everything else in UTF-8 as it is. */
const bytesOf = (value: unknown): Uint8Array =>
  Buffer.from(
    toJson(value).replace(/[\uD800-\uDFFF]/g, unit => `\\u${unit.charCodeAt(0).toString(16).toUpperCase()}`),
    'utf8',
  )

function isAnswer(body: string, plainToken: string, secret: string): boolean {
  const encryptedToken = createHmac('sha256', secret).update(plainToken).digest('hex')
  try {
    const answer: unknown = JSON.parse(body)
    return (
      typeof answer === 'object' &&
      answer !== null &&
      Reflect.get(answer, 'plainToken') === plainToken &&
      Reflect.get(answer, 'encryptedToken') === encryptedToken
    )
  } catch {
    return false
  }
}

/** Sends with the global `fetch`, following no redirect. */
export const fetchSender: WebhookSender = async ({ url, headers, body }) => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { ...headers, connection: 'close' },
    body: new Uint8Array(body),
    redirect: 'manual',
  })
  return { status: answer.status, body: await answer.text() }
}
