import type { Transaction } from 'kysely'
import type { StoreTransaction } from '../store.ts'
import type { TableNames, Tables } from './schema.ts'

type SettingQueries = Pick<StoreTransaction, 'getSetting' | 'putSetting' | 'listSettings'>

export function settingQueries(db: Transaction<Tables>, tables: TableNames): SettingQueries {
  return {
    async getSetting(tenantId, name) {
      const row = await db
        .selectFrom(tables.settings)
        .select(['name', 'value', 'version'])
        .where('tenant_id', '=', tenantId)
        .where('name', '=', name)
        .executeTakeFirst()
      return row ?? null
    },

    async putSetting(tenantId, { name, value, version }) {
      if (version === 1) {
        const { numInsertedOrUpdatedRows } = await db
          .insertInto(tables.settings)
          .values({ tenant_id: tenantId, name, value, version })
          .onConflict(conflict => conflict.columns(['tenant_id', 'name']).doNothing())
          .executeTakeFirst()
        return numInsertedOrUpdatedRows !== 0n
      }
      const { numUpdatedRows } = await db
        .updateTable(tables.settings)
        .set({ value, version })
        .where('tenant_id', '=', tenantId)
        .where('name', '=', name)
        .where('version', '=', version - 1)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    async listSettings({ tenantId, prefix, after, limit }) {
      let query = db
        .selectFrom(tables.settings)
        .select(['name', 'value', 'version'])
        .where('tenant_id', '=', tenantId)
        .where('name', '>=', prefix)
        // No name of ours holds the last character there is.
        .where('name', '<', `${prefix}\u{10ffff}`)
      if (after !== undefined) query = query.where('name', '>', after)
      return query.orderBy('name').limit(limit).execute()
    },
  }
}
