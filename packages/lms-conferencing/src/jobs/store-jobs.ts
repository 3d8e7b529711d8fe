import { randomUUID } from 'node:crypto'
import type { JobQueue, Jobs, JobsEnvironment } from './queue.ts'

export interface StoreJobsOptions {
  /** How often to look for jobs, in milliseconds. @default 1000 */
  readonly pollMs?: number | undefined
  /** How soon another process takes over what one that died was doing, in milliseconds. @default 60000 */
  readonly leaseMs?: number | undefined
}

/** Jobs in a table of the store, done by the processes that have it open. Throws `TypeError` naming the option that cannot be. */
export function storeJobs({ pollMs = 1000, leaseMs = 60_000 }: StoreJobsOptions = {}): Jobs {
  for (const [name, ms] of Object.entries({ pollMs, leaseMs })) {
    if (!(Number.isFinite(ms) && ms > 0)) throw new TypeError(`${name}: must be above 0`)
  }
  return { connect: environment => storeQueue(environment, { pollMs, leaseMs }) }
}

function storeQueue(
  { tenantId, store, clock }: JobsEnvironment,
  { pollMs, leaseMs }: Required<{ [Option in keyof StoreJobsOptions]: number }>,
): JobQueue {
  const now = (): Date => new Date(clock.now())
  const in_ = (ms: number): Date => new Date(clock.now() + ms)

  return {
    pollMs,
    leaseMs,
    put: (tx, job) => tx.putJob(tenantId, job),
    add: (tx, job) => tx.addJob(tenantId, job),

    open: repeating =>
      store.transaction(async tx => {
        await tx.reviveJobs(tenantId, now())
        for (const name of repeating) await tx.putJob(tenantId, { name, key: '', dueAt: now() })
      }),

    async due(names) {
      const due = await store.read(tx => tx.dueJobs(tenantId, now()))
      return due.filter(name => names.includes(name))
    },

    async take(name) {
      const token = randomUUID()
      const job = await store.transaction(tx => tx.takeJob(tenantId, name, now(), { token, until: in_(leaseMs) }))
      if (!job) return null
      const { key, tries, failures } = job
      const lease = { name, key, token }
      return {
        key,
        tries,
        failures,
        async hold(tx) {
          if (tx) return tx.holdJob(tenantId, lease, in_(leaseMs))
          return store.transaction(own => own.holdJob(tenantId, lease, in_(leaseMs)))
        },
        settle: settlement => store.transaction(tx => tx.settleJob(tenantId, lease, settlement)),
      }
    },
  }
}
