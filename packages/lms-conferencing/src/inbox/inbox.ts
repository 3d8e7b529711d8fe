import { type Clock, systemClock } from '../clock.ts'
import { type Logger, noLogger } from '../logger.ts'
import type { VerifiedCallback } from '../provider.ts'
import type { InboxSelection, Store } from '../store.ts'
import { storeUnavailable } from '../store-faults.ts'
import { Applier, type Settled } from './applier.ts'
import type { ClassChange, EventSource } from './apply-rows.ts'
import { callbackDigest } from './digest.ts'
import { Receiver } from './receiver.ts'

export interface InboxOptions {
  readonly tenantId: string
  readonly store: Store
  /** By the name callbacks are received under. */
  readonly providers: Readonly<Record<string, EventSource>>
  /** @default the wall clock */
  readonly clock?: Clock | undefined
  /** Uniform in `[0, 1)`; spreads tries out. @default Math.random */
  readonly random?: (() => number) | undefined
  readonly logger?: Logger | undefined
  /**
   * Told once changes are in the store; the place to fetch recordings and to tell people. What it throws is logged.
   * A process that dies between the two never tells, so nothing that must not be missed may rest on it alone.
   */
  readonly onApplied?: ((changes: readonly ClassChange[]) => void | Promise<void>) | undefined
  /** Told of callbacks that had their effect, have none, or are dead. Must not throw. */
  readonly onSettled?: ((settled: readonly Settled[]) => void) | undefined
  /** Told when stored callbacks cannot be applied because the store does not serve. Must not throw. */
  readonly onOutage?: ((error: unknown) => void) | undefined
  /** How many callbacks may wait to be stored before `receive` refuses. @default 10000 */
  readonly queueLimit?: number | undefined
  /** How many bytes of them. @default 67108864 */
  readonly queueBytes?: number | undefined
  /**
   * When `receive` stops waiting for the store, in milliseconds: BigBlueButton waits 5 seconds for an answer.
   * @default 3500
   */
  readonly answerWithinMs?: number | undefined
  /** After how many failures a callback is dead. @default 8 */
  readonly maxAttempts?: number | undefined
  /** How often to look for callbacks that another process stored, in milliseconds. @default 1000 */
  readonly pollMs?: number | undefined
}

/** A callback that passed verification, and the provider it was verified by. */
export interface ReceivedCallback {
  /** A key of {@link InboxOptions.providers}. */
  readonly provider: string
  readonly callback: VerifiedCallback
  /** Kept, and not applied before a person says so. @default false */
  readonly isStale?: boolean | undefined
}

/** Callbacks come in at least once and have their effect exactly once. */
export interface Inbox {
  /**
   * Resolves when the callback is on the disk: only then may it be acknowledged. Rejects with `STORE_UNAVAILABLE`
   * when it cannot be stored now (answer 503), with `INVALID` when it never can.
   */
  receive(received: ReceivedCallback): Promise<void>
  /** Begins to apply what is stored, from now and from before. */
  start(): void
  /** Refuses new callbacks, stores those that wait, and lets what is being applied come to its end. */
  stop(): Promise<void>
  /** Looks for something to apply soon: after a class was made, callbacks may have waited for it. */
  wake(): void
  /** Applies all that is due now, started or not; resolves when `onApplied` is done with it. */
  drain(): Promise<void>
  /** Puts callbacks back to be applied. Answers how many. */
  replay(which: InboxSelection): Promise<number>
}

/** How many callbacks are applied in one transaction: what one costs hardly grows, and nobody waits long for its end. */
export const APPLIED_AT_ONCE = 200

/** The durable inbox of one tenant. One in each process; several processes may share a store. */
export function createInbox(options: InboxOptions): Inbox {
  const { tenantId, store, clock = systemClock } = options
  const applier = new Applier({
    tenantId,
    store,
    providers: options.providers,
    clock,
    random: options.random ?? Math.random,
    logger: options.logger ?? noLogger,
    onApplied: options.onApplied ?? (() => {}),
    onSettled: options.onSettled ?? (() => {}),
    onOutage: options.onOutage ?? (() => {}),
    batchSize: APPLIED_AT_ONCE,
    maxAttempts: options.maxAttempts ?? 8,
    pollMs: options.pollMs ?? 1000,
  })
  const receiver = new Receiver({
    store,
    queueLimit: options.queueLimit ?? 10_000,
    queueBytes: options.queueBytes ?? 64 * 1024 * 1024,
    groupLimit: 500,
    answerWithinMs: options.answerWithinMs ?? 3500,
    clock,
    onStored: () => applier.wake(),
  })
  let stopped = false

  return {
    async receive({ provider, callback: { serverId, kind, body }, isStale }) {
      if (stopped) {
        throw storeUnavailable('closed')
      }
      const identity = { tenantId, provider, serverId, kind, body }
      const receivedAt = new Date(clock.now())
      await receiver.store({ ...identity, digest: callbackDigest(identity), receivedAt, isStale })
    },
    start: () => applier.start(),
    async stop() {
      stopped = true
      await receiver.idle()
      await applier.stop()
    },
    wake: () => applier.wake(),
    async drain() {
      await receiver.idle()
      await applier.drain()
    },
    async replay(which) {
      const count = await store.transaction(tx => tx.requeueInbox(tenantId, which))
      applier.wake()
      return count
    },
  }
}
