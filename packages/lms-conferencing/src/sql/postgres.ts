import { hash } from 'node:crypto'
import { Kysely, sql } from 'kysely'
import type { ClientBase, CustomTypesConfig, Pool, PoolConfig } from 'pg'
import { ConferencingError } from '../errors.ts'
import { storeUnavailable } from '../store-faults.ts'
import type { ColumnTypes } from './migrations/migration.ts'
import { migrate, requireSchema } from './migrations.ts'
import { PostgresStoreDialect } from './postgres-driver.ts'
import { isConnectionLost, postgresError } from './postgres-faults.ts'
import { insertAtOnce } from './receive.ts'
import type { TableNames, Tables } from './schema.ts'
import type { Connections } from './sql-store.ts'
import { type StatementListener, tellStatements } from './statements.ts'

/** A setting of PostgreSQL without which a confirmed commit may be lost. */
export type DurabilitySetting = 'synchronous_commit' | 'fsync' | 'full_page_writes'

export interface PostgresOptions {
  /** The schema of the tables, made when it is not there; `^[a-z_][a-z0-9_]{0,30}$`. @default 'public' */
  readonly schema?: string | undefined
  /** How many connections this process may hold. @default 10 */
  readonly poolSize?: number | undefined
  /**
   * Settings that may be `off`: what was acknowledged just before a power failure is then lost. By default a server that
   * has one of them off is refused with `STORE_UNAVAILABLE` `unsafe_settings`.
   */
  readonly acceptUnsafe?: readonly DurabilitySetting[] | undefined
}

interface Resolved {
  readonly schema: string
  readonly poolSize: number
  readonly acceptUnsafe: readonly DurabilitySetting[]
  readonly lockWaitMs: number
  readonly migrations: 'run' | 'require'
  readonly onStatement: StatementListener | undefined
}

/** The client notices a silent server a little later than the server notices a lock. */
const SILENCE_MS = 500
/**
 * A process that was stopped in the middle of a transaction loses it, and with it the lock, before those who wait for
 * the lock give up.
 */
const IDLE_SHARE = 0.8
const MIGRATION_WAIT_MS = 60_000
const MIGRATION_MS = 3_600_000

const types: ColumnTypes = {
  text: sql`text collate "C"`,
  bytes: 'bytea',
  counter: 'bigserial',
  counted: column => column,
}

/** Connects and brings the schema up to date. Throws what `openStore` throws. */
export async function openPostgres(url: string, tables: TableNames, options: Resolved): Promise<Connections> {
  const { schema, lockWaitMs } = options
  const Pool = await loadPool()
  const lockKey = (purpose: string): bigint =>
    Buffer.from(hash('sha256', JSON.stringify(['lms-conferencing', schema, tables, purpose])), 'hex').readBigInt64BE()
  const pool = connectionPool(Pool, {
    url,
    max: options.poolSize,
    silenceMs: lockWaitMs + SILENCE_MS,
    acceptUnsafe: options.acceptUnsafe,
  })
  const config = {
    pool,
    lockKey: lockKey('write'),
    lockWaitMs,
    statementTimeoutMs: lockWaitMs + SILENCE_MS,
    idleTimeoutMs: lockWaitMs * IDLE_SHARE,
  }
  try {
    if (options.migrations === 'run')
      await prepare(Pool, url, { schema, tables, lockKey: lockKey('migrate'), acceptUnsafe: options.acceptUnsafe })
    const dialect = new PostgresStoreDialect(config)
    const db = new Kysely<Tables>({ dialect, ...tellStatements(options.onStatement) }).withSchema(schema)
    if (options.migrations === 'require') await db.transaction().execute(tx => requireSchema(tx, tables))
    return {
      writer: db,
      reader: db,
      insertInbox: insertAtOnce(tables, schema),
      isPostgres: true,
      schema,
      // The server's own vacuum does that, in its time.
      async scrub() {},
      // Also has checks of foreign keys planned anew, which a session does once.
      refreshStatistics: () =>
        db.transaction().execute(async tx => {
          for (const name of ['classes', 'attendance_states', 'recordings', 'events'] as const)
            await sql`analyze ${sql.table(`${schema}.${tables[name]}`)}`.execute(tx)
        }),
      close: () => pool.end(),
    }
  } catch (error) {
    await pool.end()
    throw error
  }
}

type PoolClass = new (config: PoolConfig) => Pool

export async function loadPool(): Promise<PoolClass> {
  try {
    return (await import('pg')).default.Pool
  } catch (error) {
    throw new ConferencingError('INVALID', 'A PostgreSQL store needs the package pg: install it beside this one.', {
      cause: error,
      details: { field: 'url' },
    })
  }
}

interface PoolSettings {
  readonly url: string
  readonly max: number
  readonly silenceMs: number
  readonly acceptUnsafe: readonly DurabilitySetting[]
}

function connectionPool(Pool: PoolClass, { url, max, silenceMs, acceptUnsafe }: PoolSettings): Pool {
  const pool = new Pool({
    connectionString: url,
    max,
    types: parsers(),
    // Also counts the wait for a free connection.
    connectionTimeoutMillis: Math.min(silenceMs, 3000),
    query_timeout: silenceMs,
    keepAlive: true,
    allowExitOnIdle: true,
    application_name: 'lms-conferencing',
    onConnect: client => checkSettings(client, acceptUnsafe),
  })
  // An idle connection that is lost is replaced when the next one is asked for.
  pool.on('error', () => {})
  return pool
}

// https://www.postgresql.org/docs/current/catalog-pg-type.html
const BYTEA = 17
const INT8 = 20

/** Counters and times are far below 2^53; bytes are bytes on every database. */
export function parsers(): CustomTypesConfig {
  const parse = (oid: number): ((value: string) => unknown) => {
    if (oid === BYTEA) return value => new Uint8Array(Buffer.from(value.slice(2), 'hex'))
    return [INT8, 21, 23, 700, 701].includes(oid) ? Number : value => value
  }
  return { getTypeParser: parse }
}

/** Asked of every new connection: the server behind the address may be another one than before. */
async function checkSettings(client: ClientBase, acceptUnsafe: readonly DurabilitySetting[]): Promise<void> {
  const { rows } = await client.query<Readonly<Record<string, string>>>(
    `select current_setting('server_encoding') as encoding, current_setting('synchronous_commit') as synchronous_commit,
       current_setting('fsync') as fsync, current_setting('full_page_writes') as full_page_writes`,
  )
  const settings = rows[0] ?? {}
  if (settings.encoding !== 'UTF8') throw storeUnavailable('failed', 'Its encoding must be UTF8.')
  for (const setting of ['synchronous_commit', 'fsync', 'full_page_writes'] as const) {
    if (settings[setting] !== 'off' || acceptUnsafe.includes(setting)) continue
    throw storeUnavailable('unsafe_settings', `Turn ${setting} on, or name it in acceptUnsafe.`)
  }
}

interface Preparation {
  readonly schema: string
  readonly tables: TableNames
  readonly lockKey: bigint
  readonly acceptUnsafe: readonly DurabilitySetting[]
}

/** Makes or updates schema and tables, over a connection with the patience for it. */
async function prepare(Pool: PoolClass, url: string, preparation: Preparation): Promise<void> {
  const { schema, tables, lockKey, acceptUnsafe } = preparation
  const pool = connectionPool(Pool, { url, max: 1, silenceMs: MIGRATION_MS, acceptUnsafe })
  const dialect = new PostgresStoreDialect({
    pool,
    lockKey,
    lockWaitMs: MIGRATION_WAIT_MS,
    statementTimeoutMs: MIGRATION_MS,
    idleTimeoutMs: MIGRATION_MS,
  })
  try {
    const db = new Kysely<Tables>({ dialect })
    await db
      .transaction()
      .setIsolationLevel('serializable')
      .execute(async tx => {
        // `create … if not exists` asks for the right to create even when there is nothing to do.
        const found = await sql`select 1 from pg_namespace where nspname = ${schema}`.execute(tx)
        if (found.rows.length === 0) await tx.schema.createSchema(schema).execute()
        await migrate(tx.withSchema(schema), tables, types)
      })
  } catch (error) {
    throw isConnectionLost(error) ? postgresError(error) : error
  } finally {
    await pool.end()
  }
}
