import { ConferencingError } from './errors.ts'
import type { LogFields } from './logger.ts'

/**
 * What a log may say of an error: our own by code and message, which tell what to do and never hold a secret; of any
 * other its name and where it was thrown, enough to find the fault. A message of unknown origin may quote anything, so
 * it is left out.
 */
export function faultFields(error: unknown): LogFields {
  if (error instanceof ConferencingError)
    return { code: error.code, outcome: error.outcome, reason: error.details.reason, what: error.message }
  if (!(error instanceof Error)) return { code: 'INTERNAL', error: typeof error }
  const frame = error.stack?.split('\n').find(line => line.trim().startsWith('at '))
  return { code: 'INTERNAL', error: `${error.name} ${frame?.trim() ?? ''}`.trim() }
}
