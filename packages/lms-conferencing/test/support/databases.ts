import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { createDatabase } from '../faults/support/databases.ts'
import type { Database } from '../faults/support/scenario.ts'
import { temporaryDirectory } from '../sql/support.ts'
import { type PostgresServer, startPostgres, whyNoPostgres } from './postgres-server.ts'

const reason = await whyNoPostgres()

/** Declares the same tests on each database that several processes can share; `open` makes an empty one for a test. */
export function onEachDatabase(declare: (database: Database) => void): void {
  onSqlite(declare)
  onPostgres(declare)
}

export function onSqlite(declare: (database: Database) => void): void {
  describe('SQLite', () =>
    declare({ name: 'SQLite', open: async () => `sqlite:${join(temporaryDirectory(), 'lms.db')}` }))
}

export function onPostgres(declare: (database: Database) => void): void {
  describe.skipIf(reason !== null)(reason === null ? 'PostgreSQL' : `PostgreSQL (cannot run here: ${reason})`, () => {
    let server: PostgresServer
    let databases = 0
    beforeAll(async () => {
      server = await startPostgres()
    })
    afterAll(() => server.stop())

    declare({
      name: 'PostgreSQL',
      open: () => createDatabase(server.url, `lms${++databases}`),
    })
  })
}
