import type { AttendanceEvent } from '../model.ts'
import { HeldAxis } from './axis.ts'
import { amount, checkClass, time } from './checks.ts'
import { addFact, emptyFacts } from './facts.ts'
import { heldTime } from './held.ts'
import { measure } from './intervals.ts'
import { type Rules, resolveOptions } from './options.ts'
import { credit } from './person.ts'
import { activityScore, attendanceScore, tenths } from './score.ts'
import { type Presence, presences } from './sessions.ts'
import { finalStatus, liveStatus } from './status.ts'
import type { Anomaly, AttendanceInput, AttendanceResult, PersonAttendance } from './types.ts'
import { nameSessions } from './unnamed.ts'

/** 142 years: up to here every product the rules need is an exact integer. */
const LONGEST_MS = Math.floor(Number.MAX_SAFE_INTEGER / 2001)

const ANOMALIES: readonly Anomaly[] = ['orphan_left', 'superseded', 'unclosed']

/**
 * Who was there, for how long, and how sure we are. The same events give the same result in any order and
 * however often they are delivered; nothing but the arguments is read.
 *
 * @example
 * const { people } = attendance({
 *   class: { scheduledStart, plannedMs: 3_600_000, startedAt: null, endedAt: null },
 *   roster: ['student-1'],
 *   events,
 * })
 * people['student-1']?.status // 'present'
 *
 * @throws TypeError naming the field when a time is not a whole number of milliseconds or an option is out of range
 */
export function attendance(input: AttendanceInput): AttendanceResult {
  const fold = createAttendanceFold()
  for (const event of nameSessions(input.events, input.now ?? undefined)) fold.add(event)
  return fold.result(input)
}

/**
 * The fold of one class, fed event by event; it keeps what each connection did, not the events. Snapshots that name
 * people and not their connections go through {@link nameSessions} first, as {@link attendance} does.
 */
export interface AttendanceFold {
  /** Takes one event in, in any order, repeats included. @throws TypeError naming the field that is wrong */
  add(event: AttendanceEvent): void
  /** The result of all events so far; may be asked again, live and final, as more come in. */
  result(input: Omit<AttendanceInput, 'events'>): AttendanceResult
}

/** Makes an empty fold: one per class, to read a long mixed stream of events in one pass. */
export function createAttendanceFold(): AttendanceFold {
  const facts = emptyFacts()
  return {
    add: event => addFact(facts, event),
    result(input) {
      checkClass(input.class)
      const rules = resolveOptions(input.options)
      const polls = amount(input.pollsPublished ?? 0, 'pollsPublished')
      const now = input.now === null || input.now === undefined ? null : time(input.now, 'now')
      const held = heldTime(input.class, facts, { windowMode: rules.windowMode, now })
      const axis = new HeldAxis(held.intervals)
      const blindMs = measure(held.lost)
      if (axis.lengthMs + blindMs > LONGEST_MS) throw new TypeError('events: the class would span over 142 years')
      const found = presences(held, { now, supersede: rules.supersede })
      const roster = new Set(input.roster)
      const view: View = { axis, rules, final: now === null, polls, activity: input.activity ?? null }
      // Keys come from outside: without a prototype, `__proto__` and `constructor` are names like any other.
      const people: Record<string, PersonAttendance> = Object.create(null)
      for (const key of roster) people[key] = personAttendance(key, found.get(key), { ...view, onRoster: true })
      const others = [...found.keys()].filter(key => !roster.has(key)).sort()
      for (const key of others) people[key] = personAttendance(key, found.get(key), { ...view, onRoster: false })
      return {
        final: now === null,
        heldMs: axis.lengthMs,
        blindMs,
        held: axis.intervals,
        blind: held.lost,
        people,
      }
    },
  }
}

interface View {
  readonly axis: HeldAxis
  readonly rules: Rules
  readonly final: boolean
  readonly polls: number
  readonly activity: (AttendanceInput['activity'] & {}) | null
}

function personAttendance(
  key: string,
  presence: Presence | undefined,
  { axis, rules, final, polls, activity, onRoster }: View & { readonly onRoster: boolean },
): PersonAttendance {
  const figures = credit(presence, axis, rules.reconnectGraceMs)
  const { creditedMs, observedMs, imputedMs, lateByMs } = figures
  const heldMs = axis.lengthMs
  const leftEarlyByMs = final ? figures.leftEarlyByMs : null
  const late = lateByMs !== null && lateByMs > rules.lateAfterMs
  const leftEarly = leftEarlyByMs !== null && leftEarlyByMs > rules.leftEarlyBeforeMs
  const percent = heldMs === 0 ? null : tenths(creditedMs, heldMs)
  const anomalies = ANOMALIES.filter(anomaly => presence?.anomalies.has(anomaly))
  const judged = { heldMs, creditedMs, late, leftEarly }
  const scored = onRoster && percent !== null
  const counters = activity !== null && Object.hasOwn(activity, key) ? activity[key] : undefined
  const score = () => {
    if (percent === null || creditedMs === 0) return 0
    return activity === null ? attendanceScore(percent) : activityScore(percent, counters, { ...rules, polls })
  }
  return {
    status: !onRoster ? null : final ? finalStatus(judged, rules) : liveStatus(judged),
    percentage: percent === null ? null : percent / 10,
    minutes: Math.floor(creditedMs / 60_000),
    observedMs,
    bridgedMs: creditedMs - observedMs,
    creditedMs,
    firstJoin: figures.firstJoin,
    lastLeave: figures.lastLeave,
    late,
    leftEarly,
    lateByMs,
    leftEarlyByMs,
    reconnects: figures.reconnects,
    gaps: figures.gaps,
    imputedMs,
    confidence: anomalies.includes('orphan_left') ? 'incomplete' : imputedMs > 0 ? 'imputed' : 'exact',
    anomalies,
    inClassNow: presence?.inClassNow ?? false,
    participationScore: scored ? score() : null,
    participationBasis: !scored ? null : activity === null ? 'attendance' : 'attendance+activity',
    intervals: figures.intervals,
    bridged: figures.bridged,
    imputed: figures.imputed,
  }
}
