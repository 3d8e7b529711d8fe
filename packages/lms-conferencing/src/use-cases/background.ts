import { createWorker, type JobHandlers } from '../jobs/worker.ts'
import type { Callbacks } from './callbacks.ts'
import { closeFinishedClasses } from './close.ts'
import type { Context } from './context.ts'
import { beat, heartbeatMs, keepCallbacks } from './gaps.ts'
import { provision } from './provisioning.ts'
import { reconcileDue } from './reconcile.ts'
import { awaitRecording, type Recordings } from './recordings.ts'
import { remind } from './remind.ts'
import { createResultsRound } from './results.ts'
import { forgetOld } from './retention.ts'
import { snapshotEveryMs, takeSnapshots } from './snapshots.ts'
import { sweep, sweepEveryMs } from './sweep.ts'

/**
 * How long after each round the next one begins, in milliseconds, in one process at a time. What is done to one class
 * at its own time is no round but a job.
 */
const every = {
  close: 60_000,
  heartbeat: heartbeatMs,
  keepCallbacks: 5 * 60_000,
  snapshots: snapshotEveryMs,
  reconcile: 60_000,
  results: 10_000,
  retention: 24 * 3_600_000,
  sweep: sweepEveryMs,
} as const

/** What runs without anybody asking. */
export interface Background {
  start(): void
  stop(): Promise<void>
  readonly rounds: {
    /** Applies all callbacks that are due, and what follows from them. */
    callbacks(): Promise<void>
    /** Tries the meetings that wait and are due. Answers how many were made. */
    provision(): Promise<number>
    /** Ends classes that ended without the end button. Answers how many. */
    close(): Promise<number>
    /** Asks for awaited recordings that are due. Answers how many classes have one now. */
    recordings(): Promise<number>
    /** Has every provider make sure that it calls us back. Answers how many do. */
    keepCallbacks(): Promise<number>
    /**
     * Notes that callbacks can be stored now; a longer silence before it becomes a gap. Once a minute, or not at all.
     * Answers how many gaps there were.
     */
    heartbeat(): Promise<number>
    /** Looks who is in the rooms of live classes. Answers how many rooms were looked at. */
    snapshots(): Promise<number>
    /** Completes the evidence of classes that are over from what their providers wrote down. Answers of how many. */
    reconcile(): Promise<number>
    /** Brings kept attendance up to date where its facts or the rules have changed. Answers of how many classes. */
    results(): Promise<number>
    /** Announces classes that are about to start. Answers how many. */
    remind(): Promise<number>
    /** Puts jobs that the state of classes asks for and that are not there. Answers how many there should be. */
    sweep(): Promise<number>
    /** Forgets callbacks and refused requests that are older than they are kept. Answers how many. */
    retention(): Promise<number>
  }
}

export function createBackground(
  context: Context,
  { recordings, callbacks }: { readonly recordings: Recordings; readonly callbacks: Callbacks },
): Background {
  const results = createResultsRound(context)
  const classJobs: JobHandlers = {
    provision: { run: ({ key, hold }) => provision(context, key, hold) },
    recordings: { run: ({ key, hold }) => awaitRecording(context, recordings, key, hold) },
    remind: { run: ({ key }) => remind(context, key) },
  }
  const rounds: Background['rounds'] = {
    callbacks: () => callbacks.inbox.drain(),
    provision: () => runDue('provision'),
    close: () => closeFinishedClasses(context),
    recordings: () => runDue('recordings'),
    remind: () => runDue('remind'),
    keepCallbacks: () => keepCallbacks(context),
    heartbeat: () => beat(context),
    snapshots: () => takeSnapshots(context),
    reconcile: () => reconcileDue(context),
    results: () => results.run(),
    retention: () => forgetOld(context),
    sweep: () => sweep(context),
  }
  const worker = createWorker(context.jobs, { ...classJobs, ...repeated(rounds) }, context)

  async function runDue(name: keyof typeof classJobs): Promise<number> {
    await sweep(context)
    return worker.runDue(name)
  }

  return {
    rounds,
    start() {
      callbacks.inbox.start()
      worker.start()
    },
    async stop() {
      await Promise.all([worker.stop(), callbacks.stop()])
    },
  }
}

const repeated = (rounds: Background['rounds']): JobHandlers =>
  Object.fromEntries(
    Object.entries(every).map(([round, everyMs]) => [round, { everyMs, run: rounds[round as keyof typeof every] }]),
  )
