import { ConferencingError } from '../errors.ts'
import type { GaugeReading } from '../metrics.ts'
import type { InboxState, StoreFault } from '../store.ts'
import type { Context } from './context.ts'
import type { ProviderHealth } from './watch.ts'

/** A look at the parts that can fail. */
export interface Health {
  /**
   * Whether this process can serve: callbacks can be stored and pages answered, so the store answers. A video service
   * that does not answer, dead letters and quarantined requests leave it `true`: to take this process out of service
   * would mend none of them.
   */
  readonly ok: boolean
  readonly store: 'ok' | 'unavailable'
  /** Why the store does not answer; `null` when it does. */
  readonly storeFault: StoreFault | (string & {}) | null
  /** Callbacks by state; `null` when the store does not answer. */
  readonly inbox: Readonly<Record<InboxState, number>> | null
  /** How long the oldest callback waits to be applied, in milliseconds; `null` when none waits, or nobody can tell. */
  readonly oldestWaitingMs: number | null
  /** Refused requests that are kept; `null` when the store does not answer. */
  readonly quarantined: number | null
  readonly providers: readonly ProviderHealth[]
}

/** Never throws: what does not answer is in the answer. Providers are not called. */
export async function health({ store, tenantId, clock, providerHealth }: Context): Promise<Health> {
  const providers = providerHealth()
  try {
    return await store.read(async tx => {
      const [oldest] = await tx.listInbox({ tenantId, state: 'new', limit: 1 })
      return {
        ok: true,
        store: 'ok',
        storeFault: null,
        inbox: await tx.countInbox(tenantId),
        oldestWaitingMs: oldest ? Math.max(0, clock.now() - oldest.receivedAt.getTime()) : null,
        quarantined: await tx.countRefused(tenantId),
        providers,
      }
    })
  } catch (error) {
    if (!(error instanceof ConferencingError)) throw error
    const storeFault = error.details.reason ?? 'failed'
    return {
      ok: false,
      store: 'unavailable',
      storeFault,
      inbox: null,
      oldestWaitingMs: null,
      quarantined: null,
      providers,
    }
  }
}

/** Shows the gauges to whoever looks, from start to stop. */
export function createGauges(context: Context): { start(): void; stop(): void } {
  let unobserve: (() => void) | undefined
  const read = async (): Promise<readonly GaugeReading[]> => {
    try {
      return gaugesOf(await health(context))
    } catch {
      return []
    }
  }
  return {
    start() {
      unobserve ??= context.metrics.observe(read)
    },
    stop() {
      unobserve?.()
      unobserve = undefined
    },
  }
}

/** The same as gauges; none while the store does not answer. */
export function gaugesOf({ inbox, oldestWaitingMs, quarantined }: Health): readonly GaugeReading[] {
  if (!inbox) return []
  return [
    ...Object.entries(inbox).map(([state, value]) => ({
      gauge: 'conferencing.inbox.callbacks' as const,
      value,
      labels: { 'conferencing.state': state },
    })),
    { gauge: 'conferencing.inbox.oldest.age', value: (oldestWaitingMs ?? 0) / 1000, labels: {} },
    { gauge: 'conferencing.quarantine.requests', value: quarantined ?? 0, labels: {} },
  ]
}
