import type { Transaction } from 'kysely'
import type { TableNames, Tables } from '../schema.ts'
import { type ColumnTypes, required } from './migration.ts'

export async function forgetting(
  { schema }: Transaction<Tables>,
  tables: TableNames,
  types: ColumnTypes,
): Promise<void> {
  await schema
    .alterTable(tables.inbox)
    .addColumn('stripped', 'smallint', column => column.notNull().defaultTo(0))
    .execute()

  await schema
    .createTable(tables.refused)
    .addColumn('id', types.counter, column => types.counted(column.primaryKey()))
    .addColumn('tenant_id', types.text, required)
    .addColumn('provider', types.text, required)
    .addColumn('method', types.text, required)
    .addColumn('target', types.text, required)
    .addColumn('headers', types.text, required)
    .addColumn('body', types.bytes, required)
    .addColumn('reason', types.text, required)
    .addColumn('digest', types.text, required)
    .addColumn('received_at', 'bigint', required)
    .addUniqueConstraint(`${tables.refused}_once`, ['tenant_id', 'digest'])
    .execute()

  await schema
    .createTable(tables.operations)
    .addColumn('id', types.counter, column => types.counted(column.primaryKey()))
    .addColumn('tenant_id', types.text, required)
    .addColumn('at', 'bigint', required)
    .addColumn('who', types.text, required)
    .addColumn('what', types.text, required)
    .addColumn('count', 'bigint', required)
    .execute()
}
