import fc from 'fast-check'
import {
  type AttendanceEvent,
  type AttendanceInput,
  attendance,
  createAttendanceFold,
} from 'lms-conferencing/attendance'
import { describe, expect, it } from 'vitest'
import { addFact, emptyFacts } from '../../src/attendance/facts.ts'
import { anyInput } from './arbitrary.ts'
import { at, story, T0 } from './support.ts'

const HOUR = 3_600_000
const hour = { scheduledStart: T0, plannedMs: HOUR, startedAt: null, endedAt: null }
const lesson = story('started 0:00; ana/a joined 0:00; ana/a left 30:00; ben/b joined 0:00; ended 60:00')

/** A small seeded shuffle: the same thousand orders in every run. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const copy = [...items]
  let state = seed
  for (let i = copy.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const j = state % (i + 1)
    const [a, b] = [copy[i], copy[j]]
    if (a !== undefined && b !== undefined) [copy[i], copy[j]] = [b, a]
  }
  return copy
}

/** Two hours, 200 users: late ones, reconnects, second devices, lost lefts, an orphan, a repeat with another clock. */
function twoHours(): AttendanceEvent[] {
  const events: AttendanceEvent[] = [
    { type: 'started', instance: 'i1', at: at('-3:00') },
    { type: 'ended', instance: 'i1', at: at('121:00') },
  ]
  for (let n = 0; n < 200; n++) {
    const person = `student-${n}`
    const enter = at('0:00') + n * 7_919
    const meet = (session: string, from: number, to: number | null) => {
      events.push({ type: 'joined', instance: 'i1', session, person, at: from })
      if (to !== null) events.push({ type: 'left', instance: 'i1', session, person, at: to })
    }
    meet(`${n}.1`, enter, n % 11 === 0 ? null : enter + 2_400_000)
    if (n % 2 === 0) meet(`${n}.2`, enter + 2_400_000 + (n % 5) * 40_000, at('118:00') + n * 100)
    if (n % 3 === 0) meet(`${n}.3`, enter + 600_000, enter + 1_200_000)
    if (n % 13 === 0) events.push({ type: 'left', instance: 'i1', session: `${n}.9`, person, at: at('60:00') })
    if (n % 17 === 0) events.push({ type: 'joined', instance: 'i1', session: `${n}.1`, person, at: enter + 700 })
  }
  return events
}

describe('the fold', () => {
  it('F8: 1,000 permutations of a two-hour class of 200, its reversal and 1 to 5 deliveries give one result', () => {
    const events = twoHours()
    const roster = Array.from({ length: 200 }, (_, n) => `student-${n}`)
    const result = (list: readonly AttendanceEvent[]) =>
      JSON.stringify(attendance({ class: { ...hour, plannedMs: 2 * HOUR }, roster, events: list }))
    const expected = result(events)
    expect(expected).toContain('"orphan_left"')
    expect(expected).toContain('"superseded"')
    for (let seed = 1; seed <= 1000; seed++) {
      if (result(shuffled(events, seed)) !== expected) expect.fail(`order ${seed} gave another result`)
    }
    expect(result(events.toReversed())).toBe(expected)
    const repeated = events.flatMap((event, index) => Array.from({ length: 1 + (index % 5) }, () => event))
    expect(result(shuffled(repeated, 42))).toBe(expected)
  })

  it('T45: two open sessions of one user count once in time; one name on two users stays two', () => {
    const events = story(`started 0:00; ana/a joined 0:00; ana/b joined 10:00; ana/a left 60:00; ana/b left 60:00;
      ben/c joined 0:00; ben/c left 60:00; ended 60:00`)
    const { people } = attendance({ class: hour, roster: ['ana', 'ben'], events })
    expect(people.ana?.creditedMs).toBe(HOUR)
    expect(people.ben?.creditedMs).toBe(HOUR)
  })

  it('T45: sessions nobody put a name to are nobody’s', () => {
    const events = story('started 0:00; -/a joined 0:00; -/a left 60:00; snapshot 5:00 -/b; ended 60:00')
    expect(Object.keys(attendance({ class: hour, roster: [], events }).people)).toEqual([])
  })

  it('T42: hostile keys are people, sessions and instances like any other', () => {
    const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '']
    const events = keys.flatMap((key): AttendanceEvent[] => [
      { type: 'started', instance: key, at: T0 },
      { type: 'joined', instance: key, session: key, person: key, room: `breakout:${key}`, at: T0 },
      { type: 'left', instance: key, session: key, person: key, room: `breakout:${key}`, at: T0 + HOUR },
      { type: 'ended', instance: key, at: T0 + HOUR },
    ])
    const activity = JSON.parse(
      '{"__proto__":{"talkMs":120000,"messages":5,"raisedHands":2,"reactions":5,"pollAnswers":0}}',
    )
    const { people } = attendance({ class: hour, roster: keys.slice(0, 2), events, activity })
    expect(Object.keys(people)).toEqual(keys.slice(0, 2).concat('', 'hasOwnProperty', 'toString'))
    expect(Object.values(people).map(row => row.creditedMs)).toEqual(keys.map(() => HOUR))
    expect(Object.getPrototypeOf(people)).toBe(null)
    // Only what was counted is theirs: `constructor` has no counters, though every object has one.
    expect(Object.values(people).map(row => row.participationScore)).toEqual([100, 70, null, null, null])
    expect(attendance({ class: hour, roster: [], events: [] }).people.constructor).toBeUndefined()
  })

  it('lists the roster in its order, each once, then everybody else by key', () => {
    const events = story(
      'started 0:00; zoe/a joined 0:00; ben/b joined 0:00; cho/c joined 0:00; abe/d joined 0:00; ended 60:00',
    )
    const { people } = attendance({ class: hour, roster: ['cho', 'ana', 'cho'], events })
    expect(Object.keys(people)).toEqual(['cho', 'ana', 'abe', 'ben', 'zoe'])
  })

  it('leaves its arguments as they were', () => {
    const input = { class: hour, roster: ['ana'], events: lesson.toReversed() }
    const before = structuredClone(input)
    attendance(input)
    expect(input).toEqual(before)
  })

  it('takes events one by one, and may be asked again as more come in', () => {
    const fold = createAttendanceFold()
    const [started, joined, left, ...rest] = lesson
    for (const event of [started, joined]) if (event !== undefined) fold.add(event)
    expect(fold.result({ class: hour, roster: ['ana'], now: at('10:00') }).people.ana?.inClassNow).toBe(true)
    for (const event of [left, ...rest]) if (event !== undefined) fold.add(event)
    expect(fold.result({ class: hour, roster: ['ana'] })).toEqual(
      attendance({ class: hour, roster: ['ana'], events: lesson }),
    )
    expect(fold.result({ class: hour, roster: ['ana'], now: at('10:00') }).people.ana?.inClassNow).toBe(true)
  })

  it('keeps one fact however often it is told, in any order', () => {
    const facts = emptyFacts()
    const visits = story('ana/a joined 0:00; ana/a left 5:00; ana/a joined 6:00; ana/a left 9:00; snapshot 7:00 ana/a')
    for (let delivery = 0; delivery < 5; delivery++) {
      for (const event of delivery % 2 === 0 ? visits : visits.toReversed()) addFact(facts, event)
    }
    const instance = facts.instances.get('i1')
    expect(instance?.snapshots).toHaveLength(1)
    const { joins, lefts, listings } = instance?.sessions.get('a')?.main ?? {}
    expect([joins?.length, lefts?.length, listings?.length]).toEqual([2, 2, 1])
  })

  it('§8 scores attendance and activity by weight, with integer division', () => {
    const events = story(
      'started 0:00; ana/a joined 0:00; ana/a left 60:00; ben/b joined 0:00; ben/b left 20:00; ended 60:00',
    )
    const nothing = { talkMs: 0, messages: 0, raisedHands: 0, reactions: 0, pollAnswers: 0 }
    const ana = { talkMs: 40_000, messages: 9, raisedHands: 1, reactions: 2, pollAnswers: 2 }
    const score = (more: Partial<AttendanceInput>) => {
      const { people } = attendance({ class: hour, roster: ['ana', 'ben', 'cho'], events, ...more })
      return Object.values(people).map(row => row.participationScore)
    }
    // 333, 1000, 500, 400: 558 of 1000; ben 0.333 of the time.
    expect(score({ activity: { ana, ben: nothing } })).toEqual([87, 23, 0])
    // … and two of three polls, 666: 579.
    expect(score({ activity: { ana, ben: nothing }, pollsPublished: 3 })).toEqual([87, 23, 0])
    expect(score({ activity: { ana }, pollsPublished: 3, options: { attendanceWeight: 0 } })).toEqual([58, 0, 0])
    expect(score({ activity: { ana }, options: { attendanceWeight: 0 } })).toEqual([56, 0, 0])
    expect(score({ activity: {}, options: { attendanceWeight: 100 } })).toEqual([100, 33, 0])
    expect(score({ activity: { ana, ben: ana, cho: ana }, options: { attendanceWeight: 0 } })).toEqual([56, 56, 0])
    expect(
      score({ activity: { ana }, options: { attendanceWeight: 0, targets: { talkMs: 40_000, reactions: 2 } } }),
    ).toEqual([88, 0, 0])
    expect(score({ activity: null })).toEqual([100, 33, 0])
  })
})

describe('what is not an input is refused by name', () => {
  const joined = { type: 'joined', instance: 'i', session: 's', at: 0 }
  // Past the types, as a caller in plain JavaScript would.
  const event = (fields: object) => () =>
    Reflect.apply(attendance, null, [{ class: hour, roster: [], events: [{ ...joined, ...fields }] }])

  it.each([
    ['event.at', { at: 1.5 }],
    ['event.at', { at: Number.NaN }],
    ['event.at', { at: Infinity }],
    ['event.at', { at: 2 ** 53 }],
    ['event.at', { at: '0' }],
    ['event.at', { at: new Date(0) }],
    ['event.instance', { instance: 7 }],
    ['event.session', { session: undefined }],
    ['event.person', { person: 7 }],
    ['event.room', { room: 'lobby' }],
    ['event.room', { room: 7 }],
    ['event.type', { type: 'renamed' }],
    ['event.present must', { type: 'snapshot' }],
    ['event.present[].session', { type: 'snapshot', present: [{}] }],
    ['event.present[].person', { type: 'snapshot', present: [{ session: 's', person: 7 }] }],
  ])('%s %j', (name, fields) => {
    expect(event(fields)).toThrow(TypeError)
    expect(event(fields)).toThrow(name)
  })

  it('but a person of null is a person not named, as databases give it', () => {
    expect(event({ person: null })).not.toThrow()
  })

  it.each<[string, Partial<AttendanceInput>]>([
    ['class.scheduledStart', { class: { ...hour, scheduledStart: 0.1 } }],
    ['class.plannedMs', { class: { ...hour, plannedMs: -1 } }],
    ['class.startedAt', { class: { ...hour, startedAt: Number.NaN } }],
    ['class.endedAt', { class: { ...hour, endedAt: 1e300 } }],
    ['class.blind[][0]', { class: { ...hour, blind: [[0.5, 1]] } }],
    ['class.blind[] must not end before it begins', { class: { ...hour, blind: [[2, 1]] } }],
    ['now', { now: 0.5 }],
    ['pollsPublished', { pollsPublished: -1 }],
    [
      'activity.talkMs',
      { activity: { ana: { talkMs: 0.5, messages: 0, raisedHands: 0, reactions: 0, pollAnswers: 0 } } },
    ],
  ])('%s', (name, fields) => {
    const call = () => attendance({ class: hour, roster: ['ana'], events: lesson, ...fields })
    expect(call).toThrow(TypeError)
    expect(call).toThrow(name)
  })

  it.each([
    ['options.reconnectGraceMs', { reconnectGraceMs: 0.5 }],
    ['options.lateAfterMs', { lateAfterMs: -1 }],
    ['options.leftEarlyBeforeMs', { leftEarlyBeforeMs: Infinity }],
    ['options.presentMinPercent', { presentMinPercent: 101 }],
    ['options.absentBelowPercent', { absentBelowPercent: 9.5 }],
    ['options.attendanceWeight', { attendanceWeight: -1 }],
    ['options.targets.messages', { targets: { messages: 0 } }],
    ['options.targets.talkMs', { targets: { talkMs: 0.5 } }],
    ['options.windowMode', { windowMode: 'all' }],
    ['options.supersede', { supersede: 1 }],
  ])('%s', (name, options) => {
    const call = () => Reflect.apply(attendance, null, [{ class: hour, roster: [], events: [], options }])
    expect(call).toThrow(TypeError)
    expect(call).toThrow(name)
  })

  it('a class longer than exact arithmetic, 142 years', () => {
    const events: AttendanceEvent[] = [
      { type: 'started', instance: 'i', at: -8e15 },
      { type: 'ended', instance: 'i', at: 8e15 },
    ]
    const call = () => attendance({ class: hour, roster: [], events, options: { windowMode: 'actual' } })
    expect(call).toThrow(TypeError)
    const blind = { ...hour, blind: [[-8e15 + 1, 8e15] as const] }
    expect(() => attendance({ class: blind, roster: [], events, options: { windowMode: 'actual' } })).toThrow(TypeError)
    expect(() => attendance({ class: hour, roster: [], events })).not.toThrow()
  })

  it('142 years themselves are exact', () => {
    const events: AttendanceEvent[] = [
      { type: 'started', instance: 'i', at: 0 },
      { type: 'joined', instance: 'i', session: 's', person: 'ana', at: 0 },
      { type: 'left', instance: 'i', session: 's', person: 'ana', at: 4_500_000_000_000 - 1 },
      { type: 'ended', instance: 'i', at: 4_500_000_000_000 },
    ]
    const { people } = attendance({ class: hour, roster: ['ana'], events, options: { windowMode: 'actual' } })
    expect(people.ana).toMatchObject({ percentage: 100, leftEarlyByMs: 1, status: 'present' })
  })
})

it('the random classes of the property tests reach every status and every anomaly', () => {
  const seen = new Set<unknown>()
  for (const input of fc.sample(anyInput, { numRuns: 2000, seed: 1 })) {
    for (const row of Object.values(attendance(input).people)) {
      for (const fact of [row.status, row.confidence, ...row.anomalies]) seen.add(fact)
      if (row.reconnects > 0) seen.add('reconnects')
      if (row.gaps > 0) seen.add('gaps')
      if (row.inClassNow) seen.add('inClassNow')
      if (row.bridged.length > 0 && row.imputed.length > 0) seen.add('bridged and imputed')
    }
  }
  const statuses = ['present', 'late', 'left_early', 'partial', 'absent', 'not_held', null]
  const facts = ['orphan_left', 'superseded', 'unclosed', 'exact', 'imputed', 'incomplete']
  const rest = ['reconnects', 'gaps', 'inClassNow', 'bridged and imputed']
  expect(seen).toEqual(new Set([...statuses, ...facts, ...rest]))
})
