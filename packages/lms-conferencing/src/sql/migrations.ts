import type { Transaction } from 'kysely'
import { ConferencingError } from '../errors.ts'
import { storeUnavailable } from '../store-faults.ts'
import { activity } from './migrations/activity.ts'
import { calendarTokens } from './migrations/calendar-tokens.ts'
import { changes } from './migrations/changes.ts'
import { firstTables } from './migrations/first-tables.ts'
import { forgetting } from './migrations/forgetting.ts'
import { gaps } from './migrations/gaps.ts'
import { jobs } from './migrations/jobs.ts'
import { type ColumnTypes, type Migration, required } from './migrations/migration.ts'
import { once } from './migrations/once.ts'
import { results } from './migrations/results.ts'
import { settings } from './migrations/settings.ts'
import { sharedMeetings } from './migrations/shared-meetings.ts'
import type { TableNames, Tables } from './schema.ts'

/** In order, one after the other; a published one is never changed. */
const migrations: readonly Migration[] = [
  { name: 'classes, facts, recordings, inbox', up: firstTables },
  { name: 'refused requests, operations, forgotten bodies', up: forgetting },
  { name: 'activity', up: activity },
  { name: 'what changed, for live pages', up: changes },
  { name: 'tokens of calendar feeds', up: calendarTokens },
  { name: 'jobs and reminders', up: jobs },
  { name: 'attendance kept, marks of teachers', up: results },
  { name: 'idempotency keys', up: once },
  { name: 'lost callbacks, reconciliation', up: gaps },
  { name: 'settings', up: settings },
  { name: 'meetings that classes share', up: sharedMeetings },
]

/**
 * Brings the schema up to date, in the caller's transaction, which no other migration runs beside. Throws
 * `STORE_UNAVAILABLE` `newer_schema` when the database has been used by a newer version.
 */
export async function migrate(tx: Transaction<Tables>, tables: TableNames, types: ColumnTypes): Promise<void> {
  await tx.schema
    .createTable(tables.schema_versions)
    .ifNotExists()
    .addColumn('version', 'integer', column => column.primaryKey())
    .addColumn('name', 'text', required)
    .execute()
  const current = await schemaVersion(tx, tables)
  for (const [index, { name, up }] of migrations.entries()) {
    if (index < current) continue
    await up(tx, tables, types)
    await tx
      .insertInto(tables.schema_versions)
      .values({ version: index + 1, name })
      .execute()
  }
}

/** Throws `STORE_UNAVAILABLE` `older_schema` or `newer_schema` unless the schema is just what this version needs. */
export async function requireSchema(tx: Transaction<Tables>, tables: TableNames): Promise<void> {
  const current = await schemaVersion(tx, tables).catch((error: unknown) => {
    const reason = error instanceof ConferencingError ? error.details.reason : undefined
    // No such table: PostgreSQL says so, SQLite has no code of its own for it.
    if (reason === 'gone' || reason === 'failed') return 0
    throw error
  })
  if (current < migrations.length) {
    throw storeUnavailable('older_schema', `(Its schema is ${current}, this version needs ${migrations.length}.)`)
  }
}

async function schemaVersion(tx: Transaction<Tables>, tables: TableNames): Promise<number> {
  const latest = await tx
    .selectFrom(tables.schema_versions)
    .select(({ fn }) => fn.max('version').as('version'))
    .executeTakeFirst()
  const current = latest?.version ?? 0
  if (current > migrations.length) {
    throw storeUnavailable('newer_schema', `(Its schema is ${current}, this version knows ${migrations.length}.)`)
  }
  return current
}
