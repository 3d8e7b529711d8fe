import type { Transaction } from 'kysely'
import type { TableNames, Tables } from '../schema.ts'
import { type ColumnTypes, required } from './migration.ts'

export async function activity({ schema }: Transaction<Tables>, tables: TableNames, types: ColumnTypes): Promise<void> {
  await schema
    .createTable(tables.activity)
    .addColumn('tenant_id', types.text, required)
    .addColumn('class_id', types.text, required)
    .addColumn('instance', types.text, required)
    .addColumn('person', types.text, required)
    .addColumn('polls_published', 'bigint', required)
    .addColumn('talk_ms', 'bigint', required)
    .addColumn('messages', 'bigint', required)
    .addColumn('raised_hands', 'bigint', required)
    .addColumn('reactions', 'bigint', required)
    .addColumn('poll_answers', 'bigint', required)
    .addPrimaryKeyConstraint(`${tables.activity}_pk`, ['tenant_id', 'class_id', 'instance', 'person'])
    .addForeignKeyConstraint(
      `${tables.activity}_class`,
      ['tenant_id', 'class_id'],
      tables.classes,
      ['tenant_id', 'id'],
      key => key.onDelete('cascade'),
    )
    .execute()
}
