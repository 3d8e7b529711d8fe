import type { Transaction } from 'kysely'
import type { TableNames, Tables } from '../schema.ts'
import { type ColumnTypes, required } from './migration.ts'

export async function settings({ schema }: Transaction<Tables>, tables: TableNames, types: ColumnTypes): Promise<void> {
  await schema
    .createTable(tables.settings)
    .addColumn('tenant_id', types.text, required)
    .addColumn('name', types.text, required)
    .addColumn('value', types.text, required)
    .addColumn('version', 'integer', required)
    .addPrimaryKeyConstraint(`${tables.settings}_pk`, ['tenant_id', 'name'])
    .execute()
}
