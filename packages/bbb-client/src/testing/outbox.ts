import type { FakeClock } from './clock.ts'
import { HttpSender, type OutgoingRequest, type RedirectPolicy } from './http-sender.ts'

/** What a callback is about. */
export type DeliveryKind = 'hook' | 'meeting-ended' | 'recording-ready' | 'analytics'

/** One attempt to deliver a callback. Holds no checksum, token or body. */
export interface Delivery {
  readonly kind: DeliveryKind
  /** Event ids in the callback; empty for the other kinds. */
  readonly events: readonly string[]
  readonly hookID: string | undefined
  /** The callback URL as registered. */
  readonly url: string
  /** 1 for the first try. */
  readonly attempt: number
  /** Epoch milliseconds when it was sent. */
  readonly at: number
  /** The final HTTP status; `undefined` when no answer came. */
  readonly status: number | undefined
  /**
   * `delivered`: 2xx. `refused`: 401, which the sender takes as delivered. `retrying`: another try follows. `failed`: the last
   * try, too. `abandoned`: the fake server was closed meanwhile.
   */
  readonly outcome: 'delivered' | 'refused' | 'retrying' | 'failed' | 'abandoned'
}

/** A callback to send, with everything that decides when to stop trying. */
export interface DeliveryJob {
  readonly kind: DeliveryKind
  readonly events?: readonly string[] | undefined
  readonly hookID?: string | undefined
  readonly url: string
  readonly request: OutgoingRequest
  readonly redirects: RedirectPolicy
  /** Milliseconds to wait before each further try. */
  readonly waits: readonly number[]
  /** After those: a try every so many milliseconds, for ever. */
  readonly repeatEveryMs?: number | undefined
  /** 401 counts as delivered. */
  readonly refusalIsFinal: boolean
  readonly timeoutMs: number
  /** Called once, after the last try. */
  readonly onSettled?: ((delivered: boolean) => void) | undefined
}

/** The list forgets its oldest entries beyond this. */
const keptDeliveries = 20_000

/** Sends callbacks, tries again on its clock, and keeps a list of every attempt. */
export class Outbox {
  readonly #clock: FakeClock
  readonly #onDelivery: ((delivery: Delivery) => void) | undefined
  readonly #sender = new HttpSender()
  readonly #deliveries: Delivery[] = []
  readonly #inFlight = new Set<Promise<void>>()
  readonly #closing = new AbortController()

  constructor(clock: FakeClock, onDelivery: ((delivery: Delivery) => void) | undefined) {
    this.#clock = clock
    this.#onDelivery = onDelivery
  }

  get deliveries(): readonly Delivery[] {
    return this.#deliveries
  }

  /** Sends now and as often as the job allows. */
  send(job: DeliveryJob): void {
    this.#start(job, 1)
  }

  /** Resolves when nothing is on the wire; tries that wait for their time do not count. */
  async idle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.idle()
    this.#sender.close()
  }

  #start(job: DeliveryJob, attempt: number): void {
    if (this.#closing.signal.aborted) return
    const work = this.#attempt(job, attempt).finally(() => this.#inFlight.delete(work))
    this.#inFlight.add(work)
    this.#clock.whileBusy?.(work)
  }

  async #attempt(job: DeliveryJob, attempt: number): Promise<void> {
    const at = this.#clock.now()
    const status = await this.#exchange(job)
    const delivered = status !== undefined && status >= 200 && status < 300
    const refused = status === 401 && job.refusalIsFinal
    const wait = job.waits[attempt - 1] ?? job.repeatEveryMs
    const abandoned = this.#closing.signal.aborted && !delivered && !refused
    const outcome = delivered
      ? 'delivered'
      : refused
        ? 'refused'
        : abandoned
          ? 'abandoned'
          : wait === undefined
            ? 'failed'
            : 'retrying'
    const { kind, events = [], hookID, url } = job
    const delivery: Delivery = { kind, events, hookID, url, attempt, at, status, outcome }
    if (this.#deliveries.push(delivery) > keptDeliveries) this.#deliveries.shift()
    this.#onDelivery?.(delivery)
    if (outcome === 'retrying' && wait !== undefined) this.#clock.setTimeout(() => this.#start(job, attempt + 1), wait)
    else if (!abandoned) job.onSettled?.(delivered || refused)
  }

  async #exchange(job: DeliveryJob): Promise<number | undefined> {
    const timeout = new AbortController()
    const timer = this.#clock.setTimeout(() => timeout.abort(), job.timeoutMs)
    try {
      return await this.#sender.send(
        job.request,
        job.redirects,
        AbortSignal.any([timeout.signal, this.#closing.signal]),
      )
    } catch {
      return undefined
    } finally {
      this.#clock.clearTimeout(timer)
    }
  }
}
