import { Kysely, sql } from 'kysely'
import { loadPool, parsers } from '../../sql/postgres.ts'
import { PostgresStoreDialect } from '../../sql/postgres-driver.ts'
import { targetNames } from '../columns.ts'
import type { Db, Engine, Place } from './engine.ts'

interface OpenedPostgres {
  readonly db: Db
  readonly engine: Engine
  close(): Promise<void>
}

/**
 * How long a statement of ours may wait for a lock, in milliseconds: whoever waits for a table's lock stops all who come
 * after, so it gives up soon and tries again later.
 */
const LOCK_WAIT_MS = 150
const STATEMENT_MS = 60_000

/** Connects to the LMS's database; `readOnly` is held by the server. */
export async function openPostgresLms(
  url: string,
  place: Place,
  { readOnly }: { readonly readOnly: boolean },
): Promise<OpenedPostgres> {
  const Pool = await loadPool()
  const pool = new Pool({
    connectionString: url,
    max: 2,
    types: parsers(),
    connectionTimeoutMillis: 5000,
    query_timeout: STATEMENT_MS,
    keepAlive: true,
    allowExitOnIdle: true,
    application_name: 'lms-conferencing-migrate',
    ...(readOnly && {
      onConnect: async client => {
        await client.query('set session characteristics as transaction read only')
      },
    }),
  })
  pool.on('error', () => {})
  const db: Db = new Kysely({
    dialect: new PostgresStoreDialect({
      pool,
      // Never asked for: no transaction here is alone.
      lockKey: 0n,
      lockWaitMs: LOCK_WAIT_MS,
      statementTimeoutMs: STATEMENT_MS,
      idleTimeoutMs: STATEMENT_MS,
      // How times are written as text.
      readSettings: { timezone: 'UTC', datestyle: 'ISO, YMD' },
    }),
  })
  return { db, engine: postgresEngine(place), close: () => pool.end() }
}

/** Whether a text is a whole number of so many bits. */
const isWhole = (text: string, bits: number): boolean =>
  /^-?\d{1,19}$/.test(text) && BigInt.asIntN(bits, BigInt(text)) === BigInt(text)

/** Whether a text can be a value of a type, or else the server would refuse the statement; of other types every text may be one. */
const values: Readonly<Record<string, (text: string) => boolean>> = {
  uuid: text => /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i.test(text),
  smallint: text => isWhole(text, 16),
  integer: text => isWhole(text, 32),
  bigint: text => isWhole(text, 64),
}

function postgresEngine(plan: Place): Engine {
  const table = sql.id(plan.schema, plan.table)
  return {
    name: 'PostgreSQL',
    table,
    view: sql.id(plan.schema, plan.view),
    stateTable: sql.id(plan.schema, 'conferencing_migration'),

    async columns(db) {
      const { rows } = await sql<{ name: string; type: string; is_key: number }>`
        select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
          case when exists (
            select from pg_index i where i.indrelid = c.oid and i.indisprimary and i.indnkeyatts = 1 and i.indkey[0] = a.attnum
          ) then 1 else 0 end as is_key
        from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${plan.schema} and c.relname = ${plan.table} and c.relkind in ('r', 'p')
          and a.attnum > 0 and not a.attisdropped
        order by a.attnum`.execute(db)
      return rows.map(({ name, type, is_key: isKey }) => ({ name, type, isKey: isKey === 1 }))
    },

    async hasStateTable(db) {
      const { rows } = await sql`select from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${plan.schema} and c.relname = 'conferencing_migration'`.execute(db)
      return rows.length > 0
    },

    // A row's xmin is the transaction that wrote it last; ours are of this moment, so that none comes again.
    rowVersion: sql`xmin::text`,
    ownVersion: sql`pg_current_xact_id()::xid::text`,
    jsonArray: values => sql`json_build_array(${sql.join(values)})::text`,
    isOneOf: versions => (versions.length === 0 ? sql`false` : sql`xmin::text = any(${versions}::text[])`),

    asText: ({ name }) => sql`${sql.ref(name)}::text`,
    keyIsNumber: () => sql`0`,
    // The type's name is the catalog's own, quoted where it has to be.
    keyValue: ({ text }, { type }) => sql`cast(${text}::text as ${sql.raw(type)})`,

    keysWhere: condition => sql`json_agg(json_build_array(k, is_number)) filter (where ${condition})::text`,

    among({ name, type }, texts) {
      const possible = texts.filter(values[type] ?? (() => true))
      return sql`${sql.ref(name)} = any(${possible}::text[]::${sql.raw(type)}[])`
    },

    digest: texts =>
      sql`encode(sha256(convert_to(concat_ws(',', ${sql.join(
        texts.map(text => sql`coalesce('''' || replace(${text}, '''', '''''') || '''', 'n')`),
      )}), 'UTF8')), 'base64')`,

    update(patches, key, target) {
      const list = (values: readonly (string | null)[]) => sql`${values}::text[]`
      const sets = targetNames.map(name => sql`${sql.id(target[name])} = given.${sql.id(name)}`)
      const names = ['key', 'version', 'provider_before', ...targetNames].map(name => sql.id(name))
      return sql`update ${table} as lms set ${sql.join(sets)}
        from unnest(${list(patches.map(({ key: { text } }) => text))}, ${list(patches.map(({ version }) => version))},
          ${list(patches.map(one => one.providerBefore))},
          ${sql.join(targetNames.map(name => list(patches.map(({ values }) => values[name]))))}) as given (${sql.join(names)})
        where lms.${sql.id(key.name)} = given.${sql.id('key')}::${sql.raw(key.type)}
          and lms.${sql.id(target.provider)} is not distinct from given.provider_before
          and (given.version is null or lms.xmin::text = given.version)`
    },

    clear(keys, key, target) {
      const sets = targetNames.map(name => sql`${sql.id(target[name])} = null`)
      return sql`update ${table} set ${sql.join(sets)}
        where ${sql.id(key.name)} = any(${keys.map(({ text }) => text)}::text[]::${sql.raw(key.type)}[])`
    },
  }
}
