import { ConferencingError } from '../errors.ts'
import type { StoreFault } from '../store.ts'
import { storeUnavailable } from '../store-faults.ts'

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const faultOfState: Readonly<Record<string, StoreFault>> = {
  '40001': 'locked',
  '40P01': 'locked',
  '55P03': 'locked',
  '53100': 'full',
  '25006': 'read_only',
  '28000': 'refused',
  '28P01': 'refused',
  '3D000': 'refused',
  '42501': 'refused',
  '3F000': 'gone',
  '42P01': 'gone',
  XX001: 'damaged',
  XX002: 'damaged',
  '53300': 'unreachable',
  '57P01': 'unreachable',
  '57P02': 'unreachable',
  '57P03': 'unreachable',
  '57P05': 'unreachable',
  '25P03': 'unreachable',
}
const UNIQUE = '23505'
const FOREIGN_KEY = '23503'
const TOO_LONG_FOR_AN_INDEX = '54000'

/** The five characters by which the server says what went wrong; `undefined` when no server said it. */
function sqlState(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error && 'severity' in error ? error.code : undefined
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/**
 * Whether the connection must not be used again: it is gone, nobody knows what state it is in, or it leads to a server
 * that takes no writes any more.
 */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof ConferencingError) return false
  const state = sqlState(error)
  return (
    state === undefined || ['unreachable', 'read_only'].includes(faultOfState[state] ?? '') || state.startsWith('08')
  )
}

/**
 * Any failure of the server, or on the way to it, as our own error. The original is left behind on purpose: its message
 * may quote values, and the error of a failed connection holds the address.
 */
export function postgresError(error: unknown): ConferencingError {
  if (error instanceof ConferencingError) return error
  const state = sqlState(error)
  if (state === UNIQUE) return new ConferencingError('CONFLICT', 'The database already has a row with this key.')
  if (state === FOREIGN_KEY)
    return new ConferencingError('CLASS_NOT_FOUND', 'The class these rows belong to is not there.')
  if (state === TOO_LONG_FOR_AN_INDEX)
    return new ConferencingError('INVALID', 'A text that is part of a key is too long for the database.')
  if (state !== undefined) {
    return storeUnavailable(
      faultOfState[state] ?? (state.startsWith('08') ? 'unreachable' : 'failed'),
      `(PostgreSQL ${state})`,
    )
  }
  if (error instanceof TypeError || error instanceof RangeError) return storeUnavailable('failed', `(${error.name})`)
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return storeUnavailable('unreachable', code && `(${code})`)
}
