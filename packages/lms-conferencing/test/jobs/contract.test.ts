import { describe, expect, test } from 'vitest'
import type { TakenJob } from '../../src/jobs/queue.ts'
import { type JobHandler, maxFailures } from '../../src/jobs/worker.ts'
import { onEachDatabase } from '../support/databases.ts'
import { type JobsProcess, type JobsUnderTest, leaseMs, longestFirstPauseMs, onPgBoss, onStore } from './harness.ts'

const minute = 60_000

/** What every kind of jobs must do; `open` makes an empty one. */
function describeJobs(name: string, open: () => Promise<JobsUnderTest>): void {
  describe(`Jobs: ${name}`, () => {
    const put = (
      { store, queue }: JobsProcess,
      { clock }: JobsUnderTest,
      key: string,
      { inMs = 0, name = 'provision' } = {},
    ): Promise<void> => store.transaction(tx => queue.put(tx, { name, key, dueAt: new Date(clock.now() + inMs) }))
    const add = ({ store, queue }: JobsProcess, { clock }: JobsUnderTest, key: string, inMs = 0): Promise<void> =>
      store.transaction(tx => queue.add(tx, { name: 'provision', key, dueAt: new Date(clock.now() + inMs) }))
    const take = async ({ queue }: JobsProcess): Promise<TakenJob> => {
      const job = await queue.take('provision')
      if (!job) throw new Error('no job is due')
      return job
    }

    test('a job comes and goes with the transaction it is put in', async () => {
      const jobs = await open()
      const one = await jobs.process()
      const failing = one.store.transaction(async tx => {
        await one.queue.put(tx, { name: 'provision', key: 'a', dueAt: new Date(jobs.clock.now()) })
        throw new Error('undone')
      })
      await expect(failing).rejects.toThrow('undone')
      expect(await one.queue.take('provision')).toBeNull()
      await put(one, jobs, 'a')
      expect(await one.queue.take('provision')).toMatchObject({ key: 'a', tries: 1, failures: 0 })
    })

    test('a job waits for its time, and one that is put again for its new one', async () => {
      const jobs = await open()
      const one = await jobs.process()
      await put(one, jobs, 'a', { inMs: 10 * minute })
      await put(one, jobs, 'b', { inMs: minute })
      await put(one, jobs, 'b', { inMs: 20 * minute })
      await jobs.pass(5 * minute)
      expect(await one.queue.take('provision')).toBeNull()
      await put(one, jobs, 'a', { inMs: minute })
      await jobs.pass(2 * minute)
      const first = await take(one)
      expect(first.key).toBe('a')
      expect(await one.queue.take('provision')).toBeNull()
      await first.settle({ state: 'done' })
      await jobs.pass(20 * minute)
      expect((await take(one)).key).toBe('b')
    })

    test('a job is added only where there is none: waiting, running or dead', async () => {
      const jobs = await open()
      const one = await jobs.process()
      await put(one, jobs, 'a', { inMs: minute })
      await add(one, jobs, 'a')
      expect(await one.queue.take('provision')).toBeNull()
      await jobs.pass(minute)
      const job = await take(one)
      await add(one, jobs, 'a')
      await job.settle({ state: 'done' })
      expect(await one.queue.take('provision')).toBeNull()
      await add(one, jobs, 'a')
      expect((await take(one)).key).toBe('a')
    })

    test('what is to be tried again waits, and counts its tries but no failures', async () => {
      const jobs = await open()
      const one = await jobs.process()
      await put(one, jobs, 'a')
      for (const tries of [1, 2, 3]) {
        const job = await take(one)
        expect(job).toMatchObject({ tries, failures: 0 })
        expect(await job.settle({ state: 'again', dueAt: new Date(jobs.clock.now() + minute) })).toBe(true)
        expect(await one.queue.take('provision')).toBeNull()
        await jobs.pass(minute + 1_000)
      }
    })

    test('a job that throws is tried again with growing pauses, is dead after the eighth time, and revived by a start', async () => {
      const jobs = await open()
      const one = await jobs.process()
      let tries = 0
      const failing: JobHandler = {
        async run() {
          tries++
          throw new Error('never works')
        },
      }
      await put(one, jobs, 'a')
      const worker = one.worker({ provision: failing })
      for (let failures = 1; failures <= maxFailures; failures++) {
        await worker.runDue('provision')
        expect(tries).toBe(failures)
        await worker.runDue('provision')
        expect(tries, 'not at once').toBe(failures)
        await jobs.pass(longestFirstPauseMs * 2 ** failures)
      }
      await add(one, jobs, 'a')
      await jobs.pass(24 * 60 * minute)
      await worker.runDue('provision')
      expect(tries).toBe(maxFailures)
      expect(one.log.filter(line => line.includes('job failed'))).toHaveLength(maxFailures - 1)
      expect(one.log.filter(line => line.startsWith('error job given up'))).toHaveLength(1)
      expect(one.log.join()).not.toContain('never works')
      await one.queue.open([])
      await worker.runDue('provision')
      expect(tries).toBe(maxFailures + 1)
    })

    test('F25 a job whose process died is done by another, and the late one is fenced off', async () => {
      const jobs = await open()
      const [one, other] = [await jobs.process(), await jobs.process()]
      await put(one, jobs, 'a')
      const stopped = await take(one)
      await jobs.pass(leaseMs / 2)
      expect(await other.queue.take('provision')).toBeNull()
      expect(await stopped.hold()).toBe(true)
      await jobs.takeOver()
      const taken = await take(other)
      expect(taken).toMatchObject({ key: 'a', failures: 1 })
      expect(await stopped.hold()).toBe(false)
      await one.store.transaction(async tx => expect(await stopped.hold(tx)).toBe(false))
      expect(await stopped.settle({ state: 'done' })).toBe(false)
      expect(await stopped.settle({ state: 'again', dueAt: new Date(jobs.clock.now()) })).toBe(false)
      expect(await stopped.settle({ state: 'failed', dueAt: new Date(jobs.clock.now()), reason: 'late' })).toBe(false)
      await other.store.transaction(async tx => expect(await taken.hold(tx)).toBe(true))
      expect(await taken.settle({ state: 'done' })).toBe(true)
      await jobs.pass(60 * minute)
      expect(await one.queue.take('provision')).toBeNull()
    })

    test('a sign of life keeps a job, however long it takes', async () => {
      const jobs = await open()
      const [one, other] = [await jobs.process(), await jobs.process()]
      await put(one, jobs, 'a')
      const job = await take(one)
      for (let times = 0; times < 4; times++) {
        await jobs.pass(leaseMs * 0.8)
        expect(await job.hold()).toBe(true)
      }
      expect(await other.queue.take('provision')).toBeNull()
      expect(await job.settle({ state: 'done' })).toBe(true)
    })

    test('a job put while it runs, runs again after that and not beside it', async () => {
      const jobs = await open()
      const [one, other] = [await jobs.process(), await jobs.process()]
      await put(one, jobs, 'a')
      const job = await take(one)
      await put(other, jobs, 'a')
      await put(other, jobs, 'a')
      expect(await other.queue.take('provision')).toBeNull()
      expect(await job.settle({ state: 'done' })).toBe(true)
      const second = await take(other)
      expect(second).toMatchObject({ key: 'a', failures: 0 })
      await second.settle({ state: 'done' })
      expect(await other.queue.take('provision')).toBeNull()
    })

    test('F25 two processes share fifty jobs, and do each once', async () => {
      const jobs = await open()
      const [one, other] = [await jobs.process(), await jobs.process()]
      const done: string[] = []
      const handlers = { provision: { run: async ({ key }: { key: string }) => done.push(key) && 1 } }
      const keys = Array.from({ length: 50 }, (_, index) => `class ${index}`)
      await one.store.transaction(async tx => {
        for (const key of keys) await one.queue.put(tx, { name: 'provision', key, dueAt: new Date(jobs.clock.now()) })
      })
      const [worker, otherWorker] = [one.worker(handlers), other.worker(handlers)]
      const runs = [worker, otherWorker, worker, worker].map(each => each.runDue('provision'))
      const counts = await Promise.all(runs)
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(keys.length)
      expect(done.toSorted()).toEqual(keys.toSorted())
    })

    test('a round is done by one process at a time, comes again, and is continued when its process dies', async () => {
      const jobs = await open()
      const [one, other] = [await jobs.process(), await jobs.process()]
      for (const { queue } of [one, other]) await queue.open(['close'])
      const first = await one.queue.take('close')
      expect(first).toMatchObject({ key: '' })
      expect(await other.queue.take('close')).toBeNull()
      await first?.settle({ state: 'again', dueAt: new Date(jobs.clock.now() + minute) })
      expect(await other.queue.take('close')).toBeNull()
      await jobs.pass(minute + 1_000)
      expect(await other.queue.take('close')).not.toBeNull()
      // It dies here.
      await one.queue.open(['close'])
      await jobs.takeOver()
      expect(await one.queue.take('close')).not.toBeNull()
    })

    test('T53 nobody gets the jobs of another tenant', async () => {
      const jobs = await open()
      const [one, other] = [await jobs.process('Škola/1'), await jobs.process('Škola/2')]
      await put(one, jobs, 'a')
      expect(await other.queue.take('provision')).toBeNull()
      expect(await one.queue.take('provision')).not.toBeNull()
    })

    test('F24 once stopped, what runs has ended and nothing else begins', async () => {
      const jobs = await open()
      const one = await jobs.process()
      const begun = Promise.withResolvers<void>()
      const goOn = Promise.withResolvers<void>()
      const done: string[] = []
      const worker = one.worker({
        provision: {
          async run({ key }) {
            begun.resolve()
            await goOn.promise
            done.push(key)
            return 1
          },
        },
      })
      await put(one, jobs, 'a')
      await put(one, jobs, 'b', { inMs: 1 })
      await jobs.pass(1_000)
      worker.start()
      await begun.promise
      const stopped = worker.stop()
      goOn.resolve()
      await stopped
      expect(done).toEqual(['a'])
      expect((await take(one)).key).toBe('b')
      expect(await one.queue.take('provision')).toBeNull()
    })

    test('a database that does not serve is an error of ours', async () => {
      const jobs = await open()
      const one = await jobs.process()
      await put(one, jobs, 'a')
      const job = await take(one)
      await one.store.close()
      const failing = job.settle({ state: 'again', dueAt: new Date(jobs.clock.now()) })
      await expect(failing).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    })
  })
}

describeJobs('in memory', async () => onStore('sqlite::memory:'))
onEachDatabase(({ name, open }) => {
  describeJobs(`in the store, ${name}`, async () => onStore(await open()))
  if (name === 'PostgreSQL') describeJobs('pg-boss', async () => onPgBoss(await open()))
})
