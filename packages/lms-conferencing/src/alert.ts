import type { StoreFault } from './store.ts'

/**
 * Something whoever runs the platform should look at. Ids and codes only: never a secret, a link or a person's name, so
 * it may go to a chat or a mail as it is.
 */
export type Alert =
  /** The meeting of a class was refused for good, or its time came before it could be made. */
  | { readonly type: 'meeting-failed'; readonly classId: string; readonly courseId: string; readonly provider: string }
  /** The meeting of a class that waited for its provider is there now. */
  | { readonly type: 'meeting-ready'; readonly classId: string; readonly courseId: string; readonly provider: string }
  /** A callback failed too often to be tried again by itself. */
  | { readonly type: 'dead-letter'; readonly provider: string; readonly seq: number; readonly reason: string }
  /** Three calls in a row were not answered. */
  | { readonly type: 'server-unreachable'; readonly provider: string; readonly call: string }
  /** Three calls in a row were refused for their signature or credentials: it will not pass by itself. */
  | { readonly type: 'credentials-refused'; readonly provider: string; readonly call: string }
  /** Callbacks of a provider do not pass verification: a wrong secret here, or somebody else who tries. */
  | { readonly type: 'callbacks-refused'; readonly provider: string; readonly reason: string }
  /** Genuine callbacks outside the age that is applied by itself: a clock is wrong, or somebody repeats old ones. */
  | { readonly type: 'callbacks-stale'; readonly provider: string }
  /** The provider had forgotten to call us back; it is told again now. What happened meanwhile came to nobody. */
  | { readonly type: 'hook-lost'; readonly provider: string; readonly found: string }
  /** Callbacks of a class were lost in this time. What other sources tell of it is in the report of the class. */
  | { readonly type: 'gap-found'; readonly classId: string; readonly from: Date; readonly to: Date }
  /** Callbacks cannot be stored, or pages not answered. */
  | { readonly type: 'store-unavailable'; readonly reason: StoreFault | (string & {}) }

/** An alert as it is told. */
export interface ToldAlert {
  readonly alert: Alert
  readonly at: Date
  /** How many of the same kind were swallowed since the last one that was told. */
  readonly swallowed: number
  /** What to do, in a sentence; more in docs/OPERATIONS.md. */
  readonly advice: string
}

/** Two alerts with the same key say the same thing again. */
export function alertKey(alert: Alert): string {
  switch (alert.type) {
    case 'meeting-failed':
    case 'meeting-ready':
    case 'gap-found':
      return `${alert.type} ${alert.classId}`
    case 'store-unavailable':
      return alert.type
    case 'callbacks-refused':
      return `${alert.type} ${alert.provider} ${alert.reason}`
    default:
      return `${alert.type} ${alert.provider}`
  }
}

export const alertAdvice: Readonly<Record<Alert['type'], string>> = {
  'meeting-failed': 'Look at the reason of the class, mend it, and make the meeting again by hand.',
  'meeting-ready': 'Nothing: the class has its meeting now.',
  'dead-letter': 'Look at it with "lms-conferencing inbox list --state dead", mend the cause, then replay it.',
  'server-unreachable': 'Look whether the video server runs and can be reached from here. Nothing needs a restart.',
  'credentials-refused': 'Compare the shared secret or the credentials with those of the video server.',
  'callbacks-refused':
    'Compare the webhook secret and address with the sender, then run "lms-conferencing inbox requeue".',
  'callbacks-stale': 'Compare the clocks. If the callbacks are wanted, run "lms-conferencing inbox requeue".',
  'hook-lost': 'Nothing for the future: it is in place again. Look for classes with gaps in that time.',
  'gap-found': 'Look at the report of the class: what no other source could tell, its teacher may know.',
  'store-unavailable':
    'Look at the database: its disk, its rights, whether it can be reached. Nothing needs a restart.',
}

/** When each kind was told last, and how many have been swallowed since. */
export type AlertMemory = ReadonlyMap<string, { readonly toldAt: number; readonly swallowed: number }>

/** What became of one alert. `swallowed` is `null` when it is not told now. */
export interface AlertDecision {
  readonly memory: AlertMemory
  readonly swallowed: number | null
}

/** So many kinds are remembered: each class may be one of its own. */
const remembered = 1000

/**
 * Whether an alert is told: the same key at most once in `everyMs`. Pure. A clock that was set back tells once more
 * rather than be silent for long.
 */
export function decideAlert(
  memory: AlertMemory,
  { key, now, everyMs }: { readonly key: string; readonly now: number; readonly everyMs: number },
): AlertDecision {
  const before = memory.get(key)
  const isSame = before !== undefined && now >= before.toldAt && now - before.toldAt < everyMs
  const next = new Map(memory)
  // Moved to the end: the first ones are those that were heard of longest ago.
  next.delete(key)
  next.set(key, isSame ? { toldAt: before.toldAt, swallowed: before.swallowed + 1 } : { toldAt: now, swallowed: 0 })
  for (const oldest of next.keys()) {
    if (next.size <= remembered) break
    next.delete(oldest)
  }
  return { memory: next, swallowed: isSame ? null : (before?.swallowed ?? 0) }
}
