import { hash } from 'node:crypto'
import { ConferencingError } from '../errors.ts'
import type { StoredClass, StoreTransaction } from '../store.ts'
import type { Context } from './context.ts'

/** A request that may come again, because its first answer was lost. */
export interface IdempotencyKey {
  /** Made by the sender, new for each thing it wants: 1 to 255 characters. */
  readonly key: string
  /** Who asks: two people may use the same key. */
  readonly userId: string
  /** What is asked for: the same key for something else is a mistake. @default everything about the class */
  readonly asked?: string | undefined
}

/**
 * Writes the row of a new class, unless one was written under the same key: then answers that one. Key and row are
 * written together, so that a crash leaves both or neither.
 * Throws `CONFLICT` when the key was used for something else, `INVALID` when it is no key.
 */
export async function insertOnce(
  { store, tenantId }: Context,
  row: StoredClass,
  once: Required<IdempotencyKey> | undefined,
  also: (tx: StoreTransaction) => Promise<void>,
): Promise<StoredClass | null> {
  if (once && (once.key === '' || once.key.length > 255)) throw badKey('INVALID', 'must have 1 to 255 characters')
  return store.transaction(async tx => {
    const key = once && hash('sha256', JSON.stringify([once.userId, once.key]))
    const fingerprint = hash('sha256', once?.asked ?? '')
    const known = key === undefined ? null : await tx.findOnce(tenantId, key)
    if (known) {
      if (known.fingerprint !== fingerprint) throw badKey('CONFLICT', 'was used for something else')
      return tx.getClass(tenantId, known.classId)
    }
    await tx.insertClass(row)
    await also(tx)
    if (key !== undefined) await tx.addOnce(tenantId, key, { classId: row.liveClass.id, fingerprint })
    return null
  })
}

const badKey = (code: 'INVALID' | 'CONFLICT', what: string): ConferencingError =>
  new ConferencingError(code, `The idempotency key ${what}.`, { details: { 'Idempotency-Key': what } })
