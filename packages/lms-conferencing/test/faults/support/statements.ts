import { DatabaseSync, StatementSync } from 'node:sqlite'
import pg from 'pg'

export interface Statement {
  /** Tells statements of one transaction from those of another. */
  readonly connection: object
  readonly sql: string
  readonly values: readonly unknown[]
}

/** Sees each statement on its way to a database, whichever of the two it is; what it throws, the statement throws. */
export interface StatementObserver {
  /** A promise is waited for on PostgreSQL, where there is something to wait for. */
  before?(statement: Statement): void | Promise<void>
  after?(statement: Statement): void
}

/** Stands in front of both database drivers of this process. Answers how to take it away. */
export function observeStatements(observer: StatementObserver): () => void {
  const undo = [...observeSqlite(observer), observePostgres(observer)]
  return () => {
    for (const one of undo) one()
  }
}

type Method = (self: object, given: readonly unknown[], call: () => unknown) => unknown

/** Puts `method` around a method of a class. Answers how to take it away. */
function wrap({ prototype }: { readonly prototype: object }, name: string, method: Method): () => void {
  const original: unknown = Reflect.get(prototype, name)
  if (typeof original !== 'function') throw new TypeError(`There is no method ${name}.`)
  Reflect.set(prototype, name, function (this: object, ...given: unknown[]) {
    return method(this, given, () => Reflect.apply(original, this, given))
  })
  return () => {
    Reflect.set(prototype, name, original)
  }
}

function observeSqlite(observer: StatementObserver): readonly (() => void)[] {
  const databaseOf = new WeakMap<object, object>()
  const seen = (statement: Statement, call: () => unknown): unknown => {
    void observer.before?.(statement)
    const result = call()
    observer.after?.(statement)
    return result
  }
  const executing: Method = (self, values, call) =>
    self instanceof StatementSync
      ? seen({ connection: databaseOf.get(self) ?? self, sql: self.sourceSQL, values }, call)
      : call()
  return [
    wrap(DatabaseSync, 'exec', (self, [sql], call) => seen({ connection: self, sql: String(sql), values: [] }, call)),
    wrap(DatabaseSync, 'prepare', (self, _given, call) => {
      const statement = call()
      if (statement instanceof StatementSync) databaseOf.set(statement, self)
      return statement
    }),
    wrap(StatementSync, 'run', executing),
    wrap(StatementSync, 'all', executing),
    wrap(StatementSync, 'get', executing),
  ]
}

function observePostgres(observer: StatementObserver): () => void {
  return wrap(pg.Client, 'query', (self, given, call) => {
    const [sql, values] = given
    // The store awaits its queries; what takes a callback is the driver's own.
    if (typeof sql !== 'string' || given.some(one => typeof one === 'function')) return call()
    const statement = { connection: self, sql, values: Array.isArray(values) ? values : [] }
    return (async () => {
      await observer.before?.(statement)
      const result = await call()
      observer.after?.(statement)
      return result
    })()
  })
}
