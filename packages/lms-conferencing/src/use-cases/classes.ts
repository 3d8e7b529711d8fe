import type { ClassStatus, LiveClass } from '../model.ts'
import type { StoredClass } from '../store.ts'
import { type Context, loadClass, providerOf, putJobs, specOf } from './context.ts'
import { type IdempotencyKey, insertOnce } from './once.ts'
import { countAttempt, isRefusedForGood, markAttempt, markReady, openMeeting } from './provisioning.ts'
import { requireValid } from './validate.ts'

/** A class to plan. Only the LMS knows whether this teacher may. */
export interface NewClass {
  readonly courseId: string
  readonly teacherId: string
  /** One line, 1 to 500 characters. */
  readonly title: string
  /** Several lines are welcome, up to 20,000 characters. @default '' */
  readonly description?: string | undefined
  readonly startsAt: Date
  /** Whole minutes, 1 to 1440. @default 60 */
  readonly durationMinutes?: number | undefined
  /** @default true */
  readonly record?: boolean | undefined
}

/** How {@link NewClass} is made. */
export interface CreateClassOptions {
  /** The same key again answers the class that was made under it, as it is now. `CONFLICT` for another class. */
  readonly idempotency?: IdempotencyKey | undefined
  /** `later` leaves the provider to the background, for callers that must not wait for it. @default 'now' */
  readonly provision?: 'now' | 'later' | undefined
}

/** Which classes to list. */
export interface ListClassesFilter {
  readonly courseIds?: readonly string[] | undefined
  readonly status?: ClassStatus | undefined
  /** @default 50 */
  readonly limit?: number | undefined
  /** @default 0 */
  readonly offset?: number | undefined
}

const defaultDurationMinutes = 60

/**
 * Plans a class: the row first, then the meeting. When the provider cannot be asked now, or its answer is lost, the
 * class stays `pending` and is tried again in the background; when it says no for good, the row is taken back.
 * Throws `INVALID` naming the field, or the provider's refusal.
 */
export async function createClass(
  context: Context,
  input: NewClass,
  { provision = 'now', idempotency }: CreateClassOptions = {},
): Promise<LiveClass> {
  const row = await planClass(context, input)
  const { id } = row.liveClass
  const once = idempotency && { asked: JSON.stringify(input), ...idempotency }
  // A job makes the meeting at once, or should this process not come to it.
  const before = await insertOnce(context, row, once, tx =>
    putJobs(context, tx, null, row.liveClass, provision === 'later' ? 0 : undefined),
  )
  if (before) return before.liveClass
  if (provision === 'later') return row.liveClass
  try {
    return (await markReady(context, row, await openMeeting(context, row))).liveClass
  } catch (error) {
    if (!isRefusedForGood(error)) return (await markAttempt(context, row, error)).liveClass
    countAttempt(context, row.meeting.provider, 'failed')
    await context.store.transaction(tx => tx.deleteClass(context.tenantId, id))
    throw error
  }
}

/** The row of a class that nobody but us knows of yet. */
async function planClass(context: Context, input: NewClass): Promise<StoredClass> {
  requireValid(input)
  const now = new Date(context.clock.now())
  const planned: LiveClass = {
    id: context.newId(),
    tenantId: context.tenantId,
    courseId: input.courseId,
    teacherId: input.teacherId,
    title: input.title.trim(),
    description: input.description ?? '',
    startsAt: input.startsAt,
    durationMinutes: input.durationMinutes ?? defaultDurationMinutes,
    status: 'scheduled',
    provider: '',
    meetingId: '',
    provisioning: 'pending',
    provisioningReason: null,
    record: input.record ?? true,
    hasRecording: false,
    startedAt: null,
    endedAt: null,
    createdAt: now,
    updatedAt: now,
  }
  const spec = specOf(planned)
  const provider = await context.chooseProvider(spec)
  const meeting = providerOf(context, provider).planMeeting(spec)
  return { liveClass: { ...planned, provider, meetingId: meeting.meetingId }, meeting, version: 1 }
}

/** One class. Throws `CLASS_NOT_FOUND`. */
export const getClass = async (context: Context, id: string): Promise<LiveClass> =>
  (await loadClass(context, id)).liveClass

/** A class, and how often it has changed. */
export interface ClassRevision {
  readonly liveClass: LiveClass
  /** 0 for a class as it was planned; grows with each change. */
  readonly revision: number
}

/** One class with its revision. Throws `CLASS_NOT_FOUND`. */
export async function classRevision(context: Context, id: string): Promise<ClassRevision> {
  const { liveClass, version } = await loadClass(context, id)
  return { liveClass, revision: version - 1 }
}

const defaultPageSize = 50

/** Classes by start. One query, no provider asked. */
export async function listClasses(context: Context, filter: ListClassesFilter = {}): Promise<readonly LiveClass[]> {
  const rows = await context.store.read(tx =>
    tx.listClasses({ ...filter, limit: filter.limit ?? defaultPageSize, tenantId: context.tenantId }),
  )
  return rows.map(row => row.liveClass)
}
