import { statSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { FakeBbb } from 'bbb-client/testing'
import { openStore } from 'lms-conferencing/sql'
import type { Store } from '../../src/store.ts'
import { fastNow, type SoakSettings } from './support/fast-clock.ts'
import { compareFacts } from './support/oracle.ts'
import { allApplied, Receiver } from './support/receiver.ts'
import { type Database, must, type Outcome, type Scenario, type Tools, untypedIn } from './support/scenario.ts'
import { quantile, Sender } from './support/sender.ts'
import { insertWorkload, makeWorkload, secret, tenantId } from './support/workload.ts'

const PER_SECOND = 100
const MIB = 1024 * 1024
const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Shortest that callbacks may be known. */
const KEEP_DAYS = 30

interface Sample {
  readonly atMs: number
  readonly rss: number
  readonly handles: number
  readonly wal: number
  readonly rows: number
}

/** F23 in real time: callbacks, exports and retention beside each other for a long while, in one process. */
export const soak = (ms: number): Scenario => ({
  fault: 'F23',
  title: `${PER_SECOND} callbacks a second, exports and retention for ${Math.round(ms / 1000)} s`,
  databases: ['SQLite', 'PostgreSQL'],
  run: (database, _size, tools) => run(database, ms, tools),
})

async function run(database: Database, ms: number, tools: Tools): Promise<Outcome> {
  const url = await database.open()
  const store = await openStore(url)
  tools.cleanup(() => store.close())
  const fake = await new FakeBbb({ secret }).serve({ port: 0 })
  tools.cleanup(() => fake.close())
  // The days that callbacks are kept pass in a tenth of the time.
  const clock = { began: Date.now(), factor: Math.max(1, (KEEP_DAYS * DAY * 10) / ms) }
  const settings: SoakSettings = { ...clock, url, bbbUrl: fake.url, keepDays: KEEP_DAYS, choresEveryMs: ms / 300 }
  const receiver = await Receiver.startScript('soak-process.ts', settings, tools)
  if (!receiver) throw new Error('the receiver did not start')
  const samples: Sample[] = []
  const start = performance.now()
  let isOver = false
  const sampling = (async () => {
    while (!isOver) {
      samples.push(await sampleOf(database, url, { store, receiver, atMs: performance.now() - start }))
      const { rss, wal, rows } = samples.at(-1) ?? { rss: 0, wal: 0, rows: 0 }
      tools.progress(
        `${Math.round((performance.now() - start) / 1000)} s: RSS ${mib(rss)} MiB, log ${mib(wal)} MiB, ${rows} rows`,
      )
      await pause(Math.max(200, ms / 500))
    }
  })()
  const total = { lost: 0, doubled: 0, wrong: 0, events: 0, untyped: 0 }
  const waits: number[] = []
  // Classes come and go, as they do.
  for (let firstClass = 0; performance.now() - start < ms; ) {
    tools.signal.throwIfAborted()
    // Two or three days of the fast clock: not so long that the last of them would be too late.
    const callbacks = (PER_SECOND * ms) / 1000 / 120
    const workload = makeWorkload({ callbacks, firstClass, startsAt: fastNow(clock) - 2 * HOUR })
    firstClass += workload.classes.length
    await insertWorkload(store, workload)
    const sender = new Sender(workload, tools)
    await sender.sendAtRate([receiver.port], PER_SECOND)
    sender.close()
    await allApplied(store, tools)
    const { lost, doubled, wrong } = await compareFacts(store, workload, sender.answers.acked)
    total.lost += lost
    total.doubled += doubled
    total.wrong += wrong
    total.events += sender.acked
    total.untyped += untypedIn(sender.answers)
    waits.push(quantile(sender.answers.waits, 0.99))
    await store.transaction(async tx => {
      for (const { liveClass } of workload.classes) await tx.deleteClass(tenantId, liveClass.id)
    })
  }
  isOver = true
  await sampling
  must((await receiver.stop()) === 0, 'the receiver ends well')

  const warm = samples.filter(({ atMs }) => atMs > ms / 4)
  const handles = warm.map(one => one.handles)
  const largest = (pick: (sample: Sample) => number): number => Math.max(...warm.map(pick))
  const bound = ((PER_SECOND * ms) / 1000 / 10) * 2
  must(largest(({ wal }) => wal) <= 64 * MIB, 'the write-ahead log stays below 64 MiB')
  must(largest(({ rows }) => rows) <= bound, `retention keeps the inbox below ${Math.round(bound)} rows`)
  return {
    ...total,
    faults: 0,
    notes: [
      `RSS ${mib(warm[0]?.rss ?? 0)} MiB after warm-up, ${mib(warm.at(-1)?.rss ?? 0)} MiB at the end: ${slope(warm).toFixed(2)} MiB/h`,
      `write-ahead log at most ${mib(largest(({ wal }) => wal))} MiB; handles ${Math.min(...handles)} to ${Math.max(...handles)}; inbox at most ${largest(({ rows }) => rows)} rows of ${total.events} received`,
      `acknowledged: worst p99 of any 120th of the time ${Math.round(Math.max(...waits))} ms`,
    ],
  }
}

interface Sampled {
  readonly store: Store
  readonly receiver: Receiver
  readonly atMs: number
}

async function sampleOf({ name }: Database, url: string, { store, receiver, atMs }: Sampled): Promise<Sample> {
  const { rss, handles } = await receiver.stats()
  const counts = await store.read(tx => tx.countInbox(tenantId))
  const rows = Object.values(counts).reduce((sum, count) => sum + count)
  const wal =
    name === 'SQLite' ? (statSync(`${url.slice('sqlite:'.length)}-wal`, { throwIfNoEntry: false })?.size ?? 0) : 0
  return { atMs, rss, handles, wal, rows }
}

/** By least squares, in MiB an hour. */
function slope(samples: readonly Sample[]): number {
  const mean = (pick: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + pick(sample), 0) / samples.length
  const [meanAt, meanRss] = [mean(({ atMs }) => atMs), mean(({ rss }) => rss)]
  const above = mean(({ atMs, rss }) => (atMs - meanAt) * (rss - meanRss))
  const below = mean(({ atMs }) => (atMs - meanAt) ** 2)
  return below === 0 ? 0 : ((above / below) * 3_600_000) / MIB
}

const mib = (bytes: number): string => (bytes / MIB).toFixed(1)
