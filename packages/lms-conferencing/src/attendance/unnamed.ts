import type { AttendanceEvent, PresentSession } from '../model.ts'
import { checkEvent } from './checks.ts'
import { type Connection, connectionsOf } from './connections.ts'

/**
 * A provider may name the people in a room and not their connections (BigBlueButton's getMeetingInfo). Such an entry of
 * a snapshot has the session `~1`, `~2`, …: the first, second, … of that person. Which connection it was is found here,
 * beside all other facts and not when it is stored, so that callbacks which come late, or never, give the same figures.
 */
export const unnamedSession = (nth: number): string => `~${nth}`

/** Whether a snapshot's entry names a person and not the connection. */
export const isUnnamed = (session: string): boolean => /^~\d+$/.test(session)

/** The session of somebody nobody announced: each person's are their own. */
export const unannouncedSession = (session: string, person: string): string => `${session} ${person}`

/**
 * A list is made while people come and go, and its time is taken on our clock: an entry that contradicts a `joined` or
 * `left` by no more than this is late or early, not news; nor is it news that somebody who just came is not listed yet. In
 * milliseconds.
 */
const slackMs = 10_000

/**
 * The same facts, with a connection for every entry of a snapshot: one that was open then; else one whose `joined` was
 * lost, known by the `left` that follows; else one of its own. Snapshots taken before their run began or after it
 * ended, as far as that is known, are left out: the clocks differ. What lies after `now` is not looked at. Pure, and the
 * order of the facts does not matter.
 *
 * @throws TypeError naming the field that is wrong
 */
export function nameSessions(events: readonly AttendanceEvent[], now = Infinity): readonly AttendanceEvent[] {
  if (!events.some(hasUnnamed)) return events
  for (const event of events) checkEvent(event)
  const heard = events.filter(({ at }) => at <= now)
  const connections = connectionsOf(heard)
  const spans = spansOf(heard)
  const people = new Map([...connections].map(([instance, list]) => [instance, peopleOf(list)]))
  return events.flatMap((event): readonly AttendanceEvent[] => {
    if (event.type !== 'snapshot' || !hasUnnamed(event)) return [event]
    const { from = -Infinity, to = Infinity } = spans.get(event.instance) ?? {}
    if (event.at < from || event.at > to) return []
    return [{ ...event, present: named(event.present, event.at, people.get(event.instance) ?? new Map()) }]
  })
}

const hasUnnamed = (event: AttendanceEvent): boolean =>
  event.type === 'snapshot' && Array.isArray(event.present) && event.present.some(({ session }) => isUnnamed(session))

function spansOf(events: readonly AttendanceEvent[]): Map<string, { from?: number; to?: number }> {
  const spans = new Map<string, { from?: number; to?: number }>()
  for (const { type, instance, at } of events) {
    if (type !== 'started' && type !== 'ended') continue
    const span = spans.get(instance) ?? {}
    if (type === 'started') span.from = Math.min(span.from ?? Infinity, at)
    else span.to = Math.min(span.to ?? Infinity, at)
    spans.set(instance, span)
  }
  return spans
}

function peopleOf(connections: readonly Connection[]): Map<string, Connection[]> {
  const people = new Map<string, Connection[]>()
  for (const one of connections) {
    if (one.person === undefined) continue
    const theirs = people.get(one.person)
    if (theirs) theirs.push(one)
    else people.set(one.person, [one])
  }
  return people
}

function named(
  present: readonly PresentSession[],
  at: number,
  known: ReadonlyMap<string, readonly Connection[]>,
): readonly PresentSession[] {
  const counts = new Map<string, number>()
  const entries: PresentSession[] = []
  for (const one of present) {
    if (!isUnnamed(one.session)) entries.push(one)
    else if (typeof one.person === 'string') counts.set(one.person, (counts.get(one.person) ?? 0) + 1)
  }
  for (const person of new Set([...counts.keys(), ...known.keys()])) {
    const count = counts.get(person) ?? 0
    const connections = known.get(person) ?? []
    const open = openAt(at, connections)
    const lost = lostBeginnings(at, connections)
    const missing = Math.max(0, count - open.length - justMissed(at, connections))
    const listed = open.filter(({ from }, index) => index < count || from > at - slackMs).map(({ session }) => session)
    for (const session of [...listed, ...lost.slice(0, missing)]) entries.push({ session, person })
    for (let nth = 1; nth <= missing - lost.length; nth++) {
      entries.push({ session: unannouncedSession(unnamedSession(nth), person), person })
    }
  }
  return entries
}

/** Those seen to their end first, then the latest: an older one may have lost its `left`. */
function openAt(at: number, connections: readonly Connection[]) {
  return connections
    .flatMap(({ session, open }) => {
      const span = open.find(([from, to]) => from <= at && at < to)
      return span === undefined ? [] : [{ session, from: span[0], unclosed: span[1] === Infinity }]
    })
    .sort((a, b) => Number(a.unclosed) - Number(b.unclosed) || b.from - a.from || inOrder(a, b))
}

const inOrder = (a: { readonly session: string }, b: { readonly session: string }): number =>
  a.session < b.session ? -1 : 1

/** How many connections just ended or are about to begin. */
function justMissed(at: number, connections: readonly Connection[]): number {
  const isNear = ({ open }: Connection): boolean =>
    !open.some(([from, to]) => from <= at && at < to) &&
    open.some(([from, to]) => (to <= at && to > at - slackMs) || (from > at && from <= at + slackMs))
  return connections.filter(isNear).length
}

/** Connections that are not open, and next say that they are over: somebody had opened them unheard. */
function lostBeginnings(at: number, connections: readonly Connection[]): readonly string[] {
  return connections
    .flatMap(({ session, open, joins, lefts }) => {
      if (open.some(([from, to]) => from <= at && at < to + slackMs)) return []
      const left = lefts.find(time => time > at)
      const joined = joins.find(time => time > at) ?? Infinity
      return left === undefined || joined <= left ? [] : [{ session, left }]
    })
    .sort((a, b) => a.left - b.left || inOrder(a, b))
    .map(({ session }) => session)
}
