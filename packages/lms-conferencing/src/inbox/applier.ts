import { setImmediate } from 'node:timers/promises'
import { growingPause } from '../backoff.ts'
import type { Clock, TimerHandle } from '../clock.ts'
import { ConferencingError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { InboxRow, Store, StoreTransaction } from '../store.ts'
import { applyRows, type ClassChange, type EventSource, eventsOf } from './apply-rows.ts'
import type { ReadCallback } from './decide.ts'
import { isUnavailable } from './receiver.ts'

export interface ApplierOptions {
  readonly tenantId: string
  readonly store: Store
  readonly providers: Readonly<Record<string, EventSource>>
  readonly clock: Clock
  /** Uniform in `[0, 1)`. */
  readonly random: () => number
  readonly logger: Logger
  readonly onApplied: (changes: readonly ClassChange[]) => void | Promise<void>
  readonly onSettled: (settled: readonly Settled[]) => void
  /** Told of each look that the store could not serve. */
  readonly onOutage: (error: unknown) => void
  /** How many rows go into one transaction. */
  readonly batchSize: number
  /** After how many failures a row is dead. */
  readonly maxAttempts: number
  /** How often to look for rows that somebody else stored, in milliseconds. */
  readonly pollMs: number
}

/** A callback that will not be looked at again by itself. */
export interface Settled {
  readonly seq: number
  readonly provider: string
  /** From stored to settled. */
  readonly waitedMs: number
  /** Why it is dead; `null` when it is not. */
  readonly deadBecause: string | null
}

/** A database that is back is noticed within this time. */
const longestOutagePauseMs = 4000

/** Takes stored callbacks and makes their effect, at its own pace, one batch at a time. */
export class Applier {
  readonly #options: ApplierOptions
  readonly #hooks = new Set<Promise<void>>()
  #started = false
  #running: Promise<void> | undefined
  #again = false
  #timer: TimerHandle | undefined
  #outages = 0

  constructor(options: ApplierOptions) {
    this.#options = options
  }

  start(): void {
    this.#started = true
    this.wake()
  }

  /** Looks for due rows soon; does nothing before {@link Applier.start}. */
  wake(): void {
    if (!this.#started) return
    this.#again = true
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#started = false
    this.#stopTimer()
    await this.#running
    await this.#hooksDone()
  }

  /** Applies all that is due now, started or not, and waits until its changes have been told. */
  async drain(): Promise<void> {
    do await this.#running
    while (this.#running)
    // No row is taken twice: the transactions of two loops run one after the other.
    while ((await this.#applyBatch()) > 0) await setImmediate()
    await this.#hooksDone()
  }

  async #run(): Promise<void> {
    this.#stopTimer()
    try {
      while (this.#started && this.#again) {
        this.#again = false
        // Between two batches the event loop gets its turn: a long backlog must not keep callbacks waiting.
        while (this.#started && (await this.#applyBatch()) > 0) await setImmediate()
      }
      this.#outages = 0
      await this.#waitForNext()
    } catch (error) {
      this.#retryLater(error)
    } finally {
      this.#running = undefined
    }
    // Woken between the last look and here.
    if (this.#again) this.wake()
  }

  async #waitForNext(): Promise<void> {
    const { tenantId, store, clock, pollMs } = this.#options
    const due = await store.read(tx => tx.nextInboxDue(tenantId))
    this.#setTimer(due ? Math.min(pollMs, Math.max(0, due.getTime() - clock.now())) : pollMs)
  }

  #retryLater(error: unknown): void {
    const { logger, random, onOutage } = this.#options
    this.#outages++
    // Found locked once: another process is at the same work.
    if (this.#outages > 1 || !isLocked(error)) {
      onOutage(error)
      logger.warn('Stored callbacks cannot be applied now; they wait.', { reason: describe(error) })
    }
    this.#setTimer(Math.min(longestOutagePauseMs, growingPause(this.#outages, random())))
  }

  #setTimer(ms: number): void {
    this.#stopTimer()
    if (!this.#started) return
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined
      this.wake()
    }, ms)
  }

  #stopTimer(): void {
    if (this.#timer) this.#options.clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Answers how many rows it took. Throws only when the store cannot serve. */
  async #applyBatch(): Promise<number> {
    const { store, batchSize } = this.#options
    // Looked at without the write lock: most of the time there is nothing to do.
    if ((await store.read(tx => this.#due(tx, 1))).length === 0) return 0
    try {
      return await this.#apply(tx => this.#due(tx, batchSize))
    } catch (error) {
      if (isUnavailable(error)) throw error
    }
    // One of them breaks the transaction: alone, each shows which.
    const rows = await store.read(tx => this.#due(tx, batchSize))
    for (const row of rows) await this.#applyAlone(row)
    return rows.length
  }

  #due(tx: StoreTransaction, limit: number): Promise<readonly InboxRow[]> {
    return tx.dueInbox(this.#options.tenantId, this.#now(), limit)
  }

  /** One transaction: the effect of all rows taken, and the mark that they had it. */
  async #apply(take: (tx: StoreTransaction) => Promise<readonly InboxRow[]>): Promise<number> {
    const { store, tenantId, providers, onSettled } = this.#options
    const { taken, settled, changes } = await store.transaction(async tx => {
      const rows = await take(tx)
      const callbacks: ReadCallback[] = []
      const settled: Settled[] = []
      for (const row of rows) {
        try {
          callbacks.push({ row, events: eventsOf(row, providers) })
        } catch (error) {
          settled.push(...(await this.#markFailed(tx, row, error)))
        }
      }
      const changes = await applyRows(tx, tenantId, callbacks)
      for (const { row } of callbacks) settled.push(this.#settled(row, null))
      return { taken: rows.length, settled, changes }
    })
    onSettled(settled)
    if (changes.length > 0) this.#tell(changes)
    return taken
  }

  async #applyAlone({ tenantId, seq, attempts }: InboxRow): Promise<void> {
    // Asked inside the transaction: another process may have been faster, with or without success.
    const take = async (tx: StoreTransaction): Promise<readonly InboxRow[]> => {
      const row = await tx.getInbox(tenantId, seq)
      return row?.state === 'new' && row.attempts === attempts ? [row] : []
    }
    try {
      await this.#apply(take)
    } catch (error) {
      if (isUnavailable(error)) throw error
      const settled = await this.#options.store.transaction(async tx => {
        const marked: Settled[] = []
        for (const row of await take(tx)) marked.push(...(await this.#markFailed(tx, row, error)))
        return marked
      })
      this.#options.onSettled(settled)
    }
  }

  /** Answers the row if that was its last chance. */
  async #markFailed(tx: StoreTransaction, row: InboxRow, error: unknown): Promise<readonly Settled[]> {
    const { logger, random, maxAttempts } = this.#options
    const attempts = row.attempts + 1
    const reason = describe(error)
    const isDead = attempts >= maxAttempts
    const nextAttemptAt = new Date(this.#now().getTime() + growingPause(attempts, random()))
    await tx.markInbox(row, {
      state: isDead ? 'dead' : 'new',
      attempts,
      reason,
      waitingFor: row.waitingFor,
      ...(!isDead && { nextAttemptAt }),
    })
    const fields = { seq: row.seq, provider: row.provider, kind: row.kind, attempts, reason }
    if (isDead) logger.error('A callback failed too often and waits for a person.', fields)
    else logger.warn('A callback could not be applied; it is tried again.', fields)
    return isDead ? [this.#settled(row, reason)] : []
  }

  #settled({ seq, provider, receivedAt }: InboxRow, deadBecause: string | null): Settled {
    const waitedMs = Math.max(0, this.#options.clock.now() - receivedAt.getTime())
    return { seq, provider, waitedMs, deadBecause }
  }

  #tell(changes: readonly ClassChange[]): void {
    const { onApplied, logger } = this.#options
    const act = async (): Promise<void> => onApplied(changes)
    const told = act()
      .catch((error: unknown) => {
        logger.error('Changes are stored, but acting on them failed.', { reason: describe(error) })
      })
      .finally(() => this.#hooks.delete(told))
    this.#hooks.add(told)
  }

  async #hooksDone(): Promise<void> {
    while (this.#hooks.size > 0) await Promise.all(this.#hooks)
  }

  #now(): Date {
    return new Date(this.#options.clock.now())
  }
}

const isLocked = (error: unknown): boolean => error instanceof ConferencingError && error.details.reason === 'locked'

/** Our own messages hold no secrets; of anybody else's error only the name is told. */
function describe(error: unknown): string {
  if (error instanceof ConferencingError) return `${error.code}: ${error.message}`.slice(0, 500)
  return error instanceof Error ? error.name : typeof error
}
