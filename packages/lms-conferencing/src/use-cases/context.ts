import type { Alert } from '../alert.ts'
import type { AttendanceOptions } from '../attendance/types.ts'
import type { Clock } from '../clock.ts'
import { ConferencingError } from '../errors.ts'
import type { QuarantineLimits } from '../inbox/quarantine.ts'
import { jobsAfter } from '../jobs/class-jobs.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Logger } from '../logger.ts'
import type { GaugeReading, Metrics } from '../metrics.ts'
import type { LiveClass, Meeting, MeetingSpec, Recording } from '../model.ts'
import type { ConferenceProvider } from '../provider.ts'
import type { ClassPatch, Store, StoredClass, StoreTransaction } from '../store.ts'
import type { Notice } from './notice.ts'
import type { Retention } from './retention.ts'
import type { ProviderHealth } from './watch.ts'

/** A person the LMS expects in a class, with the name to show. */
export interface RosterEntry {
  readonly userId: string
  readonly displayName: string
}

/** What every use case works with: the ports, resolved. */
export interface Context {
  readonly tenantId: string
  readonly providers: Readonly<Record<string, ConferenceProvider>>
  readonly store: Store
  readonly clock: Clock
  readonly logger: Logger
  /** Uniform in `[0, 1)`. */
  readonly random: () => number
  readonly newId: () => string
  readonly chooseProvider: (spec: MeetingSpec) => string | Promise<string>
  readonly roster: (liveClass: LiveClass) => Promise<readonly RosterEntry[]>
  readonly attendanceOptions: (liveClass: LiveClass) => Promise<AttendanceOptions>
  /** The options of every class; `null` when each has its own. */
  readonly sameForAll: AttendanceOptions | null
  readonly notify: (notice: Notice) => void
  /** For whoever runs the platform; the same again is swallowed for a while. */
  readonly alert: (alert: Alert) => void
  /** Raises the alert when the error says that the store does not serve; any other error is none of its business. */
  readonly onStoreFault: (error: unknown) => void
  readonly metrics: Metrics
  /** How each provider did, from what calls told. */
  readonly providerHealth: () => readonly ProviderHealth[]
  /** The figures of this process as Prometheus reads them. */
  readonly metricsText: (gauges: readonly GaugeReading[]) => string
  readonly retention: Retention
  readonly quarantineLimits: QuarantineLimits
  /** What is done later. */
  readonly jobs: JobQueue
  /** How long before its start a class is announced, in milliseconds; 0: never. */
  readonly reminderMs: number
  /** How long one call to a provider may take, in milliseconds, while a person waits for the answer. */
  readonly deadlineMs: number
  /** Calls on their way, by class: two people asking for the same thing share one. */
  readonly opening: Shared<Meeting>
  readonly checking: Shared<boolean>
  readonly readingRecordings: Shared<readonly Recording[]>
}

/** Runs `work` unless it already runs for this key; then everybody gets that one's result. */
export type Shared<T> = (key: string, work: () => Promise<T>) => Promise<T>

export function shared<T>(): Shared<T> {
  const running = new Map<string, Promise<T>>()
  return (key, work) => {
    const current = running.get(key)
    if (current) return current
    const promise = work().finally(() => running.delete(key))
    running.set(key, promise)
    return promise
  }
}

/** Throws `UNSUPPORTED` for a class whose provider is not configured here. */
export function providerOf(context: Context, name: string): ConferenceProvider {
  const provider = Object.hasOwn(context.providers, name) ? context.providers[name] : undefined
  if (provider) return provider
  throw new ConferencingError('UNSUPPORTED', `No provider named "${name}" is configured.`, {
    provider: name,
    outcome: 'not-sent',
    userMessage: 'This class uses a video service that is not set up here. Please tell an administrator.',
  })
}

/** Throws `CLASS_NOT_FOUND`. */
export async function loadClass(context: Context, id: string): Promise<StoredClass> {
  const row = await context.store.read(tx => tx.getClass(context.tenantId, id))
  if (row) return row
  throw new ConferencingError('CLASS_NOT_FOUND', 'There is no such class.', { details: { class_id: id } })
}

/** Throws in a transaction that must not change anything: its job is another process's by now. */
export type Hold = (tx: StoreTransaction) => Promise<void>

/** More than two writers at the same class in the same millisecond is a queue; many more is a fault. */
const maxConflicts = 10

/**
 * Changes a class against its newest version. `decide` sees the row as it is and answers the patch, `null` for nothing
 * to do, or throws to refuse; it is asked again when another writer was first.
 * Throws `CLASS_NOT_FOUND`, or `STORE_UNAVAILABLE` when other writers always win.
 */
export async function changeClass(
  context: Context,
  id: string,
  decide: (row: StoredClass) => ClassPatch | null,
  hold: Hold = async () => {},
): Promise<StoredClass> {
  for (let conflicts = 0; conflicts < maxConflicts; conflicts++) {
    const changed = await context.store.transaction(async tx => {
      const row = await tx.getClass(context.tenantId, id)
      if (!row) throw new ConferencingError('CLASS_NOT_FOUND', 'There is no such class.', { details: { class_id: id } })
      await hold(tx)
      const patch = decide(row)
      if (!patch) return row
      const changed = await tx.updateClass(row, patch, new Date(context.clock.now()))
      if (changed) await putJobs(context, tx, row.liveClass, changed.liveClass)
      return changed
    })
    if (changed) return changed
  }
  throw new ConferencingError('STORE_UNAVAILABLE', 'The class is being changed by too many at once.', {
    userMessage: 'The class is busy. Please try again.',
    details: { class_id: id },
  })
}

/** A request that calls the provider gets this much longer than the call may take to write down what came of it. */
const writingMs = 1_000

/** Puts what a change of a class asks for, as part of the change. */
export async function putJobs(
  { jobs, clock, reminderMs, deadlineMs }: Context,
  tx: StoreTransaction,
  before: LiveClass | null,
  after: LiveClass,
  patienceMs: number = deadlineMs + writingMs,
): Promise<void> {
  for (const job of jobsAfter(before, after, { now: clock.now(), patienceMs, reminderMs })) await jobs.put(tx, job)
}

export const specOf = (liveClass: LiveClass): MeetingSpec => ({
  classId: liveClass.id,
  courseId: liveClass.courseId,
  title: liveClass.title,
  description: liveClass.description,
  startsAt: liveClass.startsAt,
  durationMinutes: liveClass.durationMinutes,
  record: liveClass.record,
})

/** When the class should be over by plan: the start by plan or by the teacher, whichever is later, plus its length. */
export const plannedEnd = ({ startsAt, startedAt, durationMinutes }: LiveClass): number =>
  Math.max(startsAt.getTime(), startedAt?.getTime() ?? 0) + durationMinutes * 60_000
