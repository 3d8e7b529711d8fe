import type { Transaction } from 'kysely'
import type { StoreTransaction } from '../store.ts'
import { requeueWaiting } from './inbox.ts'
import type { TableNames, Tables } from './schema.ts'

type AliasQueries = Pick<StoreTransaction, 'addAlias' | 'findAlias'>

export function aliasQueries(db: Transaction<Tables>, tables: TableNames): AliasQueries {
  return {
    async addAlias(alias) {
      await db
        .insertInto(tables.aliases)
        .values({
          tenant_id: alias.tenantId,
          provider: alias.provider,
          server_id: alias.serverId,
          meeting_key: alias.meetingKey,
          parent_key: alias.parentKey,
          parent_instance: alias.parentInstance,
          room: alias.room,
        })
        .onConflict(conflict => conflict.columns(['tenant_id', 'provider', 'server_id', 'meeting_key']).doNothing())
        .execute()
      await requeueWaiting(db, tables, alias)
    },

    async findAlias({ tenantId, provider, serverId, meetingKey }) {
      const row = await db
        .selectFrom(tables.aliases)
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .where('provider', '=', provider)
        .where('server_id', '=', serverId)
        .where('meeting_key', '=', meetingKey)
        .executeTakeFirst()
      if (!row) return null
      return {
        tenantId,
        provider,
        serverId,
        meetingKey,
        parentKey: row.parent_key,
        parentInstance: row.parent_instance,
        room: row.room,
      }
    },
  }
}
