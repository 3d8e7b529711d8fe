import { attendance } from '../attendance/index.ts'
import type { AttendanceEvent } from '../model.ts'
import type { StoredClass } from '../store.ts'

/** What was known of all classes looked at, taken together. */
export interface AttendanceTotals {
  readonly facts: number
  /** Once for each class they were in. */
  readonly people: number
  readonly creditedMs: number
}

export const noTotals: AttendanceTotals = { facts: 0, people: 0, creditedMs: 0 }

export const addTotals = (a: AttendanceTotals, b: AttendanceTotals): AttendanceTotals => ({
  facts: a.facts + b.facts,
  people: a.people + b.people,
  creditedMs: a.creditedMs + b.creditedMs,
})

/** Of one class. Pure. */
export function totalsOf(
  { liveClass }: Pick<StoredClass, 'liveClass'>,
  events: readonly AttendanceEvent[],
): AttendanceTotals {
  const result = attendance({
    class: {
      scheduledStart: liveClass.startsAt.getTime(),
      plannedMs: liveClass.durationMinutes * 60_000,
      startedAt: liveClass.startedAt?.getTime() ?? null,
      endedAt: liveClass.endedAt?.getTime() ?? null,
    },
    roster: [],
    events,
    now: null,
  })
  const people = Object.values(result.people)
  return {
    facts: events.length,
    people: people.length,
    creditedMs: people.reduce((sum, { creditedMs }) => sum + creditedMs, 0),
  }
}
