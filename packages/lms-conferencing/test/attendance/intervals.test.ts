import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeldAxis } from '../../src/attendance/axis.ts'
import { clip, intersect, measure, subtract, union } from '../../src/attendance/intervals.ts'
import type { Interval } from '../../src/attendance/types.ts'

const instant = fc.integer({ min: -20, max: 20 })
const intervals = fc.array(fc.tuple(instant, instant), { maxLength: 6 })
const disjoint = intervals.map(union)

/** The same list as the set of whole instants it covers. */
const covers = (list: readonly Interval[]) => {
  const set = new Set<number>()
  for (const [from, to] of list) for (let at = from; at < to; at++) set.add(at)
  return set
}
const sorted = (set: ReadonlySet<number>) => [...set].sort((a, b) => a - b)
const all = (predicate: (left: readonly Interval[], right: readonly Interval[]) => void) =>
  fc.assert(fc.property(disjoint, disjoint, predicate))

describe('intervals', () => {
  it('union keeps every instant once, sorted, with nothing empty and nothing touching', () => {
    fc.assert(
      fc.property(intervals, list => {
        const merged = union(list)
        expect(sorted(covers(merged))).toEqual(sorted(covers(list)))
        expect(measure(merged)).toBe(covers(list).size)
        merged.forEach(([from, to], index) => {
          expect(from).toBeLessThan(to)
          expect(from).toBeGreaterThan(merged[index - 1]?.[1] ?? -Infinity)
        })
      }),
    )
  })

  it('union is the same in any order and does nothing twice', () => {
    fc.assert(
      fc.property(
        intervals.chain(list => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([list, shuffled]) => {
          expect(union(shuffled)).toEqual(union(list))
          expect(union(union(list))).toEqual(union(list))
        },
      ),
    )
  })

  it('union leaves its argument as it was', () => {
    const list: Interval[] = [
      [5, 6],
      [0, 2],
    ]
    union(list)
    expect(list[0]).toEqual([5, 6])
  })

  it('intersect and subtract part a list in two', () => {
    all((left, right) => {
      const inside = intersect(left, right)
      const outside = subtract(left, right)
      expect(covers(inside)).toEqual(new Set(sorted(covers(left)).filter(at => covers(right).has(at))))
      expect(measure(inside) + measure(outside)).toBe(measure(left))
      expect(union([...inside, ...outside])).toEqual(left)
      expect(intersect(right, left)).toEqual(inside)
    })
  })

  it('clip to an empty or reversed window is nothing', () => {
    expect(clip([[0, 10]], [5, 5])).toEqual([])
    expect(clip([[0, 10]], [7, 3])).toEqual([])
    expect(clip([[0, 10]], [7, 30])).toEqual([[7, 10]])
  })
})

describe('the held axis', () => {
  it('measures held time before an instant', () => {
    fc.assert(
      fc.property(disjoint, instant, (held, at) => {
        expect(new HeldAxis(held).before(at)).toBe(measure(clip(held, [-100, at])))
      }),
    )
  })

  it('turns clock time to the line and back without loss', () => {
    all((held, present) => {
      const axis = new HeldAxis(held)
      const line = union(present.map(([from, to]): Interval => [axis.before(from), axis.before(to)]))
      expect(line.flatMap(stretch => axis.times(stretch))).toEqual(
        // What fills a pause leaves no trace: neighbours across it are one stretch of the line.
        intersect(held, present),
      )
      expect(measure(line)).toBe(measure(intersect(held, present)))
    })
  })

  it('finds its place among 100,000 parts', () => {
    const axis = new HeldAxis(Array.from({ length: 100_000 }, (_, index): Interval => [index * 10, index * 10 + 4]))
    expect(axis.before(500_002)).toBe(200_002)
    expect(axis.before(500_007)).toBe(200_004)
    expect(axis.times([200_002, 200_006])).toEqual([
      [500_002, 500_004],
      [500_010, 500_012],
    ])
  })
})
