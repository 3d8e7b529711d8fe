import { onTestFinished } from 'vitest'
import { createConferencing } from '../../src/conferencing.ts'
import type { Logger } from '../../src/logger.ts'
import type { AttendanceEvent, LiveClass, Participant } from '../../src/model.ts'
import type { ConferencingOptions } from '../../src/options.ts'
import { openStore } from '../../src/sql/index.ts'
import type { Notice } from '../../src/use-cases/notice.ts'
import { ManualClock } from './manual-clock.ts'
import { PlainProvider } from './plain-provider.ts'

/** Half an hour before the class that `plan` plans. */
export const morning = '2027-03-01T08:30:00Z'
export const startsAt = new Date('2027-03-01T09:00:00Z')

export const teacher: Participant = { userId: 'tea', displayName: 'Tea Čer', role: 'moderator' }
export const student: Participant = { userId: 'ana', displayName: 'Ana Ñ', role: 'attendee' }

/** Use cases on a real store in memory, a plain provider, and a clock that stands still. */
export async function createWorld(options: Partial<ConferencingOptions> = {}) {
  const clock = new ManualClock(morning)
  const provider = new PlainProvider()
  const store = await openStore('sqlite::memory:')
  const notices: Notice[] = []
  const log: string[] = []
  const conferencing = createConferencing({
    providers: { bbb: provider },
    store,
    clock,
    random: () => 0,
    roster: () => [
      { userId: 'ana', displayName: 'Ana Ñ' },
      { userId: 'bob', displayName: 'Bob' },
    ],
    notify: notice => void notices.push(notice),
    logger: memoryLogger(log),
    ...options,
  })
  onTestFinished(async () => {
    await conferencing.stop()
    await store.close()
  })
  const plan = (changes: Partial<Parameters<typeof conferencing.createClass>[0]> = {}): Promise<LiveClass> =>
    conferencing.createClass({ courseId: 'course', teacherId: 'tea', title: 'Lesson 1', startsAt, ...changes })
  return { clock, provider, store, notices, log, conferencing, plan }
}

export type World = Awaited<ReturnType<typeof createWorld>>

/** A request has this long to tell the provider, in milliseconds; then a job does. */
export const retryAfterMs = 6_000

/** Keeps every line, fields and all. */
export function memoryLogger(lines: string[]): Logger {
  const at = (level: string) => (message: string, fields?: object) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** Minutes after the planned start, in epoch milliseconds. */
export const minute = (minutes: number): number => startsAt.getTime() + minutes * 60_000

export const came = (person: string, minutes: number, instance = 'run-1'): AttendanceEvent => ({
  type: 'joined',
  instance,
  session: `session-${person}`,
  person,
  at: minute(minutes),
})

export const went = (person: string, minutes: number, instance = 'run-1'): AttendanceEvent => ({
  type: 'left',
  instance,
  session: `session-${person}`,
  person,
  at: minute(minutes),
})

export const opened = (minutes: number, instance = 'run-1'): AttendanceEvent => ({
  type: 'started',
  instance,
  at: minute(minutes),
})

export const closed = (minutes: number, instance = 'run-1'): AttendanceEvent => ({
  type: 'ended',
  instance,
  at: minute(minutes),
})
