import type { Transaction } from 'kysely'
import type { TableNames, Tables } from '../schema.ts'
import { type ColumnTypes, required } from './migration.ts'

export async function calendarTokens(
  { schema }: Transaction<Tables>,
  tables: TableNames,
  types: ColumnTypes,
): Promise<void> {
  await schema
    .createTable(tables.calendar_tokens)
    .addColumn('tenant_id', types.text, required)
    .addColumn('user_id', types.text, required)
    .addColumn('digest', types.text, required)
    .addColumn('created_at', 'bigint', required)
    .addPrimaryKeyConstraint(`${tables.calendar_tokens}_pk`, ['tenant_id', 'user_id'])
    .addUniqueConstraint(`${tables.calendar_tokens}_by_digest`, ['tenant_id', 'digest'])
    .execute()
}
