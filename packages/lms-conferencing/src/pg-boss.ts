import { hash } from 'node:crypto'
import { type ConstructorOptions, type JobAttempt, PgBoss, type Queue } from 'pg-boss'
import { ConferencingError } from './errors.ts'
import { faultFields } from './fault.ts'
import type { Job, JobSettlement } from './jobs/job.ts'
import type { JobQueue, Jobs, JobsEnvironment, TakenJob } from './jobs/queue.ts'
import { maxFailures } from './jobs/worker.ts'
import { type Logger, noLogger } from './logger.ts'
import { postgresError } from './sql/postgres-faults.ts'
import type { StoreTransaction } from './store.ts'
import { storeUnavailable } from './store-faults.ts'

export interface PgBossJobsOptions {
  /** The database of the store, as `postgres://user:password@host/database`: jobs are put in its transactions. */
  readonly connectionString: string
  /** The schema of pg-boss's own tables; `^[a-z_][a-z0-9_]{0,30}$`. @default 'pgboss' */
  readonly schema?: string | undefined
  /** Begins the name of each queue; a slash, the tenant, a slash and the name of the job follow. @default 'lms-conferencing' */
  readonly queuePrefix?: string | undefined
  /** How many connections this process may hold for jobs. @default 4 */
  readonly poolSize?: number | undefined
  /** How often to look for jobs, in milliseconds. @default 2000 */
  readonly pollMs?: number | undefined
  /** How long a process may show no sign of life before another one gets its job, in milliseconds, from 10000. @default 60000 */
  readonly leaseMs?: number | undefined
  /** `run` makes pg-boss's tables and brings them up to date; `require` changes nothing, and throws. @default 'run' */
  readonly migrations?: 'run' | 'require' | undefined
}

/** Jobs on pg-boss. */
export interface PgBossJobs extends Jobs {
  /** Lets go of the database. To be called after `conferencing.stop()`, and before the store is closed. */
  close(): Promise<void>
}

/** How the jobs of a class are tried: pauses of 5 s to 5 min, spread, and a dead letter in the end. */
const classJobs = {
  // One of each key runs at a time. That one waits at most is upsert()'s doing.
  policy: 'singleton',
  retryLimit: maxFailures - 1,
  retryDelay: 5,
  retryBackoff: true,
  retryDelayMax: 300,
} as const
/** Rounds come again by themselves. */
const rounds = { policy: 'stately', retryLimit: 0 } as const
/** How long a job may run, whatever signs of life it shows, in seconds. */
const longestRun = 4 * 3600
/** How long it is known after it was done, in seconds. */
const keptAfter = 3600
/** How long it waits for somebody to take it after its time, in seconds. */
const keptWaiting = 30 * 86_400

/**
 * Jobs in pg-boss's queues, for several processes on one PostgreSQL. Connects, and brings pg-boss's tables up to date,
 * whoever comes first. Throws `INVALID` for an option that cannot be, and `STORE_UNAVAILABLE` when the database cannot be
 * used.
 *
 * @example
 * const jobs = await pgBossJobs({ connectionString: 'postgres://lms@localhost/lms' })
 * const conferencing = createConferencing({ providers, store: await openStore('postgres://lms@localhost/lms'), jobs })
 */
export async function pgBossJobs(options: PgBossJobsOptions): Promise<PgBossJobs> {
  const { schema = 'pgboss', queuePrefix = 'lms-conferencing', poolSize = 4 } = options
  const { pollMs = 2000, leaseMs = 60_000, migrations = 'run', connectionString } = options
  const check = (field: string, is: boolean, what: string): void => {
    if (!is) throw new ConferencingError('INVALID', `${field} must be ${what}.`, { details: { field } })
  }
  check('connectionString', /^postgres(ql)?:\/\//.test(connectionString), 'postgres://user:password@host/database')
  check('schema', /^[a-z_][a-z0-9_]{0,30}$/.test(schema), 'a to z, 0 to 9 and _, at most 31, not a digit first')
  check('queuePrefix', /^[\w.-]{1,50}$/.test(queuePrefix), 'letters, digits, dots and hyphens, at most 50')
  check('poolSize', Number.isInteger(poolSize) && poolSize >= 1, 'a whole number from 1')
  check('pollMs', Number.isFinite(pollMs) && pollMs > 0, 'above 0')
  check('leaseMs', Number.isFinite(leaseMs) && leaseMs >= 10_000, 'from 10000')
  const leaseSeconds = Math.ceil(leaseMs / 1000)
  const settings: ConstructorOptions = {
    connectionString,
    schema,
    max: poolSize,
    application_name: 'lms-conferencing jobs',
    migrate: migrations === 'run',
    createSchema: migrations === 'run',
    // How soon a missing sign of life is noticed.
    superviseIntervalSeconds: Math.ceil(leaseSeconds / 3),
    monitorIntervalSeconds: Math.ceil(leaseSeconds / 3),
  }
  const boss = new PgBoss(settings)
  let logger: Logger = noLogger
  // Also what happens behind the scenes; an error nobody hears would end the process.
  boss.on('error', error => logger.warn('pg-boss failed', faultFields(postgresError(error))))
  boss.on('warning', ({ message }) => logger.warn('pg-boss warns', { what: message }))
  let isClosed = false
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isClosed) throw storeUnavailable('closed')
    try {
      return await work()
    } catch (error) {
      throw postgresError(error)
    }
  }
  try {
    await boss.start()
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => {})
    throw notStarted(error, schema)
  }
  return {
    connect(environment) {
      logger = environment.logger
      const prefix = `${queuePrefix}/${tenantName(environment.tenantId)}`
      return bossQueue(environment, { boss, ask, schema, prefix, pollMs, leaseMs, leaseSeconds })
    },
    async close() {
      isClosed = true
      await boss.stop({ graceful: true, timeout: 10_000 })
    },
  }
}

function notStarted(error: unknown, schema: string): ConferencingError {
  const found = postgresError(error)
  const isOlder = error instanceof Error && /not installed|requires migrations/.test(error.message)
  return isOlder
    ? storeUnavailable('older_schema', `(Those of pg-boss, in ${schema}: open it once with migrations: 'run'.)`)
    : found
}

/** Queue names take few characters. */
const tenantName = (tenantId: string): string =>
  /^[\w.-]{1,64}$/.test(tenantId) ? tenantId : `sha256-${hash('sha256', tenantId)}`

interface Boss {
  readonly boss: PgBoss
  /** Calls pg-boss; its errors come out as ours. */
  readonly ask: <T>(work: () => Promise<T>) => Promise<T>
  readonly schema: string
  readonly prefix: string
  readonly pollMs: number
  readonly leaseMs: number
  readonly leaseSeconds: number
}

/** What a job holds. */
interface JobData {
  readonly key: string
  /** How often it was tried before, and was to be tried again. */
  readonly tries: number
}

function bossQueue({ store, logger }: JobsEnvironment, settings: Boss): JobQueue {
  const { boss, ask, schema, prefix, pollMs, leaseMs, leaseSeconds } = settings
  const dead = `${prefix}/dead`
  const repeated = new Set<string>()
  const made = new Map<string, Promise<string>>()
  let isOurDatabase = false

  /** The queue of a name, made at its first use. */
  function queueOf(name: string): Promise<string> {
    const known = made.get(name)
    if (known) return known
    const making = makeQueue(name)
    made.set(name, making)
    making.catch(() => made.delete(name))
    return making
  }

  async function makeQueue(name: string): Promise<string> {
    const queue = `${prefix}/${name}`
    const common = {
      heartbeatSeconds: leaseSeconds,
      expireInSeconds: longestRun,
      deleteAfterSeconds: keptAfter,
      retentionSeconds: keptWaiting,
    }
    const options: Omit<Queue, 'name'> = repeated.has(name)
      ? { ...rounds, ...common }
      : { ...classJobs, ...common, deadLetter: dead }
    const { policy, ...changeable } = options
    await makeDeadLetters()
    await boss.createQueue(queue, options)
    // It may be there already, with other settings.
    await boss.updateQueue(queue, changeable)
    return queue
  }

  const makeDeadLetters = (): Promise<void> => boss.createQueue(dead, { retentionSeconds: keptWaiting })

  async function transactionOf(tx: StoreTransaction): Promise<NonNullable<StoreTransaction['postgres']>> {
    const found = tx.postgres
    const isOurs =
      isOurDatabase ||
      (found !== undefined &&
        (await found.executeSql('select 1 from pg_namespace where nspname = $1', [schema])).rows.length > 0)
    if (!found || !isOurs) {
      throw new ConferencingError('INVALID', 'pgBossJobs must use the same PostgreSQL database as the store.', {
        details: { field: 'connectionString' },
      })
    }
    isOurDatabase = true
    return found
  }

  async function upsert(tx: StoreTransaction, { name, key, dueAt }: Job, tries: number): Promise<void> {
    const db = await transactionOf(tx)
    const data: JobData = { key, tries }
    await boss.upsert(await queueOf(name), data, { singletonKey: singletonKey(key), startAfter: dueAt, db })
  }

  function taken(name: string, queue: string, { key, tries }: JobData, attempt: JobAttempt): TakenJob {
    /** The same as ours to settle, but as one with putting it again. */
    const again = (dueAt: Date): Promise<boolean> =>
      store.transaction(async tx => {
        const db = await transactionOf(tx)
        if (!isAffected(await boss.complete(queue, attempt, null, { db }))) return false
        const waiting = await boss.findJobs(queue, { key: singletonKey(key), queued: true, limit: 1, db })
        // Put by somebody meanwhile, for a reason of their own; but a round needs no more than its own.
        if (waiting.length === 0 || repeated.has(name)) await upsert(tx, { name, key, dueAt }, tries + 1)
        return true
      })

    return {
      key,
      tries: tries + 1,
      failures: attempt.retryCount,
      hold: tx =>
        ask(async () => {
          if (!tx) return isAffected(await boss.touch(queue, attempt))
          return isAffected(await boss.touch(queue, attempt, { db: await transactionOf(tx) }))
        }),
      settle: (settlement: JobSettlement) =>
        ask(async () => {
          if (settlement.state === 'again') return again(settlement.dueAt)
          if (settlement.state === 'done') return isAffected(await boss.complete(queue, attempt))
          // Whether it is tried again, when, or is dead, pg-boss knows by itself.
          return isAffected(await boss.fail(queue, attempt, { reason: settlement.reason }))
        }),
    }
  }

  return {
    pollMs,
    leaseMs,
    put: (tx, job) => ask(() => upsert(tx, job, 0)),

    add: (tx, job) =>
      ask(async () => {
        const db = await transactionOf(tx)
        const known = await boss.findJobs(await queueOf(job.name), { key: singletonKey(job.key), db })
        if (known.every(({ state }) => state === 'completed' || state === 'cancelled')) await upsert(tx, job, 0)
      }),

    open: repeating =>
      ask(async () => {
        for (const name of repeating) repeated.add(name)
        await makeDeadLetters()
        for (const name of repeating) {
          const data: JobData = { key: '', tries: 0 }
          // Each round puts the next one; should that process die, the schedule does.
          await boss.schedule(await queueOf(name), '* * * * *', data, { singletonKey: singletonKey('') })
        }
        await store.transaction(async tx => {
          for (const name of repeating) await upsert(tx, { name, key: '', dueAt: new Date() }, 0)
        })
        const revived = await boss.redrive(dead)
        if (revived > 0) logger.info('jobs revived', { count: revived })
      }),

    due: async names => names,

    take: name =>
      ask(async () => {
        const queue = await queueOf(name)
        const [job] = await boss.fetch<JobData>(queue)
        return job ? taken(name, queue, job.data, { id: job.id, retryCount: job.retryCount }) : null
      }),
  }
}

const singletonKey = (key: string): string => (key === '' ? 'all' : key)

/** Whether a command found its job as it was when it was taken. */
const isAffected = (response: object): boolean => 'affected' in response && response.affected === 1
