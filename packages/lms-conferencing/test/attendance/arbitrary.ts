import fc from 'fast-check'
import type { AttendanceInput, AttendanceOptions } from '../../src/attendance/types.ts'
import type { AttendanceEvent } from '../../src/model.ts'

/** A coarse clock: few instants, so that equal times and touching intervals are common. */
const STEP = 20_000
const time = fc.integer({ min: 0, max: 40 }).map(step => step * STEP)

const person = fc.constantFrom('ana', 'ben', 'cho')
const maybePerson = fc.oneof({ weight: 6, arbitrary: person }, { weight: 1, arbitrary: fc.constant(undefined) })
const instance = fc.oneof({ weight: 4, arbitrary: fc.constant('i1') }, { weight: 1, arbitrary: fc.constant('i2') })
const session = fc.constantFrom('a', 'b', 'c', 'd')
const room = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(undefined, 'main' as const) },
  { weight: 2, arbitrary: fc.constantFrom('breakout:1' as const, 'breakout:2' as const) },
  { weight: 1, arbitrary: fc.constant('waiting' as const) },
)

const bounds = fc.record({ type: fc.constantFrom('started' as const, 'ended' as const), instance, at: time })
const visit = fc
  .record({ instance, session, person, room, from: time, to: time })
  .map(({ from, to, ...who }): AttendanceEvent[] => [
    { ...who, type: 'joined', at: Math.min(from, to) },
    { ...who, type: 'left', at: Math.max(from, to) },
  ])
const stray = fc.record({
  type: fc.constantFrom('joined' as const, 'left' as const),
  instance,
  session,
  person: maybePerson,
  room,
  at: time,
})
const snapshot = fc.record({
  type: fc.constant('snapshot' as const),
  instance,
  present: fc.array(fc.record({ session, person: maybePerson }), { maxLength: 3 }),
  at: time,
})

const options: fc.Arbitrary<AttendanceOptions> = fc.record(
  {
    windowMode: fc.constantFrom('planned' as const, 'actual' as const, 'scheduled' as const),
    reconnectGraceMs: fc.integer({ min: 0, max: 6 }).map(step => step * STEP),
    lateAfterMs: fc.integer({ min: 0, max: 6 }).map(step => step * STEP),
    leftEarlyBeforeMs: fc.integer({ min: 0, max: 6 }).map(step => step * STEP),
    presentMinPercent: fc.integer({ min: 0, max: 100 }),
    absentBelowPercent: fc.integer({ min: 0, max: 100 }),
    supersede: fc.boolean(),
    attendanceWeight: fc.integer({ min: 0, max: 100 }),
  },
  { requiredKeys: [] },
)

const count = fc.integer({ min: 0, max: 8 })
const activity = fc.dictionary(
  person,
  fc.record({
    talkMs: fc.integer({ min: 0, max: 200_000 }),
    messages: count,
    raisedHands: count,
    reactions: count,
    pollAnswers: count,
  }),
)

const blind = fc.array(
  fc.tuple(time, time).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]),
  { maxLength: 3 },
)

/** Any class at all: lost events, repeats with other clocks, several instances, breakouts, snapshots, blind time. */
export const anyInput: fc.Arbitrary<AttendanceInput> = fc
  .record({
    class: fc.record({
      scheduledStart: fc.option(time, { freq: 5 }),
      plannedMs: fc.oneof(fc.constant(0), time),
      startedAt: fc.option(time, { freq: 2 }),
      endedAt: fc.option(time, { freq: 2 }),
      blind: fc.oneof(fc.constant([]), blind),
    }),
    roster: fc.subarray(['ana', 'ben', 'dia']),
    bounds: fc.array(bounds, { maxLength: 4 }),
    visits: fc.array(visit, { maxLength: 5 }),
    strays: fc.array(stray, { maxLength: 5 }),
    snapshots: fc.oneof(fc.constant([]), fc.array(snapshot, { maxLength: 4 })),
    options,
    now: fc.option(time, { freq: 2 }),
    activity: fc.option(activity, { freq: 2 }),
    pollsPublished: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ bounds, visits, strays, snapshots, ...input }) => ({
    ...input,
    events: [...bounds, ...visits.flat(), ...strays, ...snapshots],
  }))

/** A class in which every connection was seen to its end: one joined and one left each, everything in its bounds. */
export const tidyInput: fc.Arbitrary<AttendanceInput> = fc
  .record({
    class: fc.record({
      scheduledStart: fc.option(time, { freq: 5 }),
      plannedMs: fc.oneof(fc.constant(0), time),
      startedAt: fc.option(time, { freq: 2 }),
      endedAt: fc.option(time, { freq: 2 }),
      blind: fc.oneof(fc.constant([]), blind),
    }),
    roster: fc.constant(['ana', 'ben', 'dia']),
    visits: fc.array(visit, { minLength: 1, maxLength: 8 }),
    options,
    now: fc.option(fc.constant(41 * STEP), { freq: 2 }),
  })
  .map(({ visits, ...input }) => ({
    ...input,
    events: [
      { type: 'started' as const, instance: 'i1', at: 0 },
      { type: 'ended' as const, instance: 'i1', at: 35 * STEP },
      { type: 'started' as const, instance: 'i2', at: 36 * STEP },
      { type: 'ended' as const, instance: 'i2', at: 40 * STEP },
      ...visits.flatMap((events, index) => events.map(event => ({ ...event, session: `s${index}` }))),
    ],
  }))

/** The events in some other order, some of them more than once. */
export function redelivered(events: readonly AttendanceEvent[]): fc.Arbitrary<AttendanceEvent[]> {
  return fc
    .tuple(fc.shuffledSubarray([...events], { minLength: events.length }), fc.subarray([...events]))
    .chain(([all, again]) => fc.shuffledSubarray([...all, ...again], { minLength: all.length + again.length }))
}
