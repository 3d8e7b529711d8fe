import { ConferencingError } from '../errors.ts'
import type { Context } from './context.ts'

/**
 * Makes sure every provider still calls us back: what registers callbacks forgets them at its restarts, and gives up on
 * a receiver that was away too long. Says so in the log when something had to be repaired. Answers how many providers
 * could not be asked.
 */
export async function keepCallbacks(context: Context): Promise<number> {
  const { logger } = context
  let failed = 0
  await Promise.all(
    Object.values(context.providers).map(async provider => {
      try {
        const found = await provider.keepCallbacks({ deadlineMs: context.deadlineMs })
        if (found === null) return
        const said = found.endsWith('kept') ? logger.debug : logger.info
        said.call(logger, 'callbacks checked', { provider: provider.name, found })
      } catch (error) {
        failed++
        const code = error instanceof ConferencingError ? error.code : 'INTERNAL'
        const what = error instanceof Error ? error.message : 'unknown'
        logger.warn('callbacks could not be checked', { provider: provider.name, code, what })
      }
    }),
  )
  return failed
}
