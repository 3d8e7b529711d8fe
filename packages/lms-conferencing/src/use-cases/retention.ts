import { type KeepDays, keepDays, purgeInbox } from '../inbox/keeping.ts'
import type { Context } from './context.ts'

/** How long what came in is kept; `null`: until somebody purges it. */
export type Retention = Required<KeepDays> | null

/** Throws `TypeError` naming the option that cannot be. */
export const resolveRetention = (option: KeepDays | false | undefined): Retention =>
  option === false ? null : keepDays(option, 'retention.')

/** Forgets what is old (T48, T49). Answers how many things were forgotten. */
export async function forgetOld({ retention, store, tenantId, clock, logger }: Context): Promise<number> {
  if (!retention) return 0
  const { bodies, rows, refused } = await purgeInbox({ ...retention, store, tenantId, clock, who: 'retention' })
  const count = bodies + rows + refused
  if (count > 0) logger.info('old callbacks forgotten', { bodies, rows, refused })
  return count
}
