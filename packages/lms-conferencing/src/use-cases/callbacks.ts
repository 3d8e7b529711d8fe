import { ConferencingError } from '../errors.ts'
import { faultFields } from '../fault.ts'
import { isStale } from '../inbox/age.ts'
import { type ClassChange, createInbox, type Inbox } from '../inbox/index.ts'
import { createQuarantine, type Quarantine } from '../inbox/quarantine.ts'
import { labelWord, type MetricLabels } from '../metrics.ts'
import type { CallbackRequest, VerifiedCallback } from '../provider.ts'
import { closeIfFinished } from './close.ts'
import { type Context, loadClass, providerOf } from './context.ts'
import type { Recordings } from './recordings.ts'
import { settleResults } from './results.ts'
import { errorType, secondsSince } from './watch.ts'

/** Callbacks from the request to their effect. */
export interface Callbacks {
  /** Answers the JSON text the sender waits for; `null` when any good answer will do. */
  receive(provider: string, request: CallbackRequest): Promise<string | null>
  /** Counts a request that did not come as far as {@link Callbacks.receive}. */
  countRefusal(provider: string, reason: string): void
  readonly inbox: Inbox
  readonly quarantine: Quarantine
  /** Writes what waits to be written; nothing is taken after that. */
  stop(): Promise<void>
}

/** So many callbacks of a provider refused, and none taken between them, are a mistake of ours or a stranger who keeps on. */
const refusedInARow = 10

export function createCallbacks(context: Context, recordings: Recordings): Callbacks {
  const { tenantId, store, providers, clock, random, logger, metrics } = context
  const quarantine = createQuarantine({ tenantId, store, clock, logger, ...context.quarantineLimits })
  const refusals = new Map<string, number>()

  async function act({ stored, newFacts, ended, maybeEnded, recordings: hints }: ClassChange): Promise<void> {
    if (newFacts > 0) context.notify({ type: 'attendance-changed', liveClass: stored.liveClass })
    const { id } = stored.liveClass
    // The row may have changed since the transaction that brought the facts.
    if (ended.length > 0 || maybeEnded) {
      const row = await loadClass(context, id)
      if (row.liveClass.status === 'live') await closeIfFinished(context, row)
    }
    // After what may have closed the class.
    if (newFacts > 0) await settleResults(context, id)
    if (hints.length > 0) await recordings.refresh(await loadClass(context, id))
  }

  const inbox = createInbox({
    tenantId,
    store,
    providers,
    clock,
    random,
    logger,
    onSettled(settled) {
      for (const { seq, provider, waitedMs, deadBecause } of settled) {
        metrics.record('conferencing.callback.apply.delay', waitedMs / 1000, {
          'conferencing.provider': provider,
          'conferencing.result': deadBecause === null ? 'done' : 'dead',
        })
        if (deadBecause !== null) context.alert({ type: 'dead-letter', provider, seq, reason: deadBecause })
      }
    },
    onOutage: context.onStoreFault,
    async onApplied(changes) {
      for (const change of changes) {
        try {
          await act(change)
        } catch (error) {
          // Nothing is lost: the rounds look at live classes and awaited recordings by themselves.
          logger.warn('acting on a callback failed', { class_id: change.stored.liveClass.id, ...faultFields(error) })
        }
      }
    },
  })

  function verified(provider: string, request: CallbackRequest): VerifiedCallback {
    const named = providerOf(context, provider)
    try {
      return named.verify(request)
    } catch (error) {
      const isRefusal = error instanceof ConferencingError && /^(CALLBACK_REJECTED|INVALID)$/.test(error.code)
      if (isRefusal) {
        const reason = labelWord(error.details.reason)
        countRefusal(provider, reason)
        quarantine.add({ provider, request, reason, signatureHeaders: named.signatureHeaders })
      }
      throw error
    }
  }

  function countRefusal(provider: string, reason: string): void {
    metrics.add('conferencing.callback.refusals', { 'conferencing.provider': provider, 'conferencing.reason': reason })
    const inARow = (refusals.get(provider) ?? 0) + 1
    refusals.set(provider, inARow)
    if (inARow >= refusedInARow) context.alert({ type: 'callbacks-refused', provider, reason })
  }

  /** Answers what became of it. */
  async function keep(provider: string, callback: VerifiedCallback): Promise<string> {
    if (callback.answer !== undefined) return 'answered'
    const stale = isStale(callback, clock.now())
    await inbox.receive({ provider, callback, isStale: stale })
    if (stale) context.alert({ type: 'callbacks-stale', provider })
    return stale ? 'stale' : 'stored'
  }

  return {
    inbox,
    quarantine,
    countRefusal,
    async receive(provider, request) {
      const began = clock.now()
      const callback = verified(provider, request)
      refusals.delete(provider)
      const labels: MetricLabels = { 'conferencing.provider': provider }
      const measure = (more: MetricLabels): void =>
        metrics.record('conferencing.callback.receive.duration', secondsSince(clock, began), { ...labels, ...more })
      try {
        measure({ 'conferencing.result': await keep(provider, callback) })
      } catch (error) {
        measure({ 'error.type': errorType(error) })
        context.onStoreFault(error)
        throw error
      }
      return callback.answer ?? null
    },
    async stop() {
      await Promise.all([inbox.stop(), quarantine.stop()])
    },
  }
}
