import type { AttendanceInput, AttendanceResult, Interval } from '../../src/attendance/types.ts'
import type { AttendanceEvent } from '../../src/model.ts'

/** The same class at another time. */
export function shiftInput(input: AttendanceInput, by: number): AttendanceInput {
  const move = (time: number | null) => (time === null ? null : time + by)
  return {
    ...input,
    now: move(input.now ?? null),
    class: {
      ...input.class,
      scheduledStart: move(input.class.scheduledStart),
      startedAt: move(input.class.startedAt),
      endedAt: move(input.class.endedAt),
      blind: shiftIntervals(input.class.blind ?? [], by),
    },
    events: input.events.map((event): AttendanceEvent => ({ ...event, at: event.at + by })),
  }
}

/** A result as it would be at another time: only times move. */
export function shiftResult(result: AttendanceResult, by: number): AttendanceResult {
  const move = (time: number | null) => (time === null ? null : time + by)
  return {
    ...result,
    held: shiftIntervals(result.held, by),
    people: Object.fromEntries(
      Object.entries(result.people).map(([key, row]) => [
        key,
        {
          ...row,
          firstJoin: move(row.firstJoin),
          lastLeave: move(row.lastLeave),
          intervals: shiftIntervals(row.intervals, by),
          bridged: shiftIntervals(row.bridged, by),
          imputed: shiftIntervals(row.imputed, by),
        },
      ]),
    ),
  }
}

function shiftIntervals(intervals: readonly Interval[], by: number): Interval[] {
  return intervals.map(([from, to]) => [from + by, to + by])
}
