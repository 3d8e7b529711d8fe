import type { Transaction } from 'kysely'
import type { TableNames, Tables } from '../schema.ts'
import { type ColumnTypes, required } from './migration.ts'

export async function jobs({ schema }: Transaction<Tables>, tables: TableNames, types: ColumnTypes): Promise<void> {
  await schema
    .createTable(tables.jobs)
    .addColumn('tenant_id', types.text, required)
    .addColumn('name', types.text, required)
    .addColumn('key', types.text, required)
    .addColumn('due_at', 'bigint', required)
    .addColumn('tries', 'integer', required)
    .addColumn('failures', 'integer', required)
    .addColumn('lease', types.text)
    .addColumn('leased_until', 'bigint', required)
    .addColumn('put_again', 'smallint', required)
    .addColumn('dead', 'smallint', required)
    .addColumn('reason', types.text)
    .addPrimaryKeyConstraint(`${tables.jobs}_pk`, ['tenant_id', 'name', 'key'])
    .execute()
  await schema.createIndex(`${tables.jobs}_by_due`).on(tables.jobs).columns(['tenant_id', 'due_at']).execute()

  await schema
    .createTable(tables.reminders)
    .addColumn('tenant_id', types.text, required)
    .addColumn('class_id', types.text, required)
    .addColumn('starts_at', 'bigint', required)
    .addPrimaryKeyConstraint(`${tables.reminders}_pk`, ['tenant_id', 'class_id', 'starts_at'])
    .addForeignKeyConstraint(
      `${tables.reminders}_class`,
      ['tenant_id', 'class_id'],
      tables.classes,
      ['tenant_id', 'id'],
      key => key.onDelete('cascade'),
    )
    .execute()
}
