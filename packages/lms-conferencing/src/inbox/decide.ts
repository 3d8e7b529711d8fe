import type { AttendanceEvent, ConferenceEvent } from '../model.ts'
import type { MeetingAlias, StoredClass } from '../store.ts'

export type BreakoutEvent = Extract<ConferenceEvent, { kind: 'breakout' }>

/** The class a meeting key leads to, and the alias it went through when the key is a breakout room's. */
export interface Target {
  readonly stored: StoredClass
  readonly alias: MeetingAlias | null
}

/** What one callback means for one class. */
export interface ClassFacts {
  readonly stored: StoredClass
  readonly events: readonly AttendanceEvent[]
  /** Recordings to look up at the provider; `null`: it did not say which. */
  readonly recordings: readonly (string | null)[]
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
  const classes = new Map<string, { stored: StoredClass; events: AttendanceEvent[]; recordings: (string | null)[] }>()
  const unknown = new Set<string>()
  for (const event of events) {
    if (event.kind !== 'attendance' && event.kind !== 'recording') continue
    const target = targets.get(event.meetingKey)
    if (!target) {
      unknown.add(event.meetingKey)
      continue
    }
    const { stored, alias } = target
    const facts = classes.get(stored.liveClass.id) ?? { stored, events: [], recordings: [] }
    if (event.kind === 'recording') {
      // A breakout room's recording is none of its class.
      if (!alias) facts.recordings.push(event.recordId)
    } else {
      const fact = alias ? inBreakout(event.event, alias) : event.event
      if (fact) facts.events.push(fact)
    }
    if (facts.events.length + facts.recordings.length > 0) classes.set(stored.liveClass.id, facts)
  }
  return { classes: [...classes.values()], unknown: [...unknown] }
}

/** Attendance in a breakout room counts as the parent's; that the room itself opened or closed means nothing. */
function inBreakout(event: AttendanceEvent, { parentInstance, room }: MeetingAlias): AttendanceEvent | null {
  if (event.type !== 'joined' && event.type !== 'left') return null
  return { ...event, instance: parentInstance, room }
}
