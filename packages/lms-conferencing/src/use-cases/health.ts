import { ConferencingError } from '../errors.ts'
import type { InboxState } from '../store.ts'
import type { Context } from './context.ts'

/** A look at the parts that can fail. */
export interface Health {
  /** Whether callbacks can be stored and pages answered. */
  readonly ok: boolean
  readonly store: 'ok' | 'unavailable'
  /** Callbacks by state; `null` when the store does not answer. */
  readonly inbox: Readonly<Record<InboxState, number>> | null
  readonly providers: readonly string[]
}

/** Never throws: what does not answer is in the answer. Providers are named, not called. */
export async function health({ store, tenantId, providers }: Context): Promise<Health> {
  const names = Object.keys(providers)
  try {
    const inbox = await store.read(tx => tx.countInbox(tenantId))
    return { ok: true, store: 'ok', inbox, providers: names }
  } catch (error) {
    if (!(error instanceof ConferencingError)) throw error
    return { ok: false, store: 'unavailable', inbox: null, providers: names }
  }
}
