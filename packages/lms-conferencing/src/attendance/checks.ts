import type { AttendanceEvent } from '../model.ts'
import type { AttendanceClass, Interval } from './types.ts'

/** The range of a `Date`: beyond it a number is not a time, and differences stop being exact. */
const LAST_TIME = 8.64e15

/** @throws TypeError unless the value is a time in whole epoch milliseconds */
export function time(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= -LAST_TIME && value <= LAST_TIME) return value
  throw new TypeError(`${name} must be a time in whole milliseconds since 1970`)
}

/** @throws TypeError unless the value is a whole number, zero or more */
export function amount(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new TypeError(`${name} must be a whole number, 0 or more`)
}

function text(value: unknown, name: string): void {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`)
}

function person(value: unknown, name: string): void {
  if (value !== undefined && value !== null) text(value, name)
}

/** @throws TypeError naming the field that is wrong */
export function checkEvent(event: AttendanceEvent): void {
  time(event.at, 'event.at')
  text(event.instance, 'event.instance')
  switch (event.type) {
    case 'started':
    case 'ended':
      return
    case 'joined':
    case 'left': {
      text(event.session, 'event.session')
      person(event.person, 'event.person')
      const room = event.room ?? 'main'
      if (room !== 'main' && room !== 'waiting' && !(typeof room === 'string' && room.startsWith('breakout:'))) {
        throw new TypeError("event.room must be 'main', 'waiting' or 'breakout:<id>'")
      }
      return
    }
    case 'snapshot':
      if (!Array.isArray(event.present)) throw new TypeError('event.present must be an array')
      for (const one of event.present) {
        text(one.session, 'event.present[].session')
        person(one.person, 'event.present[].person')
      }
      return
    default:
      throw new TypeError('event.type must be started, ended, joined, left or snapshot')
  }
}

/** @throws TypeError naming the field that is wrong */
export function checkClass(held: AttendanceClass): void {
  if (held.scheduledStart !== null) time(held.scheduledStart, 'class.scheduledStart')
  amount(held.plannedMs, 'class.plannedMs')
  if (held.startedAt !== null) time(held.startedAt, 'class.startedAt')
  if (held.endedAt !== null) time(held.endedAt, 'class.endedAt')
  for (const interval of held.blind ?? []) checkInterval(interval)
}

function checkInterval(interval: Interval): void {
  // A reversed interval would be taken for no blind time at all, and make absentees.
  if (time(interval[0], 'class.blind[][0]') > time(interval[1], 'class.blind[][1]')) {
    throw new TypeError('class.blind[] must not end before it begins')
  }
}
