import type { AttendanceEvent, Room } from '../model.ts'
import { checkEvent } from './checks.ts'
import { isUnnamed, unannouncedSession } from './unnamed.ts'

/** What is known of one connection in one room: the distinct times of each kind of fact, in no order. */
export interface Track {
  readonly main: boolean
  joins: Times
  lefts: Times
  /** Snapshots that list it. */
  listings: Times
}

/** Times in no order, most of them different. */
export type Times = number[]

/** Shared by all that have none, and never written to: most lists stay empty. */
const NONE: Times = []

/** One connection of one instance. */
export interface SessionFacts {
  /** From its earliest event that names one; at equal times the smaller string (section 1). */
  person: string | undefined
  personAt: number
  main: Track | undefined
  breakouts: Map<Room, Track> | undefined
}

/** One run of the meeting. Times are `Infinity` while no such fact is known. */
export interface InstanceFacts {
  /** Smallest time of its started, main-room joined and snapshot events (section 3.1). */
  start: number
  ended: number
  snapshots: Times
  readonly sessions: Map<string, SessionFacts>
}

/** What the events of one class say, without the repeats: it grows with connections, not with deliveries. */
export interface ClassFacts {
  readonly instances: Map<string, InstanceFacts>
  /** Time of the last event; `-Infinity` without any. */
  lastEvent: number
}

export function emptyFacts(): ClassFacts {
  return { instances: new Map(), lastEvent: Number.NEGATIVE_INFINITY }
}

/** Takes one event in, in any order and as often as it comes. @throws TypeError naming the field that is wrong */
export function addFact(facts: ClassFacts, event: AttendanceEvent): void {
  checkEvent(event)
  const { at } = event
  // Waiting is not being there, and must not even give a session its person (section 2).
  if ((event.type === 'joined' || event.type === 'left') && event.room === 'waiting') return
  if (at > facts.lastEvent) facts.lastEvent = at
  const instance = instanceOf(facts, event.instance)
  switch (event.type) {
    case 'started':
      instance.start = Math.min(instance.start, at)
      return
    case 'ended':
      instance.ended = Math.min(instance.ended, at)
      return
    case 'snapshot':
      instance.start = Math.min(instance.start, at)
      instance.snapshots = noted(instance.snapshots, at)
      for (const { session, person } of event.present) {
        // Not resolved to a connection: still one of that person alone.
        const key = isUnnamed(session) ? unannouncedSession(session, person ?? '') : session
        const track = trackOf(sessionOf(instance, key, person, at), 'main')
        track.listings = noted(track.listings, at)
      }
      return
    default: {
      const room = event.room ?? 'main'
      const track = trackOf(sessionOf(instance, event.session, event.person, at), room)
      if (event.type === 'left') track.lefts = noted(track.lefts, at)
      else {
        if (track.main) instance.start = Math.min(instance.start, at)
        track.joins = noted(track.joins, at)
      }
    }
  }
}

function instanceOf(facts: ClassFacts, id: string): InstanceFacts {
  let instance = facts.instances.get(id)
  if (instance === undefined) {
    instance = { start: Infinity, ended: Infinity, snapshots: NONE, sessions: new Map() }
    facts.instances.set(id, instance)
  }
  return instance
}

function sessionOf(instance: InstanceFacts, id: string, person: string | null | undefined, at: number): SessionFacts {
  let session = instance.sessions.get(id)
  if (session === undefined) {
    session = { person: undefined, personAt: Infinity, main: undefined, breakouts: undefined }
    instance.sessions.set(id, session)
  }
  if (person !== undefined && person !== null) {
    if (at < session.personAt || (at === session.personAt && person < (session.person ?? person))) {
      session.person = person
      session.personAt = at
    }
  }
  return session
}

function trackOf(session: SessionFacts, room: Room): Track {
  if (room === 'main') {
    session.main ??= { main: true, joins: NONE, lefts: NONE, listings: NONE }
    return session.main
  }
  session.breakouts ??= new Map()
  let track = session.breakouts.get(room)
  if (track === undefined) {
    track = { main: false, joins: NONE, lefts: NONE, listings: NONE }
    session.breakouts.set(room, track)
  }
  return track
}

/** Beyond this a list may hold repeats until it is read; looking through it would cost more than it saves. */
const SCANNED = 8

function noted(times: Times, at: number): Times {
  if (times.length === 0) return [at]
  if (times.at(-1) === at || (times.length <= SCANNED && times.includes(at))) return times
  times.push(at)
  return times
}
