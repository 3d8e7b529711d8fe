import type { Transaction } from 'kysely'
import type { TableNames, Tables } from '../schema.ts'
import { type ColumnTypes, required } from './migration.ts'

export async function changes({ schema }: Transaction<Tables>, tables: TableNames, types: ColumnTypes): Promise<void> {
  await schema
    .createTable(tables.changes)
    .addColumn('seq', types.counter, column => types.counted(column.primaryKey()))
    .addColumn('tenant_id', types.text, required)
    .addColumn('course_id', types.text, required)
    .addColumn('class_id', types.text, required)
    .addColumn('kind', types.text, required)
    .execute()
}
