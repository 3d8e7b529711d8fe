import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { openStore } from 'lms-conferencing/sql'
import { expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { storeJobs } from '../../src/jobs/store-jobs.ts'
import { noLogger } from '../../src/logger.ts'
import { pgBossJobs } from '../../src/pg-boss.ts'
import { onEachDatabase } from '../support/databases.ts'
import type { WorkerSettings } from './worker-process.ts'

const JOBS = 60
/** What happens in other processes is looked for this often, and for so long. */
const patience = { timeout: 150_000, interval: 50 }

function startWorker(settings: WorkerSettings): { readonly child: ChildProcess; readonly told: readonly string[] } {
  const script = join(import.meta.dirname, 'worker-process.ts')
  const child = fork(script, [JSON.stringify(settings)], { execArgv: ['--conditions=lms-conferencing-source'] })
  const told: string[] = []
  child.on('message', message => told.push(String(message)))
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return { child, told }
}

async function enqueue({ url, kind, leaseMs }: WorkerSettings): Promise<void> {
  const store = await openStore(url)
  const bossJobs = kind === 'pg-boss' ? await pgBossJobs({ connectionString: url, leaseMs }) : undefined
  const queue = (bossJobs ?? storeJobs()).connect({
    tenantId: 'school',
    store,
    clock: systemClock,
    random: Math.random,
    logger: noLogger,
  })
  await store.transaction(async tx => {
    for (let index = 0; index < JOBS; index++)
      await queue.put(tx, { name: 'effect', key: `effect ${index}`, dueAt: new Date(0) })
  })
  await bossJobs?.close()
  await store.close()
}

onEachDatabase(({ name, open }) => {
  const kinds = [
    { kind: 'store', leaseMs: 1_500, others: name === 'SQLite' ? 1 : 3 },
    // The shortest lease it has.
    { kind: 'pg-boss', leaseMs: 10_000, others: 3 },
  ] as const
  for (const { kind, leaseMs, others } of kinds) {
    if (kind === 'pg-boss' && name === 'SQLite') continue

    test(`F25 ${others + 1} processes do ${JOBS} jobs of ${kind}; one stands still for longer than its lease and goes on: each effect once`, async () => {
      const settings = { url: await open(), kind, leaseMs }
      await enqueue({ ...settings, jobMs: 0 })
      const stopped = startWorker({ ...settings, jobMs: 400 })
      await vi.waitUntil(() => stopped.told.some(line => line.startsWith('begins')), patience)
      stopped.child.kill('SIGSTOP')
      for (let count = 0; count < others; count++) startWorker({ ...settings, jobMs: 1 })

      const store = await openStore(settings.url)
      onTestFinished(() => store.close())
      const effects = async (): Promise<readonly string[]> =>
        (await store.read(tx => tx.listOperations('school', 10 * JOBS))).map(({ what }) => what).toSorted()
      await vi.waitUntil(async () => (await effects()).length >= JOBS, patience)
      const before = await effects()
      stopped.child.kill('SIGCONT')
      await vi.waitUntil(() => stopped.told.includes('job is done by another process'), patience)
      expect(await effects()).toEqual(before)
      expect(before).toEqual(Array.from({ length: JOBS }, (_, index) => `effect ${index}`).sort())
    }, 180_000)
  }
})
