import { AsyncLocalStorage } from 'node:async_hooks'
import type { CompiledQuery, Kysely, Transaction } from 'kysely'
import { ConferencingError } from '../errors.ts'
import type { Store, StoreTransaction } from '../store.ts'
import { aliasQueries } from './aliases.ts'
import { classQueries } from './classes.ts'
import { factQueries } from './facts.ts'
import { storeUnavailable } from './faults.ts'
import { type CompiledOnce, inboxQueries } from './inbox.ts'
import { recordingQueries } from './recordings.ts'
import type { TableNames, Tables } from './schema.ts'

/** A database as the store needs it; `reader` may be the same as `writer`. */
export interface Connections {
  readonly writer: Kysely<Tables>
  readonly reader: Kysely<Tables>
  close(): void | Promise<void>
}

/** The store over any database Kysely speaks to. */
export class SqlStore implements Store {
  readonly #connections: Connections
  readonly #tables: TableNames
  readonly #running = new Set<Promise<unknown>>()
  /** Known to everything that runs inside a transaction of this store, and whether it still does. */
  readonly #inside = new AsyncLocalStorage<{ open: boolean }>()
  readonly #inboxInsert = compiledOnce()
  #closing: Promise<void> | undefined

  constructor(connections: Connections, tables: TableNames) {
    this.#connections = connections
    this.#tables = tables
  }

  transaction<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T> {
    return this.#run(() => this.#connections.writer.transaction().execute(tx => work(this.#queries(tx))))
  }

  read<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T> {
    return this.#run(() =>
      this.#connections.reader
        .transaction()
        .setAccessMode('read only')
        .execute(tx => work(this.#queries(tx))),
    )
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

  #queries(tx: Transaction<Tables>): StoreTransaction {
    return {
      ...classQueries(tx, this.#tables),
      ...factQueries(tx, this.#tables),
      ...recordingQueries(tx, this.#tables),
      ...aliasQueries(tx, this.#tables),
      ...inboxQueries(tx, this.#tables, this.#inboxInsert),
    }
  }
}

function compiledOnce(): CompiledOnce {
  let compiled: CompiledQuery | undefined
  return compile => {
    compiled ??= compile()
    return compiled
  }
}
