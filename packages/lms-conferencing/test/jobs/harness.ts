import { openStore } from 'lms-conferencing/sql'
import pg from 'pg'
import { PgBoss } from 'pg-boss'
import { onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../src/clock.ts'
import type { JobQueue, Jobs } from '../../src/jobs/queue.ts'
import { storeJobs } from '../../src/jobs/store-jobs.ts'
import { createWorker, type JobHandlers, type JobWorker } from '../../src/jobs/worker.ts'
import { pgBossJobs } from '../../src/pg-boss.ts'
import type { Store } from '../../src/store.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { memoryLogger } from '../support/world.ts'

/** One process's view of the jobs of one database. */
export interface JobsProcess {
  readonly store: Store
  readonly queue: JobQueue
  readonly log: string[]
  worker(handlers: JobHandlers): JobWorker
}

/** A kind of jobs on an empty database. */
export interface JobsUnderTest {
  readonly clock: Clock
  process(tenantId?: string): Promise<JobsProcess>
  /** Time passes. */
  pass(ms: number): Promise<void>
  /** Time passes until what a process that died was doing is due again. */
  takeOver(): Promise<void>
}

export const leaseMs = 10_000

/** Jobs in the store at `url`, under a clock that stands still. */
export function onStore(url: string): JobsUnderTest {
  const clock = new ManualClock('2027-03-01T08:00:00Z')
  const pass = async (ms: number): Promise<void> => clock.advance(ms)
  const shared = url === 'sqlite::memory:' ? openStore(url) : undefined
  return {
    clock,
    pass,
    takeOver: () => pass(leaseMs),
    process: async tenantId => joined(await (shared ?? openStore(url)), storeJobs({ leaseMs }), clock, tenantId),
  }
}

/** Jobs on pg-boss in the database at `url`. Its time is the server's; here it passes by setting all times back. */
export function onPgBoss(url: string): JobsUnderTest {
  async function pass(ms: number): Promise<void> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    const ago = (column: string): string => `${column} = ${column} - interval '${ms} milliseconds'`
    const columns = (names: readonly string[]): string => names.map(ago).join(', ')
    await client.query(`update pgboss.job set ${columns(['start_after', 'started_on', 'heartbeat_on', 'keep_until'])}`)
    await client.query(`update pgboss.queue set ${columns(['monitor_on', 'monitor_claim_on', 'maintain_on'])}`)
    await client.end()
  }
  return {
    clock: systemClock,
    pass,
    async takeOver() {
      await pass(leaseMs + 1_000)
      const supervisor = new PgBoss({ connectionString: url, supervise: false, schedule: false })
      await supervisor.start()
      await supervisor.supervise()
      await supervisor.stop()
      await pass(longestFirstPauseMs)
    },
    async process(tenantId) {
      const jobs = await pgBossJobs({ connectionString: url, leaseMs, pollMs: 100 })
      const one = joined(await openStore(url), jobs, systemClock, tenantId)
      onTestFinished(() => jobs.close())
      return one
    },
  }
}

/** After a first failure; both kinds spread pauses over the upper half. */
export const longestFirstPauseMs = 10_000

function joined(store: Store, jobs: Jobs, clock: Clock, tenantId = 'school'): JobsProcess {
  const log: string[] = []
  const logger = memoryLogger(log)
  const queue = jobs.connect({ tenantId, store, clock, random: () => 0, logger })
  onTestFinished(() => store.close())
  return {
    store,
    queue,
    log,
    worker(handlers) {
      const worker = createWorker(queue, handlers, { clock, random: () => 0, logger, onStoreFault: () => {} })
      onTestFinished(() => worker.stop())
      return worker
    },
  }
}
