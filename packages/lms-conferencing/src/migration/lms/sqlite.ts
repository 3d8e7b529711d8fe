import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely, type RawBuilder, sql } from 'kysely'
import { ConferencingError } from '../../errors.ts'
import { storeError } from '../../sql/faults.ts'
import { NodeSqliteDialect } from '../../sql/node-sqlite.ts'
import { targetNames } from '../columns.ts'
import { rowDigest } from '../digest.ts'
import type { RowKey } from './database.ts'
import type { Db, Engine, Place } from './engine.ts'

interface OpenedSqlite {
  readonly db: Db
  readonly engine: Engine
  close(): void
}

/** How long another writer may keep us waiting, in milliseconds. */
const LOCK_WAIT_MS = 30_000

/** Opens the LMS's file as it is: none of its settings is changed, and read-only is read-only. */
export function openSqliteLms(
  location: string,
  place: Place,
  { readOnly, sleep }: { readonly readOnly: boolean; readonly sleep: (ms: number) => Promise<void> },
): OpenedSqlite {
  const path = resolve(location)
  // SQLite would make it.
  if (!existsSync(path)) {
    throw new ConferencingError('INVALID', 'The database of the LMS is not there: check the address.', {
      details: { field: 'lms' },
    })
  }
  try {
    const database = new DatabaseSync(path, { timeout: 2, readOnly })
    database.function('conferencing_digest', { varargs: true, deterministic: true, directOnly: true }, (...values) =>
      rowDigest(values.map(value => (value === null ? null : String(value)))),
    )
    const db: Db = new Kysely({
      dialect: new NodeSqliteDialect({ database, check: () => {}, lockWaitMs: LOCK_WAIT_MS, sleep }),
    })
    return { db, engine: sqliteEngine(place), close: () => database.close() }
  } catch (error) {
    throw storeError(error)
  }
}

function sqliteEngine(plan: Place): Engine {
  const table = sql.id(plan.table)
  const keyJson = ({ text, isNumber }: RowKey): string => (isNumber ? text : JSON.stringify(text))
  return {
    name: 'SQLite',
    table,
    view: sql.id(plan.view),
    stateTable: sql.id('conferencing_migration'),

    async columns(db) {
      const { rows } = await sql<{ name: string; type: string; pk: number }>`
        select name, type, pk from pragma_table_info(${plan.table})
        where (select type from sqlite_schema where name = ${plan.table}) = 'table'`.execute(db)
      const keys = rows.filter(({ pk }) => pk > 0).length
      return rows.map(({ name, type, pk }) => ({ name, type, isKey: pk > 0 && keys === 1 }))
    },

    async hasStateTable(db) {
      const { rows } = await sql`select 1 from sqlite_schema where name = 'conferencing_migration'`.execute(db)
      return rows.length > 0
    },

    rowVersion: sql`null`,
    ownVersion: sql`null`,
    jsonArray: values => sql`json_array(${sql.join(values)})`,
    isOneOf: () => sql`false`,
    asText: ({ name, type }) => (/blob/i.test(type) ? sql`hex(${sql.ref(name)})` : sql`cast(${sql.ref(name)} as text)`),
    keyIsNumber: ({ name }) => sql`typeof(${sql.ref(name)}) = 'integer'`,
    keyValue: ({ text, isNumber }) => sql`${isNumber ? BigInt(text) : text}`,

    keysWhere: condition => sql`json_group_array(json_array(k, is_number)) filter (where ${condition})`,

    // A column of numbers reads the texts as numbers.
    among: ({ name }, texts) => sql`${sql.ref(name)} in (${sql.join(texts)})`,

    digest: texts => sql`conferencing_digest(${sql.join(texts)})`,

    // One parameter for the whole batch, so that the statement is always the same.
    update(patches, key, target) {
      const rows = patches.map(
        patch =>
          `[${keyJson(patch.key)},${JSON.stringify(patch.providerBefore)},${targetNames
            .map(name => JSON.stringify(patch.values[name]))
            .join(',')}]`,
      )
      const sets = targetNames.map((name, index) => sql`${sql.id(target[name])} = ${jsonAt(index + 2)}`)
      return sql`update ${table} set ${sql.join(sets)} from json_each(${`[${rows.join(',')}]`}) as given
        where ${sql.id(plan.table, key.name)} = ${jsonAt(0)} and ${sql.id(plan.table, target.provider)} is ${jsonAt(1)}`
    },

    clear(keys, key, target) {
      const sets = targetNames.map(name => sql`${sql.id(target[name])} = null`)
      return sql`update ${table} set ${sql.join(sets)}
        where ${sql.id(key.name)} in (select value from json_each(${`[${keys.map(keyJson).join(',')}]`}))`
    },
  }
}

/** The n-th of a row's values; the number is part of the text, so that all batches share one statement. */
const jsonAt = (index: number): RawBuilder<unknown> => sql`given.value ->> ${sql.lit(index)}`
