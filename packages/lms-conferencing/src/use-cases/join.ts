import type { LiveClass, Participant, Role } from '../model.ts'
import type { StoredClass } from '../store.ts'
import { type Context, loadClass, providerOf } from './context.ts'

/** What one person may do with a class now. */
export interface JoinInfo {
  readonly liveClass: LiveClass
  readonly role: Role
  /** Whether people can be in the room now. */
  readonly meetingRunning: boolean
  /** Whether this person may press start: to begin, or to open the room again. */
  readonly canStart: boolean
  readonly canJoin: boolean
  /** Present exactly when `canJoin`; made for this person at this moment. Never store, log or share it. */
  readonly joinUrl: string | null
  /** Why not, as a sentence for this person; `null` when `canJoin`. */
  readonly reason: string | null
}

/** A room just opened has nobody in it yet, and is still the right place to go. */
const openingGraceMs = 2 * 60_000

/**
 * Whether and how a person gets into a class. The LMS has decided the role; the link obeys it.
 * Nobody gets a link before a teacher has started the class, nor after it.
 */
export async function joinInfo(context: Context, id: string, person: Participant): Promise<JoinInfo> {
  const row = await loadClass(context, id)
  const { liveClass, meeting } = row
  const moderator = person.role === 'moderator'
  const canStart = moderator && (liveClass.status === 'scheduled' || liveClass.status === 'live')
  const base = { liveClass, role: person.role, canStart, canJoin: false, joinUrl: null }
  if (liveClass.status !== 'live') {
    return { ...base, meetingRunning: false, reason: reasonFor(liveClass, moderator) }
  }
  const meetingRunning = await isRoomOpen(context, row)
  if (!meetingRunning) {
    const reason = moderator
      ? 'The room is closed. Start the class again to open it.'
      : 'The room is closed at the moment. Your teacher can open it again.'
    return { ...base, meetingRunning, reason }
  }
  const joinUrl = await providerOf(context, liveClass.provider).joinLink(meeting, person, {
    deadlineMs: context.deadlineMs,
  })
  return { ...base, meetingRunning, canJoin: true, joinUrl, reason: null }
}

function reasonFor({ status, hasRecording }: LiveClass, moderator: boolean): string {
  if (status === 'cancelled') return 'This class was cancelled.'
  if (status === 'completed') return hasRecording ? 'This class is over. There is a recording.' : 'This class is over.'
  return moderator
    ? 'Start the class to open the room.'
    : 'The class has not started yet. Come back when your teacher has opened it.'
}

/**
 * Whether the room of a live class is there. A provider calls an empty room "not running", so one that was opened a
 * moment ago counts as open (`updatedAt` is renewed by each start); and when the provider does not answer, the LMS's
 * own word stands: a link into a closed room does no harm, a student kept out of class does.
 */
async function isRoomOpen(context: Context, { liveClass, meeting }: StoredClass): Promise<boolean> {
  if (context.clock.now() - liveClass.updatedAt.getTime() < openingGraceMs) return true
  const provider = providerOf(context, liveClass.provider)
  try {
    return await context.checking(liveClass.id, () =>
      provider.isRunning(meeting, { deadlineMs: Math.min(2_000, context.deadlineMs) }),
    )
  } catch {
    return true
  }
}
