import type { Transaction } from 'kysely'
import type { StoreTransaction } from '../store.ts'
import type { TableNames, Tables } from './schema.ts'

type TokenQueries = Pick<StoreTransaction, 'setCalendarToken' | 'findCalendarToken' | 'deleteCalendarToken'>

export function calendarTokenQueries(db: Transaction<Tables>, tables: TableNames): TokenQueries {
  return {
    async setCalendarToken({ tenantId, userId, digest, createdAt }) {
      const given = { digest, created_at: createdAt.getTime() }
      await db
        .insertInto(tables.calendar_tokens)
        .values({ tenant_id: tenantId, user_id: userId, ...given })
        .onConflict(conflict => conflict.columns(['tenant_id', 'user_id']).doUpdateSet(given))
        .execute()
    },

    async findCalendarToken(tenantId, digest) {
      const row = await db
        .selectFrom(tables.calendar_tokens)
        .select('user_id')
        .where('tenant_id', '=', tenantId)
        .where('digest', '=', digest)
        .executeTakeFirst()
      return row?.user_id ?? null
    },

    async deleteCalendarToken(tenantId, userId) {
      const { numDeletedRows } = await db
        .deleteFrom(tables.calendar_tokens)
        .where('tenant_id', '=', tenantId)
        .where('user_id', '=', userId)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },
  }
}
