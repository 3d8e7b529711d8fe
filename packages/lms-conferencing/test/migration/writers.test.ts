import { expect, onTestFinished, test } from 'vitest'
import {
  expandTable,
  finalizeMigration,
  openLmsDatabase,
  rollbackMigration,
  runMigration,
  switchReads,
  verifyMigration,
} from '../../src/migration/index.ts'
import { onEachDatabase } from '../support/databases.ts'
import { corpus, kindNames, sourceOf } from './corpus.ts'
import { decided, lmsWith } from './support.ts'

const ROWS = 3000
const WRITES = 1000

onEachDatabase(({ open }) => {
  test(`F27 the LMS inserts and updates ${WRITES} rows while it runs: none lost, none with a wrong provider`, async () => {
    const { lms, options } = await lmsWith(await open(), corpus(ROWS))
    await expandTable(options)
    // Between our batches: new rows of every kind, in front of and behind where we are, and old rows that turn over.
    const late = [...corpus(WRITES / 2, { part: 1 })]
    const turned = [...corpus(ROWS)].filter((_, index) => index % 6 === 0)
    let next = 0
    const write = async (): Promise<void> => {
      const mine = Array.from({ length: Math.min(25, WRITES / 2 - next) }, () => next++)
      for (const index of mine) {
        await lms.insert(late.slice(index, index + 1))
        const id = turned[index]?.old.id ?? ''
        await lms.query(
          `update live_classes set zoom_meeting_id = '', start_url = '', recording_url = '',
            password = 'new', status = 'scheduled', duration_minutes = 45,
            join_url = 'https://bbb.school.example/bigbluebutton/api/join?meetingID=turned-${index}' where id = $1`,
          [id],
        )
      }
    }
    let writing = Promise.resolve()
    await runMigration({
      ...options,
      batchSize: 50,
      lockMs: 0,
      onProgress: () => {
        writing = writing.then(write)
      },
    })
    await writing
    expect(next).toBe(WRITES / 2)
    // What was written after the last look is caught up with by the next, be it that of `verify`.
    const report = await verifyMigration(options)
    expect(report).toMatchObject({ ok: true, undecided: 0, stale: 0, counts: { rows: ROWS + WRITES / 2 } })
    expect(await runMigration(options)).toMatchObject({ changed: 0, counts: report?.counts })

    const golden = new Map(
      [...corpus(ROWS), ...late].map(({ old, expected: { startsAt: _, ...rest } }) => [old.id, rest]),
    )
    for (const [index, { old }] of turned.slice(0, WRITES / 2).entries()) {
      golden.set(old.id, {
        outcome: 'migrated',
        reason: 'bbb_link',
        provider: 'bbb',
        meeting_id: `turned-${index}`,
        moderator_password: '',
        attendee_password: 'new',
      })
    }
    expect(await decided(lms)).toEqual(golden)
    expect(await verifyMigration(options)).toMatchObject({ ok: true, counts: { rows: ROWS + WRITES / 2 } })
  })

  test('F27 a row that the LMS changes between our reading and our writing it gets the provider of what stands in it now', async () => {
    const { lms, options } = await lmsWith(await open(), corpus(kindNames.length))
    await expandTable(options)
    const ours = options.lms
    const write = ours.write.bind(ours)
    const [first] = [...corpus(kindNames.length)].map(({ old }) => old)
    let isChanged = false
    ours.write = async (...given) => {
      if (!isChanged) {
        isChanged = true
        await lms.query(
          `update live_classes set zoom_meeting_id = '', start_url = '',
             join_url = 'https://bbb.school.example/bigbluebutton/api/join?meetingID=turned' where id = $1`,
          [first?.id ?? ''],
        )
      }
      return write(...given)
    }
    await runMigration(options)
    expect(isChanged).toBe(true)
    // By the run itself: `verify` would find it too, and is not asked.
    expect((await decided(lms)).get(first?.id ?? '')).toMatchObject({ provider: 'bbb', meeting_id: 'turned' })
  })

  test('F27 what the LMS writes into the new columns itself is never touched, not even by a rollback', async () => {
    const { lms, options } = await lmsWith(await open(), corpus(kindNames.length))
    await expandTable(options)
    await runMigration(options)
    await verifyMigration(options)
    await switchReads(options)
    // The new code of the LMS: a class of its own, one that it moves, and one whose old columns change as well.
    const rows = [...corpus(kindNames.length)]
      .filter(({ expected }) => expected.outcome === 'migrated')
      .map(({ old }) => old.id)
    const [own] = [...corpus(1, { part: 2 })]
    await lms.insert(own ? [own] : [])
    await lms.query(
      "update live_classes set provider = 'bbb', meeting_id = 'own', moderator_password = 'm' where id = $1",
      [own?.old.id ?? ''],
    )
    await lms.query("update live_classes set provider = 'bbb', meeting_id = 'moved' where id = $1", [rows[0] ?? ''])
    await lms.query(
      "update live_classes set provider = 'bbb', meeting_id = 'both', status = 'completed' where id = $1",
      [rows[1] ?? ''],
    )
    const source = await sourceOf(lms)
    expect(await runMigration(options)).toMatchObject({ changed: 0, counts: { theirs: 3 } })
    expect(await verifyMigration(options)).toMatchObject({ ok: true, counts: { theirs: 3 } })
    const undone = await rollbackMigration({ ...options, dropColumns: true })
    expect(undone).toMatchObject({ theirs: 3, emptied: kindNames.length - 2, dropped: [] })
    expect(await sourceOf(lms)).toBe(source)
    const left = await lms.query<{ meeting_id: string }>(
      'select meeting_id from live_classes where provider is not null',
    )
    expect(left.map(one => one.meeting_id).sort()).toEqual(['both', 'moved', 'own'])
    // And forward again.
    await expandTable(options)
    await runMigration(options)
    expect((await verifyMigration(options))?.ok).toBe(false)
  })

  test('before the switch nobody but us may have filled the new columns: verify says so, and switch refuses', async () => {
    const { lms, options } = await lmsWith(await open(), corpus(40))
    await expandTable(options)
    await runMigration(options)
    await verifyMigration(options)
    await lms.query("update live_classes set provider = 'bbb' where title = 'Lesson 0'")
    expect(await verifyMigration(options)).toMatchObject({ ok: false, wrong: 1 })
    await expect(switchReads(options)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(finalizeMigration(options)).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  test('no batch holds its locks for long, and others write in between', async () => {
    const url = await open()
    const { options } = await lmsWith(url, corpus(4000))
    await expandTable(options)
    const sizes: number[] = []
    const lms = await openLmsDatabase(url, { plan: options.plan })
    onTestFinished(() => lms.close())
    const slow = Object.create(lms, {
      write: {
        value: (...args: Parameters<typeof lms.write>) => {
          sizes.push(args[0].length)
          return lms.write(...args)
        },
      },
      // As on a machine that needs a millisecond for each row.
      lastLockMs: { get: () => sizes.at(-1) },
      shape: { value: () => lms.shape() },
      read: { value: (...args: Parameters<typeof lms.read>) => lms.read(...args) },
      survey: { value: (...args: Parameters<typeof lms.survey>) => lms.survey(...args) },
      state: { value: () => lms.state() },
    })
    const { longestLockMs } = await runMigration({ ...options, lms: slow, batchSize: 400, lockMs: 200 })
    expect(longestLockMs).toBeLessThanOrEqual(400)
    expect(Math.max(...sizes.slice(4))).toBeLessThanOrEqual(200)
    // The last are what was left of the table, and the end.
    expect(Math.min(...sizes.slice(0, -2))).toBeGreaterThanOrEqual(100)
  })
})
