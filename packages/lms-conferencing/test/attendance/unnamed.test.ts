import fc from 'fast-check'
import { attendance, createAttendanceFold, nameSessions, unnamedSession } from 'lms-conferencing/attendance'
import { describe, expect, it } from 'vitest'
import { superfluousSnapshots } from '../../src/attendance/superfluous.ts'
import type { AttendanceInput } from '../../src/attendance/types.ts'
import type { AttendanceEvent } from '../../src/model.ts'
import { anyInput, redelivered, tidyInput } from './arbitrary.ts'
import { at, story, T0 } from './support.ts'

const hour = { scheduledStart: T0, plannedMs: 3_600_000, startedAt: null, endedAt: null }

/** A list of people, as a provider gives it that does not name connections. */
function seen(clock: string, ...people: readonly string[]): AttendanceEvent {
  const counts = new Map<string, number>()
  const present = people.map(person => {
    const nth = (counts.get(person) ?? 0) + 1
    counts.set(person, nth)
    return { session: unnamedSession(nth), person }
  })
  return { type: 'snapshot', instance: 'i1', at: at(clock), present }
}

const listed = (events: readonly AttendanceEvent[]): string[][] =>
  nameSessions(events).flatMap(event =>
    event.type === 'snapshot' ? [event.present.map(({ session }) => session).sort()] : [],
  )

const people = (events: readonly AttendanceEvent[], roster: readonly string[]) =>
  attendance({ class: hour, roster, events }).people

describe('people of a snapshot', () => {
  it('are the connections that were open then, one for each entry', () => {
    const events = story(`started 0:00; ana/laptop joined 0:00; ana/phone joined 10:00; ana/laptop left 20:00;
      ben/b joined 0:00; ben/b left 60:00; ana/phone left 60:00; ended 60:00`)
    expect(listed([...events, seen('5:00', 'ana', 'ben')])).toEqual([['b', 'laptop']])
    expect(listed([...events, seen('15:00', 'ana', 'ben', 'ana')])).toEqual([['b', 'laptop', 'phone']])
    expect(listed([...events, seen('30:00', 'ana')])).toEqual([['phone']])
  })

  it('are rather those that were seen to their end than those whose left was lost', () => {
    const events = [
      ...story('started 0:00; ana/a joined 0:00; ana/b joined 20:00; ana/a left 50:00; ended 60:00'),
      ...[seen('25:00', 'ana', 'ana'), seen('30:00', 'ana')],
    ]
    expect(listed(events)).toEqual([['a', 'b'], ['a']])
    expect(people(events, ['ana']).ana).toMatchObject({ creditedMs: 50 * 60_000, imputedMs: 0 })
  })

  it('whose joined was lost are the connection whose left comes', () => {
    const events = [...story('started 0:00; ana/a left 50:00; ended 60:00'), seen('10:00', 'ana'), seen('11:00', 'ana')]
    expect(listed(events)).toEqual([['a'], ['a']])
    expect(people(events, ['ana']).ana).toMatchObject({ creditedMs: 40 * 60_000, confidence: 'exact', anomalies: [] })
  })

  it('whom nobody announced are there while they are listed', () => {
    const events = [
      ...story('started 0:00; ended 60:00'),
      ...[seen('10:00', 'ana', 'ana'), seen('11:00', 'ana'), seen('12:00', 'ben')],
    ]
    expect(listed(events)).toEqual([['~1 ana', '~2 ana'], ['~1 ana'], ['~1 ben']])
    const { ana, ben } = people(events, ['ana'])
    expect(ana).toMatchObject({ creditedMs: 60_000, imputedMs: 0 })
    // Nobody saw him go: to the end, and said to be assumed.
    expect(ben).toMatchObject({ creditedMs: 48 * 60_000, imputedMs: 48 * 60_000 })
  })

  it('F10 whose left was lost are there until they are no longer listed', () => {
    const events = [
      ...story('started 0:00; ana/a joined 0:00; ended 60:00'),
      ...[seen('10:00', 'ana', 'ben'), seen('20:00', 'ana', 'ben'), seen('21:00', 'ben')],
    ]
    expect(people(events, ['ana']).ana).toMatchObject({ creditedMs: 20 * 60_000, imputedMs: 0, confidence: 'exact' })
  })

  it('are counted once when the callbacks come at last', () => {
    const lists = [seen('10:00', 'ana'), seen('11:00', 'ana')]
    const callbacks = story('started 0:00; ana/a joined 5:00; ana/a left 30:00; ended 60:00')
    const late = people([...lists, ...callbacks], ['ana']).ana
    expect(late).toEqual(people(callbacks, ['ana']).ana)
  })

  it('the clocks may differ by seconds: who just left or just came is no news', () => {
    const events = story(
      'started 0:00; ana/a joined 0:00; ana/a left 20:00; ben/b joined 20:05; ben/b left 60:00; ended 60:00',
    )
    const figures = people(events, ['ana', 'ben'])
    expect(people([...events, seen('20:02', 'ana', 'ben')], ['ana', 'ben'])).toEqual(figures)
    // Not listed yet, a moment after the joined: still in class now.
    const running = [...story('started 0:00; ana/a joined 0:00; ben/b joined 19:58'), seen('20:00', 'ana')]
    const live = attendance({ class: hour, roster: ['ben'], events: running, now: at('20:01') })
    expect(live.people.ben).toMatchObject({ inClassNow: true })
  })

  it('before the run began or after it ended are somebody’s clock, and left out', () => {
    const events = story('started 0:00; ana/a joined 0:00; ana/a left 60:00; ended 60:00')
    const wrong = [...events, seen('-10:00', 'ana'), seen('61:00', 'ana')]
    expect(attendance({ class: hour, roster: ['ana'], events: wrong })).toEqual(
      attendance({ class: hour, roster: ['ana'], events }),
    )
  })

  it('that went through no resolution are still each their own', () => {
    const fold = createAttendanceFold()
    const events = [...story('started 0:00; ended 60:00'), seen('10:00', 'ana', 'ben'), seen('20:00', 'ben')]
    for (const event of events) fold.add(event)
    const { ana, ben } = fold.result({ class: hour, roster: ['ana', 'ben'] }).people
    expect([ana?.creditedMs, ben?.creditedMs]).toEqual([0, 50 * 60_000])
  })
})

/** Looks at a room at some instants, that list just whom the callbacks say is there. */
function lookedAt(input: AttendanceInput, times: readonly number[]): AttendanceEvent[] {
  return ['i1', 'i2'].flatMap(instance =>
    times.map((time): AttendanceEvent => {
      const open = new Map<string, string>()
      const mine = input.events.filter(
        event =>
          (event.type === 'joined' || event.type === 'left') &&
          event.instance === instance &&
          (event.room ?? 'main') === 'main' &&
          event.at <= time,
      )
      for (const event of [...mine].sort((a, b) => a.at - b.at || (a.type === 'joined' ? -1 : 1))) {
        if (event.type === 'joined' && event.person !== undefined) open.set(event.session, event.person)
        if (event.type === 'left') open.delete(event.session)
      }
      const counts = new Map<string, number>()
      const present = [...open.values()].map(person => {
        const nth = (counts.get(person) ?? 0) + 1
        counts.set(person, nth)
        return { session: unnamedSession(nth), person }
      })
      return { type: 'snapshot', instance, at: time, present }
    }),
  )
}

const bounds: Readonly<Record<string, readonly [number, number]>> = { i1: [0, 700_000], i2: [720_000, 800_000] }
const within = (event: AttendanceEvent): boolean => {
  const [from, to] = bounds[event.instance] ?? [0, 0]
  return event.at >= from && event.at <= to
}

describe('§12 properties of looks at the room', () => {
  const times = fc.array(fc.integer({ min: 0, max: 800_000 }), { maxLength: 8 })
  /** Every connection inside its run, as on any server. */
  const held = tidyInput.map((input): AttendanceInput => ({ ...input, events: input.events.filter(within), now: null }))
  const whole = held.filter(({ events }) => {
    const keys = new Map<string, number>()
    for (const event of events) {
      if (event.type !== 'joined' && event.type !== 'left') continue
      const key = JSON.stringify([event.instance, event.session])
      keys.set(key, (keys.get(key) ?? 0) + 1)
    }
    return [...keys.values()].every(count => count === 2)
  })

  it('a snapshot that agrees with the webhooks changes no figure', () => {
    fc.assert(
      fc.property(whole, times, (input, instants) => {
        const looks = lookedAt(input, instants).filter(within)
        expect(attendance({ ...input, events: [...input.events, ...looks] })).toEqual(attendance(input))
      }),
      { numRuns: 2_000 },
    )
  })

  it('the snapshots that are let go of change no figure, and none of those that agree are kept', () => {
    fc.assert(
      fc.property(anyInput, times, (input, instants) => {
        const final = { ...input, now: null }
        const events = [...input.events, ...lookedAt(input, instants)]
        const dropped = new Set(superfluousSnapshots(events))
        const rest = events.filter(event => event.type !== 'snapshot' || !dropped.has(event))
        expect(attendance({ ...final, events: rest })).toEqual(attendance({ ...final, events }))
      }),
      { numRuns: 3_000 },
    )
    fc.assert(
      fc.property(whole, times, (input, instants) => {
        const looks = lookedAt(input, instants).filter(within)
        const mainOnly = input.events.filter(event => !('room' in event) || (event.room ?? 'main') === 'main')
        expect(superfluousSnapshots([...mainOnly, ...looks])).toHaveLength(looks.length)
      }),
      { numRuns: 500 },
    )
  })

  it('F8 in any order and however often, with snapshots that name people only, the result is the same', () => {
    const scene = anyInput.chain(input =>
      times.chain(instants => {
        const events = [...input.events, ...lookedAt(input, instants)]
        return redelivered(events).map(shuffled => ({ input, events, shuffled }))
      }),
    )
    fc.assert(
      fc.property(scene, ({ input, events, shuffled }) => {
        expect(attendance({ ...input, events: shuffled })).toEqual(attendance({ ...input, events }))
      }),
      { numRuns: 1_000 },
    )
  })
})
