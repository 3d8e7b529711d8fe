import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startPostgres } from '../../support/postgres-server.ts'
import type { Database, Tools } from './scenario.ts'

/** A directory that is gone when the scenario is over. */
function temporaryDirectory({ cleanup }: Tools): string {
  const directory = mkdtempSync(join(tmpdir(), 'lms-conferencing-faults-'))
  cleanup(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A database of its own for one scenario, where no test runner has one. */
export async function openDatabase(name: Database['name'], tools: Tools): Promise<Database> {
  let count = 0
  if (name === 'SQLite') {
    const directory = temporaryDirectory(tools)
    return { name, open: async () => `sqlite:${join(directory, `lms${++count}.db`)}` }
  }
  const server = await startPostgres()
  tools.cleanup(() => server.stop())
  return { name, open: () => createDatabase(server.url, `lms${++count}`) }
}

export async function createDatabase(url: string, name: string): Promise<string> {
  await ask(url, `create database ${name}`)
  return url.replace(/[^/]*$/, name)
}

/** One statement on a connection of its own. */
export async function ask(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
