import { AsyncLocalStorage } from 'node:async_hooks'
import { CompiledQuery, type Kysely, type Transaction } from 'kysely'
import { ConferencingError } from '../errors.ts'
import type { PostgresTransaction } from '../jobs/job.ts'
import type { NewInboxRow, Store, StoreTransaction } from '../store.ts'
import { storeUnavailable } from '../store-faults.ts'
import { activityQueries } from './activity.ts'
import { aliasQueries } from './aliases.ts'
import { attendanceMarkQueries } from './attendance-marks.ts'
import { calendarTokenQueries } from './calendar-tokens.ts'
import { type ChangeLog, changeLog, changeQueries } from './changes.ts'
import { classQueries } from './classes.ts'
import { dashboardQueries } from './dashboard.ts'
import { factQueries } from './facts.ts'
import { gapQueries } from './gaps.ts'
import { inboxQueries } from './inbox.ts'
import { jobQueries } from './jobs.ts'
import { keepingQueries } from './keeping.ts'
import { onceQueries } from './once.ts'
import type { InsertInbox } from './receive.ts'
import { recordingQueries } from './recordings.ts'
import { resultQueries } from './results.ts'
import type { TableNames, Tables } from './schema.ts'
import { settingQueries } from './settings.ts'

/**
 * A database as the store needs it; `reader` may be the same as `writer`. A transaction that asks for `serializable` runs
 * when no other such transaction does, in whatever process.
 */
export interface Connections {
  readonly writer: Kysely<Tables>
  readonly reader: Kysely<Tables>
  readonly insertInbox: InsertInbox
  readonly isPostgres?: boolean | undefined
  /** Of the tables, where the database has schemas. */
  readonly schema?: string | undefined
  /** See {@link Store.scrub} and {@link Store.refreshStatistics}. */
  scrub(): Promise<void>
  refreshStatistics(): Promise<void>
  close(): void | Promise<void>
}

/** The store over any database Kysely speaks to. */
export class SqlStore implements Store {
  readonly #connections: Connections
  readonly #tables: TableNames
  readonly #running = new Set<Promise<unknown>>()
  /** Known to everything that runs inside a transaction of this store, and whether it still does. */
  readonly #inside = new AsyncLocalStorage<{ open: boolean }>()
  readonly #listeners = new Set<() => void>()
  #closing: Promise<void> | undefined

  constructor(connections: Connections, tables: TableNames) {
    this.#connections = connections
    this.#tables = tables
  }

  async transaction<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T> {
    const { result, hasChanges } = await this.#run(() =>
      this.#connections.writer
        .transaction()
        .setIsolationLevel('serializable')
        .execute(async tx => {
          const log = changeLog(tx, this.#tables)
          const result = await work(this.#queries(tx, log))
          return { result, hasChanges: !log.isEmpty }
        }),
    )
    if (hasChanges) for (const listener of this.#listeners) listener()
    return result
  }

  onChange(listener: () => void): () => void {
    // Of its own: the same function may be given twice.
    const one = (): void => listener()
    this.#listeners.add(one)
    return () => void this.#listeners.delete(one)
  }

  receive(rows: readonly NewInboxRow[]): Promise<number> {
    return this.#run(() =>
      this.#connections.writer
        .transaction()
        .setIsolationLevel('read committed')
        .execute(tx => this.#connections.insertInbox(tx, rows)),
    )
  }

  read<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T> {
    return this.#run(() =>
      this.#connections.reader
        .transaction()
        .setAccessMode('read only')
        .execute(tx => work(this.#queries(tx, changeLog(tx, this.#tables)))),
    )
  }

  refreshStatistics(): Promise<void> {
    return this.#run(() => this.#connections.refreshStatistics())
  }

  scrub(): Promise<void> {
    return this.#run(() => this.#connections.scrub())
  }

  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#running).then(() => this.#connections.close())
    return this.#closing
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing) throw storeUnavailable('closed')
    // It would wait for the one it is part of, for ever.
    if (this.#inside.getStore()?.open) {
      throw new ConferencingError(
        'INVALID',
        'A transaction was asked for inside a transaction: use the one that is open.',
      )
    }
    const inside = { open: true }
    const promise = this.#inside.run(inside, work)
    this.#running.add(promise)
    try {
      return await promise
    } finally {
      inside.open = false
      this.#running.delete(promise)
    }
  }

  #queries(tx: Transaction<Tables>, log: ChangeLog): StoreTransaction {
    return {
      ...classQueries(tx, this.#tables, log),
      ...factQueries(tx, this.#tables, log),
      ...onceQueries(tx, this.#tables),
      ...activityQueries(tx, this.#tables),
      ...recordingQueries(tx, this.#tables, log),
      ...aliasQueries(tx, this.#tables),
      ...inboxQueries(tx, this.#tables),
      ...keepingQueries(tx, this.#tables),
      ...settingQueries(tx, this.#tables),
      ...gapQueries(tx, this.#tables),
      ...jobQueries(tx, this.#tables),
      ...(this.#connections.isPostgres && { postgres: statementsOf(tx) }),
      ...changeQueries(tx, this.#tables, log),
      ...calendarTokenQueries(tx, this.#tables),
      ...resultQueries(tx, this.#tables),
      ...attendanceMarkQueries(tx, this.#tables, log),
      ...dashboardQueries(tx, { tables: this.#tables, schema: this.#connections.schema }),
    }
  }
}

const statementsOf = (tx: Transaction<Tables>): PostgresTransaction => ({
  async executeSql(text, values = []) {
    const { rows } = await tx.executeQuery<Record<string, unknown>>(CompiledQuery.raw(text, [...values]))
    return { rows }
  },
})
