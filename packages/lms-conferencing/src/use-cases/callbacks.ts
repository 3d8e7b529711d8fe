import { faultFields } from '../fault.ts'
import { type ClassChange, createInbox, type Inbox } from '../inbox/index.ts'
import type { CallbackRequest } from '../provider.ts'
import { closeIfFinished } from './close.ts'
import { type Context, loadClass, providerOf } from './context.ts'
import type { Recordings } from './recordings.ts'

/** Callbacks from the request to their effect. */
export interface Callbacks {
  /** Answers the JSON text the sender waits for; `null` when any good answer will do. */
  receive(provider: string, request: CallbackRequest): Promise<string | null>
  readonly inbox: Inbox
}

export function createCallbacks(context: Context, recordings: Recordings): Callbacks {
  const { tenantId, store, providers, clock, random, logger } = context

  async function act({ stored, newFacts, ended, maybeEnded, recordings: hints }: ClassChange): Promise<void> {
    if (newFacts > 0) context.notify({ type: 'attendance-changed', liveClass: stored.liveClass })
    const { id } = stored.liveClass
    // The row may have changed since the transaction that brought the facts.
    if (ended.length > 0 || maybeEnded) {
      const row = await loadClass(context, id)
      if (row.liveClass.status === 'live') await closeIfFinished(context, row)
    }
    if (hints.length > 0) await recordings.refresh(await loadClass(context, id))
  }

  const inbox = createInbox({
    tenantId,
    store,
    providers,
    clock,
    random,
    logger,
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

  return {
    inbox,
    async receive(provider, request) {
      const callback = providerOf(context, provider).verify(request)
      if (callback.answer !== undefined) return callback.answer
      await inbox.receive({ provider, callback })
      return null
    },
  }
}
