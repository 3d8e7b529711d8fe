import { ConferencingError } from '../errors.ts'
import type { LiveClass } from '../model.ts'
import type { StoredClass } from '../store.ts'
import { type Context, changeClass, loadClass, providerOf } from './context.ts'
import { settleResults } from './results.ts'
import { requireTransition } from './status.ts'

/**
 * Ends a class for everybody: at the provider first, so that a class shown as over is over. Ending one that has ended
 * changes nothing.
 * Throws `CONFLICT` when the class is not live, `UNAVAILABLE` when the provider could not be told; then it is still live.
 */
export async function endClass(context: Context, id: string): Promise<LiveClass> {
  const pressedAt = new Date(context.clock.now())
  const row = await loadClass(context, id)
  requireTransition(row.liveClass, 'completed')
  if (row.liveClass.status === 'completed') return row.liveClass
  await endMeeting(context, row)
  return complete(context, id, pressedAt)
}

async function endMeeting(context: Context, { liveClass, meeting }: StoredClass): Promise<void> {
  const provider = providerOf(context, liveClass.provider)
  try {
    await provider.endMeeting(meeting, { deadlineMs: context.deadlineMs })
  } catch (error) {
    if (!(error instanceof ConferencingError)) throw error
    if (error.code === 'MEETING_NOT_FOUND') return
    // The answer was lost, perhaps not the deed: ask before telling the teacher to try again.
    if (error.outcome !== 'unknown') throw error
    const stillRunning = await provider.isRunning(meeting, { deadlineMs: context.deadlineMs }).catch(() => true)
    if (stillRunning) throw error
  }
}

/** Writes down that a class is over. */
export async function complete(context: Context, id: string, endedAt: Date): Promise<LiveClass> {
  let wasLive = false
  const { liveClass } = await changeClass(context, id, current => {
    wasLive = current.liveClass.status === 'live'
    if (current.liveClass.status === 'completed') return null
    requireTransition(current.liveClass, 'completed')
    // A provider's clock may be behind the press of the start button; a class never ends before it began.
    const began = current.liveClass.startedAt?.getTime() ?? 0
    return { status: 'completed', endedAt: new Date(Math.max(endedAt.getTime(), began)) }
  })
  if (wasLive) context.notify({ type: 'class-ended', liveClass })
  if (wasLive) await settleResults(context, id)
  return liveClass
}
