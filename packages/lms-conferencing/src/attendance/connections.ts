import type { AttendanceEvent } from '../model.ts'
import type { Interval } from './types.ts'

/** What the callbacks and reports say of one connection in the main room, snapshots left aside. */
export interface Connection {
  readonly session: string
  readonly person: string | undefined
  /** When it was open, in order; the last may reach to `Infinity`: nobody heard its end. */
  readonly open: readonly Interval[]
  /** All its `left`, in order, those that closed nothing too. */
  readonly lefts: readonly number[]
  /** All its `joined`, in order. */
  readonly joins: readonly number[]
}

interface Heard {
  person: string | undefined
  personAt: number
  readonly joins: number[]
  readonly lefts: number[]
}

/** The main-room connections of each run, by the same rules as the fold (attendance.md, sections 1 and 4.1 to 4.4). */
export function connectionsOf(events: readonly AttendanceEvent[]): ReadonlyMap<string, readonly Connection[]> {
  const runs = new Map<string, Map<string, Heard>>()
  for (const event of events) {
    if (event.type !== 'joined' && event.type !== 'left') continue
    if (event.room === 'waiting') continue
    const run = entry(runs, event.instance, () => new Map<string, Heard>())
    const heard = entry(
      run,
      event.session,
      (): Heard => ({ person: undefined, personAt: Infinity, joins: [], lefts: [] }),
    )
    const { person, at } = event
    if (person !== undefined && person !== null) {
      const isEarlier = at < heard.personAt || (at === heard.personAt && person < (heard.person ?? person))
      if (heard.person === undefined || isEarlier) {
        heard.person = person
        heard.personAt = at
      }
    }
    if ((event.room ?? 'main') !== 'main') continue
    if (event.type === 'joined') heard.joins.push(at)
    else heard.lefts.push(at)
  }
  return new Map(
    [...runs].map(([instance, run]) => [instance, [...run].map(([session, heard]) => connection(session, heard))]),
  )
}

function connection(session: string, { person, joins, lefts }: Heard): Connection {
  const order = (a: number, b: number): number => a - b
  const [joinedAt, leftAt] = [new Set(joins), new Set(lefts)]
  const open: Interval[] = []
  let from: number | null = null
  for (const at of [...new Set([...joins, ...lefts])].sort(order)) {
    const joined = joinedAt.has(at)
    const left = leftAt.has(at)
    if (from === null) {
      // Came and went in one millisecond: nothing to see.
      if (joined && !left) from = at
    } else if (left) {
      open.push([from, at])
      from = joined ? at : null
    }
  }
  if (from !== null) open.push([from, Infinity])
  return { session, person, open, joins: [...joinedAt].sort(order), lefts: [...leftAt].sort(order) }
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
