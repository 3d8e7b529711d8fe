import { hash } from 'node:crypto'
import { type Clock, systemClock, type TimerHandle } from '../clock.ts'
import { ConferencingError } from '../errors.ts'
import { faultFields } from '../fault.ts'
import { type Logger, noLogger } from '../logger.ts'
import { labelWord } from '../metrics.ts'
import type { CallbackRequest, VerifiedCallback } from '../provider.ts'
import type { NewRefusedRequest, RefusedRequest, Store } from '../store.ts'

/** How much is kept for each provider; the oldest make room. */
export interface QuarantineLimits {
  /** @default 1000 */
  readonly rows?: number | undefined
  /** @default 16777216 */
  readonly bytes?: number | undefined
}

export interface QuarantineOptions extends QuarantineLimits {
  readonly tenantId: string
  readonly store: Store
  /** @default the wall clock */
  readonly clock?: Clock | undefined
  readonly logger?: Logger | undefined
}

/** A request that did not pass. */
export interface Refusal {
  readonly provider: string
  readonly request: CallbackRequest
  readonly reason: string
  /** What {@link ConferenceProvider.signatureHeaders} says. */
  readonly signatureHeaders?: readonly string[] | undefined
}

/**
 * Requests that did not pass verification. Strangers fill it as they like, so it is bounded, costs one transaction a
 * second at most, and forgets rather than makes anybody wait. When the mistake was ours (a wrong secret), they are
 * verified again.
 */
export interface Quarantine {
  /** Returns at once; the request is written within the next second, if there is room. */
  add(refusal: Refusal): void
  /** Writes what waits. */
  flush(): Promise<void>
  /**
   * Verifies again what is kept: what passes is received and leaves, what does not stays. `receive` rejects when it
   * cannot store; then nothing more is tried.
   */
  requeue(again: Verification): Promise<RequeueCounts>
  stop(): Promise<void>
}

export interface Verification {
  /** Throws when it is refused. */
  readonly verify: (provider: string, request: CallbackRequest) => VerifiedCallback
  readonly receive: (received: { provider: string; callback: VerifiedCallback }) => Promise<void>
  /** Only these requests. @default all */
  readonly ids?: readonly number[] | undefined
  /** Only verify. @default false */
  readonly dryRun?: boolean | undefined
  /** Told after each page how many have been looked at. */
  readonly onProgress?: ((looked: number) => void) | undefined
}

export interface RequeueCounts {
  /** How many passed now. */
  readonly passed: number
  /** How many did not, by reason. */
  readonly refused: Readonly<Record<string, number>>
}

/**
 * Stands in place of a header that may be the shared secret itself (Bearer): a request that had nothing else to prove
 * itself by can never be verified again.
 */
export const REMOVED = '[removed]'

const FLUSH_MS = 1000
const WAITING_ROWS = 250
const WAITING_BYTES = 2 * 1024 * 1024
/** So few that even the largest ones fit into memory. */
const PAGE = 20

type Waiting = Omit<NewRefusedRequest, 'digest'>

export function createQuarantine(options: QuarantineOptions): Quarantine {
  const { tenantId, store, clock = systemClock, logger = noLogger } = options
  const limits = { rows: options.rows ?? 1000, bytes: options.bytes ?? 16 * 1024 * 1024 }
  let waiting: Waiting[] = []
  let waitingBytes = 0
  let forgotten = 0
  let timer: TimerHandle | undefined
  let writing: Promise<void> | undefined

  async function write(): Promise<void> {
    const requests = waiting.map(request => ({ ...request, digest: digestOf(request) }))
    const lost = forgotten
    waiting = []
    waitingBytes = 0
    forgotten = 0
    if (requests.length === 0) return
    try {
      const dropped = await store.transaction(tx => tx.addRefused(requests, limits))
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
    add({ provider, request, reason, signatureHeaders = [] }) {
      const { method, target, body } = request
      const bytes = body.byteLength + target.length
      if (waiting.length >= WAITING_ROWS || waitingBytes + bytes > WAITING_BYTES) {
        forgotten++
        return
      }
      const headers = headersOf(request, signatureHeaders)
      waiting.push({ tenantId, provider, method, target, headers, body, reason, receivedAt: new Date(clock.now()) })
      waitingBytes += bytes
      timer ??= clock.setTimeout(() => {
        void flush()
      }, FLUSH_MS)
    },
    flush,
    async requeue({ verify, receive, ids, dryRun = false, onProgress }) {
      await flush()
      let passed = 0
      let looked = 0
      const refused: Record<string, number> = {}
      for (let afterId = 0; ; ) {
        const page = await store.read(tx => tx.listRefused({ tenantId, limit: PAGE, afterId, ids }))
        const last = page.at(-1)
        if (!last) return { passed, refused }
        afterId = last.id
        const genuine: { readonly id: number; readonly provider: string; readonly callback: VerifiedCallback }[] = []
        for (const request of page) {
          const found = verifyAgain(request, verify)
          if (typeof found === 'string') refused[found] = (refused[found] ?? 0) + 1
          else genuine.push({ id: request.id, provider: request.provider, callback: found })
        }
        if (!dryRun && genuine.length > 0) {
          const wanted = genuine.filter(({ callback }) => callback.answer === undefined)
          await Promise.all(wanted.map(({ provider, callback }) => receive({ provider, callback })))
          // Should the process die in between, the callbacks are known when they come a second time.
          await store.transaction(async tx => {
            for (const { id } of genuine) await tx.deleteRefused(tenantId, id)
          })
        }
        passed += genuine.length
        looked += page.length
        onProgress?.(looked)
      }
    },
    stop: flush,
  }
}

/** The callback, or why it is refused again. */
function verifyAgain(request: RefusedRequest, verify: Verification['verify']): VerifiedCallback | string {
  try {
    return verify(request.provider, request)
  } catch (error) {
    if (request.headers.authorization === REMOVED) return 'credential_not_kept'
    return error instanceof ConferencingError ? labelWord(error.details.reason ?? error.code) : 'other'
  }
}

function digestOf({ provider, method, target, headers, body }: Waiting): string {
  const identity = JSON.stringify([provider, method, target, headers])
  return hash('sha256', Buffer.concat([Buffer.from(identity), body]))
}

/** What verification looks at; whatever else a stranger sends along is not kept. */
function headersOf({ headers }: CallbackRequest, names: readonly string[]): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {}
  for (const name of ['content-type', ...names, 'authorization']) {
    const value = headers instanceof Headers ? headers.get(name) : headers[name]
    if (typeof value === 'string') kept[name] = name === 'authorization' ? REMOVED : value
  }
  return kept
}
