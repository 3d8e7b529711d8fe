import { jobsAfter } from '../jobs/class-jobs.ts'
import type { Context } from './context.ts'
import { recordingAwaitedMs } from './recordings.ts'

/** How often, in milliseconds. */
export const sweepEveryMs = 10 * 60_000

/** How many classes of each kind one sweep looks at. */
const sweepSize = 500
/** Few enough that nobody waits long for the write lock. */
const atOnce = 50

/**
 * Adds the jobs that the state of classes asks for and that are not there: after rows came in by another way, a backup
 * without the jobs, or a change from one kind of jobs to another. Answers how many jobs there should be.
 */
export async function sweep(context: Context): Promise<number> {
  const { tenantId, store, clock, jobs, reminderMs } = context
  const now = clock.now()
  const rows = await store.read(async tx => [
    ...(await tx.listClasses({ tenantId, status: 'scheduled', provisioning: 'pending', limit: sweepSize })),
    ...(await tx.listClasses({
      tenantId,
      status: 'scheduled',
      startsSince: new Date(now),
      startsBefore: new Date(now + reminderMs + 2 * sweepEveryMs),
      limit: sweepSize,
    })),
    ...(await tx.listClasses({
      tenantId,
      status: 'completed',
      endedSince: new Date(now - recordingAwaitedMs),
      limit: sweepSize,
    })),
  ])
  const wanted = new Map(
    rows
      .flatMap(({ liveClass }) => jobsAfter(null, liveClass, { now, patienceMs: 0, reminderMs }))
      .map(job => [`${job.name} ${job.key}`, job]),
  )
  const waiting = [...wanted.values()]
  while (waiting.length > 0) {
    const some = waiting.splice(0, atOnce)
    await store.transaction(async tx => {
      for (const job of some) await jobs.add(tx, job)
    })
  }
  return wanted.size
}
