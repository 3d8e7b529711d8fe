import { amount } from './checks.ts'
import type { Rules, Targets } from './options.ts'
import type { Activity } from './types.ts'

const NOTHING: Activity = { talkMs: 0, messages: 0, raisedHands: 0, reactions: 0, pollAnswers: 0 }

/** Whole-number division of non-negative numbers, exact. */
function divide(value: number, by: number): number {
  return (value - (value % by)) / by
}

/** The percentage in tenths, half up (section 5.5). `heldMs` is above 0. */
export function tenths(creditedMs: number, heldMs: number): number {
  return divide(creditedMs * 2000 + heldMs, 2 * heldMs)
}

/** The score without counters (section 8). */
export function attendanceScore(percentTenths: number): number {
  return divide(percentTenths + 5, 10)
}

/** The score with counters (section 8). */
export function activityScore(
  percentTenths: number,
  activity: Activity | undefined,
  { attendanceWeight, targets, polls }: Pick<Rules, 'attendanceWeight' | 'targets'> & { readonly polls: number },
): number {
  const shares = activityShares(activity ?? NOTHING, targets, polls)
  const mean = divide(
    shares.reduce((sum, share) => sum + share, 0),
    shares.length,
  )
  return divide(attendanceWeight * percentTenths + (100 - attendanceWeight) * mean + 500, 1000)
}

/** What was done of what was hoped for, per kind, each 0 to 1000; polls only where there were any. */
function activityShares(activity: Activity, targets: Targets, polls: number): number[] {
  const shares = [
    share(amount(activity.talkMs, 'activity.talkMs'), targets.talkMs),
    share(amount(activity.messages, 'activity.messages'), targets.messages),
    share(amount(activity.raisedHands, 'activity.raisedHands'), targets.raisedHands),
    share(amount(activity.reactions, 'activity.reactions'), targets.reactions),
  ]
  const answers = amount(activity.pollAnswers, 'activity.pollAnswers')
  return polls > 0 ? [...shares, share(answers, polls)] : shares
}

function share(value: number, target: number): number {
  return value >= target ? 1000 : divide(1000 * value, target)
}
