import { hash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { openStore } from 'lms-conferencing/sql'
import pg from 'pg'
import { APPLIED_AT_ONCE, createInbox } from '../src/inbox/inbox.ts'
import type { Store } from '../src/store.ts'
import {
  bbb,
  insertWorkload,
  instanceOf,
  makeWorkload,
  requestOf,
  tenantId,
  type Workload,
} from '../test/faults/support/workload.ts'
import { startPostgres, whyNoPostgres } from '../test/support/postgres-server.ts'
import { type FactByHand, insertFactsByHand, insertFactsInPostgres } from './by-hand.ts'
import type { Figure } from './inbox.bench.ts'

const ROUNDS = 4
/** All at the same time, so that neighbours in the backlog are callbacks of different classes. */
const CLASSES = 50
const CALLBACKS_OF_A_CLASS = 102

/**
 * Stored callbacks applied per second, from the database back into it, against the same facts inserted by hand with as many to a
 * commit, which marks no callback and tells nobody.
 */
export default async function inboxApplyBench(): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'inbox-apply-bench-'))
  try {
    const figures = [await onSqlite(directory)]
    if ((await whyNoPostgres()) === null) figures.push(await onPostgres())
    return figures
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function onSqlite(directory: string): Promise<Figure> {
  const store = await openStore(`sqlite:${join(directory, 'ours.db')}`)
  const path = join(directory, 'limit.db')
  const bare = await openStore(`sqlite:${path}`)
  const database = new DatabaseSync(path)
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on')
  const figure = await measure('SQLite', {
    store,
    bare,
    byHand: async facts => insertFactsByHand(database, facts, APPLIED_AT_ONCE),
  })
  database.close()
  return figure
}

async function onPostgres(): Promise<Figure> {
  const server = await startPostgres()
  try {
    const store = await openStore(server.url, { schema: 'ours' })
    const bare = await openStore(server.url, { schema: 'bare' })
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    const byHand = (facts: readonly FactByHand[]) => insertFactsInPostgres(client, 'bare', facts, APPLIED_AT_ONCE)
    const figure = await measure('PostgreSQL', { store, bare, byHand })
    await client.end()
    return figure
  } finally {
    await server.stop()
  }
}

interface Sides {
  readonly store: Store
  /** With the classes, and otherwise empty. */
  readonly bare: Store
  /** Seconds. */
  readonly byHand: (facts: readonly FactByHand[]) => Promise<number>
}

async function measure(name: string, { store, bare, byHand }: Sides): Promise<Figure> {
  const ours: number[] = []
  const limit: number[] = []
  // Both in turn, so that a noisy moment hits both; the first round only warms up.
  for (let round = -1; round < ROUNDS; round++) {
    const workload = makeWorkload({ callbacks: CLASSES * CALLBACKS_OF_A_CLASS, firstClass: (round + 1) * CLASSES })
    for (const one of [store, bare]) await insertWorkload(one, workload)
    const handSeconds = await byHand(factsOf(workload))
    const seconds = await applyAll(store, workload)
    if (round < 0) continue
    limit.push(workload.size / handSeconds)
    ours.push(workload.size / seconds)
  }
  for (const one of [store, bare]) await one.close()
  const [a, b] = [median(ours), median(limit)]
  return {
    name: `stored callbacks applied, of ${CLASSES} classes at a time (${name})`,
    ours: Math.round(a),
    limit: Math.round(b),
    unit: '1/s',
    ratio: a / b,
    note: `limit: the same facts inserted by hand, ${APPLIED_AT_ONCE} to a commit`,
  }
}

/** Seconds. */
async function applyAll(store: Store, workload: Workload): Promise<number> {
  const provider = bbb()
  const inbox = createInbox({ tenantId, store, providers: { bbb: provider } })
  const receive = (_: unknown, index: number): Promise<void> =>
    inbox.receive({ provider: 'bbb', callback: provider.verify(requestOf(workload.delivery(index))) })
  await Promise.all(Array.from({ length: workload.size }, receive))
  const start = performance.now()
  await inbox.drain()
  const seconds = (performance.now() - start) / 1000
  const { applied, new: left } = await store.read(tx => tx.countInbox(tenantId))
  if (left > 0 || applied % workload.size !== 0) throw new Error(`${applied} applied, ${left} left`)
  await inbox.stop()
  return seconds
}

const factsOf = (workload: Workload): readonly FactByHand[] =>
  Array.from({ length: workload.size }, (_, index) => {
    const { classId, type, session, person, at } = workload.happening(index)
    return {
      classId,
      key: hash('sha256', `${classId} ${index}`),
      type,
      instance: instanceOf(classId),
      session,
      person,
      at,
    }
  })

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
