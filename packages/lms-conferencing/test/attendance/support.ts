import type { AttendanceInput, AttendanceResult, Interval } from '../../src/attendance/types.ts'
import type { AttendanceEvent, Room } from '../../src/model.ts'

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
    blind: shiftIntervals(result.blind, by),
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

/** Class start of the worked examples: 2026-09-01T08:00:00Z. Their times are minutes and seconds from here. */
export const T0 = 1_788_249_600_000

/** `12:30.250` after {@link T0}, in epoch milliseconds. Minutes may pass 60, and be negative. */
export function at(clock: string): number {
  const [, sign, minutes, seconds = '0', ms = '0'] = /^(-?)(\d+):(\d\d)(?:\.(\d{3}))?$/.exec(clock) ?? []
  if (minutes === undefined) throw new Error(`not a clock time: ${clock}`)
  const length = Number(minutes) * 60_000 + Number(seconds) * 1000 + Number(ms)
  return T0 + (sign === '-' ? -length : length)
}

/**
 * Events in a line that reads aloud, separated by `;`, with `i1` as the instance unless a line says `i2:`:
 * `started 0:00`, `ana/a joined 0:00`, `ana/a left 20:00 in 1` (a breakout room), `ana/a joined 0:00 in waiting`, `snapshot 10:00 ana/a ben/b`,
 * `-/a left 30:00` (nobody named), `i2: ended 60:00`.
 */
export function story(text: string): AttendanceEvent[] {
  return text
    .split(';')
    .map(line => line.trim())
    .filter(line => line !== '')
    .map(readLine)
}

function readLine(line: string): AttendanceEvent {
  const [, instance = 'i1', rest = ''] = /^(?:(i\d): )?(.*)$/.exec(line) ?? []
  const words = rest.split(' ')
  const [first = '', second = '', third = '', , room] = words
  if (first === 'started' || first === 'ended') return { type: first, instance, at: at(second) }
  if (first === 'snapshot') return { type: 'snapshot', instance, at: at(second), present: words.slice(2).map(readWho) }
  if (second !== 'joined' && second !== 'left') throw new Error(`not an event: ${line}`)
  return { type: second, instance, ...readWho(first), room: readRoom(room), at: at(third) }
}

function readRoom(room: string | undefined): Room | undefined {
  return room === undefined || room === 'waiting' ? room : `breakout:${room}`
}

function readWho(who: string): { readonly session: string; readonly person?: string } {
  const [person = '', session = ''] = who.split('/')
  return person === '-' ? { session } : { session, person }
}

/** The opposite of {@link at}. */
function clock(time: number): string {
  const length = Math.abs(time - T0)
  const seconds = `${Math.floor(length / 60_000)}:${String(Math.floor(length / 1000) % 60).padStart(2, '0')}`
  const ms = length % 1000 === 0 ? '' : `.${String(length % 1000).padStart(3, '0')}`
  return `${time < T0 ? '-' : ''}${seconds}${ms}`
}

/** Intervals as `0:00–20:00 25:00–60:00`. */
export function clocks(intervals: readonly Interval[]): string {
  return intervals.map(([from, to]) => `${clock(from)}–${clock(to)}`).join(' ')
}

/** The opposite of {@link clocks}. */
export function spans(text: string): Interval[] {
  return text
    .split(' ')
    .filter(part => part !== '')
    .map(part => {
      const [from = '', to = ''] = part.split('–')
      return [at(from), at(to)]
    })
}
