import { hash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  decide,
  expandTable,
  type MigrationPlanOptions,
  migrationPlan,
  openLmsDatabase,
  planMigration,
  type RunOptions,
  runMigration,
  verifyMigration,
} from '../../src/migration/index.ts'
import { onEachDatabase } from '../support/databases.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { corpus, kindNames, sourceOf } from './corpus.ts'
import { decided, lmsWith } from './support.ts'

const ROWS = 10_000 + kindNames.length

onEachDatabase(({ name, open }) => {
  test(`T59 T60 ${ROWS} rows of every kind: one outcome each, field by field; the old columns as they were; again changes 0`, async () => {
    const { lms, options } = await lmsWith(await open(), corpus(ROWS))
    const before = await sourceOf(lms)
    await expandTable(options)
    const first = await runMigration(options)
    expect(first).toMatchObject({ isComplete: true, changed: ROWS })

    const expected = new Map([...corpus(ROWS)].map(({ old, expected: { startsAt: _, ...rest } }) => [old.id, rest]))
    expect(await decided(lms)).toEqual(expected)
    const outcomes = [...expected.values()].map(({ outcome }) => outcome)
    const counted = (what: string): number => outcomes.filter(outcome => outcome === what).length
    expect(first.counts).toMatchObject({
      rows: ROWS,
      migrated: counted('migrated'),
      kept: counted('kept'),
      rejected: counted('rejected'),
      theirs: 0,
    })
    expect(counted('migrated') + counted('kept') + counted('rejected')).toBe(ROWS)
    expect(await sourceOf(lms)).toBe(before)

    expect(await runMigration(options)).toMatchObject({ changed: 0, counts: first.counts })
    expect(await decided(lms)).toEqual(expected)
    expect(await verifyMigration(options)).toMatchObject({ ok: true, wrong: 0, undecided: 0 })
  })

  test('F26 T59 a dry run writes nothing: the connection cannot, and the database is byte for byte what it was', async () => {
    const url = await open()
    const { lms, readOnly } = await lmsWith(url, corpus(500))
    const file = url.replace('sqlite:', '')
    const bytes = (): string | null =>
      name === 'SQLite' ? `${hash('sha256', readFileSync(file))} ${statSync(file).mtimeMs}` : null
    const relations = () =>
      name === 'SQLite' ? null : lms.query('select oid, relname, relnatts from pg_class where relname !~ $1', ['^pg_'])
    const seen = { bytes: bytes(), relations: await relations(), source: await sourceOf(lms) }
    const options = await readOnly()
    const planned = await planMigration(options)
    expect(planned).toMatchObject({ isDryRun: true, changed: 500, counts: { rows: 500 } })
    expect({ bytes: bytes(), relations: await relations(), source: await sourceOf(lms) }).toEqual(seen)
    await expect(expandTable(options)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect({ bytes: bytes(), relations: await relations(), source: await sourceOf(lms) }).toEqual(seen)
  })

  test('what is planned is what is done', async () => {
    const { options, readOnly } = await lmsWith(await open(), corpus(500))
    const planned = await planMigration(await readOnly())
    await expandTable(options)
    const done = await runMigration(options)
    expect(done.counts).toEqual(planned.counts)
    expect((await verifyMigration(options))?.sourceDigest).toBe(planned.sourceDigest)
  })

  test('a foreign table by a map of its columns, with names of its own for the new ones', async () => {
    const { lms } = await lmsWith(await open())
    await lms.query(
      'create table "Sessions" (nr bigint primary key, "when" text, zone text, state text, zid bigint, provider text)',
    )
    const rows = [
      ['9007199254740993', '2026-06-01 09:00', 'Europe/Prague', 'planned', '85012345678'],
      ['9007199254740994', '2026-06-01 09:00', 'America/New_York', 'done', '9223372036854775807'],
      ['-5', '2026-03-29 02:30', 'Europe/Prague', 'planned', '85012345679'],
      ['7', '2026-10-25 02:30', 'Europe/Prague', 'planned', '85012345680'],
    ]
    for (const [nr, ...rest] of rows)
      await lms.query(`insert into "Sessions" values (${nr}, $1, $2, $3, ${rest[3]}, 'old word')`, rest.slice(0, 3))
    const options = await foreign(lms.url)
    expect(await expandTable(options)).toContain('conf_provider')
    expect(await runMigration(options)).toMatchObject({ changed: 4, counts: { migrated: 1, kept: 1, rejected: 2 } })
    expect(
      await lms.query(
        'select cast(nr as varchar(30)) as nr, conf_provider, meeting_id, provider_reason, provider from "Sessions" order by "Sessions".nr',
      ),
    ).toEqual([
      { nr: '-5', conf_provider: null, meeting_id: null, provider_reason: 'ambiguous_time', provider: 'old word' },
      { nr: '7', conf_provider: null, meeting_id: null, provider_reason: 'ambiguous_time', provider: 'old word' },
      {
        nr: rows[0]?.[0],
        conf_provider: 'zoom',
        meeting_id: '85012345678',
        provider_reason: 'zoom_id',
        provider: 'old word',
      },
      {
        nr: rows[1]?.[0],
        conf_provider: 'zoom',
        meeting_id: '9223372036854775807',
        provider_reason: 'zoom_id',
        provider: 'old word',
      },
    ])
    expect(await runMigration(options)).toMatchObject({ changed: 0 })
  })

  test('a table, key or column that is not there, or is there already, is named', async () => {
    const url = await open()
    const { lms } = await lmsWith(url)
    const refused = async (planOptions: MigrationPlanOptions) =>
      expandTable(await lmsOptions(url, planOptions)).catch((error: unknown) => error)
    expect(await refused({ table: 'nothing' })).toMatchObject({ code: 'INVALID', details: { field: 'table' } })
    expect(await refused({ source: { id: 'course_id' } })).toMatchObject({ details: { field: 'id' } })
    expect(await refused({ source: { title: 'name' } })).toMatchObject({ details: { field: 'title' } })
    await lms.query("alter table live_classes add column provider varchar(20) default 'bbb'")
    expect(await refused({})).toMatchObject({ code: 'CONFLICT', details: { columns: 'provider' } })
    expect(await expandTable(await lmsOptions(url, { target: { provider: 'provider_2' } }))).toHaveLength(7)
  })
})

async function lmsOptions(url: string, planOptions: MigrationPlanOptions): Promise<RunOptions> {
  const plan = migrationPlan(planOptions)
  const lms = await openLmsDatabase(url, { plan })
  onTestFinished(() => lms.close())
  return { lms, plan, clock: new ManualClock('2026-02-01T08:00:00Z'), who: 'ada' }
}

const foreign = (url: string): Promise<RunOptions> =>
  lmsOptions(url, {
    table: 'Sessions',
    source: {
      id: 'nr',
      scheduledAt: 'when',
      timeZone: 'zone',
      status: 'state',
      meetingId: 'zid',
      durationMinutes: null,
      joinUrl: null,
      startUrl: null,
      password: null,
      recordingUrl: null,
      courseId: null,
      title: null,
      description: null,
      createdAt: null,
      updatedAt: null,
    },
    target: { provider: 'conf_provider' },
    statuses: { planned: 'scheduled', done: 'completed' },
  })

describe('T60 the decision', () => {
  const plan = migrationPlan()
  test.each(
    [...corpus(kindNames.length)].map(({ old, expected }, index) => [kindNames[index] ?? '', old, expected] as const),
  )('%s', (_name, old, expected) => {
    const decision = decide(
      {
        scheduledAt: old.scheduled_at,
        durationMinutes: String(old.duration_minutes),
        status: old.status,
        meetingId: old.zoom_meeting_id,
        joinUrl: old.join_url,
        startUrl: old.start_url,
        password: old.password,
        recordingUrl: old.recording_url,
        timeZone: null,
      },
      plan,
    )
    expect(decision).toMatchObject({ outcome: expected.outcome, reason: expected.reason })
    if (decision.outcome === 'rejected') return
    expect(decision).toMatchObject({
      provider: expected.provider,
      meetingId: expected.meeting_id,
      moderatorPassword: expected.moderator_password,
      attendeePassword: expected.attendee_password,
      startsAt: expected.startsAt,
    })
  })
})
