// A process that does jobs which take a moment and have an effect that can be counted; tells what happens to it.
import { setTimeout as pause } from 'node:timers/promises'
import { openStore } from 'lms-conferencing/sql'
import { systemClock } from '../../src/clock.ts'
import { storeJobs } from '../../src/jobs/store-jobs.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { pgBossJobs } from '../../src/pg-boss.ts'

export interface WorkerSettings {
  readonly url: string
  readonly kind: 'store' | 'pg-boss'
  readonly leaseMs: number
  /** How long its jobs take between their begin and their effect. */
  readonly jobMs: number
}

const { url, kind, leaseMs, jobMs }: WorkerSettings = JSON.parse(process.argv[2] ?? '')
const tell = (what: string): void => void process.send?.(what)
const store = await openStore(url)
const jobs =
  kind === 'store'
    ? storeJobs({ leaseMs, pollMs: 20 })
    : await pgBossJobs({ connectionString: url, leaseMs, pollMs: 100 })
const logger = { debug() {}, info() {}, warn: tell, error: tell }
const environment = { clock: systemClock, random: Math.random, logger }
const queue = jobs.connect({ tenantId: 'school', store, ...environment })
const worker = createWorker(
  queue,
  {
    effect: {
      async run({ key, hold }) {
        tell(`begins ${key}`)
        await pause(jobMs)
        await store.transaction(async tx => {
          await hold(tx)
          await tx.addOperation({ tenantId: 'school', at: new Date(), who: `${process.pid}`, what: key, count: 1 })
        })
        return 1
      },
    },
  },
  { ...environment, onStoreFault: () => {} },
)
worker.start()
tell('started')
// Should the test die first, nobody is left behind.
process.once('disconnect', () => process.exit())
