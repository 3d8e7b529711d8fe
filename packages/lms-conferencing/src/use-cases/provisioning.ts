import { ConferencingError } from '../errors.ts'
import { faultFields } from '../fault.ts'
import { isSamePlan } from '../jobs/class-jobs.ts'
import type { JobResult } from '../jobs/worker.ts'
import type { LiveClass, Meeting, Provisioning } from '../model.ts'
import type { ClassPatch, StoredClass } from '../store.ts'
import { type Context, changeClass, type Hold, loadClass, plannedEnd, providerOf, specOf } from './context.ts'

/** Opens the room of a class, or finds it again; two callers at once make one call. */
export function openMeeting(context: Context, { liveClass, meeting }: StoredClass): Promise<Meeting> {
  const provider = providerOf(context, liveClass.provider)
  return context.opening(liveClass.id, () =>
    provider.openMeeting(meeting, specOf(liveClass), { deadlineMs: context.deadlineMs }),
  )
}

/** Whether the provider looked at what we asked and will say no again: asking later cannot help. */
export const isRefusedForGood = (error: unknown): boolean =>
  error instanceof ConferencingError &&
  (error.code === 'INVALID' || error.code === 'REFUSED' || error.code === 'UNSUPPORTED') &&
  error.outcome !== 'unknown'

/** A sentence for the teacher; what is not an error of ours has no words fit for one. */
const reasonOf = (error: unknown): string =>
  error instanceof ConferencingError
    ? error.userMessage
    : 'The meeting room could not be made because of an internal error.'

/** A class after an attempt to make its meeting. */
interface Marked extends StoredClass {
  /** `false`: it was `ready` already, and is as it was. */
  readonly isChanged: boolean
}

/**
 * Records that the room is there. A class that was given another plan since `row` still waits: the provider was told of
 * the old one.
 */
export function markReady(context: Context, row: StoredClass, meeting: Meeting, hold?: Hold): Promise<Marked> {
  countAttempt(context, meeting.provider, 'ready')
  return mark(context, row, hold, ({ liveClass }) => ({
    meeting,
    meetingId: meeting.meetingId,
    ...(isSamePlan(liveClass, row.liveClass) && { provisioning: 'ready', provisioningReason: null }),
  }))
}

/** Changes a class that has no meeting yet: somebody else may have been faster, a start, or another process. */
async function mark(
  context: Context,
  { liveClass: { id } }: StoredClass,
  hold: Hold | undefined,
  decide: (current: StoredClass) => ClassPatch,
): Promise<Marked> {
  let isChanged = false
  const stored = await changeClass(
    context,
    id,
    current => {
      isChanged = current.liveClass.provisioning !== 'ready'
      return isChanged ? decide(current) : null
    },
    hold,
  )
  return { ...stored, isChanged }
}

/** Counts an attempt to make a meeting, by what the class is after it. */
export const countAttempt = ({ metrics }: Context, provider: string, result: Provisioning): void =>
  metrics.add('conferencing.class.provisioning', { 'conferencing.provider': provider, 'conferencing.result': result })

/** Records a failed attempt: for a later one where that can help, for a person where it cannot. */
export function markAttempt(context: Context, row: StoredClass, error: unknown, hold?: Hold): Promise<Marked> {
  const { id, provider } = row.liveClass
  const unknown = !(error instanceof ConferencingError) || error.outcome === 'unknown'
  // Asking again for a room that may exist already would make a second one, unless the provider finds the first.
  const mayDouble = unknown && !context.providers[provider]?.capabilities.idempotentOpen
  context.logger.warn('meeting not made', { class_id: id, provider, ...faultFields(error) })
  const provisioning = isRefusedForGood(error) || mayDouble ? 'failed' : 'pending'
  countAttempt(context, provider, provisioning)
  return mark(context, row, hold, () => ({ provisioning, provisioningReason: reasonOf(error) }))
}

/** The answer to "make the meeting now". */
export interface CreatedMeeting {
  readonly liveClass: LiveClass
  /** `false`: it was there already. */
  readonly created: boolean
}

/**
 * Makes the meeting of a class, or tries again by hand.
 * Throws `CONFLICT` when the class is over, and whatever the provider says; the class keeps the reason.
 */
export async function createMeeting(context: Context, id: string): Promise<CreatedMeeting> {
  const row = await loadClass(context, id)
  const { status, provisioning } = row.liveClass
  if (status === 'completed' || status === 'cancelled') {
    throw new ConferencingError('CONFLICT', `A class that is ${status} needs no meeting.`, {
      details: { class_id: id, from: status, to: 'scheduled' },
    })
  }
  if (provisioning === 'ready') return { liveClass: row.liveClass, created: false }
  try {
    const ready = await markReady(context, row, await openMeeting(context, row))
    return { liveClass: ready.liveClass, created: true }
  } catch (error) {
    await markAttempt(context, row, error)
    throw error
  }
}

/**
 * The background half: makes the meeting of a class that waits for one, until the planned end of the class; then that is
 * left to a person. Answers how many it made, or that it is to be tried again.
 */
export async function provision(context: Context, id: string, hold: Hold): Promise<JobResult> {
  const row = await context.store.read(tx => tx.getClass(context.tenantId, id))
  if (row?.liveClass.status !== 'scheduled' || row.liveClass.provisioning !== 'pending') return 0
  if (context.clock.now() >= plannedEnd(row.liveClass)) {
    const { liveClass, isChanged } = await mark(context, row, hold, () => ({ provisioning: 'failed' }))
    if (isChanged) context.notify({ type: 'class-failed', liveClass })
    return 0
  }
  let meeting: Meeting
  try {
    meeting = await openMeeting(context, row)
  } catch (error) {
    const { liveClass, isChanged } = await markAttempt(context, row, error, hold)
    if (liveClass.provisioning === 'pending') return 'again'
    if (isChanged) context.notify({ type: 'class-failed', liveClass })
    return 0
  }
  const { liveClass, isChanged } = await markReady(context, row, meeting, hold)
  if (liveClass.provisioning !== 'ready') return 'again'
  if (isChanged) context.notify({ type: 'class-ready', liveClass })
  return isChanged ? 1 : 0
}
