import { join } from 'node:path'
import { describe, onTestFinished } from 'vitest'
import { temporaryDirectory } from '../sql/support.ts'
import { startPostgres, whyNoPostgres } from './postgres-server.ts'

const reason = await whyNoPostgres()

/** Declares the same tests on each database that several processes can share; `open` makes an empty one for a test. */
export function onEachDatabase(declare: (database: { name: string; open: () => Promise<string> }) => void): void {
  const sqlite = { name: 'SQLite', open: async () => `sqlite:${join(temporaryDirectory(), 'lms.db')}` }
  describe(sqlite.name, () => declare(sqlite))
  const postgres = {
    name: 'PostgreSQL',
    async open() {
      const server = await startPostgres()
      onTestFinished(() => server.stop())
      return server.url
    },
  }
  const title = reason === null ? postgres.name : `${postgres.name} (cannot run here: ${reason})`
  describe.skipIf(reason !== null)(title, () => declare(postgres))
}
