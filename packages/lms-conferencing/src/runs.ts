import type { LiveClass } from './model.ts'

/*
 * A platform often holds a whole course in one recurring meeting: many classes, one meeting id. Which of them a run of
 * the meeting belongs to is decided by when it began. Pure.
 */

type Planned = Pick<LiveClass, 'id' | 'startsAt' | 'status'>

/**
 * Of the classes that share a meeting, the one a run belongs to that began at `startedAt` (epoch milliseconds): the one
 * planned nearest to it, the earlier of two that are as near. A cancelled class has runs only where all are cancelled.
 * `undefined`: there are no classes.
 */
export function classOfRun<T extends { readonly liveClass: Planned }>(
  sharing: readonly T[],
  startedAt: number,
): T | undefined {
  const held = sharing.filter(({ liveClass }) => liveClass.status !== 'cancelled')
  const [first, ...others] = held.length > 0 ? held : sharing
  return others.reduce<T | undefined>(
    (nearest, one) => (nearest && isNearer(one, nearest, startedAt) ? one : nearest),
    first,
  )
}

function isNearer(one: { readonly liveClass: Planned }, than: { readonly liveClass: Planned }, at: number): boolean {
  const [a, b] = [one.liveClass, than.liveClass]
  const [begins, other] = [a.startsAt.getTime(), b.startsAt.getTime()]
  const difference = Math.abs(at - begins) - Math.abs(at - other) || begins - other
  return difference === 0 ? a.id < b.id : difference < 0
}

/** Whether the run that began at a moment (epoch milliseconds) is one class's own. */
export type OwnsRun = (startedAt: number) => boolean
