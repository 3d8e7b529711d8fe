import { expect, onTestFinished, test } from 'vitest'
import {
  adoptClasses,
  attendancePlan,
  attendancePlanFrom,
  expandTable,
  type ImportAttendanceOptions,
  importAttendance,
  importHistory,
  isReportIntact,
  migrationPlanFrom,
  openLmsAttendance,
  runMigration,
} from '../../src/migration/index.ts'
import type { AttendanceEvent } from '../../src/model.ts'
import { openStore } from '../../src/sql/index.ts'
import { onEachDatabase } from '../support/databases.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { PlainProvider } from '../support/plain-provider.ts'
import { corpus, type Lms } from './corpus.ts'
import { lmsWith } from './support.ts'

const NOON = Date.UTC(2026, 2, 1, 12)
const minute = (count: number): number => NOON + count * 60_000
const time = (count: number): string => new Date(minute(count)).toISOString().replace('T', ' ').replace('Z', '+00')

/** A row of the LMS's own table. */
interface Row {
  readonly student: string
  readonly join?: string | null
  readonly leave?: string | null
  readonly minutes?: number | null
  readonly status?: string
}

async function put(lms: Lms, classId: string, rows: readonly Row[]): Promise<void> {
  for (const { student, join = null, leave = null, minutes = null, status = 'present' } of rows) {
    await lms.query(
      `insert into class_attendance (live_class_id, student_id, join_time, leave_time, duration_minutes, status,
         attendance_percentage, participation_score) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [classId, student, join, leave, minutes, status, 91.7, 84],
    )
  }
}

/** A platform whose classes are over, adopted into a store, with its own table of who was there. */
async function platform(open: () => Promise<string>, classes = 6) {
  const url = await open()
  const over = [...corpus(classes, { from: 0 })].map(({ old }, index) => ({
    old: {
      ...old,
      status: 'completed',
      zoom_meeting_id: String(85_100_000_000 + index),
      ...{ join_url: null, start_url: null, recording_url: null },
    },
    expected: { outcome: 'kept', reason: '', provider: 'zoom', meeting_id: null, startsAt: NOON } as never,
  }))
  const { lms, options } = await lmsWith(url, over)
  const isPostgres = url.startsWith('postgres')
  await lms.query(`create table class_attendance (
    id ${isPostgres ? 'bigserial' : 'integer'} primary key, live_class_id ${isPostgres ? 'uuid' : 'char(36)'} not null,
    student_id text, join_time ${isPostgres ? 'timestamptz' : 'datetime'}, leave_time ${isPostgres ? 'timestamptz' : 'datetime'},
    duration_minutes integer, status varchar(20), attendance_percentage numeric(5,1), participation_score integer)`)
  await lms.query('create index on_class on class_attendance (live_class_id)')
  const store = await openStore(await open())
  onTestFinished(() => store.close())
  await expandTable(options)
  await runMigration(options)
  await adoptClasses({ ...options, store })
  const plan = attendancePlan(options.plan)
  const table = await openLmsAttendance(url, { plan })
  onTestFinished(() => table.close())
  const clock = new ManualClock('2026-04-01T08:00:00Z')
  const importing: ImportAttendanceOptions = { lms: table, plan, store, clock, who: 'ada', historyOf: null }
  const ids = over.map(({ old }) => old.id)
  const class_ = (index: number): string => ids[index] ?? ''
  const facts = async (id: string) => store.read(tx => tx.listEvents('default', id))
  const marks = async (id: string) => store.read(tx => tx.listAttendanceMarks('default', id))
  return { lms, store, importing, class_, facts, marks, url, options, clock }
}

onEachDatabase(({ open }) => {
  test('T60 the LMS’s own attendance becomes facts with their times; its rows add up, and stay as they are', async () => {
    const { lms, importing, class_, facts, marks, store } = await platform(open)
    await put(lms, class_(0), [
      { student: 's1', join: time(0), leave: time(60), minutes: 60 },
      // Connected twice: fewer minutes than lie between.
      { student: 's2', join: time(0), leave: time(60), minutes: 50 },
      // No leaving, but minutes.
      { student: 's3', join: time(15), minutes: 45, status: 'late' },
      // No leaving and no minutes: open until the class was over, and said to be so.
      { student: 's4', join: time(5) },
      // Nothing but a word.
      { student: 's5', status: 'absent' },
      { student: 's6', minutes: 55, status: 'present' },
      { student: 's7', join: time(30), leave: time(10) },
      { student: '', join: time(0), leave: time(60) },
      { student: 's'.repeat(256), join: time(0), leave: time(60) },
    ])
    const before = await lms.query('select * from class_attendance order by id')
    const dry = await importAttendance({ ...importing, dryRun: true })
    expect(dry).toMatchObject({ isDryRun: true, facts: 4, words: 2, unreadable: 3, marked: 0, classes: 1 })
    expect(await facts(class_(0))).toEqual([])

    const report = await importAttendance(importing)
    expect(report).toMatchObject({
      isComplete: true,
      tableRows: 9,
      withoutClass: 0,
      rows: 9,
      facts: 4,
      known: 0,
      words: 2,
      unreadable: 3,
      already: 0,
      before: { facts: 9, people: 9, creditedMs: (60 + 50 + 45 + 55) * 60_000 },
      after: { people: 4, creditedMs: (60 + 50 + 45 + 55) * 60_000 },
      lookAt: [class_(0)],
    })
    expect(isReportIntact(report)).toBe(true)
    expect(isReportIntact({ ...report, rows: 10 })).toBe(false)
    const told = (await facts(class_(0))).filter(({ event }) => 'person' in event && event.person === 's2')
    expect(told.map(({ event, provenance }) => [provenance, event.type, (event.at - NOON) / 60_000])).toEqual([
      ['lms', 'joined', 0],
      ['lms', 'left', 25],
      ['lms', 'joined', 35],
      ['lms', 'left', 60],
    ])
    // `s5` comes out absent by itself; `s6` would too, and that is not what the LMS said.
    expect(await marks(class_(0))).toMatchObject([
      {
        person: 's6',
        mark: 'present',
        note: expect.stringMatching(/^As the LMS had it: present, 55 min, 91\.7 %, score 84$/),
      },
      { person: 's7', mark: 'present' },
    ])
    expect(await lms.query('select * from class_attendance order by id')).toEqual(before)
    const [operation] = await store.read(tx => tx.listOperations('default', 1))
    expect(operation).toMatchObject({ who: 'ada', what: 'attendance', count: 1 })

    const again = await importAttendance(importing)
    expect(again).toMatchObject({ classes: 0, rows: 0, already: 1, marked: 0 })
    expect(await facts(class_(0))).toHaveLength(9)
  })

  test('the provider’s own facts come first: history before, and only who is missing in it', async () => {
    const { lms, importing, class_, facts, store, clock } = await platform(open)
    const zoom = new PlainProvider({ name: 'zoom' })
    const run = (type: 'started' | 'ended', at: number): AttendanceEvent => ({ type, instance: 'uuid==', at })
    zoom.reports.set('85100000000', [
      run('started', minute(-2)),
      { type: 'joined', instance: 'uuid==', session: '1', person: 's1', at: minute(1) },
      { type: 'left', instance: 'uuid==', session: '1', person: 's1', at: minute(20) },
      run('ended', minute(58)),
    ])
    await put(lms, class_(0), [
      { student: 's1', join: time(0), leave: time(60), minutes: 60 },
      { student: 's2', join: time(0), leave: time(60), minutes: 60 },
    ])
    await put(lms, class_(1), [{ student: 's1', join: time(0), leave: time(60), minutes: 60 }])
    const { historyOf: _, ...first } = importing
    expect(await importAttendance(first)).toMatchObject({ classes: 0, waiting: 2, facts: 0 })
    await importHistory({ store, provider: zoom, clock, who: 'ada' })
    expect(await importAttendance(first)).toMatchObject({ classes: 2, waiting: 0, facts: 2, known: 1 })
    const ours = (await facts(class_(0))).filter(({ provenance }) => provenance === 'lms')
    // Under the provider's own run, so that nobody's hour gets longer.
    expect(ours.map(({ event }) => [event.instance, event.type])).toEqual([
      ['uuid==', 'joined'],
      ['uuid==', 'left'],
    ])
    expect((await facts(class_(1))).every(({ event }) => event.instance === 'lms')).toBe(true)
  })

  test('a teacher’s mark stays; where there is none, the LMS’s word is kept as one', async () => {
    const { lms, importing, class_, marks, store } = await platform(open)
    for (const index of [0, 1]) {
      await put(lms, class_(index), [
        { student: 's1', status: 'excused' },
        { student: 's2', join: time(0), leave: time(10), minutes: 10, status: 'present' },
        { student: 's3', join: time(0), leave: time(10), minutes: 10, status: 'left_early' },
      ])
    }
    await store.transaction(tx =>
      tx.putAttendanceMark('default', class_(0), {
        person: 's2',
        mark: 'late',
        note: 'by hand',
        markedBy: 'teacher',
        markedAt: new Date(0),
      }),
    )
    const kept = async (index: number) =>
      (await marks(class_(index))).map(({ person, mark, markedBy }) => [person, mark, markedBy])
    await importAttendance({ ...importing, marks: false, dryRun: true })
    expect(await kept(0)).toEqual([['s2', 'late', 'teacher']])
    // Two differ in each class and have a word: one of the four is the teacher's already.
    expect(await importAttendance(importing)).toMatchObject({ differing: 6, marked: 3, classes: 2 })
    expect(await kept(0)).toEqual([
      ['s1', 'excused', 'ada'],
      ['s2', 'late', 'teacher'],
    ])
    expect(await kept(1)).toEqual([
      ['s1', 'excused', 'ada'],
      ['s2', 'present', 'ada'],
    ])
  })

  test('without marks the differing are counted, and nobody gets one', async () => {
    const { lms, importing, class_, marks } = await platform(open)
    await put(lms, class_(0), [{ student: 's1', status: 'excused' }])
    expect(await importAttendance({ ...importing, marks: false })).toMatchObject({
      differing: 1,
      marked: 0,
      classes: 1,
    })
    expect(await marks(class_(0))).toEqual([])
  })

  test('classes are found whatever their ids are, to the largest number; what cannot be one of them is none', async () => {
    const url = await open()
    const { lms, options } = await lmsWith(url)
    const largest = { integer: ['2147483647', '-2147483648'], bigint: ['9223372036854775807', '1000000000000000000'] }
    for (const [type, ids] of Object.entries(largest)) {
      const table = `presence_of_${type}`
      await lms.query(`create table ${table} (id integer primary key, session ${type} not null, who text)`)
      for (const [index, id] of ids.entries()) await lms.query(`insert into ${table} values (${index}, ${id}, 's1')`)
      const none = { joinedAt: null, leftAt: null, minutes: null, status: null, percentage: null, score: null }
      const plan = attendancePlan(options.plan, { table, columns: { ...none, classId: 'session', person: 'who' } })
      const opened = await openLmsAttendance(url, { plan })
      onTestFinished(() => opened.close())
      const found = await opened.ofClasses([...ids, '99999999999999999999', 'algebra-1', '1.5', ''])
      expect(found.map(({ classId }) => classId)).toEqual(ids)
    }
  })

  test('F26 stopped, and killed in a transaction, it goes on; nothing is there twice', async () => {
    const { lms, importing, facts, class_, store } = await platform(open, 40)
    for (let index = 0; index < 40; index++)
      await put(lms, class_(index), [{ student: 's1', join: time(0), leave: time(50), minutes: 50 }])
    const adopted = await store.read(tx => tx.countClasses({ tenantId: 'default' }))
    const stop = new AbortController()
    const stopped = await importAttendance({ ...importing, signal: stop.signal, onProgress: () => stop.abort() })
    let transactions = 0
    const dying = Object.create(importing.store, {
      transaction: {
        value: (work: never) => {
          if (++transactions === 3) throw new Error('killed')
          return importing.store.transaction(work)
        },
      },
      read: { value: (work: never) => importing.store.read(work) },
    })
    await importAttendance({ ...importing, store: dying }).catch(() => {})
    await importAttendance(importing)
    const last = await importAttendance(importing)
    expect(stopped).toMatchObject({ isComplete: false, withoutClass: null })
    expect(stopped.classes).toBeGreaterThan(0)
    expect(stopped.classes).toBeLessThan(adopted)
    expect(last).toMatchObject({ classes: 0, already: adopted, isComplete: true, withoutClass: 40 - adopted })
    const rows = await store.read(tx => tx.listClasses({ tenantId: 'default' }))
    for (const { liveClass } of rows) expect(await facts(liveClass.id)).toHaveLength(2)
  })

  test('a table or column that is not there is named', async () => {
    const { url, importing, options } = await platform(open)
    const plan = attendancePlan(options.plan, { table: 'elsewhere' })
    const other = await openLmsAttendance(url, { plan })
    onTestFinished(() => other.close())
    await expect(importAttendance({ ...importing, lms: other, plan })).rejects.toThrow('no table elsewhere')
    const column = attendancePlan(options.plan, { columns: { minutes: 'length' } })
    const third = await openLmsAttendance(url, { plan: column })
    onTestFinished(() => third.close())
    await expect(importAttendance({ ...importing, lms: third, plan: column })).rejects.toThrow('no column length')
  })
})

test('the part of the map that is about attendance is checked, and the rest of the map does without it', () => {
  const plan = migrationPlanFrom({ table: 'sessions', attendance: { table: 'presence' } })
  expect(plan.table).toBe('sessions')
  const found = attendancePlanFrom(plan, {
    table: 'presence',
    columns: { person: 'user_id', score: null },
    statuses: { attended: 'present' },
  })
  expect(found).toMatchObject({
    table: 'presence',
    columns: { person: 'user_id', score: null, classId: 'live_class_id' },
  })
  expect(found.statuses).toMatchObject({ attended: 'present', late: 'late' })
  for (const wrong of [
    7,
    { tables: 'x' },
    { table: 7 },
    { table: 'a; drop' },
    { columns: { person: null } },
    { columns: { persons: 'x' } },
    { statuses: { attended: 'maybe' } },
    { statuses: { attended: 1 } },
  ])
    expect(() => attendancePlanFrom(plan, wrong)).toThrow(expect.objectContaining({ code: 'INVALID' }))
})
