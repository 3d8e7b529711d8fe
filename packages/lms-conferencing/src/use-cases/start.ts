import type { LiveClass, Participant } from '../model.ts'
import { type Context, changeClass, loadClass, providerOf } from './context.ts'
import { openMeeting } from './provisioning.ts'
import { requireTransition } from './status.ts'

/** A class that is live now, and the way in for the one who asked. */
export interface StartedClass {
  readonly liveClass: LiveClass
  /** For this person, now. Never store, log or share it. */
  readonly joinUrl: string
}

/**
 * Starts a class, or opens its room again: providers forget a room nobody is in, so the room is always asked for, under
 * the identity it was planned with. Two teachers at once make one room.
 * Throws `CONFLICT` when the class is over, `UNAVAILABLE` when the provider does not answer within the deadline; then
 * nothing has changed and the teacher may press again.
 */
export async function startClass(context: Context, id: string, teacher: Participant): Promise<StartedClass> {
  // The press, not the provider's answer, is when the teacher started.
  const pressedAt = new Date(context.clock.now())
  const row = await loadClass(context, id)
  requireTransition(row.liveClass, 'live')
  const meeting = await openMeeting(context, row)
  let wasLive = true
  const { liveClass } = await changeClass(context, id, current => {
    // Ended or cancelled while the room was being opened: nobody gets a link, and an empty room closes by itself.
    requireTransition(current.liveClass, 'live')
    wasLive = current.liveClass.status === 'live'
    return {
      status: 'live',
      startedAt: current.liveClass.startedAt ?? pressedAt,
      meeting,
      meetingId: meeting.meetingId,
      provisioning: 'ready',
      provisioningReason: null,
    }
  })
  if (!wasLive) context.notify({ type: 'class-started', liveClass })
  const joinUrl = await providerOf(context, liveClass.provider).joinLink(meeting, teacher, {
    deadlineMs: context.deadlineMs,
  })
  return { liveClass, joinUrl }
}
