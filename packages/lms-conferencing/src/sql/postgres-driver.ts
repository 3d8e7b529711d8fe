import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from 'kysely'
import type { Pool, PoolClient } from 'pg'
import { storeUnavailable } from '../store-faults.ts'
import { isConnectionLost, postgresError } from './postgres-faults.ts'
import { storable } from './values.ts'

export interface PostgresConfig {
  readonly pool: Pool
  /** Taken by each transaction that asks for `serializable`, so that they run one after the other. */
  readonly lockKey: bigint
  /** How long to wait for that lock, and for locks on rows, in milliseconds. */
  readonly lockWaitMs: number
  /** When the server gives up a statement, in milliseconds. */
  readonly statementTimeoutMs: number
  /** After which silence in the middle of a transaction the server ends it, in milliseconds. */
  readonly idleTimeoutMs: number
  /** More settings of each transaction that only reads. Names and values are ours, never anybody's input. @default none */
  readonly readSettings?: Readonly<Record<string, string>> | undefined
}

/** Kysely on `pg`, with the settings, locks and errors that the store needs. */
export class PostgresStoreDialect implements Dialect {
  readonly #config: PostgresConfig

  constructor(config: PostgresConfig) {
    this.#config = config
  }

  createDriver(): Driver {
    return new PostgresStoreDriver(this.#config)
  }

  createQueryCompiler(): PostgresQueryCompiler {
    return new PostgresQueryCompiler()
  }

  createAdapter(): PostgresAdapter {
    return new PostgresAdapter()
  }

  createIntrospector(db: Kysely<unknown>): PostgresIntrospector {
    return new PostgresIntrospector(db)
  }
}

class PostgresStoreDriver implements Driver {
  readonly #config: PostgresConfig
  readonly #begin: string
  readonly #beginReading: string
  readonly #beginAlone: string
  /** Grows each time a connection is lost: those made before have probably lost their server as well. */
  #generation = 0
  readonly #madeIn = new WeakMap<PoolClient, number>()

  constructor(config: PostgresConfig) {
    this.#config = config
    const { lockKey, lockWaitMs, statementTimeoutMs, idleTimeoutMs, readSettings = {} } = config
    // Set in each transaction: behind a pooler, a session is not ours. All in one message to the server.
    const settings = `
      set local lock_timeout = ${whole(lockWaitMs)};
      set local statement_timeout = ${whole(statementTimeoutMs)};
      set local idle_in_transaction_session_timeout = ${whole(idleTimeoutMs)}`
    this.#begin = `begin isolation level read committed; ${settings}`
    const more = Object.entries(readSettings).map(([name, value]) => `; set local ${name} = '${value}'`)
    this.#beginReading = `begin isolation level repeatable read read only; ${settings}${more.join('')}`
    // With the lock held, each statement sees all that earlier holders have committed: nothing weaker is needed, and
    // nothing ever has to be repeated.
    this.#beginAlone = `${this.#begin}; select pg_advisory_xact_lock(${lockKey})`
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<PostgresConnection> {
    for (;;) {
      let client: PoolClient
      try {
        client = await this.#config.pool.connect()
      } catch (error) {
        throw postgresError(error)
      }
      const madeIn = this.#madeIn.get(client) ?? this.#generation
      this.#madeIn.set(client, madeIn)
      if (madeIn === this.#generation) return new PostgresConnection(client)
      client.release(true)
    }
  }

  async releaseConnection(connection: PostgresConnection): Promise<void> {
    connection.release()
    if (connection.isLost) this.#generation++
  }

  async beginTransaction(connection: PostgresConnection, settings: TransactionSettings): Promise<void> {
    const { accessMode, isolationLevel } = settings
    try {
      await connection.control(
        accessMode === 'read only'
          ? this.#beginReading
          : isolationLevel === 'serializable'
            ? this.#beginAlone
            : this.#begin,
      )
    } catch (error) {
      await this.rollbackTransaction(connection)
      throw error
    }
  }

  async commitTransaction(connection: PostgresConnection): Promise<void> {
    connection.end()
    // To a transaction that has failed, PostgreSQL answers "committed" with ROLLBACK and no error.
    if ((await connection.control('commit')) !== 'COMMIT') {
      throw storeUnavailable('failed', 'A failed transaction was to be committed.')
    }
  }

  async rollbackTransaction(connection: PostgresConnection): Promise<void> {
    connection.end()
    // The server rolls back what it has lost the connection to.
    if (!connection.isLost) await connection.control('rollback').catch(() => {})
  }

  /** Whoever made the pool ends it. */
  async destroy(): Promise<void> {}
}

const whole = (ms: number): string => String(Math.max(1, Math.round(ms)))

/** The right to use one connection for one transaction; statements run one after the other. */
class PostgresConnection implements DatabaseConnection {
  readonly #client: PoolClient
  readonly #onError: () => void
  #ended = false
  #last: Promise<unknown> = Promise.resolve()
  #hasSavepoint = false
  isLost = false

  constructor(client: PoolClient) {
    this.#client = client
    // Between two statements the loss is told by this event alone, and an event nobody hears ends the process.
    this.#onError = () => {
      this.isLost = true
    }
    client.on('error', this.#onError)
  }

  /** From here on statements are refused: they would be part of another transaction. */
  end(): void {
    this.#ended = true
  }

  release(): void {
    this.#client.release(this.isLost)
    this.#client.off('error', this.#onError)
  }

  /** Begins or ends a transaction; answers what the last command turned out to be. */
  control(command: string): Promise<string | undefined> {
    return this.#inTurn(async () => {
      const results: unknown = await this.#client.query(command)
      const last: unknown = Array.isArray(results) ? results.at(-1) : results
      return typeof last === 'object' && last !== null && 'command' in last ? String(last.command) : undefined
    })
  }

  executeQuery<R>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<R>> {
    return this.#inTurn(async () => {
      if (this.#ended) throw storeUnavailable('failed', 'A statement came after its transaction had ended.')
      const values = parameters.map(value => (Array.isArray(value) ? value.map(storable) : storable(value)))
      // What breaks a rule of the tables must not take the whole transaction with it.
      const isGuarded = query.kind === 'InsertQueryNode' || query.kind === 'UpdateQueryNode'
      if (isGuarded) await this.#guard()
      try {
        const { command, rowCount, rows } = await this.#client.query(sql, values)
        const isChange = command === 'INSERT' || command === 'UPDATE' || command === 'DELETE'
        return { rows, ...(isChange && { numAffectedRows: BigInt(rowCount ?? 0) }) }
      } catch (error) {
        if (isGuarded && !isConnectionLost(error)) await this.#client.query('rollback to savepoint statement')
        throw error
      }
    })
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery(query)
  }

  /** The last savepoint goes in the message that makes the next: they do not pile up, and none costs a way of its own. */
  async #guard(): Promise<void> {
    await this.#client.query(
      this.#hasSavepoint ? 'release savepoint statement; savepoint statement' : 'savepoint statement',
    )
    this.#hasSavepoint = true
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      if (this.isLost) throw storeUnavailable('unreachable')
      try {
        return await work()
      } catch (error) {
        if (isConnectionLost(error)) this.isLost = true
        throw postgresError(error)
      }
    })
    this.#last = turn.catch(() => {})
    return turn
  }
}
