import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createConferencing } from '../../src/conferencing.ts'
import {
  bucketOf,
  changeRollout,
  chooseProvider,
  explain,
  type Rollout,
  readRollout,
  rolloutChooser,
  rolloutPhases,
} from '../../src/migration/index.ts'
import { noRollout } from '../../src/migration/rollout/choose.ts'
import { openStore } from '../../src/sql/index.ts'
import type { Store } from '../../src/store.ts'
import { onEachDatabase } from '../support/databases.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { PlainProvider } from '../support/plain-provider.ts'

const BUCKETS = [3975, 3987, 5413, 9106]

const of = (changes: Partial<Rollout>): Rollout => ({ ...noRollout, ...changes })
const choose = (id: string, changes: Partial<Rollout>, createdAt?: Date) =>
  chooseProvider({ course: { id, createdAt }, rollout: of(changes) })

describe('choosing a provider', () => {
  test.each<[string, Partial<Rollout>, string, string]>([
    ['nobody in preparation, not even the list', { phase: 'preparation', allow: ['c'] }, 'zoom', 'preparation'],
    ['the list in testing', { phase: 'testing', allow: ['c'] }, 'bbb', 'allowed'],
    ['nobody else in testing', { phase: 'testing', percentage: 100 }, 'zoom', 'not_in_test'],
    ['the list in gradual', { phase: 'gradual', allow: ['c'] }, 'bbb', 'allowed'],
    ['a denied course, whatever the percentage', { phase: 'gradual', percentage: 100, deny: ['c'] }, 'zoom', 'denied'],
    ['all at 100 %', { phase: 'gradual', percentage: 100 }, 'bbb', 'in_percentage'],
    ['none at 0 %', { phase: 'gradual', percentage: 0 }, 'zoom', 'not_in_percentage'],
    ['all in full', { phase: 'full' }, 'bbb', 'full'],
    ['but the denied', { phase: 'full', deny: ['c'] }, 'zoom', 'denied'],
    ['and what was decided by hand', { phase: 'full', overrides: { c: 'zoom' } }, 'zoom', 'override'],
    ['by hand, the other way', { phase: 'preparation', overrides: { c: 'bbb' } }, 'bbb', 'override'],
    ['nobody stays in cleanup', { phase: 'cleanup', deny: ['c'], overrides: { c: 'zoom' } }, 'bbb', 'cleanup'],
    ['nothing new on Zoom once it is off', { phase: 'preparation', isOldEnabled: false }, 'bbb', 'old_disabled'],
  ])('%s', (_name, changes, provider, reason) => {
    expect(choose('c', changes)).toMatchObject({ provider, reason })
  })

  test('new courses go first in gradual, those from before when their bucket comes', () => {
    const changes: Partial<Rollout> = { phase: 'gradual', newCoursesSince: '2026-03-01T00:00:00Z' }
    expect(choose('c', changes, new Date('2026-03-01T00:00:00Z'))).toMatchObject({
      provider: 'bbb',
      reason: 'new_course',
    })
    expect(choose('c', changes, new Date('2026-02-28T23:59:59Z'))).toMatchObject({ provider: 'zoom' })
    expect(choose('c', changes)).toMatchObject({ provider: 'zoom' })
  })

  test('a class with a meeting stays with it, in every phase', () => {
    for (const phase of rolloutPhases) {
      const liveClass = { provider: 'zoom', meetingId: '850' }
      expect(chooseProvider({ course: { id: 'c' }, liveClass, rollout: of({ phase }) })).toMatchObject({
        provider: 'zoom',
        reason: 'has_meeting',
      })
    }
  })

  test('the buckets are those that were published', () => {
    // printf 'lms-conferencing/rollout/1:course-1' | sha256sum: the first eight digits, modulo 10,000.
    expect(['course-1', 'course-2', '', 'Kurs č. 3'].map(bucketOf)).toEqual(BUCKETS)
  })

  test('growing the percentage only ever adds courses, and none flips', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 10_000 }), (id, a, b) => {
        const [low, high] = [Math.min(a, b) / 100, Math.max(a, b) / 100]
        const at = (percentage: number): string => choose(id, { phase: 'gradual', percentage }).provider
        expect(at(low)).toBe(at(low))
        if (at(low) === 'bbb') expect(at(high)).toBe('bbb')
      }),
      { numRuns: 1000 },
    )
  })

  test('a percentage is about that many courses', () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => `course-${index}`)
    for (const percentage of [1, 25, 50]) {
      const share =
        ids.filter(id => choose(id, { phase: 'gradual', percentage }).provider === 'bbb').length / ids.length
      expect(Math.abs(share - percentage / 100)).toBeLessThan(0.01)
    }
  })

  test('every answer has a sentence', () => {
    const { explanation } = explain({ course: { id: 'course-1' }, rollout: of({ phase: 'gradual', percentage: 25 }) })
    expect(explanation).toBe(`25 % of courses go, and bucket ${BUCKETS[0]} of 10000 is not among them yet.`)
  })
})

onEachDatabase(({ open }) => {
  test('the rollout is kept, changed by one at a time, and every change noted', async () => {
    const store = await openStore(await open())
    onTestFinished(() => store.close())
    const clock = new ManualClock('2026-01-04T10:00:00Z')
    const change = (what: string, with_: Partial<Rollout>, dryRun = false, by: Store = store) =>
      changeRollout({ store: by, clock, who: 'ada', what, change: rollout => ({ ...rollout, ...with_ }), dryRun })
    expect(await readRollout({ store })).toEqual({ rollout: noRollout, version: 0 })
    expect(await change('rollout set', { phase: 'testing' }, true)).toMatchObject({ version: 1 })
    expect(await readRollout({ store })).toMatchObject({ version: 0 })
    await change('rollout set', { phase: 'testing', allow: ['b', 'a', 'b'] })
    expect(await readRollout({ store })).toMatchObject({ version: 1, rollout: { phase: 'testing', allow: ['a', 'b'] } })
    // Nothing new: nothing noted.
    expect(await change('rollout set', { phase: 'testing' })).toMatchObject({ version: 1 })
    for (const [field, wrong] of Object.entries({
      percentage: { percentage: 101 },
      phase: { phase: 'soon' as 'full' },
      allow: { deny: ['a'] },
      override: { overrides: { a: 'teams' } },
      'new-courses-since': { newCoursesSince: 'tomorrow' },
      from: { from: 'bbb' },
    }))
      await expect(change('rollout set', wrong)).rejects.toMatchObject({ code: 'INVALID', details: { field } })
    // Both have read before either writes.
    const bothRead = Promise.withResolvers<void>()
    let reads = 0
    const together: Store = {
      transaction: work => store.transaction(work),
      receive: rows => store.receive(rows),
      scrub: () => store.scrub(),
      refreshStatistics: () => store.refreshStatistics(),
      close: () => store.close(),
      onChange: listener => store.onChange(listener),
      async read(work) {
        const found = await store.read(work)
        if (++reads === 2) bothRead.resolve()
        await bothRead.promise
        return found
      },
    }
    const both = await Promise.allSettled([
      change('one', { percentage: 10 }, false, together),
      change('other', { percentage: 20 }, false, together),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'CONFLICT' } })
    const operations = await store.read(tx => tx.listOperations('default', 10))
    expect(operations.map(({ who, count }) => [who, count])).toEqual([
      ['ada', 2],
      ['ada', 1],
    ])
  })

  test('new classes go where the rollout of the moment says', async () => {
    const store = await openStore(await open())
    const clock = new ManualClock('2026-01-04T10:00:00Z')
    const providers = { zoom: new PlainProvider({ name: 'zoom' }), bbb: new PlainProvider() }
    const conferencing = createConferencing({ providers, store, clock, chooseProvider: rolloutChooser({ store }) })
    onTestFinished(async () => {
      await conferencing.stop()
      await store.close()
    })
    const plan = async (courseId: string): Promise<string> =>
      (
        await conferencing.createClass({
          courseId,
          teacherId: 't',
          title: 'L',
          startsAt: new Date('2026-01-09T10:00:00Z'),
        })
      ).provider
    expect(await plan('a')).toBe('zoom')
    await changeRollout({
      store,
      clock,
      who: 'ada',
      what: 'rollout',
      change: one => ({ ...one, phase: 'testing', allow: ['a'] }),
    })
    expect([await plan('a'), await plan('b')]).toEqual(['bbb', 'zoom'])
    const off = rolloutChooser({ store, isOldEnabled: false })
    expect(
      await off({
        classId: 'x',
        courseId: 'b',
        title: '',
        description: '',
        startsAt: new Date(0),
        durationMinutes: 1,
        record: false,
      }),
    ).toBe('bbb')
  })
})
