import { sql, type Transaction } from 'kysely'
import type { TableNames, Tables } from '../schema.ts'
import { type ColumnTypes, required } from './migration.ts'

export async function results(db: Transaction<Tables>, tables: TableNames, types: ColumnTypes): Promise<void> {
  const { schema } = db
  const classOf = ['tenant_id', 'class_id'] as const

  await schema
    .createTable(tables.attendance_states)
    .addColumn('tenant_id', types.text, required)
    .addColumn('class_id', types.text, required)
    .addColumn('facts_version', 'bigint', required)
    .addColumn('results_version', 'bigint', required)
    .addColumn('rules', types.text)
    .addColumn('computed_at', 'bigint')
    .addPrimaryKeyConstraint(`${tables.attendance_states}_pk`, [...classOf])
    .addForeignKeyConstraint(
      `${tables.attendance_states}_class`,
      [...classOf],
      tables.classes,
      ['tenant_id', 'id'],
      key => key.onDelete('cascade'),
    )
    .execute()
  await schema
    .createIndex(`${tables.attendance_states}_stale`)
    .on(tables.attendance_states)
    .columns([...classOf])
    .where(sql.ref('results_version'), '<', sql.ref('facts_version'))
    .execute()
  await schema
    .createIndex(`${tables.attendance_states}_by_rules`)
    .on(tables.attendance_states)
    .columns(['tenant_id', 'rules', 'class_id'])
    .execute()

  await schema
    .createTable(tables.attendance_results)
    .addColumn('tenant_id', types.text, required)
    .addColumn('class_id', types.text, required)
    .addColumn('person', types.text, required)
    .addColumn('status', types.text)
    .addColumn('credited_ms', 'bigint', required)
    .addColumn('held_ms', 'bigint', required)
    .addColumn('minutes', 'integer', required)
    .addColumn('percent_tenths', 'integer')
    .addColumn('participation_score', 'integer')
    .addColumn('late', 'smallint', required)
    .addColumn('left_early', 'smallint', required)
    .addColumn('confidence', types.text, required)
    .addColumn('provenance', types.text, required)
    .addColumn('on_roster', 'smallint', required)
    .addColumn('erased', 'smallint', required)
    .addPrimaryKeyConstraint(`${tables.attendance_results}_pk`, [...classOf, 'person'])
    .addForeignKeyConstraint(
      `${tables.attendance_results}_class`,
      [...classOf],
      tables.classes,
      ['tenant_id', 'id'],
      key => key.onDelete('cascade'),
    )
    .execute()

  await schema
    .createTable(tables.attendance_marks)
    .addColumn('tenant_id', types.text, required)
    .addColumn('class_id', types.text, required)
    .addColumn('person', types.text, required)
    .addColumn('mark', types.text, required)
    .addColumn('note', types.text, required)
    .addColumn('marked_by', types.text, required)
    .addColumn('marked_at', 'bigint', required)
    .addPrimaryKeyConstraint(`${tables.attendance_marks}_pk`, [...classOf, 'person'])
    .addForeignKeyConstraint(
      `${tables.attendance_marks}_class`,
      [...classOf],
      tables.classes,
      ['tenant_id', 'id'],
      key => key.onDelete('cascade'),
    )
    .execute()

  // All that a dashboard must know to choose and count classes, so that it opens only the rows it shows.
  await schema
    .createIndex(`${tables.classes}_by_course_status`)
    .on(tables.classes)
    .columns(['tenant_id', 'course_id', 'status', 'starts_at', 'id', 'duration_minutes'])
    .execute()

  // Classes that are over wait for their first results.
  await db
    .insertInto(tables.attendance_states)
    .columns(['tenant_id', 'class_id', 'facts_version', 'results_version'])
    .expression(eb =>
      eb
        .selectFrom(tables.classes)
        .select(({ lit }) => ['tenant_id', 'id', lit(0).as('facts_version'), lit(-1).as('results_version')])
        .where('status', '=', 'completed'),
    )
    .execute()
}
