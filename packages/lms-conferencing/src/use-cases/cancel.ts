import { faultFields } from '../fault.ts'
import type { LiveClass } from '../model.ts'
import { type Context, changeClass, providerOf } from './context.ts'
import { requireTransition } from './status.ts'

/**
 * Cancels a class that has not begun. The row is what counts, for nobody gets a link any more; a provider that does not
 * answer is logged, and asked again when the class is cancelled again.
 * Throws `CONFLICT` when the class has begun or is over.
 */
export async function cancelClass(context: Context, id: string): Promise<LiveClass> {
  let wasCancelled = true
  const { liveClass, meeting } = await changeClass(context, id, current => {
    requireTransition(current.liveClass, 'cancelled')
    wasCancelled = current.liveClass.status === 'cancelled'
    return wasCancelled ? null : { status: 'cancelled' }
  })
  if (!wasCancelled) context.notify({ type: 'class-cancelled', liveClass })
  try {
    await providerOf(context, liveClass.provider).cancelMeeting(meeting, { deadlineMs: context.deadlineMs })
  } catch (error) {
    context.logger.warn('meeting not cancelled', {
      class_id: id,
      provider: liveClass.provider,
      ...faultFields(error),
    })
  }
  return liveClass
}
