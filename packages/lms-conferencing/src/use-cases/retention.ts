import { type KeepDays, keepDays, purgeInbox } from '../inbox/keeping.ts'
import type { PurgeCounts } from '../store.ts'
import type { Context } from './context.ts'

/** How long what came in is kept; `null`: until somebody purges it. */
export type Retention = Required<KeepDays> | null

/** Throws `TypeError` naming the option that cannot be. */
export const resolveRetention = (option: KeepDays | false | undefined): Retention =>
  option === false ? null : keepDays(option, 'retention.')

/** Forgets what is old (T48, T49). Answers how many things were forgotten. */
export async function forgetOld({ retention, store, tenantId, clock, logger }: Context): Promise<number> {
  if (!retention) return 0
  const purge = (dryRun: boolean): Promise<PurgeCounts> =>
    purgeInbox({ ...retention, store, tenantId, clock, who: 'retention', dryRun })
  // On most days there is nothing to forget, and so nothing to note.
  if (sumOf(await purge(true)) === 0) return 0
  const forgotten = await purge(false)
  logger.info('old callbacks forgotten', { ...forgotten })
  return sumOf(forgotten)
}

const sumOf = ({ bodies, rows, refused }: PurgeCounts): number => bodies + rows + refused
