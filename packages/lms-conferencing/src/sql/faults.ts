import { ConferencingError } from '../errors.ts'
import type { StoreFault } from '../store.ts'
import { storeUnavailable } from '../store-faults.ts'

// Primary result codes, https://www.sqlite.org/rescode.html
const BUSY = 5
const CONSTRAINT = 19
const FOREIGN_KEY = 787
const faultOfResult: Readonly<Record<number, StoreFault>> = {
  [BUSY]: 'locked',
  6: 'locked',
  8: 'read_only',
  10: 'failed',
  11: 'damaged',
  13: 'full',
  14: 'read_only',
  23: 'read_only',
  26: 'damaged',
}
const faultOfSystem: Readonly<Record<string, StoreFault>> = {
  EACCES: 'read_only',
  EPERM: 'read_only',
  EROFS: 'read_only',
  ENOSPC: 'full',
  EDQUOT: 'full',
  ENOENT: 'gone',
}

const resultCode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined

export const isLocked = (error: unknown): boolean => ((resultCode(error) ?? 0) & 0xff) === BUSY

/**
 * Any failure of the database or its file as our own error. The original is left behind on purpose: its message may
 * quote the statement, and nothing of a statement may reach a log.
 */
export function storeError(error: unknown): ConferencingError {
  if (error instanceof ConferencingError) return error
  const result = resultCode(error)
  if (result !== undefined) {
    const primary = result & 0xff
    if (result === FOREIGN_KEY)
      return new ConferencingError('CLASS_NOT_FOUND', 'The class these rows belong to is not there.')
    if (primary === CONSTRAINT)
      return new ConferencingError('CONFLICT', 'The database already has a row with this key.')
    return storeUnavailable(faultOfResult[primary] ?? 'failed', `(SQLite result ${result})`)
  }
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return storeUnavailable((code && faultOfSystem[code]) || 'failed', code && `(${code})`)
}
