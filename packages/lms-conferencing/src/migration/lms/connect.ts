import { setTimeout as sleep } from 'node:timers/promises'
import { ConferencingError } from '../../errors.ts'
import type { Db, Engine, Place } from './engine.ts'
import { openPostgresLms } from './postgres.ts'
import { openSqliteLms } from './sqlite.ts'

export interface ConnectOptions {
  /** Nothing can be written, whatever is called. */
  readonly readOnly: boolean
  /** How it waits for locks; for tests. @default a timer */
  readonly wait?: ((ms: number) => Promise<void>) | undefined
}

/** A connection to the LMS's own database, and how to speak of one table in it. */
export interface Connected {
  readonly db: Db
  readonly engine: Engine
  readonly wait: (ms: number) => Promise<void>
  close(): void | Promise<void>
}

/** By `sqlite:path/to/file.db` or `postgres://…`. Throws `INVALID` for an address that cannot be, `STORE_UNAVAILABLE`. */
export async function connectLms(url: string, place: Place, options: ConnectOptions): Promise<Connected> {
  const { readOnly, wait = ms => sleep(ms) } = options
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url))
    return { ...(await openPostgresLms(url, place, { readOnly })), wait }
  const path = /^sqlite:(?<path>[^\0]+)$/s.exec(url)?.groups?.path
  if (path !== undefined && path !== ':memory:')
    return { ...openSqliteLms(path, place, { readOnly, sleep: wait }), wait }
  throw new ConferencingError(
    'INVALID',
    'The database of the LMS must be sqlite:path/to/file.db or postgres://user:password@host/database',
    { details: { field: 'lms' } },
  )
}
