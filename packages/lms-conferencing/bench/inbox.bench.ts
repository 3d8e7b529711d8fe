import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { openStore } from 'lms-conferencing/sql'
import pg from 'pg'
import { createInbox, type Inbox } from '../src/inbox/index.ts'
import { startPostgres, whyNoPostgres } from '../test/support/postgres-server.ts'
import { insertByHand, insertInPostgres } from './by-hand.ts'

/** One measured figure beside the limit measured in the same run. */
export interface Figure {
  readonly name: string
  readonly ours: number
  readonly limit: number
  readonly unit: string
  readonly ratio: number
  readonly note?: string
}

const ROUNDS = 9
/** A callback as bbb-webhooks sends it, give or take. */
const BODY_BYTES = 1200

/**
 * Callbacks received durably per second through `receive`, against the same rows inserted by hand with bare
 * `node:sqlite`: same tables, same settings, same number of rows to a commit.
 */
export default async function inboxBench(): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'inbox-bench-'))
  try {
    const figures: Figure[] = []
    for (const group of [1, 10, 100]) figures.push(await receiveAgainstInsert(directory, group))
    if ((await whyNoPostgres()) === null) figures.push(...(await onPostgres()))
    return figures
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function receiveAgainstInsert(directory: string, group: number): Promise<Figure> {
  const [oursPath, limitPath] = ['ours', 'limit'].map(name => join(directory, `${name}-${group}.db`)) as [
    string,
    string,
  ]
  const store = await openStore(`sqlite:${oursPath}`)
  await (await openStore(`sqlite:${limitPath}`)).close()
  const database = new DatabaseSync(limitPath)
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on')
  const inbox = createInbox({ tenantId: 'school', store, providers: {} })

  const groups = group === 1 ? 300 : Math.ceil(4000 / group)
  const count = group * groups
  const ours: number[] = []
  const limit: number[] = []
  // Both in turn, so that a noisy moment hits both; the first rounds only warm up.
  for (let round = -3; round < ROUNDS; round++) {
    const bodies = Array.from({ length: count }, (_, index) => bodyOf(`${round}-${index}`))
    const byHand = insertByHand(database, bodies, group)
    const byInbox = await receiveAll(inbox, bodies, group)
    if (round < 0) continue
    limit.push(count / byHand)
    ours.push(count / byInbox)
  }
  await inbox.stop()
  await store.close()
  database.close()
  const [a, b] = [median(ours), median(limit)]
  return {
    name: `callbacks received durably, ${group} to a commit`,
    ours: Math.round(a),
    limit: Math.round(b),
    unit: '1/s',
    ratio: a / b,
    note: 'limit: the same rows inserted by hand; target ≥ 0.5',
  }
}

async function onPostgres(): Promise<Figure[]> {
  const server = await startPostgres()
  try {
    const figures: Figure[] = []
    for (const group of [10, 100]) figures.push(await receiveOnPostgres(server.url, group))
    return figures
  } finally {
    await server.stop()
  }
}

/** The same on PostgreSQL; by hand the rows of a group are one statement, too. */
async function receiveOnPostgres(url: string, group: number): Promise<Figure> {
  const schemas = { ours: `ours_${group}`, limit: `limit_${group}` }
  const store = await openStore(url, { schema: schemas.ours })
  await (await openStore(url, { schema: schemas.limit })).close()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const inbox = createInbox({ tenantId: 'school', store, providers: {} })
  const count = 2000
  const ours: number[] = []
  const limit: number[] = []
  for (let round = -3; round < ROUNDS; round++) {
    const bodies = Array.from({ length: count }, (_, index) => bodyOf(`${round}-${index}`))
    const byHand = await insertInPostgres(client, schemas.limit, bodies, group)
    const byInbox = await receiveAll(inbox, bodies, group)
    if (round < 0) continue
    limit.push(count / byHand)
    ours.push(count / byInbox)
  }
  await inbox.stop()
  await store.close()
  await client.end()
  const [a, b] = [median(ours), median(limit)]
  return {
    name: `callbacks received durably on PostgreSQL, ${group} to a commit`,
    ours: Math.round(a),
    limit: Math.round(b),
    unit: '1/s',
    ratio: a / b,
    note: 'limit: the same rows inserted by hand; target ≥ 0.5',
  }
}

/** Seconds. `group` senders, each with its next callback as soon as the last one is acknowledged. */
async function receiveAll(inbox: Inbox, bodies: readonly Uint8Array[], group: number): Promise<number> {
  const start = performance.now()
  let next = 0
  const send = async (): Promise<void> => {
    for (let body = bodies[next++]; body; body = bodies[next++]) {
      await inbox.receive({ provider: 'bbb', callback: { serverId: 'server-1', kind: 'hook', body } })
    }
  }
  await Promise.all(Array.from({ length: group }, send))
  return (performance.now() - start) / 1000
}

const bodyOf = (id: string): Uint8Array => new TextEncoder().encode(id.padEnd(BODY_BYTES, '.'))

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
