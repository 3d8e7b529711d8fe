import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { classOfRun } from '../src/runs.ts'
import { sampleClass } from '../src/testing/store/samples.ts'

const planned = (id: string, hour: number, status: 'scheduled' | 'cancelled' = 'scheduled') =>
  sampleClass({ id, startsAt: new Date(Date.UTC(2026, 0, 5, hour)), status })
const at = (hour: number): number => Date.UTC(2026, 0, 5) + Math.round(hour * 3_600_000)

describe('which class a run of a shared meeting belongs to', () => {
  test('the one planned nearest to its beginning, the earlier of two', () => {
    const classes = [planned('nine', 9), planned('ten', 10), planned('fifteen', 15)]
    const idAt = (hour: number) => classOfRun(classes, at(hour))?.liveClass.id
    expect(idAt(9)).toBe('nine')
    // The teacher opens the next one early, and the last one late.
    expect(idAt(9.9)).toBe('ten')
    expect(idAt(12)).toBe('ten')
    expect(idAt(12.5)).toBe('ten')
    expect(idAt(13)).toBe('fifteen')
    expect(idAt(0)).toBe('nine')
    expect(idAt(9.5)).toBe('nine')
  })

  test('a cancelled class has none, unless there is no other; of two at once it is always the same', () => {
    expect(classOfRun([planned('a', 9, 'cancelled'), planned('b', 15)], at(9))?.liveClass.id).toBe('b')
    expect(classOfRun([planned('a', 9, 'cancelled')], at(9))?.liveClass.id).toBe('a')
    expect(classOfRun([planned('b', 9), planned('a', 9)], at(9))?.liveClass.id).toBe('a')
    expect(classOfRun([], at(9))).toBeUndefined()
  })

  test('every run belongs to one class, whatever the order they are in', () => {
    const classes = fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(classes, fc.double({ min: -10, max: 510, noNaN: true }), (hours, hour) => {
        const sharing = hours.map(one => planned(`c${one}`, one))
        const chosen = classOfRun(sharing, at(hour))
        expect(classOfRun([...sharing].reverse(), at(hour))).toBe(chosen)
        const distance = Math.abs(at(hour) - (chosen?.liveClass.startsAt.getTime() ?? 0))
        for (const { liveClass } of sharing)
          expect(Math.abs(at(hour) - liveClass.startsAt.getTime())).toBeGreaterThanOrEqual(distance)
      }),
    )
  })
})
