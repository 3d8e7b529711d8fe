import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely } from 'kysely'
import { ConferencingError } from '../errors.ts'
import type { Store } from '../store.ts'
import { safeFile } from './file.ts'
import type { ColumnTypes } from './migrations/migration.ts'
import { migrate, requireSchema } from './migrations.ts'
import { connect, type LockWait, NodeSqliteDialect, scrub } from './node-sqlite.ts'
import { openPostgres, type PostgresOptions } from './postgres.ts'
import { insertOneByOne } from './receive.ts'
import { type TableNames, type Tables, tableNames } from './schema.ts'
import { type Connections, SqlStore } from './sql-store.ts'
import { type StatementListener, tellStatements } from './statements.ts'

export interface OpenStoreOptions extends PostgresOptions {
  /** Begins the name of every table; `^[a-z_][a-z0-9_]{0,30}$`. @default 'conferencing_' */
  readonly tablePrefix?: string | undefined
  /**
   * How long a transaction waits for a writer in another process, in milliseconds, before it fails with
   * `STORE_UNAVAILABLE` `locked`. A PostgreSQL transaction that stays silent for nearly as long is ended, so that a
   * process that hangs stops nobody. @default 3000
   */
  readonly lockWaitMs?: number | undefined
  /**
   * `run` makes the tables and brings them up to date; `require` changes nothing and throws `STORE_UNAVAILABLE`
   * `older_schema` when there is something to do, for users without the right to change tables. @default 'run'
   */
  readonly migrations?: 'run' | 'require' | undefined
  /** Hears of every statement once it has run: for a log of slow ones, and for tests. */
  readonly onStatement?: StatementListener | undefined
  /** How it waits for SQLite's locks; for tests. @default a timer */
  readonly sleep?: ((ms: number) => Promise<void>) | undefined
}

const sqlite: ColumnTypes = {
  text: 'text',
  bytes: 'blob',
  counter: 'integer',
  counted: column => column.autoIncrement(),
}

/**
 * Opens a store and brings its schema up to date, whoever comes first.
 *
 * `sqlite:path/to/file.db` is a file, made readable for this user alone (0600, and its directory 0700 when it has to be
 * made); `sqlite::memory:` lives as long as the store. `postgres://user:password@host/database` is a server (the
 * package `pg` must be installed): any number of processes may share it. Throws `INVALID` for an address or name that
 * cannot be, and `STORE_UNAVAILABLE` (`details.reason`: `StoreFault`) when the database cannot be used.
 *
 * @example
 * const store = await openStore('sqlite:var/lms.db')
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<Store> {
  const {
    tablePrefix = 'conferencing_',
    schema = 'public',
    lockWaitMs = 3000,
    poolSize = 10,
    migrations = 'run',
    onStatement,
  } = options
  requireName('tablePrefix', tablePrefix)
  requireName('schema', schema)
  const tables = tableNames(tablePrefix)
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) {
    const { acceptUnsafe = [] } = options
    return new SqlStore(
      await openPostgres(url, tables, { schema, poolSize, acceptUnsafe, lockWaitMs, migrations, onStatement }),
      tables,
    )
  }
  const location = /^sqlite:(?<location>.+)$/s.exec(url)?.groups?.location
  if (location === undefined || location.includes('\0')) {
    // The address itself is not repeated: it may hold a password.
    throw new ConferencingError(
      'INVALID',
      'The store must be sqlite:path/to/file.db, sqlite::memory: or postgres://user:password@host/database',
      { details: { field: 'url' } },
    )
  }
  return new SqlStore(
    await openSqlite(location, tables, {
      lockWaitMs,
      sleep: options.sleep ?? (ms => sleep(ms)),
      migrations,
      onStatement,
    }),
    tables,
  )
}

function requireName(field: string, name: string): void {
  if (/^[a-z_][a-z0-9_]{0,30}$/.test(name)) return
  throw new ConferencingError('INVALID', `${field} must be a to z, 0 to 9 and _, at most 31, not a digit first.`, {
    details: { field },
  })
}

type Opened = Omit<Connections, 'insertInbox'>

/** SQLite takes an index without counting first. */
const refreshStatistics = async (): Promise<void> => {}

type SqliteOptions = Wait & { readonly migrations: 'run' | 'require' }
type Wait = LockWait & Pick<OpenStoreOptions, 'onStatement'>

async function openSqlite(location: string, tables: TableNames, options: SqliteOptions): Promise<Connections> {
  const { migrations, ...wait } = options
  const opened = location === ':memory:' ? await inMemory(wait) : await inFile(location, wait)
  try {
    await opened.writer
      .transaction()
      .execute(tx => (migrations === 'run' ? migrate(tx, tables, sqlite) : requireSchema(tx, tables)))
  } catch (error) {
    await opened.close()
    throw error
  }
  return { ...opened, insertInbox: insertOneByOne(tables) }
}

async function inMemory({ onStatement, ...wait }: Wait): Promise<Opened> {
  const database = await connect(':memory:', wait)
  const heard = tellStatements(onStatement)
  const db = new Kysely<Tables>({ dialect: new NodeSqliteDialect({ database, check: () => {}, ...wait }), ...heard })
  return {
    writer: db,
    reader: db,
    scrub: inTurn(db, () => scrub(database, wait)),
    refreshStatistics,
    close: () => database.close(),
  }
}

/** Two connections: what is read is the last committed state, and reading never waits for writing. */
async function inFile(location: string, { onStatement, ...wait }: Wait): Promise<Opened> {
  const { path, check } = safeFile(location)
  const heard = tellStatements(onStatement)
  const writing = await connect(path, wait)
  try {
    check()
    const reading = await connect(path, wait)
    reading.exec('pragma query_only = on')
    const writer = new Kysely<Tables>({
      dialect: new NodeSqliteDialect({ database: writing, check, ...wait }),
      ...heard,
    })
    return {
      writer,
      reader: new Kysely<Tables>({ dialect: new NodeSqliteDialect({ database: reading, check, ...wait }), ...heard }),
      scrub: inTurn(writer, () => scrub(writing, wait)),
      refreshStatistics,
      close() {
        reading.close()
        writing.close()
      },
    }
  } catch (error) {
    writing.close()
    throw error
  }
}

/** Beside no transaction of this connection. */
const inTurn = (db: Kysely<Tables>, work: () => Promise<void>) => (): Promise<void> => db.connection().execute(work)
