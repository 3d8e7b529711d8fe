import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { JobSettlement } from '../../src/jobs/job.ts'
import type { JobQueue, TakenJob } from '../../src/jobs/queue.ts'
import { createWorker, type JobHandlers, maxFailures } from '../../src/jobs/worker.ts'
import { storeUnavailable } from '../../src/store-faults.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { memoryLogger } from '../support/world.ts'

/** A worker over a list of jobs that each can be taken once. */
function createBench(handlers: JobHandlers, jobs: Partial<TakenJob>[]) {
  const clock = new ManualClock('2027-03-01T08:00:00Z')
  const log: string[] = []
  const settled: JobSettlement[] = []
  const bench = { holds: 0, looks: 0, isDown: false, opened: [] as readonly string[] }
  const queue: JobQueue = {
    pollMs: 1_000,
    leaseMs: 30_000,
    put: async () => {},
    add: async () => {},
    async open(repeating) {
      bench.opened = repeating
    },
    async due(names) {
      bench.looks++
      if (bench.isDown) throw storeUnavailable('unreachable')
      return names
    },
    async take() {
      const job = jobs.shift()
      if (!job) return null
      return {
        key: 'a',
        tries: 1,
        failures: 0,
        async hold() {
          bench.holds++
          return true
        },
        async settle(settlement) {
          settled.push(settlement)
          return true
        },
        ...job,
      }
    },
  }
  const worker = createWorker(queue, handlers, {
    clock,
    random: () => 0,
    logger: memoryLogger(log),
    onStoreFault: () => {},
  })
  return { clock, log, settled, worker, bench }
}

/** What is under way in this process comes to its end. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await setImmediate()
}

test('F24 a job that does not end is left to another process after ten seconds, and holds nobody up', async () => {
  const { worker, clock, log, settled } = createBench({ slow: { run: () => new Promise(() => {}) } }, [{}])
  worker.start()
  await settle()
  let isStopped = false
  const stopped = worker.stop().then(() => {
    isStopped = true
  })
  await settle()
  clock.advance(9_999)
  await settle()
  expect(isStopped).toBe(false)
  clock.advance(1)
  await stopped
  expect(settled).toEqual([])
  expect(log.join()).toContain('job is left to another process')
})

test('a job shows signs of life three times in its lease, and none once it has ended', async () => {
  const gate = Promise.withResolvers<number>()
  const { worker, clock, bench } = createBench({ slow: { run: () => gate.promise } }, [{}])
  const done = worker.runDue('slow')
  await settle()
  clock.advance(60_000)
  await settle()
  expect(bench.holds).toBe(6)
  gate.resolve(3)
  expect(await done).toBe(3)
  expect(clock.waiting).toBe(0)
})

test('a queue that does not answer is asked again within four seconds, and every second once it does', async () => {
  const { worker, clock, bench, log } = createBench({ round: { everyMs: 60_000, run: async () => 1 } }, [])
  bench.isDown = true
  worker.start()
  await settle()
  const pauses: number[] = []
  for (let outages = 0; outages < 4; outages++) {
    pauses.push((clock.nextAt ?? 0) - clock.now())
    clock.advance(pauses.at(-1) ?? 0)
    await settle()
  }
  expect(pauses).toEqual([2_500, 4_000, 4_000, 4_000])
  bench.isDown = false
  clock.advance(4_000)
  await settle()
  expect((clock.nextAt ?? 0) - clock.now()).toBe(1_000)
  expect(bench.opened).toEqual(['round'])
  expect(log.filter(line => line.includes('jobs cannot be looked for'))).toHaveLength(5)
  await worker.stop()
  expect(clock.waiting).toBe(0)
})

test('a job that no process survived eight times is given up untried; a round never is', async () => {
  let tried = 0
  const run = async () => ++tried
  const { worker, settled, log } = createBench({ deadly: { run }, round: { run, everyMs: 60_000 } }, [
    { failures: maxFailures },
    { failures: maxFailures },
  ])
  await worker.runDue('deadly')
  expect([tried, settled.map(({ state }) => state)]).toEqual([0, ['dead', 'dead']])
  expect(log.filter(line => line.startsWith('error job given up'))).toHaveLength(2)

  const other = createBench({ round: { run, everyMs: 60_000 } }, [{ failures: maxFailures }])
  await other.worker.runDue('round')
  expect(tried).toBe(1)
  expect(other.settled).toEqual([{ state: 'again', dueAt: new Date(other.clock.now() + 60_000) }])
})

test('a store that does not serve is no failure of the job', async () => {
  const run = async () => {
    throw storeUnavailable('locked')
  }
  const { worker, settled, clock } = createBench({ unlucky: { run } }, [{ failures: maxFailures - 1, tries: 2 }])
  await worker.runDue('unlucky')
  expect(settled).toEqual([{ state: 'again', dueAt: new Date(clock.now() + 5_000) }])
})
