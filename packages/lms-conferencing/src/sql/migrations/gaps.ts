import type { Transaction } from 'kysely'
import type { TableNames, Tables } from '../schema.ts'
import { type ColumnTypes, required } from './migration.ts'

export async function gaps({ schema }: Transaction<Tables>, tables: TableNames, types: ColumnTypes): Promise<void> {
  await schema.alterTable(tables.events).addColumn('sources', types.text).execute()

  await schema
    .createTable(tables.gaps)
    .addColumn('tenant_id', types.text, required)
    .addColumn('provider', types.text, required)
    .addColumn('server_id', types.text, required)
    .addColumn('from_at', 'bigint', required)
    .addColumn('to_at', 'bigint', required)
    .addColumn('cause', types.text, required)
    .addColumn('found_at', 'bigint', required)
    .addPrimaryKeyConstraint(`${tables.gaps}_pk`, ['tenant_id', 'provider', 'server_id', 'from_at', 'cause'])
    .execute()

  await schema
    .createTable(tables.last_well)
    .addColumn('tenant_id', types.text, required)
    .addColumn('what', types.text, required)
    .addColumn('at', 'bigint', required)
    .addPrimaryKeyConstraint(`${tables.last_well}_pk`, ['tenant_id', 'what'])
    .execute()

  await schema
    .createTable(tables.reconciliations)
    .addColumn('tenant_id', types.text, required)
    .addColumn('class_id', types.text, required)
    .addColumn('state', types.text, required)
    .addColumn('attempts', 'integer', required)
    .addColumn('next_at', 'bigint')
    .addColumn('at', 'bigint')
    .addColumn('has_report', 'smallint', required)
    .addColumn('added', 'integer', required)
    .addColumn('watched', types.text, required)
    .addPrimaryKeyConstraint(`${tables.reconciliations}_pk`, ['tenant_id', 'class_id'])
    .addForeignKeyConstraint(
      `${tables.reconciliations}_class`,
      ['tenant_id', 'class_id'],
      tables.classes,
      ['tenant_id', 'id'],
      key => key.onDelete('cascade'),
    )
    .execute()
}
