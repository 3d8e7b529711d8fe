import type { AttendanceEvent } from '../model.ts'
import { connectionsOf } from './connections.ts'
import { nameSessions } from './unnamed.ts'

type Snapshot = Extract<AttendanceEvent, { type: 'snapshot' }>

/**
 * The snapshots of runs in which every one of them only says what `joined` and `left` say: whoever is listed was
 * connected then by their own word, and nobody's end was lost. Such snapshots change no figure of a class that is over,
 * and need not be kept.
 */
export function superfluousSnapshots(events: readonly AttendanceEvent[]): readonly Snapshot[] {
  const connections = connectionsOf(events)
  const named = nameSessions(events)
  const starts = new Map<string, number>()
  for (const event of events) {
    if (event.type !== 'started' && event.type !== 'joined') continue
    if (event.type === 'joined' && (event.room ?? 'main') !== 'main') continue
    starts.set(event.instance, Math.min(starts.get(event.instance) ?? Infinity, event.at))
  }
  const ends = new Map<string, number>()
  for (const { type, instance, at } of events) {
    if (type === 'ended') ends.set(instance, Math.min(ends.get(instance) ?? Infinity, at))
  }
  const bySession = new Map(
    [...connections].map(([instance, list]) => [instance, new Map(list.map(one => [one.session, one]))]),
  )
  const kept = new Set<string>()
  for (const [instance, list] of connections) {
    if (list.some(({ open }) => open.at(-1)?.[1] === Infinity)) kept.add(instance)
  }
  for (const event of named) {
    if (event.type !== 'snapshot' || kept.has(event.instance)) continue
    const isConnected = (session: string): boolean =>
      bySession
        .get(event.instance)
        ?.get(session)
        ?.open.some(([from, to]) => from <= event.at && event.at < to) ?? false
    const isWithin =
      event.at >= (starts.get(event.instance) ?? Infinity) && event.at <= (ends.get(event.instance) ?? -Infinity)
    if (!isWithin || !event.present.every(({ session }) => isConnected(session))) kept.add(event.instance)
  }
  return events.filter((event): event is Snapshot => event.type === 'snapshot' && !kept.has(event.instance))
}
