import fc from 'fast-check'
import { attendance, createAttendanceFold } from 'lms-conferencing/attendance'
import { describe, expect, it } from 'vitest'
import { measure, subtract } from '../../src/attendance/intervals.ts'
import type { AttendanceInput, PersonAttendance } from '../../src/attendance/types.ts'
import type { AttendanceEvent } from '../../src/model.ts'
import { anyInput, redelivered, tidyInput } from './arbitrary.ts'
import { reference } from './reference.ts'
import { shiftInput, shiftResult } from './support.ts'

const RUNS = Number(process.env.ATTENDANCE_RUNS ?? 1000)
const check = <T>(arbitrary: fc.Arbitrary<T>, predicate: (value: T) => void) =>
  fc.assert(fc.property(arbitrary, predicate), { numRuns: RUNS })

const rows = (input: AttendanceInput): PersonAttendance[] => Object.values(attendance(input).people)

describe('§12 properties, on random classes', () => {
  it('agrees with a second program that walks elementary segments', () => {
    check(anyInput, input => {
      expect(attendance(input)).toEqual(reference(input))
    })
  })

  it('§12.1 F8: any order and any repetition of the events gives the identical result', () => {
    check(
      anyInput.chain(input => redelivered(input.events).map(events => ({ input, events }))),
      ({ input, events }) => {
        expect(JSON.stringify(attendance({ ...input, events }))).toBe(JSON.stringify(attendance(input)))
      },
    )
  })

  it('§12.2 at another time, only the times move', () => {
    check(fc.tuple(anyInput, fc.integer({ min: -4e12, max: 4e12 })), ([input, by]) => {
      expect(shiftResult(attendance(shiftInput(input, by)), -by)).toEqual(attendance(input))
    })
  })

  it('§12.3 0 ≤ observed ≤ credited ≤ held, and imputed ≤ credited', () => {
    check(anyInput, input => {
      const { heldMs, people } = attendance(input)
      for (const { observedMs, creditedMs, imputedMs, bridgedMs } of Object.values(people)) {
        expect(observedMs).toBeGreaterThanOrEqual(0)
        expect(creditedMs).toBeGreaterThanOrEqual(observedMs)
        expect(heldMs).toBeGreaterThanOrEqual(creditedMs)
        expect(bridgedMs).toBe(creditedMs - observedMs)
        expect(imputedMs).toBeGreaterThanOrEqual(0)
        expect(imputedMs).toBeLessThanOrEqual(creditedMs)
      }
    })
  })

  it('§12.4 bridged ≤ reconnects · grace', () => {
    check(anyInput, input => {
      const grace = input.options?.reconnectGraceMs ?? 120_000
      for (const { bridgedMs, reconnects } of rows(input)) expect(bridgedMs).toBeLessThanOrEqual(reconnects * grace)
    })
  })

  it('§12.5 a session inside time already covered changes nothing, if nothing is unclosed', () => {
    check(fc.tuple(tidyInput, fc.nat(), fc.nat(), fc.nat()), ([input, which, from, to]) => {
      const before = attendance(input)
      const covered = Object.entries(before.people).flatMap(([person, row]) =>
        subtract(row.intervals, row.bridged).map(interval => ({ person, interval })),
      )
      const chosen = covered[which % Math.max(1, covered.length)]
      fc.pre(chosen !== undefined)
      const [begin, end] = chosen.interval
      const at = [begin + (from % (end - begin + 1)), begin + (to % (end - begin + 1))].sort((a, b) => a - b)
      const who = { instance: begin < 36 * 20_000 ? 'i1' : 'i2', session: 'tablet', person: chosen.person }
      const events = [
        ...input.events,
        { ...who, type: 'joined' as const, at: at[0] ?? 0 },
        { ...who, type: 'left' as const, at: at[1] ?? 0 },
      ]
      expect(attendance({ ...input, events })).toEqual(before)
    })
  })

  it('§12.6 a session cut in two at one instant, under another key, changes nothing', () => {
    check(fc.tuple(tidyInput, fc.nat(), fc.nat()), ([input, which, cut]) => {
      const lefts = input.events.filter(event => event.type === 'left')
      const left = lefts[which % lefts.length]
      const join = input.events.find(
        event => event.type === 'joined' && left?.type === 'left' && event.session === left.session,
      )
      fc.pre(left?.type === 'left' && join !== undefined)
      const at = join.at + (cut % (left.at - join.at + 1))
      const second = { ...left, session: 'second' }
      const events = [
        ...input.events.filter(event => event !== left),
        { ...left, at },
        { ...second, type: 'joined' as const, at },
        second,
      ]
      expect(attendance({ ...input, events })).toEqual(attendance(input))
    })
  })

  it('§12.7 a longer grace never lowers the credit', () => {
    check(fc.tuple(anyInput, fc.nat(300_000)), ([input, more]) => {
      const grace = input.options?.reconnectGraceMs ?? 120_000
      const generous = attendance({ ...input, options: { ...input.options, reconnectGraceMs: grace + more } })
      for (const [person, row] of Object.entries(attendance(input).people)) {
        expect(generous.people[person]?.creditedMs).toBeGreaterThanOrEqual(row.creditedMs)
      }
    })
  })

  it('§12.8 a row depends on nobody else, once the held time is fixed', () => {
    check(anyInput, input => {
      const bounds = ['i1', 'i2'].flatMap(instance => [
        { type: 'started' as const, instance, at: -20_000 },
        { type: 'ended' as const, instance, at: 700_000 },
      ])
      // Every event says whose session it is, so that taking one person's events takes nobody else's.
      const own = input.events.flatMap((event): AttendanceEvent[] => {
        if (event.type === 'snapshot') {
          const present = event.present.map(({ session, person = 'ben' }) => ({ session: session + person, person }))
          return [{ ...event, present }]
        }
        if (event.type !== 'joined' && event.type !== 'left') return []
        const { person = 'ben' } = event
        return [{ ...event, person, session: event.session + person }]
      })
      const alone = own.flatMap((event): AttendanceEvent[] => {
        if (event.type !== 'snapshot') return 'person' in event && event.person === 'ana' ? [event] : []
        return [{ ...event, present: event.present.filter(one => one.person === 'ana') }]
      })
      const together = attendance({ ...input, events: [...bounds, ...own] })
      expect(attendance({ ...input, events: [...bounds, ...alone] }).people.ana).toEqual(together.people.ana)
    })
  })

  it('§12.9 waiting-room events may be deleted', () => {
    check(anyInput, input => {
      const events = input.events.filter(event => !('room' in event) || event.room !== 'waiting')
      expect(attendance({ ...input, events })).toEqual(attendance(input))
    })
  })

  it('§12.10 a final result does not depend on what was asked of the same fold before', () => {
    check(fc.tuple(anyInput, fc.array(fc.nat(900_000))), ([input, looks]) => {
      const fold = createAttendanceFold()
      input.events.forEach((event, index) => {
        fold.add(event)
        const now = looks[index]
        if (now !== undefined) fold.result({ ...input, now })
      })
      expect(fold.result(input)).toEqual(attendance(input))
    })
  })

  it('§12.10 with every instance ended, a look after the end has the figures of the final result', () => {
    const figures = ({
      creditedMs,
      observedMs,
      imputedMs,
      lateByMs,
      reconnects,
      gaps,
      anomalies,
    }: PersonAttendance) => ({
      creditedMs,
      observedMs,
      imputedMs,
      lateByMs,
      reconnects,
      gaps,
      anomalies,
    })
    check(fc.tuple(anyInput, fc.nat(1_000_000)), ([{ class: given, ...input }, later]) => {
      const events = [
        ...input.events.filter(event => event.type !== 'ended'),
        ...['i1', 'i2'].map(instance => ({ type: 'ended' as const, instance, at: 800_000 })),
      ]
      const common = { ...input, class: { ...given, endedAt: null, scheduledStart: null }, events }
      const final = attendance({ ...common, now: null })
      const look = attendance({ ...common, now: 800_000 + later })
      expect(look.heldMs).toBe(final.heldMs)
      for (const [person, row] of Object.entries(final.people)) {
        const seen = look.people[person]
        expect(seen && figures(seen)).toEqual(figures(row))
      }
    })
  })

  it('§12.11 the status can be had again from the milliseconds; the percentage adds nothing', () => {
    check(anyInput, input => {
      const { heldMs, people } = attendance({ ...input, now: null })
      const { presentMinPercent = 75, absentBelowPercent = 10, lateAfterMs = 600_000 } = input.options ?? {}
      const { leftEarlyBeforeMs = 600_000 } = input.options ?? {}
      for (const key of input.roster) {
        const row = people[key]
        const credited = BigInt(row?.creditedMs ?? -1) * 100n
        const late = (row?.lateByMs ?? 0) > lateAfterMs
        const early = (row?.leftEarlyByMs ?? 0) > leftEarlyBeforeMs
        const short = credited < BigInt(presentMinPercent) * BigInt(heldMs) || (late && early)
        const attended = short ? 'partial' : late ? 'late' : early ? 'left_early' : 'present'
        const absent = credited === 0n || credited < BigInt(absentBelowPercent) * BigInt(heldMs)
        expect(row?.status).toBe(heldMs === 0 ? 'not_held' : absent ? 'absent' : attended)
      }
    })
  })

  it('intervals, bridged and imputed are the milliseconds, drawn', () => {
    check(anyInput, input => {
      for (const row of rows(input)) {
        expect(measure(row.intervals)).toBe(row.creditedMs)
        expect(measure(row.imputed)).toBe(row.imputedMs)
        expect(measure(row.bridged)).toBeLessThanOrEqual(row.bridgedMs)
        expect(subtract(row.bridged, row.intervals)).toEqual([])
        expect(subtract(row.imputed, row.intervals)).toEqual([])
        expect(row.intervals[0]?.[0] ?? null).toBe(row.firstJoin)
        expect(row.intervals.at(-1)?.[1] ?? null).toBe(row.lastLeave)
      }
    })
  })
})
