import { DatabaseSync } from 'node:sqlite'
import { openStore } from 'lms-conferencing/sql'
import pg from 'pg'
import { type Burst, type BurstSize, playBurst } from '../test/faults/burst.ts'
import { openDatabase } from '../test/faults/support/databases.ts'
import type { Database, Tools } from '../test/faults/support/scenario.ts'
import { quantile } from '../test/faults/support/sender.ts'
import { makeWorkload } from '../test/faults/support/workload.ts'
import { whyNoPostgres } from '../test/support/postgres-server.ts'
import { insertByHand, insertInPostgres } from './by-hand.ts'
import type { Figure } from './inbox.bench.ts'

const PER_SECOND = 2000
/** PostgreSQL applies more slowly than it takes, and each run waits until all is applied. */
const SECONDS = { SQLite: 60, PostgreSQL: 15 } as const
/** As fast as they are taken: so many. */
const AT_FULL_SPEED = 20_000
const TARGET_P99_MS = 500

/**
 * Signed callbacks over sockets, from a sender on the same machine, to processes that verify, store and apply them:
 * one on SQLite, four on PostgreSQL.
 */
export default async function inboxBurstBench(): Promise<Figure[]> {
  const figures = await on('SQLite', 1)
  if ((await whyNoPostgres()) === null) figures.push(...(await on('PostgreSQL', 4)))
  return figures
}

async function on(name: Database['name'], processes: number): Promise<Figure[]> {
  const where = `${name}, ${processes === 1 ? 'one process' : `${processes} processes`}`
  const seconds = SECONDS[name]
  const steady = await play(name, { perSecond: PER_SECOND, callbacks: PER_SECOND * seconds, processes })
  const fast = await play(name, { perSecond: null, callbacks: AT_FULL_SPEED, processes })
  const calm = await play(name, { perSecond: 200, callbacks: 4000, processes })
  const p99 = quantile(steady.sender.answers.waits, 0.99)
  const applied = Math.max(...calm.stats.map(({ settledAfterP99Ms }) => settledAfterP99Ms))
  const rate = fast.events / fast.seconds
  return [
    {
      name: `p99 of acknowledgement, ${PER_SECOND}/s for ${seconds} s (${where})`,
      ours: Math.round(p99),
      limit: TARGET_P99_MS,
      unit: 'ms',
      ratio: TARGET_P99_MS / p99,
      note: `limit: the target; ${describe(steady)}`,
    },
    {
      name: `callbacks acknowledged, as fast as they are taken (${where})`,
      ours: Math.round(rate),
      limit: Math.round(fast.byHand),
      unit: '1/s',
      ratio: rate / fast.byHand,
      note: `limit: the same rows inserted by hand, ${fast.group} to a commit; target ≥ 0.5; ${describe(fast)}`,
    },
    {
      name: `p99 from arrival to its effect in the attendance, 200/s (${where})`,
      ours: applied,
      limit: 1000,
      unit: 'ms',
      ratio: 1000 / Math.max(1, applied),
      note: `limit: one second; ${describe(calm)}`,
    },
  ]
}

const describe = ({ events, seconds, sender, verdict }: Burst): string =>
  `${Math.round(events / seconds)}/s, longest ${Math.round(quantile(sender.answers.waits, 1))} ms, lost ${verdict.lost}, doubled ${verdict.doubled}`

interface Measured extends Burst {
  /** Rows to a commit, on average. */
  readonly group: number
  /** Rows a second. */
  readonly byHand: number
}

async function play(name: Database['name'], size: BurstSize): Promise<Measured> {
  const works: (() => unknown)[] = []
  const tools: Tools = {
    cleanup: work => void works.push(work),
    progress: () => {},
    signal: new AbortController().signal,
  }
  try {
    const database = await openDatabase(name, tools)
    const burst = await playBurst(database, size, tools)
    const commits = burst.stats.reduce((sum, stats) => sum + stats.commits, 0)
    const group = Math.max(1, Math.round(burst.events / commits))
    return { ...burst, group, byHand: await byHand(database, group) }
  } finally {
    for (const work of works.reverse()) await work()
  }
}

/** In the same run, on the same disk. */
async function byHand(database: Database, group: number): Promise<number> {
  const workload = makeWorkload({ callbacks: AT_FULL_SPEED })
  const bodies = Array.from({ length: AT_FULL_SPEED }, (_, index) => Buffer.from(workload.delivery(index).body))
  const url = await database.open()
  await (await openStore(url)).close()
  if (database.name === 'SQLite') {
    const file = new DatabaseSync(url.slice('sqlite:'.length))
    file.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on')
    const seconds = insertByHand(file, bodies, group)
    file.close()
    return bodies.length / seconds
  }
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const seconds = await insertInPostgres(client, 'public', bodies, group)
  await client.end()
  return bodies.length / seconds
}
