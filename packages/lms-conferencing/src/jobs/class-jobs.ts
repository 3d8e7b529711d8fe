import type { LiveClass } from '../model.ts'
import type { Job } from './job.ts'

export interface ClassJobTimes {
  /** Epoch milliseconds. */
  readonly now: number
  /** How long whoever changes the class may take to tell the provider, in milliseconds, before a job does. */
  readonly patienceMs: number
  /** How long before its start a class is announced, in milliseconds; 0: never. */
  readonly reminderMs: number
}

/**
 * What is to be done later about a class that is `after` now and was `before`; `null`: it is new. Put in the transaction
 * of the change, so that one is never there without the other.
 */
export function jobsAfter(
  before: LiveClass | null,
  after: LiveClass,
  { now, patienceMs, reminderMs }: ClassJobTimes,
): readonly Job[] {
  const job = (name: string, dueAt: number): Job => ({ name, key: after.id, dueAt: new Date(dueAt) })
  const since = (is: (liveClass: LiveClass) => boolean): boolean => is(after) && !(before && is(before))
  const isMoved = after.startsAt.getTime() !== before?.startsAt.getTime()
  const isAnotherPlan = isMoved || !before || !isSamePlan(before, after)
  return [
    ...(isWaiting(after) && (since(isWaiting) || isAnotherPlan) ? [job('provision', now + patienceMs)] : []),
    ...(after.status === 'scheduled' && isMoved && reminderMs > 0 && now < after.startsAt.getTime()
      ? [job('remind', after.startsAt.getTime() - reminderMs)]
      : []),
    ...(since(isRecordingAwaited) ? [job('recordings', now)] : []),
  ]
}

/** For its meeting. */
const isWaiting = ({ status, provisioning }: LiveClass): boolean => status === 'scheduled' && provisioning === 'pending'

const isRecordingAwaited = ({ status, record, hasRecording }: LiveClass): boolean =>
  status === 'completed' && record && !hasRecording

/** Whether the provider would be told the same of both. */
export const isSamePlan = (one: LiveClass, other: LiveClass): boolean =>
  one.title === other.title &&
  one.description === other.description &&
  one.startsAt.getTime() === other.startsAt.getTime() &&
  one.durationMinutes === other.durationMinutes
