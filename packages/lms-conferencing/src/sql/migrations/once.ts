import type { Transaction } from 'kysely'
import type { TableNames, Tables } from '../schema.ts'
import { type ColumnTypes, required } from './migration.ts'

export async function once({ schema }: Transaction<Tables>, tables: TableNames, types: ColumnTypes): Promise<void> {
  await schema
    .createTable(tables.once)
    .addColumn('tenant_id', types.text, required)
    .addColumn('once_key', types.text, required)
    .addColumn('class_id', types.text, required)
    .addColumn('fingerprint', types.text, required)
    .addPrimaryKeyConstraint(`${tables.once}_pk`, ['tenant_id', 'once_key'])
    .addForeignKeyConstraint(
      `${tables.once}_class`,
      ['tenant_id', 'class_id'],
      tables.classes,
      ['tenant_id', 'id'],
      key => key.onDelete('cascade'),
    )
    .execute()
  await schema.createIndex(`${tables.once}_by_class`).on(tables.once).columns(['tenant_id', 'class_id']).execute()
}
