import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { Store, StoreTransaction } from '../store.ts'
import type { Job, JobSettlement } from './job.ts'

/** Where jobs wait: in the store ({@link storeJobs}), or in pg-boss. Each kind passes the same tests. */
export interface Jobs {
  /** The jobs of one tenant. */
  connect(environment: JobsEnvironment): JobQueue
}

export interface JobsEnvironment {
  readonly tenantId: string
  readonly store: Store
  readonly clock: Clock
  /** Uniform in `[0, 1)`. */
  readonly random: () => number
  readonly logger: Logger
}

/**
 * Jobs of one tenant, shared by all its processes. A job says where to look, not what to do: the state of the class
 * decides that when it runs. So a job too many does no harm, and one that is missing can be told from the state.
 */
export interface JobQueue {
  /** How often to look for jobs that others put, in milliseconds. */
  readonly pollMs: number
  /** How long a job is one process's without a sign of life from it, in milliseconds. */
  readonly leaseMs: number
  /**
   * Adds a job as part of the transaction. One that waits gets the new time and a fresh start; one that runs just now
   * runs again after it.
   */
  put(tx: StoreTransaction, job: Job): Promise<void>
  /** Adds a job as part of the transaction, unless it waits, runs, or was given up. */
  add(tx: StoreTransaction, job: Job): Promise<void>
  /**
   * Puts a job of each of these names, which whoever did it is to settle as `again`; and gives those that were given up
   * a fresh start.
   */
  open(repeating: readonly string[]): Promise<void>
  /** Which of these names may have jobs to take now. */
  due(names: readonly string[]): Promise<readonly string[]>
  /** Takes the job of this name that is due longest. No other process gets it while it shows signs of life. */
  take(name: string): Promise<TakenJob | null>
}

/** A job that is ours for a while. */
export interface TakenJob {
  readonly key: string
  /** 1 for the first. */
  readonly tries: number
  /** How many tries before this one failed in a row. */
  readonly failures: number
  /**
   * A sign of life; `false` when it came too late, and another process may have the job. Given a transaction, the answer
   * holds until that ends.
   */
  hold(tx?: StoreTransaction): Promise<boolean>
  /** `false` when it came too late, and changes nothing. */
  settle(settlement: JobSettlement): Promise<boolean>
}
