/** Something to do later. There is one job at most for each name and key. */
export interface Job {
  /** What to do. */
  readonly name: string
  /** To what: the id of a class, or empty for what is done to all of them at once. */
  readonly key: string
  /** Not before this moment. */
  readonly dueAt: Date
}

/** A job as the store keeps it. */
export interface StoredJob extends Job {
  /** How often it was taken since it was put, this time included. */
  readonly tries: number
  /** How many of the last tries failed, or were never heard of again. */
  readonly failures: number
  /** Somebody has it until then; `null` when nobody does. */
  readonly leasedUntil: Date | null
  /** Why it was not done the last time; `null` when there is nothing to say. */
  readonly reason: string | null
  /** Failed too often: it rests until it is put again, or all dead ones are revived. */
  readonly isDead: boolean
}

/** The right to do one job, until it ends or somebody takes the job after its end. */
export interface JobLease {
  readonly name: string
  readonly key: string
  readonly token: string
}

/** What became of a job that was taken. */
export type JobSettlement =
  | { readonly state: 'done' }
  /** There is nothing to be done about it yet. */
  | { readonly state: 'again'; readonly dueAt: Date }
  | { readonly state: 'failed'; readonly dueAt: Date; readonly reason: string }
  | { readonly state: 'dead'; readonly reason: string }

/** The part of a transaction that keeps jobs. */
export interface JobTransaction {
  /** Adds a job; one that is there gets the new time and a fresh start, and one that somebody has just now runs again. */
  putJob(tenantId: string, job: Job): Promise<void>
  /** Adds a job unless it is there, dead or alive. */
  addJob(tenantId: string, job: Job): Promise<void>
  /** The names of jobs that can be taken now. */
  dueJobs(tenantId: string, now: Date): Promise<readonly string[]>
  /** Takes the job of this name that is due longest; `null` when there is none that nobody has. */
  takeJob(
    tenantId: string,
    name: string,
    now: Date,
    lease: { readonly token: string; readonly until: Date },
  ): Promise<StoredJob | null>
  /** Prolongs a lease; `false` when it is lost, and whoever had it must not write any more. */
  holdJob(tenantId: string, lease: JobLease, until: Date): Promise<boolean>
  /** Ends a lease; `false` when it was lost, and nothing is changed. A job that was put meanwhile is due as it was put. */
  settleJob(tenantId: string, lease: JobLease, settlement: JobSettlement): Promise<boolean>
  /** Gives dead jobs a fresh start. Answers how many. */
  reviveJobs(tenantId: string, now: Date): Promise<number>
  /** By name and key. */
  listJobs(tenantId: string): Promise<readonly StoredJob[]>

  /** Notes that a class was announced for this start; `false` when it was already. */
  addReminder(tenantId: string, classId: string, startsAt: Date): Promise<boolean>

  /** The same transaction for what others keep in this database; only PostgreSQL has it. */
  readonly postgres?: PostgresTransaction | undefined
}

/** Statements of others as part of a transaction of ours. */
export interface PostgresTransaction {
  executeSql(text: string, values?: readonly unknown[]): Promise<{ rows: Record<string, unknown>[] }>
}
