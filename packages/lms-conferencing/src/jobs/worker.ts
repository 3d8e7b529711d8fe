import { growingPause } from '../backoff.ts'
import type { TimerHandle } from '../clock.ts'
import { ConferencingError } from '../errors.ts'
import { faultFields } from '../fault.ts'
import type { StoreTransaction } from '../store.ts'
import type { JobSettlement } from './job.ts'
import type { JobQueue, JobsEnvironment, TakenJob } from './queue.ts'

/** One try at a job. */
export interface RunningJob {
  readonly key: string
  /**
   * To be asked in the transaction that writes what was found out slowly: throws when the job is another process's by
   * now, so that one that stood still for long overwrites nothing.
   */
  readonly hold: (tx: StoreTransaction) => Promise<void>
}

/** How many things a try did, for whoever counts them; or that it is to be tried again after a growing pause. */
export type JobResult = number | 'again'

export interface JobHandler {
  /** What it throws counts as a failure; after {@link maxFailures} in a row the job is given up. */
  run(job: RunningJob): Promise<JobResult>
  /** For what is done to all classes again and again: how long after it is done, in milliseconds. */
  readonly everyMs?: number | undefined
}

export type JobHandlers = Readonly<Record<string, JobHandler>>

/** Does jobs in this process: of each name one at a time, different ones beside each other. */
export interface JobWorker {
  /** Starting what is started changes nothing. */
  start(): void
  /** Takes no more jobs; resolves when those that run have ended, or after ten seconds. */
  stop(): Promise<void>
  /** Does all jobs of a name that are due now, started or not. Answers how many things they did. */
  runDue(name: string): Promise<number>
}

export const maxFailures = 8
/** A database that is back is noticed within this time. */
const longestOutagePauseMs = 4000
const drainMs = 10_000

export interface WorkerEnvironment extends Pick<JobsEnvironment, 'clock' | 'random' | 'logger'> {
  /** Told of every error, for it may be the store's. */
  readonly onStoreFault: (error: unknown) => void
}

/** Another process has the job by now. */
class JobLost extends Error {}

export function createWorker(
  queue: JobQueue,
  handlers: JobHandlers,
  { clock, random, logger, onStoreFault }: WorkerEnvironment,
): JobWorker {
  const names = Object.keys(handlers)
  const repeating = names.filter(name => handlers[name]?.everyMs !== undefined)
  const lanes = new Map<string, Promise<number>>()
  let isStarted = false
  let isOpen = false
  let outages = 0
  let timer: TimerHandle | undefined
  let looking: Promise<void> | undefined

  function look(): void {
    timer = undefined
    looking = lookOnce().finally(() => {
      looking = undefined
      if (!isStarted) return
      const pauseMs = outages === 0 ? queue.pollMs : Math.min(longestOutagePauseMs, growingPause(outages, random()))
      timer = clock.setTimeout(look, pauseMs)
    })
  }

  async function lookOnce(): Promise<void> {
    try {
      if (!isOpen) await queue.open(repeating)
      isOpen = true
      for (const name of await queue.due(names)) if (isStarted && !lanes.has(name)) void runLane(name, () => isStarted)
      outages = 0
    } catch (error) {
      outages++
      logger.warn('jobs cannot be looked for now; they wait', faultFields(error))
      onStoreFault(error)
    }
  }

  function runLane(name: string, mayGoOn: () => boolean): Promise<number> {
    const lane = drain(name, mayGoOn).finally(() => lanes.delete(name))
    lanes.set(name, lane)
    lane.catch((error: unknown) => {
      logger.warn('jobs cannot be taken now; they wait', { job: name, ...faultFields(error) })
      onStoreFault(error)
    })
    return lane
  }

  async function drain(name: string, mayGoOn: () => boolean): Promise<number> {
    let done = 0
    while (mayGoOn()) {
      const job = await queue.take(name)
      if (!job) break
      done += await run(name, job)
    }
    return done
  }

  /** Tries once, and settles the job; throws when the queue does not answer. */
  async function run(name: string, job: TakenJob): Promise<number> {
    const handler = handlers[name]
    if (!handler) throw new Error(`no handler of the job ${name}`)
    const fields = { job: name, key: job.key }
    if (job.failures >= maxFailures && handler.everyMs === undefined) {
      logger.error('job given up', { ...fields, failures: job.failures })
      await job.settle({ state: 'dead', reason: 'The process that tried it did not survive.' })
      return 0
    }
    const alive = showLife(job)
    let result: JobResult = 0
    let settlement: JobSettlement
    try {
      result = await handler.run({
        key: job.key,
        async hold(tx) {
          if (!(await job.hold(tx))) throw new JobLost()
        },
      })
      settlement = settled(handler, job, result)
    } catch (error) {
      if (error instanceof JobLost) {
        logger.warn('job is done by another process', fields)
        return 0
      }
      settlement = failed(handler, job, error)
      onStoreFault(error)
      if (settlement.state === 'dead') logger.error('job given up', { ...fields, ...faultFields(error) })
      else logger.warn('job failed', { ...fields, ...faultFields(error) })
    } finally {
      alive.stop()
    }
    if (!(await job.settle(settlement))) logger.warn('job took too long, and was given to another process', fields)
    return result === 'again' ? 0 : result
  }

  /** While it runs. */
  function showLife(job: TakenJob): { stop(): void } {
    let next: TimerHandle | undefined
    const wait = (): void => {
      next = clock.setTimeout(() => {
        wait()
        // A sign of life that does not get through is not the last one; if all are, the lease ends.
        job.hold().catch(() => {})
      }, queue.leaseMs / 3)
    }
    wait()
    return {
      stop() {
        if (next) clock.clearTimeout(next)
      },
    }
  }

  const later = (tries: number): Date => new Date(clock.now() + growingPause(tries, random()))

  function settled({ everyMs }: JobHandler, { tries }: TakenJob, result: JobResult): JobSettlement {
    if (result === 'again') return { state: 'again', dueAt: later(tries) }
    return everyMs === undefined ? { state: 'done' } : { state: 'again', dueAt: new Date(clock.now() + everyMs) }
  }

  function failed(handler: JobHandler, { failures, tries }: TakenJob, error: unknown): JobSettlement {
    // Not the job's fault, and no reason to give it up.
    if (error instanceof ConferencingError && error.code === 'STORE_UNAVAILABLE')
      return { state: 'again', dueAt: later(tries) }
    const reason = error instanceof ConferencingError ? `${error.code}: ${error.message}` : nameOf(error)
    return failures + 1 >= maxFailures && handler.everyMs === undefined
      ? { state: 'dead', reason }
      : { state: 'failed', dueAt: later(failures + 1), reason }
  }

  return {
    start() {
      if (isStarted) return
      isStarted = true
      // A look from before a stop is still going on: it will go on repeating.
      if (!looking) look()
    },

    async stop() {
      isStarted = false
      if (timer) clock.clearTimeout(timer)
      timer = undefined
      await looking
      const patience = Promise.withResolvers<void>()
      const limit = clock.setTimeout(patience.resolve, drainMs)
      await Promise.race([Promise.allSettled(lanes.values()), patience.promise])
      clock.clearTimeout(limit)
      for (const job of lanes.keys()) logger.warn('job is left to another process', { job })
    },

    async runDue(name) {
      for (let running = lanes.get(name); running; running = lanes.get(name)) await running.catch(() => {})
      return runLane(name, () => true)
    },
  }
}

/** Of anybody else's error only the name is kept: a message may quote anything. */
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error)
