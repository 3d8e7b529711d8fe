import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { openStore } from 'lms-conferencing/sql'
import { describe, expect, onTestFinished, test } from 'vitest'
import { attendance as attendanceOf } from '../../src/attendance/index.ts'
import { erasePerson, purgeInbox, replayInbox } from '../../src/inbox/keeping.ts'
import type { Store } from '../../src/store.ts'
import { sampleResult } from '../../src/testing/store/results.ts'
import { sampleClass, sampleRow } from '../../src/testing/store/samples.ts'
import { onEachDatabase } from '../support/databases.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { attendance, callbackOf, eventsOf, insertClasses, setUp, statesOf } from './support.ts'

const day = 86_400_000
const upkeep = (store: Store, clock = new ManualClock('2026-06-01T00:00:00Z')) =>
  ({ store, tenantId: 'school', who: 'root', clock }) as const

async function open(): Promise<Store> {
  const store = await openStore('sqlite::memory:')
  onTestFinished(() => store.close())
  return store
}

/** Everything that is in the files of a SQLite database. */
const bytesOf = (url: string): string => {
  const path = url.slice('sqlite:'.length)
  return readdirSync(dirname(path))
    .map(name => readFileSync(join(dirname(path), name), 'latin1'))
    .join()
}

const joins = (person: string, session = person, at = 1000) =>
  attendance('meeting-class-1', { type: 'joined', instance: 'i', session, person, at })

describe('T49 purge', () => {
  test('forgets bodies after 30 days and callbacks after 120, in as many steps as it takes', async () => {
    const store = await open()
    const clock = new ManualClock('2026-06-01T00:00:00Z')
    const daysAgo = (days: number, count: number) =>
      store.receive(
        Array.from({ length: count }, (_, index) =>
          sampleRow(`${days} ${index}`, { receivedAt: new Date(clock.now() - days * day) }),
        ),
      )
    await daysAgo(121, 700)
    await daysAgo(119, 600)
    await daysAgo(31, 1)
    await daysAgo(29, 1)
    const rows = await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 10_000 }))
    await store.transaction(async tx => {
      for (const row of rows) await tx.markInbox(row, { state: 'applied', attempts: 0 })
    })
    await daysAgo(200, 1)
    const counts = { bodies: 601, rows: 700, refused: 0 }
    expect(await purgeInbox({ ...upkeep(store, clock), dryRun: true })).toEqual(counts)
    expect(await store.read(tx => tx.listOperations('school', 10))).toEqual([])
    expect(await purgeInbox(upkeep(store, clock))).toEqual(counts)
    expect(await purgeInbox(upkeep(store, clock))).toEqual({ bodies: 0, rows: 0, refused: 0 })
    expect((await store.read(tx => tx.countInbox('school'))).new).toBe(1)
    expect(await store.read(tx => tx.listOperations('school', 10))).toMatchObject([
      { what: 'purge', who: 'root', count: 0 },
      { what: 'purge', who: 'root', count: 1301 },
    ])
  })

  test('T35 refuses to forget so early that a repetition would count again', async () => {
    const store = await open()
    await expect(purgeInbox({ ...upkeep(store), keepRowsDays: 29 })).rejects.toThrow('keepRowsDays')
    await expect(purgeInbox({ ...upkeep(store), keepBodiesDays: 0 })).rejects.toThrow('keepBodiesDays')
    await expect(purgeInbox({ ...upkeep(store), keepBodiesDays: 121 })).rejects.toThrow('keepBodiesDays')
    await expect(purgeInbox({ ...upkeep(store), keepRowsDays: Number.NaN })).rejects.toThrow('keepRowsDays')
  })
})

describe('T49 erase', () => {
  onEachDatabase(({ open: openDatabase }) => {
    test('leaves nothing of the person in the database, and every total as it was', async () => {
      const url = await openDatabase()
      const { store, inbox, send } = await setUp({ store: await openStore(url) })
      await insertClasses(store, sampleClass())
      const snapshot = attendance('meeting-class-1', {
        type: 'snapshot',
        instance: 'i',
        present: [
          { session: 's1', person: 'canary-4711' },
          { session: 's2', person: 'other' },
        ],
        at: 1500,
      })
      await send(attendance('meeting-class-1', { type: 'started', instance: 'i', at: 0 }))
      await send(joins('canary-4711', 's1'))
      await send(snapshot)
      await send(joins('other', 's2'))
      await send(joins('canary-47110', 's3'))
      await send(attendance('meeting-class-1', { type: 'ended', instance: 'i', at: 3000 }))
      await inbox.drain()
      const totals = async () =>
        attendanceOf({
          class: { scheduledStart: 0, plannedMs: 3000, startedAt: null, endedAt: null },
          roster: [],
          events: await eventsOf(store),
        })
      const before = JSON.stringify(await totals()).replaceAll(/canary-4711(?=")/g, 'erased-1')

      const feed = { tenantId: 'school', userId: 'canary-4711', digest: 'a digest', createdAt: new Date(0) }
      await store.transaction(tx => tx.setCalendarToken(feed))
      const tokenOwner = () => store.read(tx => tx.findCalendarToken('school', 'a digest'))

      await store.transaction(async tx => {
        const at = new Date(0)
        await tx.insertClass(sampleClass({ id: 'class-2', status: 'completed' }))
        const results = ['canary-4711', 'canary-47110'].map(person => sampleResult({ person }))
        await tx.saveResults('school', 'class-2', { factsVersion: 0, rules: 'rules', results, at })
        const mark = { mark: 'excused', markedAt: at } as const
        const about = { ...mark, person: 'canary-4711', note: 'canary-4711 is ill', markedBy: 'tea' }
        await tx.putAttendanceMark('school', 'class-2', about)
        const by = { ...mark, person: 'other', note: '', markedBy: 'canary-4711' }
        await tx.putAttendanceMark('school', 'class-2', by)
        await tx.addOperation({ tenantId: 'school', at, who: 'canary-4711', what: 'mark-attendance', count: 1 })
      })
      const keptOf = async (): Promise<string> =>
        JSON.stringify([
          await store.read(tx => tx.listResults('school', 'class-2')),
          await store.read(tx => tx.listAttendanceMarks('school', 'class-2')),
          await store.read(tx => tx.listOperations('school', 10)),
        ])

      // Two facts, a result, a mark about the person and one by them.
      const counts = { callbacks: 2, refused: 0, facts: 5, waiting: 0 }
      const options = { ...upkeep(store), personId: 'canary-4711', pseudonym: 'erased-1' }
      expect(await erasePerson({ ...options, dryRun: true })).toEqual(counts)
      expect(JSON.stringify(await eventsOf(store))).toContain('"canary-4711"')
      expect(await tokenOwner()).toBe('canary-4711')
      expect(await erasePerson(options)).toEqual(counts)
      expect(await tokenOwner()).toBe(null)
      expect(await erasePerson(options)).toEqual({ callbacks: 0, refused: 0, facts: 0, waiting: 0 })

      expect(await totals()).toEqual(JSON.parse(before))
      const rows = await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 100 }))
      const kept =
        rows.map(({ body }) => new TextDecoder().decode(body)).join() +
        JSON.stringify(await eventsOf(store)) +
        (await keptOf())
      expect(kept).not.toMatch(/canary-4711\b/)
      expect(kept).toContain('canary-47110')
      if (url.startsWith('sqlite:')) expect(bytesOf(url)).not.toMatch(/canary-4711(?!0)/)
      // The same callback again is known, and brings nobody back.
      await send(joins('canary-4711', 's1'))
      await inbox.drain()
      expect(JSON.stringify(await eventsOf(store))).not.toContain('"canary-4711"')
    })
  })

  test('finds the person in every spelling a body may have, and nobody else', async () => {
    const store = await open()
    const personId = 'a+b@x.org'
    const bodies = [
      'user=a%2Bb%40x.org&x=1',
      'event=%7B%22id%22%3A%22a%2bb%40x.org%22%7D',
      '{"id":"a+b@x.org"}',
      '{"id":"A+B@X.ORG"}',
      '{"id":"aa+b@x.org"}',
      '{"id":"a+b@x.organ"}',
      '{"id":"a b@x.org"}',
      '%E0%A4%A',
    ]
    await store.receive(bodies.map((body, index) => sampleRow(`${index}`, { body: new TextEncoder().encode(body) })))
    const rows = await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 100 }))
    await store.transaction(async tx => {
      for (const row of rows.slice(1)) await tx.markInbox(row, { state: 'ignored', attempts: 0 })
    })
    expect(await erasePerson({ ...upkeep(store), personId })).toMatchObject({ callbacks: 3, waiting: 1 })
    const after = await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 100 }))
    expect(after.map(({ isStripped }) => isStripped)).toEqual([false, true, true, true, false, false, false, false])
  })

  test('without a person nobody is erased', async () => {
    await expect(erasePerson({ ...upkeep(await open()), personId: '' })).rejects.toThrow(TypeError)
  })
})

test('T52 replay says first what it would do, and is noted', async () => {
  const { store, inbox } = await setUp({ maxAttempts: 1 })
  await inbox.receive(callbackOf({ not: 'a list' }))
  await inbox.drain()
  expect((await statesOf(store))[0]).toContain('dead')
  const options = { ...upkeep(store), which: { state: 'dead' } } as const
  expect(await replayInbox({ ...options, dryRun: true })).toBe(1)
  expect((await statesOf(store))[0]).toContain('dead')
  expect(await replayInbox(options)).toBe(1)
  expect(await statesOf(store)).toEqual(['new'])
  expect(await store.read(tx => tx.listOperations('school', 10))).toMatchObject([{ what: 'replay', count: 1 }])
})
