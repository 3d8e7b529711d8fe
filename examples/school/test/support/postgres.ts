import pg from 'pg'
// biome-ignore lint/style/noRestrictedImports: no part of the package, but the server its tests and ours run on
import * as server from '../../../../packages/lms-conferencing/test/support/postgres-server.ts'

export type PostgresServer = server.PostgresServer
export const { startPostgres, whyNoPostgres } = server

/** The rows of one statement, on a connection of its own. */
export async function askPostgres(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
