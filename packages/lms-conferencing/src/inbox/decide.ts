import type { AttendanceEvent, ConferenceEvent } from '../model.ts'
import type { MeetingAlias, RunActivity, StoredClass, StoredEvent } from '../store.ts'

export type BreakoutEvent = Extract<ConferenceEvent, { kind: 'breakout' }>

/** The class a meeting key leads to, and the alias it went through when the key is a breakout room's. */
export interface Target {
  readonly stored: StoredClass
  readonly alias: MeetingAlias | null
}

/** What one callback means for one class. */
export interface ClassFacts {
  readonly stored: StoredClass
  readonly events: readonly StoredEvent[]
  readonly activity: readonly RunActivity[]
  /** Recordings to look up at the provider; `null`: it did not say which. */
  readonly recordings: readonly (string | null)[]
  /** Whether the provider is to be asked if the meeting is over. */
  readonly maybeEnded: boolean
}

export interface Decision {
  readonly classes: readonly ClassFacts[]
  /** Keys that lead to no class, yet. */
  readonly unknown: readonly string[]
}

/** The breakout rooms a callback announces: to be known before the rest of it is looked at. */
export const breakoutsOf = (events: readonly ConferenceEvent[]): readonly BreakoutEvent[] =>
  events.filter(event => event.kind === 'breakout')

/**
 * Events → what to write, by class. Only a class found by its own key, or by its breakout room's, is ever touched.
 * `targets` has an entry for each key that leads to a class.
 */
export function decide(events: readonly ConferenceEvent[], targets: ReadonlyMap<string, Target>): Decision {
  const classes = new Map<string, Collected>()
  const unknown = new Set<string>()
  for (const event of events) {
    if (event.kind === 'other' || event.kind === 'breakout') continue
    const target = targets.get(event.meetingKey)
    if (!target) {
      unknown.add(event.meetingKey)
      continue
    }
    const { stored } = target
    const facts = classes.get(stored.liveClass.id) ?? new Collected(stored)
    if (facts.add(event, target.alias)) classes.set(stored.liveClass.id, facts)
  }
  return { classes: [...classes.values()], unknown: [...unknown] }
}

type ClassEvent = Exclude<ConferenceEvent, { kind: 'other' | 'breakout' }>

class Collected implements ClassFacts {
  readonly stored: StoredClass
  readonly events: StoredEvent[] = []
  readonly activity: RunActivity[] = []
  readonly recordings: (string | null)[] = []
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
    if (event.kind === 'recording') this.recordings.push(event.recordId)
    else this.maybeEnded = true
    return true
  }
}

/** Attendance in a breakout room counts as the parent's; that the room itself opened or closed means nothing. */
function inBreakout(event: AttendanceEvent, { parentInstance, room }: MeetingAlias): AttendanceEvent | null {
  if (event.type !== 'joined' && event.type !== 'left') return null
  return { ...event, instance: parentInstance, room }
}
