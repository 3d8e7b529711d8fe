import type { AttendanceEvent, ConferenceEvent } from '../model.ts'
import { classOfRun } from '../runs.ts'
import type { InboxRow, MeetingAlias, RunActivity, StoredClass, StoredEvent } from '../store.ts'

export type BreakoutEvent = Extract<ConferenceEvent, { kind: 'breakout' }>

/** The classes a meeting key leads to, and the alias it went through when the key is a breakout room's. */
export interface Target {
  /** One class, or several that share the meeting; never none. */
  readonly sharing: readonly StoredClass[]
  readonly alias: MeetingAlias | null
}

/** What callbacks mean for one class, in their order. */
export interface ClassFacts {
  readonly stored: StoredClass
  readonly events: readonly StoredEvent[]
  readonly activity: readonly RunActivity[]
  /** Recordings to look up at the provider; `null`: it did not say which. */
  readonly recordings: ReadonlySet<string | null>
  /** Whether the provider is to be asked if the meeting is over. */
  readonly maybeEnded: boolean
}

/** A stored callback, and what its provider reads in it. */
export interface ReadCallback {
  readonly row: InboxRow
  readonly events: readonly ConferenceEvent[]
}

/** What becomes of one callback. */
export interface Consequence {
  readonly row: InboxRow
  /** Whether it means anything for a class. */
  readonly hasEffect: boolean
  /** Keys it names that lead to no class, yet. */
  readonly unknown: ReadonlySet<string>
}

export interface Decision {
  readonly classes: readonly ClassFacts[]
  readonly consequences: readonly Consequence[]
}

/** The breakout rooms that callbacks announce: to be known before the rest is looked at. */
export const breakoutsOf = (callbacks: readonly ReadCallback[]): readonly BreakoutEvent[] =>
  callbacks.flatMap(({ events }) => events.filter(event => event.kind === 'breakout'))

/** The meetings that callbacks tell something about. */
export const keysOf = (callbacks: readonly ReadCallback[]): ReadonlySet<string> =>
  new Set(callbacks.flatMap(({ events }) => events.filter(isOfClass).map(({ meetingKey }) => meetingKey)))

/**
 * Callbacks of one server → what to write, by class. Only a class found by its own key, or by its breakout room's, is
 * ever touched. `targets` has an entry for each key that leads to a class.
 */
export function decide(callbacks: readonly ReadCallback[], targets: ReadonlyMap<string, Target>): Decision {
  const classes = new Map<string, Collected>()

  /** Answers whether the event means anything for its class. */
  const collect = (event: ClassEvent, { sharing, alias }: Target): boolean => {
    const stored = classOf(event, sharing)
    if (!stored) return false
    const facts = classes.get(stored.liveClass.id) ?? new Collected(stored)
    const hasEffect = facts.add(event, alias)
    if (hasEffect) classes.set(stored.liveClass.id, facts)
    return hasEffect
  }

  const consequences = callbacks.map(({ row, events }) => {
    const unknown = new Set<string>()
    let hasEffect = false
    for (const event of events) {
      if (event.kind === 'breakout') {
        // Rooms belong to a class's own meeting, not to another room.
        if (targets.get(event.parentKey)?.alias === null) hasEffect = true
        else unknown.add(event.parentKey)
      } else if (isOfClass(event)) {
        const target = targets.get(event.meetingKey)
        if (!target) unknown.add(event.meetingKey)
        else if (collect(event, target)) hasEffect = true
      }
    }
    return { row, hasEffect, unknown }
  })
  return { classes: [...classes.values()], consequences }
}

type ClassEvent = Exclude<ConferenceEvent, { kind: 'other' | 'breakout' }>

const isOfClass = (event: ConferenceEvent): event is ClassEvent => event.kind !== 'other' && event.kind !== 'breakout'

/** Of the classes that share a meeting, the one that an event is about: by when its run began, as far as it tells. */
function classOf(event: ClassEvent, sharing: readonly StoredClass[]): StoredClass | undefined {
  const startedAt =
    event.kind === 'maybe-ended'
      ? undefined
      : (event.runStartedAt ?? (event.kind === 'attendance' ? event.event.at : undefined))
  if (startedAt !== undefined) return classOfRun(sharing, startedAt)
  return sharing.find(({ liveClass }) => liveClass.status === 'live') ?? sharing[0]
}

class Collected implements ClassFacts {
  readonly stored: StoredClass
  readonly events: StoredEvent[] = []
  readonly activity: RunActivity[] = []
  readonly recordings = new Set<string | null>()
  maybeEnded = false

  constructor(stored: StoredClass) {
    this.stored = stored
  }

  /** Answers whether the event means anything for the class. */
  add(event: ClassEvent, alias: MeetingAlias | null): boolean {
    if (event.kind === 'attendance') {
      const fact = alias ? inBreakout(event.event, alias) : event.event
      if (fact) this.events.push({ event: fact, provenance: event.provenance ?? 'webhook' })
      return fact !== null
    }
    if (event.kind === 'activity') {
      const { instance, pollsPublished, people } = event
      this.activity.push({ instance, pollsPublished, people })
      return true
    }
    // A breakout room's recording is none of its class, and its end is not the end of it.
    if (alias) return false
    if (event.kind === 'recording') this.recordings.add(event.recordId)
    else this.maybeEnded = true
    return true
  }
}

/** Attendance in a breakout room counts as the parent's; that the room itself opened or closed means nothing. */
function inBreakout(event: AttendanceEvent, { parentInstance, room }: MeetingAlias): AttendanceEvent | null {
  if (event.type !== 'joined' && event.type !== 'left') return null
  return { ...event, instance: parentInstance, room }
}
