import { growingPause } from '../backoff.ts'
import { ConferencingError } from '../errors.ts'
import { faultFields } from '../fault.ts'
import type { LiveClass, Meeting } from '../model.ts'
import type { StoredClass } from '../store.ts'
import { type Context, changeClass, loadClass, plannedEnd, providerOf, specOf } from './context.ts'

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

/** Records that the room is there. */
export const markReady = (context: Context, id: string, meeting: Meeting): Promise<StoredClass> =>
  changeClass(context, id, () => ({
    meeting,
    meetingId: meeting.meetingId,
    provisioning: 'ready',
    provisioningReason: null,
  }))

/** Records a failed attempt: for a later one where that can help, for a person where it cannot. */
export function markAttempt(context: Context, row: StoredClass, error: unknown): Promise<StoredClass> {
  const { id, provider } = row.liveClass
  const unknown = !(error instanceof ConferencingError) || error.outcome === 'unknown'
  // Asking again for a room that may exist already would make a second one, unless the provider finds the first.
  const mayDouble = unknown && !context.providers[provider]?.capabilities.idempotentOpen
  context.logger.warn('meeting not made', { class_id: id, provider, ...faultFields(error) })
  return changeClass(context, id, current =>
    // Somebody else may have succeeded meanwhile: a start, or another process.
    current.liveClass.provisioning === 'ready'
      ? null
      : {
          provisioning: isRefusedForGood(error) || mayDouble ? 'failed' : 'pending',
          provisioningReason: reasonOf(error),
        },
  )
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
    const ready = await markReady(context, id, await openMeeting(context, row))
    return { liveClass: ready.liveClass, created: true }
  } catch (error) {
    await markAttempt(context, row, error)
    throw error
  }
}

/** How many waiting classes one round looks at. */
const roundSize = 200

/**
 * The background half: tries waiting classes again with growing pauses until their planned end, then leaves them to
 * a person. The pauses live in memory: a restart simply looks at once.
 */
export function createProvisioner(context: Context): { run(): Promise<number> } {
  const waits = new Map<string, { attempts: number; notBefore: number }>()

  async function attempt(row: StoredClass): Promise<boolean> {
    const { id } = row.liveClass
    if (context.clock.now() >= plannedEnd(row.liveClass)) {
      const failed = await changeClass(context, id, current =>
        current.liveClass.provisioning === 'pending' ? { provisioning: 'failed' } : null,
      )
      context.notify({ type: 'class-failed', liveClass: failed.liveClass })
      return false
    }
    try {
      const ready = await markReady(context, id, await openMeeting(context, row))
      waits.delete(id)
      context.notify({ type: 'class-ready', liveClass: ready.liveClass })
      return true
    } catch (error) {
      const marked = await markAttempt(context, row, error)
      if (marked.liveClass.provisioning === 'failed') {
        context.notify({ type: 'class-failed', liveClass: marked.liveClass })
      } else {
        const attempts = (waits.get(id)?.attempts ?? 0) + 1
        waits.set(id, { attempts, notBefore: context.clock.now() + growingPause(attempts, context.random()) })
      }
      return false
    }
  }

  return {
    async run() {
      const { tenantId } = context
      const rows = await context.store.read(tx =>
        tx.listClasses({ tenantId, status: 'scheduled', provisioning: 'pending', limit: roundSize }),
      )
      const pending = new Set(rows.map(row => row.liveClass.id))
      for (const id of waits.keys()) if (!pending.has(id)) waits.delete(id)
      const due = rows.filter(row => (waits.get(row.liveClass.id)?.notBefore ?? 0) <= context.clock.now())
      let made = 0
      // One after another: a provider that has just come back is not helped by a crowd.
      for (const row of due) if (await attempt(row)) made++
      return made
    },
  }
}
