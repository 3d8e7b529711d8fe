import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from 'kysely'
import { storeUnavailable } from '../store-faults.ts'
import { isLocked, storeError } from './faults.ts'
import { storable } from './values.ts'

/** How long to wait for another writer. */
export interface LockWait {
  readonly lockWaitMs: number
  readonly sleep: (ms: number) => Promise<void>
}

const PAUSE_MS = 10
/** SQLite's own wait stops the event loop, so it only covers collisions of a moment. */
const BUSY_TIMEOUT_MS = 2
const STATEMENTS_KEPT = 128

/** Tries again while another process holds the database. */
async function whileLocked<T>({ lockWaitMs, sleep }: LockWait, attempt: () => T): Promise<T> {
  for (let waited = 0; ; waited += PAUSE_MS) {
    try {
      return attempt()
    } catch (error) {
      if (!isLocked(error) || waited >= lockWaitMs) throw error
      await sleep(PAUSE_MS)
    }
  }
}

export interface NodeSqliteConfig extends LockWait {
  readonly database: DatabaseSync
  /** Throws when the database must not be used any more; asked before a transaction begins and before it commits. */
  readonly check: () => void
}

/**
 * Kysely on `node:sqlite`: one connection, one transaction at a time, in the order they were asked for.
 * Writing transactions take the write lock when they begin, so that they never fail half-way for want of it.
 */
export class NodeSqliteDialect implements Dialect {
  readonly #config: NodeSqliteConfig

  constructor(config: NodeSqliteConfig) {
    this.#config = config
  }

  createDriver(): Driver {
    return new NodeSqliteDriver(this.#config)
  }

  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler()
  }

  createAdapter(): SqliteAdapter {
    return new QueueingSqliteAdapter()
  }

  createIntrospector(db: Kysely<unknown>): SqliteIntrospector {
    return new SqliteIntrospector(db)
  }
}

/** Our driver hands out its one connection itself, because it must be able to turn away those who wait. */
class QueueingSqliteAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

interface Waiting {
  readonly resolve: (connection: NodeSqliteConnection) => void
  readonly reject: (error: unknown) => void
}

class NodeSqliteDriver implements Driver {
  readonly #config: NodeSqliteConfig
  readonly #statements = new Map<string, Prepared>()
  #waiting: Waiting[] = []
  #busy = false

  constructor(config: NodeSqliteConfig) {
    this.#config = config
  }

  async init(): Promise<void> {}

  acquireConnection(): Promise<NodeSqliteConnection> {
    return new Promise((resolve, reject) => {
      if (this.#busy) this.#waiting.push({ resolve, reject })
      else {
        this.#busy = true
        resolve(this.#connect())
      }
    })
  }

  async releaseConnection(connection: NodeSqliteConnection): Promise<void> {
    connection.end()
    const next = this.#waiting.shift()
    if (next) next.resolve(this.#connect())
    else this.#busy = false
  }

  async beginTransaction(_connection: DatabaseConnection, { accessMode }: TransactionSettings): Promise<void> {
    try {
      this.#config.check()
      await whileLocked(this.#config, () => this.#begin(accessMode === 'read only'))
    } catch (error) {
      const failure = storeError(error)
      // Whoever waited behind us has waited as long, and would meet the same lock.
      if (isLocked(error)) for (const { reject } of this.#waiting.splice(0)) reject(failure)
      throw failure
    }
  }

  async commitTransaction(): Promise<void> {
    try {
      this.#config.check()
      this.#config.database.exec('commit')
    } catch (error) {
      throw storeError(error)
    }
  }

  async rollbackTransaction(): Promise<void> {
    // Some failures (a full disk, an I/O error) have already rolled back.
    if (!this.#config.database.isTransaction) return
    try {
      this.#config.database.exec('rollback')
    } catch (error) {
      throw storeError(error)
    }
  }

  /** Whoever opened the database closes it: Kysely asks for this only when there was a query. */
  async destroy(): Promise<void> {}

  /** All that another process can stop happens here: later statements have their lock, or their snapshot. */
  #begin(isReadOnly: boolean): void {
    const { database } = this.#config
    try {
      database.exec(isReadOnly ? 'begin' : 'begin immediate')
      if (isReadOnly) this.#prepare('select 1 from sqlite_schema').statement.get()
    } catch (error) {
      // Left open, it would be in the way of every transaction to come.
      if (database.isTransaction) database.exec('rollback')
      throw error
    }
  }

  #connect(): NodeSqliteConnection {
    return new NodeSqliteConnection(this.#config.database, sql => this.#prepare(sql))
  }

  #prepare(sql: string): Prepared {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.#config.database.prepare(sql)
    const prepared = { statement, hasRows: statement.columns().length > 0 }
    // Only queries with lists of changing length come in many forms: starting over now and then is cheap.
    if (this.#statements.size >= STATEMENTS_KEPT) this.#statements.clear()
    this.#statements.set(sql, prepared)
    return prepared
  }
}

interface Prepared {
  readonly statement: StatementSync
  readonly hasRows: boolean
}

/**
 * The right to use the database for one transaction. A statement that comes after its end, or after the database gave
 * it up (a full disk), is refused: it would be a transaction of its own, or part of somebody else's.
 */
class NodeSqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync
  readonly #prepare: (sql: string) => Prepared
  #ended = false

  constructor(database: DatabaseSync, prepare: (sql: string) => Prepared) {
    this.#database = database
    this.#prepare = prepare
  }

  end(): void {
    this.#ended = true
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#ended || !this.#database.isTransaction) {
      throw storeUnavailable('failed', 'A statement came after its transaction had ended.')
    }
    const values = parameters.map(storable)
    try {
      const { statement, hasRows } = this.#prepare(sql)
      if (hasRows) return { rows: readAll<R>(statement, values) }
      const { changes } = statement.run(...values)
      return { rows: [], numAffectedRows: BigInt(changes) }
    } catch (error) {
      throw storeError(error)
    }
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery(query)
  }
}

/** The row type is a promise of whoever wrote the query; Kysely checks it against the table types. */
function readAll<R>(statement: StatementSync, values: readonly SQLInputValue[]): R[] {
  return statement.all(...values) as R[]
}

/** Opens a connection with the settings that durability and safety rest on. */
export async function connect(location: string, wait: LockWait): Promise<DatabaseSync> {
  let database: DatabaseSync | undefined
  try {
    const opened = new DatabaseSync(location, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true })
    database = opened
    const journal = await whileLocked(wait, () => opened.prepare('pragma journal_mode = wal').get()?.journal_mode)
    if (journal !== 'wal' && journal !== 'memory') {
      throw storeUnavailable('failed', 'Its file system cannot hold a write-ahead log: use a local disk.')
    }
    // FULL: the log is synced before a commit returns (fullfsync: really synced, on macOS).
    opened.exec('pragma synchronous = full; pragma fullfsync = on; pragma journal_size_limit = 67108864')
    // What is deleted is overwritten, not only forgotten.
    opened.exec('pragma trusted_schema = off; pragma secure_delete = on')
    return opened
  } catch (error) {
    database?.close()
    throw storeError(error)
  }
}

/** Rewrites the file without what was deleted, and empties the write-ahead log. Fails as `locked` while others read. */
export async function scrub(database: DatabaseSync, wait: LockWait): Promise<void> {
  try {
    await whileLocked(wait, () => database.exec('vacuum'))
    await whileLocked(wait, () => {
      const { busy } = database.prepare('pragma wal_checkpoint(truncate)').get() ?? {}
      if (busy === 1) throw storeUnavailable('locked')
    })
  } catch (error) {
    throw storeError(error)
  }
}
