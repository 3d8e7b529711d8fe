import { expect } from 'vitest'
import type { LiveClass } from '../../model.ts'
import type { Store } from '../../store.ts'
import { type DashboardListName, type DashboardQuery, LONGEST_CLASS_MINUTES } from '../../store-results.ts'
import { sampleResult } from './results.ts'
import { sampleClass } from './samples.ts'
import type { StoreTest } from './suite.ts'

const minute = 60_000
const now = new Date('2026-01-05T12:00:00Z')
const all: readonly DashboardListName[] = ['upcoming', 'live', 'completed']

const query = (change: Partial<DashboardQuery> = {}): DashboardQuery => ({
  tenantId: 'school',
  person: 'ana',
  courseIds: ['course-1'],
  lists: all,
  now,
  rules: 'rules',
  limit: 20,
  offset: 0,
  ...change,
})

/** What each list shows, as ids, and how many there are. */
async function read(store: Store, change: Partial<DashboardQuery> = {}) {
  const pages = await store.read(tx => tx.readDashboard(query(change)))
  return all.map(name => {
    const page = pages[name]
    return page && { total: page.total, ids: page.entries.map(({ liveClass }) => liveClass.id) }
  })
}

/** The same, by looking at every class there is. */
function oracle(classes: readonly LiveClass[], change: Partial<DashboardQuery>) {
  const { tenantId, courseIds, lists, limit, offset } = query(change)
  const mine = classes.filter(one => one.tenantId === tenantId && courseIds.includes(one.courseId))
  const byStart = (a: LiveClass, b: LiveClass) =>
    a.startsAt.getTime() - b.startsAt.getTime() || (a.id < b.id ? -1 : Number(a.id > b.id))
  const endOf = ({ startsAt, durationMinutes }: LiveClass) => startsAt.getTime() + durationMinutes * minute
  const found: Readonly<Record<DashboardListName, readonly LiveClass[]>> = {
    upcoming: mine.filter(one => one.status === 'scheduled' && endOf(one) > now.getTime()).sort(byStart),
    live: mine.filter(({ status }) => status === 'live').sort(byStart),
    completed: mine
      .filter(({ status }) => status === 'completed')
      .sort(byStart)
      .reverse(),
  }
  return all.map(name => {
    if (!lists.includes(name)) return null
    const ids = found[name].slice(offset, offset + limit).map(({ id }) => id)
    return { total: found[name].length, ids }
  })
}

/** Numbers from 0 up to a limit, the same in every run. */
function numbers(seed: number): (limit: number) => number {
  let state = seed
  return limit => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

const statuses = ['scheduled', 'scheduled', 'live', 'completed', 'completed', 'completed', 'cancelled'] as const

export function describeDashboard(test: StoreTest): void {
  test('every list and page is what looking at every class would give', async store => {
    const below = numbers(7)
    const pick = <T>(from: readonly [T, ...T[]]): T => from[below(from.length)] ?? from[0]
    const classes = Array.from({ length: 150 }, (_, index): LiveClass => {
      // A coarse clock, so that equal starts are common; some began so long ago that only a long class still runs.
      const startsAt = new Date(now.getTime() + (below(13) - 8) * 4 * 60 * minute)
      const durationMinutes = pick([30, 60, 240, LONGEST_CLASS_MINUTES])
      const [id, courseId] = [`class-${index}`, `course-${below(5)}`]
      const tenantId = below(10) === 0 ? 'academy' : 'school'
      return sampleClass({ id, courseId, tenantId, startsAt, durationMinutes, status: pick(statuses) }).liveClass
    })
    await store.transaction(async tx => {
      for (const liveClass of classes) await tx.insertClass(sampleClass(liveClass))
    })
    const courses = [
      ['course-0'],
      ['course-1', 'course-3'],
      ['course-4', 'course-4', 'nothing', 'course-0', 'course-2'],
    ]
    for (const courseIds of courses) {
      for (const lists of [all, ...all.map(name => [name])]) {
        for (const limit of [1, 2, 7, 100]) {
          for (const offset of [0, 1, 5, 40]) {
            const page = { courseIds, lists, limit, offset }
            expect(await read(store, page), JSON.stringify(page)).toEqual(oracle(classes, page))
          }
        }
      }
    }
  })

  test('no course means no class; a thousand courses are as good as one', async store => {
    await store.transaction(tx => tx.insertClass(sampleClass({ status: 'live' })))
    const empty = { total: 0, ids: [] }
    expect(await read(store, { courseIds: [] })).toEqual([empty, empty, empty])
    expect(await read(store, { lists: [] })).toEqual([null, null, null])
    const courseIds = Array.from({ length: 1000 }, (_, index) => `course-${index}`)
    expect(await read(store, { courseIds, lists: ['live'] })).toEqual([null, { total: 1, ids: ['class-1'] }, null])
  })

  test('T53 a class is shown with the results and the mark of this person and this tenant alone', async store => {
    const done = { status: 'completed', startedAt: now, endedAt: now } as const
    await store.transaction(async tx => {
      for (const tenantId of ['school', 'academy']) {
        await tx.insertClass(sampleClass({ tenantId, ...done }))
        const minutes = tenantId === 'school' ? 50 : 20
        const results = ['ana', 'bob'].map(person => sampleResult({ person, minutes: minutes + person.length }))
        await tx.saveResults(tenantId, 'class-1', { factsVersion: 0, rules: 'rules', results, at: now })
        const mark = { note: 'private', markedBy: 'tea', markedAt: now } as const
        await tx.putAttendanceMark(tenantId, 'class-1', { person: 'bob', mark: 'excused', ...mark })
      }
      await tx.insertClass(sampleClass({ id: 'class-2', ...done, startsAt: new Date(0) }))
    })
    const completed = async (change: Partial<DashboardQuery> = {}) =>
      (await store.read(tx => tx.readDashboard(query(change)))).completed?.entries ?? []
    const stored = await store.read(tx => tx.getClass('school', 'class-1'))
    const result = { ...sampleResult({ person: 'ana', minutes: 53 }), isErased: false }
    expect(await completed()).toEqual([
      { liveClass: stored?.liveClass, result, isCurrent: true, mark: null },
      expect.objectContaining({ result: null, isCurrent: false, mark: null }),
    ])
    expect(await completed({ person: 'bob' })).toMatchObject([{ result: { minutes: 53 }, mark: 'excused' }, {}])
    expect(await completed({ person: 'nobody' })).toMatchObject([{ result: null, isCurrent: true, mark: null }, {}])
    expect(await completed({ tenantId: 'academy' })).toMatchObject([{ result: { minutes: 23 } }])
    // Behind its facts, or of other rules, a result is shown as one that may still change.
    expect(await completed({ rules: 'others' })).toMatchObject([{ result: { minutes: 53 }, isCurrent: false }, {}])
    const late = { event: { type: 'ended', instance: 'i', at: 1 }, provenance: 'webhook' } as const
    await store.transaction(tx => tx.addEvents('school', 'class-1', [late]))
    expect(await completed()).toMatchObject([{ result: { minutes: 53 }, isCurrent: false }, {}])
  })
}
