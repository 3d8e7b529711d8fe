import type { Logger as KyselyLog } from 'kysely'

/** A statement that was run, without its values, which may be secret. */
export interface HeardStatement {
  readonly sql: string
  /** How long it took, in milliseconds. */
  readonly ms: number
  readonly failed: boolean
}

export type StatementListener = (statement: HeardStatement) => void

/** What Kysely is told to tell the listener. */
export const tellStatements = (listener: StatementListener | undefined): { log?: KyselyLog } =>
  listener
    ? {
        log: ({ level, query, queryDurationMillis }) =>
          listener({ sql: query.sql, ms: queryDurationMillis, failed: level === 'error' }),
      }
    : {}
