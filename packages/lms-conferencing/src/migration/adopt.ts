import { hash, randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { ClassStatus, Meeting, Recording } from '../model.ts'
import type { Store, StoredClass } from '../store.ts'
import type { SourceColumns } from './columns.ts'
import type { LmsRow, TargetValues } from './lms/database.ts'
import { type PassOptions, pass } from './scan.ts'
import { readTime } from './time.ts'

/** Rows to a transaction: everybody else who writes to the store waits for it. */
const BATCH = 200

/** Bringing the LMS's rows into the store, where classes can be held, moved and read. */
export interface AdoptOptions extends Omit<PassOptions, 'onProgress'> {
  readonly store: Store
  /** @default 'default' */
  readonly tenantId?: string | undefined
  readonly clock: Clock
  /** For the log of operations. */
  readonly who: string
  /** What the providers call the servers that hold the old meetings. @default 'default' for each */
  readonly servers?: { readonly zoom?: string | undefined; readonly bbb?: string | undefined } | undefined
  readonly onProgress?: PassOptions['onProgress']
  /** @default false */
  readonly dryRun?: boolean | undefined
}

export interface AdoptResult {
  readonly isComplete: boolean
  readonly adopted: number
  /** Classes that are in the store already; they are not changed. */
  readonly already: number
  /** Rows without a provider: rejected, or not decided yet. */
  readonly undecided: number
  /**
   * Classes that share their meeting with another: of its runs, callbacks, reports and recordings, each has those that
   * began nearest to its plan.
   */
  readonly shared: number
}

/**
 * Makes a class in the store of every row that has its provider: with its id, its meeting, its passwords and its
 * recording's link. The rows are only read; a class that is there already is left alone, so it may be called again.
 */
export async function adoptClasses(options: AdoptOptions): Promise<AdoptResult> {
  const { lms, store, tenantId = 'default', plan, dryRun = false, clock, who } = options
  const { columns } = await lms.shape()
  const at = new Map(columns.map((name, index) => [name, index]))
  const read = (row: LmsRow, field: keyof SourceColumns): string | null =>
    row.values[at.get(plan.source[field] ?? '') ?? -1] ?? null
  const counts = { adopted: 0, already: 0, undecided: 0, shared: 0 }
  // A table that was empty a moment ago is taken for empty.
  let nextLook = 1000

  async function keep(classes: readonly Adopted[]): Promise<void> {
    const rows = classes.map(({ stored }) => stored)
    const { inserted, shared } = await store.transaction(async tx => {
      const result = await tx.insertClasses(tenantId, rows)
      const isNew = new Set(result.inserted)
      const recordings = classes.flatMap(({ recording }) =>
        recording && isNew.has(recording.classId) ? recording : [],
      )
      await tx.upsertRecordings(tenantId, recordings)
      return result
    })
    counts.adopted += inserted.length
    if (counts.adopted >= nextLook) {
      await store.refreshStatistics()
      nextLook *= 4
    }
    counts.already += rows.length - inserted.length
    counts.shared += shared
  }

  const { isComplete } = await pass(
    'adopting',
    { batchSize: BATCH, ...options },
    {
      columns: 'all',
      pick(row) {
        const adopted = classOf(row, read, options)
        if (adopted === null) counts.undecided++
        return adopted
      },
      async work(classes) {
        if (!dryRun) await keep(classes)
        else {
          const known = await store.read(tx =>
            tx.knownClasses(
              tenantId,
              classes.map(({ stored }) => stored.liveClass.id),
            ),
          )
          counts.already += known.length
          counts.adopted += classes.length - known.length
        }
        return { wrote: false }
      },
    },
  )
  if (counts.adopted > 0 && !dryRun) {
    await store.refreshStatistics()
    await store.transaction(tx =>
      tx.addOperation({ tenantId, at: new Date(clock.now()), who, what: 'adopt', count: counts.adopted }),
    )
  }
  return { isComplete, ...counts }
}

interface Adopted {
  readonly stored: StoredClass
  readonly recording: Recording | null
}

/** A row as a class; `null` while it has no provider. */
function classOf(
  row: LmsRow,
  read: (row: LmsRow, field: keyof SourceColumns) => string | null,
  { tenantId = 'default', plan, servers = {}, clock }: AdoptOptions,
): { readonly stored: StoredClass; readonly recording: Recording | null } | null {
  const { now } = row
  const written = read(row, 'status') ?? ''
  const status: ClassStatus | undefined = Object.hasOwn(plan.statuses, written) ? plan.statuses[written] : undefined
  const timeZone = read(row, 'timeZone') || plan.timeZone
  const start = readTime(read(row, 'scheduledAt') ?? '', timeZone)
  if ((now?.provider !== 'zoom' && now?.provider !== 'bbb') || status === undefined || 'problem' in start) return null
  const { provider } = now
  const timeOf = (field: 'createdAt' | 'updatedAt'): Date => {
    const told = readTime(read(row, field) ?? '', timeZone)
    return new Date('at' in told ? told.at : clock.now())
  }
  const id = row.key.text
  const meetingId = now.meetingId ?? ''
  const recordingUrl = read(row, 'recordingUrl') ?? ''
  const recording: Recording | null = /^https:\/\//i.test(recordingUrl)
    ? {
        recordId: `lms:${id}`,
        classId: id,
        name: read(row, 'title') ?? '',
        state: 'published',
        published: true,
        startedAt: null,
        endedAt: null,
        durationSeconds: null,
        sizeBytes: null,
        playback: [{ type: 'video', url: recordingUrl, durationMinutes: null }],
      }
    : null
  const stored: StoredClass = {
    liveClass: {
      id,
      tenantId,
      courseId: read(row, 'courseId') ?? '',
      teacherId: read(row, 'teacherId') ?? '',
      title: read(row, 'title') ?? '',
      description: read(row, 'description') ?? '',
      startsAt: new Date(start.at),
      durationMinutes: Number(read(row, 'durationMinutes') ?? 60),
      status,
      provider,
      meetingId,
      provisioning: 'ready',
      provisioningReason: null,
      record: true,
      hasRecording: recording !== null,
      startedAt: null,
      endedAt: null,
      createdAt: timeOf('createdAt'),
      updatedAt: timeOf('updatedAt'),
    },
    meeting: {
      provider,
      serverId: servers[provider] ?? 'default',
      meetingId,
      meetingKey: meetingKeys[provider](meetingId),
      ...passwordsOf(provider, status, now),
      details: {},
    },
    version: 1,
  }
  return { stored, recording }
}

/** By which callbacks name a meeting. BigBlueButton's begin every run's internal id with a hash of it (ParamsProcessorUtil). */
const meetingKeys: Readonly<Record<'zoom' | 'bbb', (meetingId: string) => string>> = {
  zoom: meetingId => meetingId,
  bbb: meetingId => (meetingId === '' ? '' : hash('sha1', meetingId)),
}

/** A room of BigBlueButton that is still to be opened is opened under both passwords; the old table knew one at most. */
function passwordsOf(
  provider: 'zoom' | 'bbb',
  status: ClassStatus,
  { moderatorPassword, attendeePassword }: TargetValues,
): Pick<Meeting, 'moderatorPassword' | 'attendeePassword'> {
  const isToOpen = provider === 'bbb' && status === 'scheduled'
  const made = (): string => (isToOpen ? randomBytes(18).toString('base64url') : '')
  return { moderatorPassword: moderatorPassword || made(), attendeePassword: attendeePassword || made() }
}
