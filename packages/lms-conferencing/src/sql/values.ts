import { ConferencingError } from '../errors.ts'

/** What may be bound to a statement of any database. */
export type StorableValue = null | number | bigint | string | Uint8Array

const unstorable = /\0|\p{Surrogate}/u

/** Refuses, with `INVALID`, what some database would store as something else: broken text cut or replaced, `NaN` as NULL. */
export function storable(value: unknown): StorableValue {
  if (value === null || typeof value === 'bigint' || value instanceof Uint8Array) return value
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value
    throw new ConferencingError('INVALID', 'A number or time to be stored is not finite.')
  }
  if (typeof value === 'string') {
    if (!unstorable.test(value)) return value
    throw new ConferencingError('INVALID', 'A text to be stored holds a NUL or half of a surrogate pair.')
  }
  throw new ConferencingError('INVALID', `A ${typeof value} cannot be stored.`)
}
