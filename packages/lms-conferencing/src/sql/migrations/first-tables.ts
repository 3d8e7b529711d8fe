import type { Transaction } from 'kysely'
import type { TableNames, Tables } from '../schema.ts'
import { type ColumnTypes, required } from './migration.ts'

export async function firstTables(
  { schema }: Transaction<Tables>,
  tables: TableNames,
  types: ColumnTypes,
): Promise<void> {
  await schema
    .createTable(tables.classes)
    .addColumn('tenant_id', types.text, required)
    .addColumn('id', types.text, required)
    .addColumn('course_id', types.text, required)
    .addColumn('teacher_id', types.text, required)
    .addColumn('title', types.text, required)
    .addColumn('description', types.text, required)
    .addColumn('starts_at', 'bigint', required)
    .addColumn('duration_minutes', 'integer', required)
    .addColumn('status', types.text, required)
    .addColumn('provider', types.text, required)
    .addColumn('server_id', types.text, required)
    .addColumn('meeting_id', types.text, required)
    .addColumn('meeting_key', types.text)
    .addColumn('moderator_password', types.text, required)
    .addColumn('attendee_password', types.text, required)
    .addColumn('meeting_details', types.text, required)
    .addColumn('provisioning', types.text, required)
    .addColumn('provisioning_reason', types.text)
    .addColumn('record', 'smallint', required)
    .addColumn('has_recording', 'smallint', required)
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('created_at', 'bigint', required)
    .addColumn('updated_at', 'bigint', required)
    .addColumn('version', 'integer', required)
    .addPrimaryKeyConstraint(`${tables.classes}_pk`, ['tenant_id', 'id'])
    .addUniqueConstraint(`${tables.classes}_by_meeting`, ['tenant_id', 'provider', 'server_id', 'meeting_key'])
    .execute()
  for (const column of ['course_id', 'status', 'provisioning'] as const) {
    await schema
      .createIndex(`${tables.classes}_by_${column}`)
      .on(tables.classes)
      .columns(['tenant_id', column, 'starts_at'])
      .execute()
  }

  await schema
    .createTable(tables.events)
    .addColumn('tenant_id', types.text, required)
    .addColumn('class_id', types.text, required)
    .addColumn('fact_key', types.text, required)
    .addColumn('provenance', types.text, required)
    .addColumn('type', types.text, required)
    .addColumn('instance', types.text, required)
    .addColumn('at', 'bigint', required)
    .addColumn('session', types.text)
    .addColumn('person', types.text)
    .addColumn('room', types.text)
    .addColumn('present', types.text)
    .addPrimaryKeyConstraint(`${tables.events}_pk`, ['tenant_id', 'class_id', 'fact_key'])
    .addForeignKeyConstraint(
      `${tables.events}_class`,
      ['tenant_id', 'class_id'],
      tables.classes,
      ['tenant_id', 'id'],
      key => key.onDelete('cascade'),
    )
    .execute()

  await schema
    .createTable(tables.recordings)
    .addColumn('tenant_id', types.text, required)
    .addColumn('class_id', types.text, required)
    .addColumn('record_id', types.text, required)
    .addColumn('name', types.text, required)
    .addColumn('state', types.text, required)
    .addColumn('published', 'smallint', required)
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('duration_seconds', 'double precision')
    .addColumn('size_bytes', 'bigint')
    .addColumn('playback', types.text, required)
    .addPrimaryKeyConstraint(`${tables.recordings}_pk`, ['tenant_id', 'class_id', 'record_id'])
    .addForeignKeyConstraint(
      `${tables.recordings}_class`,
      ['tenant_id', 'class_id'],
      tables.classes,
      ['tenant_id', 'id'],
      key => key.onDelete('cascade'),
    )
    .execute()

  await schema
    .createTable(tables.aliases)
    .addColumn('tenant_id', types.text, required)
    .addColumn('provider', types.text, required)
    .addColumn('server_id', types.text, required)
    .addColumn('meeting_key', types.text, required)
    .addColumn('parent_key', types.text, required)
    .addColumn('parent_instance', types.text, required)
    .addColumn('room', types.text, required)
    .addPrimaryKeyConstraint(`${tables.aliases}_pk`, ['tenant_id', 'provider', 'server_id', 'meeting_key'])
    .execute()

  await schema
    .createTable(tables.inbox)
    .addColumn('seq', types.counter, column => types.counted(column.primaryKey()))
    .addColumn('tenant_id', types.text, required)
    .addColumn('provider', types.text, required)
    .addColumn('server_id', types.text, required)
    .addColumn('kind', types.text, required)
    .addColumn('body', types.bytes, required)
    .addColumn('digest', types.text, required)
    .addColumn('received_at', 'bigint', required)
    .addColumn('state', types.text, required)
    .addColumn('attempts', 'integer', required)
    .addColumn('next_attempt_at', 'bigint', required)
    .addColumn('reason', types.text)
    .addUniqueConstraint(`${tables.inbox}_once`, ['tenant_id', 'digest'])
    .execute()
  await schema.createIndex(`${tables.inbox}_by_state`).on(tables.inbox).columns(['tenant_id', 'state', 'seq']).execute()

  await schema
    .createTable(tables.inbox_waiting)
    .addColumn('tenant_id', types.text, required)
    .addColumn('provider', types.text, required)
    .addColumn('server_id', types.text, required)
    .addColumn('meeting_key', types.text, required)
    .addColumn('seq', 'bigint', column => column.notNull().references(`${tables.inbox}.seq`).onDelete('cascade'))
    .addPrimaryKeyConstraint(`${tables.inbox_waiting}_pk`, ['tenant_id', 'provider', 'server_id', 'meeting_key', 'seq'])
    .execute()
  await schema.createIndex(`${tables.inbox_waiting}_by_seq`).on(tables.inbox_waiting).column('seq').execute()
}
