import type { Transaction } from 'kysely'
import type { StoreTransaction } from '../store.ts'
import type { TableNames, Tables } from './schema.ts'

type OnceQueries = Pick<StoreTransaction, 'findOnce' | 'addOnce'>

export function onceQueries(db: Transaction<Tables>, tables: TableNames): OnceQueries {
  return {
    async findOnce(tenantId, key) {
      const row = await db
        .selectFrom(tables.once)
        .select(['class_id', 'fingerprint'])
        .where('tenant_id', '=', tenantId)
        .where('once_key', '=', key)
        .executeTakeFirst()
      return row ? { classId: row.class_id, fingerprint: row.fingerprint } : null
    },

    async addOnce(tenantId, key, { classId, fingerprint }) {
      await db
        .insertInto(tables.once)
        .values({ tenant_id: tenantId, once_key: key, class_id: classId, fingerprint })
        .execute()
    },
  }
}
