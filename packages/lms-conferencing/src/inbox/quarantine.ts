import { hash } from 'node:crypto'
import { type Clock, systemClock, type TimerHandle } from '../clock.ts'
import { faultFields } from '../fault.ts'
import { type Logger, noLogger } from '../logger.ts'
import type { CallbackRequest, VerifiedCallback } from '../provider.ts'
import type { NewRefusedRequest, RefusedRequest, Store } from '../store.ts'

export interface QuarantineOptions {
  readonly tenantId: string
  readonly store: Store
  /** @default the wall clock */
  readonly clock?: Clock | undefined
  readonly logger?: Logger | undefined
  /** How many requests are kept for each provider; the oldest make room. @default 1000 */
  readonly rows?: number | undefined
  /** How many bytes of them. @default 16777216 */
  readonly bytes?: number | undefined
}

/**
 * Requests that did not pass verification. Strangers fill it as they like, so it is bounded, costs one transaction a
 * second at most, and forgets rather than makes anybody wait. When the mistake was ours (a wrong secret), they are
 * verified again.
 */
export interface Quarantine {
  /** Returns at once; the request is written within the next second, if there is room. */
  add(provider: string, request: CallbackRequest, reason: string): void
  /** Writes what waits. */
  flush(): Promise<void>
  /**
   * Verifies again all that is kept: what passes is received and leaves, what does not stays. Answers how many passed.
   * `receive` rejects when it cannot store; then nothing more is tried.
   */
  requeue(again: Verification): Promise<number>
  stop(): Promise<void>
}

export interface Verification {
  /** Throws when it is refused. */
  readonly verify: (provider: string, request: CallbackRequest) => VerifiedCallback
  readonly receive: (received: { provider: string; callback: VerifiedCallback }) => Promise<void>
}

/** What verification looks at; whatever else a stranger sends along is not kept. */
const keptHeaders = ['content-type', 'authorization', 'x-zm-signature', 'x-zm-request-timestamp']
const FLUSH_MS = 1000
const WAITING_ROWS = 100
const WAITING_BYTES = 2 * 1024 * 1024
const PAGE = 100

export function createQuarantine(options: QuarantineOptions): Quarantine {
  const { tenantId, store, clock = systemClock, logger = noLogger } = options
  const limits = { rows: options.rows ?? 1000, bytes: options.bytes ?? 16 * 1024 * 1024 }
  let waiting: NewRefusedRequest[] = []
  let waitingBytes = 0
  let forgotten = 0
  let timer: TimerHandle | undefined
  let writing: Promise<void> | undefined

  async function write(): Promise<void> {
    const requests = waiting
    const lost = forgotten
    waiting = []
    waitingBytes = 0
    forgotten = 0
    if (requests.length === 0) return
    try {
      const dropped = await store.transaction(async tx => {
        let sum = 0
        for (const request of requests) sum += await tx.addRefused(request, limits)
        return sum
      })
      if (dropped + lost > 0) logger.warn('refused requests forgotten for lack of room', { count: dropped + lost })
    } catch (error) {
      logger.warn('refused requests not kept', { count: requests.length, ...faultFields(error) })
    }
  }

  async function flush(): Promise<void> {
    if (timer) clock.clearTimeout(timer)
    timer = undefined
    await writing
    writing = write()
    await writing
    writing = undefined
  }

  return {
    add(provider, request, reason) {
      if (waiting.length >= WAITING_ROWS || waitingBytes + request.body.byteLength > WAITING_BYTES) {
        forgotten++
        return
      }
      const { method, target, body } = request
      const headers = headersOf(request)
      const identity = JSON.stringify([provider, method, target, headers])
      const digest = hash('sha256', Buffer.concat([Buffer.from(identity), body]))
      const receivedAt = new Date(clock.now())
      waiting.push({ tenantId, provider, method, target, headers, body, reason, digest, receivedAt })
      waitingBytes += body.byteLength
      timer ??= clock.setTimeout(() => {
        void flush()
      }, FLUSH_MS)
    },
    flush,
    async requeue({ verify, receive }) {
      await flush()
      let passed = 0
      for (let afterId = 0; ; ) {
        const page = await store.read(tx => tx.listRefused({ tenantId, limit: PAGE, afterId }))
        const last = page.at(-1)
        if (!last) return passed
        afterId = last.id
        for (const request of page) {
          const callback = verified(request, verify)
          if (!callback) continue
          // Should the process die in between, the callback is known when it comes a second time.
          if (callback.answer === undefined) await receive({ provider: request.provider, callback })
          await store.transaction(tx => tx.deleteRefused(tenantId, request.id))
          passed++
        }
      }
    },
    stop: flush,
  }
}

function verified(request: RefusedRequest, verify: Verification['verify']): VerifiedCallback | null {
  try {
    return verify(request.provider, request)
  } catch {
    return null
  }
}

function headersOf({ headers }: CallbackRequest): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {}
  for (const name of keptHeaders) {
    const value = headers instanceof Headers ? headers.get(name) : headers[name]
    if (typeof value === 'string') kept[name] = value
  }
  return kept
}
