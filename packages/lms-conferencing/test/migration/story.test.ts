import { expect, test } from 'vitest'
import {
  expandTable,
  finalizeMigration,
  isReportIntact,
  planMigration,
  rollbackMigration,
  runMigration,
  switchReads,
  verifyMigration,
} from '../../src/migration/index.ts'
import { onEachDatabase } from '../support/databases.ts'
import { corpus, sourceOf } from './corpus.ts'
import { decided, lmsWith, sameLms } from './support.ts'

const ROWS = 400

onEachDatabase(({ name, open }) => {
  test('T59 dry run, run, verify, switch, rollback, run again, finalize: the whole story', async () => {
    const { lms, options, readOnly } = await lmsWith(await open(), corpus(ROWS))
    const view = async () =>
      (
        await lms.query<object>(
          'select provider, meeting_id, zoom_meeting_id, start_url from live_classes_compat order by id',
        )
      ).at(5)
    const columns = async (): Promise<string[]> =>
      Object.keys((await lms.query<object>('select * from live_classes limit 1')).at(0) ?? {})
    const source = await sourceOf(lms)
    const columnsBefore = await columns()
    const golden = new Map([...corpus(ROWS)].map(({ old, expected: { startsAt: _, ...rest } }) => [old.id, rest]))

    // Dry run.
    expect(await planMigration(await readOnly())).toMatchObject({ changed: ROWS })
    expect(await columns()).toEqual(columnsBefore)
    // What comes later refuses, and says what comes first.
    await expect(runMigration(options)).rejects.toThrow('migrate expand')
    await expect(rollbackMigration(options)).rejects.toMatchObject({ code: 'CONFLICT' })

    // Expand: old readers of the view see the old, and NULL for what is not known yet.
    await expandTable(options)
    const old = await view()
    expect(old).toMatchObject({ provider: null })
    await expect(verifyMigration(options)).rejects.toThrow('migrate run')
    expect(await runMigration(options)).toMatchObject({ changed: ROWS, isComplete: true })
    await expect(switchReads(options)).rejects.toThrow('migrate verify')
    await expect(finalizeMigration(options)).rejects.toMatchObject({ code: 'CONFLICT' })

    // Verify, switch: the view reads the new columns, and the old names still answer.
    const report = await verifyMigration(options)
    expect(report).toMatchObject({ ok: true, who: 'ada', at: '2026-02-01T08:00:00.000Z', phase: 'backfilled' })
    if (report === null) throw new Error('stopped')
    expect(isReportIntact(report)).toBe(true)
    expect(isReportIntact({ ...report, who: 'somebody else' })).toBe(false)
    expect((await switchReads(options))?.ok).toBe(true)
    expect(await view()).toMatchObject({
      zoom_meeting_id: Object(old).zoom_meeting_id,
      start_url: Object(old).start_url,
    })
    expect((await lms.query('select 1 from live_classes_compat where provider is not null')).length).toBeGreaterThan(0)

    // Back again: nothing is left but empty columns, where the database would rewrite the table to drop them.
    const undone = await rollbackMigration(options)
    expect(undone).toMatchObject({ isComplete: true, emptied: ROWS, theirs: 0 })
    expect(await sourceOf(lms)).toBe(source)
    await expect(view()).rejects.toThrow()
    if (name === 'PostgreSQL') expect(await columns()).toEqual(columnsBefore)
    else
      expect(
        await lms.query(
          'select 1 from live_classes where coalesce(provider, meeting_id, migration_digest) is not null',
        ),
      ).toEqual([])

    // Once more, to the end.
    await expandTable(options)
    expect(await runMigration(options)).toMatchObject({ changed: ROWS })
    expect(await decided(lms)).toEqual(golden)
    expect((await verifyMigration(options))?.ok).toBe(true)
    await switchReads(options)
    await expect(finalizeMigration(options)).rejects.toThrow('--accept-rejected')
    expect(await finalizeMigration({ ...options, acceptRejected: true, dropColumns: true })).toMatchObject({
      dropped: ['migration_outcome', 'migration_digest'],
    })
    expect(await sourceOf(lms)).toBe(source)
    await expect(rollbackMigration(options)).rejects.toThrow('finalized')
    await expect(expandTable(options)).rejects.toThrow('finalized')
    expect((await lms.query('select 1 from live_classes_compat where provider is not null')).length).toBeGreaterThan(0)
  })

  test('T59 a rollback on request drops the columns in every database; one stopped half-way goes on', async () => {
    const { lms, options } = await lmsWith(await open(), corpus(300))
    await expandTable(options)
    await runMigration(options)
    const stop = new AbortController()
    const stopped = await rollbackMigration({
      ...options,
      batchSize: 50,
      dropColumns: true,
      signal: stop.signal,
      onProgress: ({ done }) => done >= 100 && stop.abort(),
    })
    expect(stopped).toMatchObject({ isComplete: false, dropped: [] })
    await expect(runMigration(options)).rejects.toThrow('migrate rollback')
    const rest = await rollbackMigration({ ...options, dropColumns: true })
    expect(rest).toMatchObject({ isComplete: true, emptied: 300 - stopped.emptied })
    expect(rest.dropped).toHaveLength(7)
    expect(Object.keys((await lms.query<object>('select * from live_classes limit 1')).at(0) ?? {})).not.toContain(
      'provider',
    )
  })

  test('a run that is stopped goes on where it was; a second one at the same time is refused', async () => {
    const url = await open()
    const { options, readOnly } = await lmsWith(url, corpus(400))
    await expandTable(options)
    const stop = new AbortController()
    const onProgress = ({ done }: { done: number }) => void (done >= 100 && stop.abort())
    const first = await runMigration({ ...options, batchSize: 50, signal: stop.signal, onProgress })
    expect(first.isComplete).toBe(false)
    const second = await runMigration(options)
    expect(second).toMatchObject({ isComplete: true, changed: 400 - first.changed })
    await expect(runMigration(await readOnly())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })

    // Two at once, on rows that both would write.
    await rollbackMigration(options)
    await expandTable(options)
    const { options: other } = await sameLms(url, options)
    const both = await Promise.allSettled([
      runMigration({ ...options, batchSize: 20, lockMs: 0 }),
      runMigration({ ...other, batchSize: 20, lockMs: 0 }),
    ])
    expect(both.filter(({ status }) => status === 'fulfilled').length).toBeLessThan(2)
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'CONFLICT' } })
    await runMigration(options)
    expect(await verifyMigration(options)).toMatchObject({ ok: true })
  })
})
