import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { openStore } from '../../src/sql/index.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import { cli } from '../cli/support.ts'
import { temporaryDirectory } from '../sql/support.ts'
import { onEachDatabase } from '../support/databases.ts'
import { PlainProvider, unavailable } from '../support/plain-provider.ts'
import { corpus, createLms } from './corpus.ts'

async function lmsAt(url: string, rows = 62) {
  const lms = await createLms(url)
  await lms.insert(corpus(rows))
  onTestFinished(() => lms.close())
  return lms
}

onEachDatabase(({ open }) => {
  test('migrate: results on standard output as JSON, exit codes that a script can go by, and finalize asks first', async () => {
    const url = await open()
    await lmsAt(url)
    const io = { env: { LMS_DATABASE_URL: url } }
    const run = async (words: string, more: object = {}) => {
      const { code, out } = await cli(`--json migrate ${words}`, { ...io, ...more })
      return [code, out === '' ? null : JSON.parse(out)]
    }
    expect(await run('plan')).toMatchObject([0, { isDryRun: true, changed: 62 }])
    expect(await run('run --dry-run')).toMatchObject([0, { isDryRun: true }])
    expect((await run('run'))[0]).toBe(1)
    expect((await cli('migrate run', io)).err).toContain('migrate expand')
    expect(await run('expand')).toMatchObject([0, { view: 'live_classes_compat' }])
    expect(await run('doctor')).toMatchObject([0, { ok: true, phase: 'expanded' }])
    expect(await run('run')).toMatchObject([0, { isComplete: true, changed: 62 }])
    expect(await run('verify')).toMatchObject([0, { ok: true, who: 'ada' }])
    expect(await run('switch')).toMatchObject([0, { ok: true }])
    expect(await run('doctor')).toMatchObject([1, { ok: false, phase: 'switched' }])
    expect(await run('rejected --limit 3')).toMatchObject([0, [{ reason: expect.any(String) }, {}, {}]])
    expect((await run('finalize'))[0]).toBe(2)
    expect((await run('finalize', { ask: async () => 'no' }))[0]).toBe(1)
    expect((await run('finalize --yes'))[0]).toBe(1)
    expect(await run('finalize --accept-rejected', { ask: async () => 'finalize' })).toMatchObject([
      0,
      { report: { ok: true } },
    ])
    expect(await run('status')).toMatchObject([0, { phase: 'finalized' }])
    expect((await run('rollback'))[0]).toBe(1)
  })

  test('Ctrl-C ends it after the batch of the moment, with 130 and how to go on', async () => {
    const url = await open()
    await lmsAt(url, 1200)
    const io = { env: { LMS_DATABASE_URL: url } }
    await cli('migrate expand', io)
    const stop = new AbortController()
    let bar = ''
    const stopped = await cli('migrate run', {
      ...io,
      signal: stop.signal,
      ask: async () => '',
      err: text => {
        bar += text
        if (text.includes('[')) stop.abort()
      },
    })
    expect(stopped.code).toBe(130)
    expect(bar).toMatch(/filling \[#+ +\] \d+ of 1200, \d+\/s/)
    expect(bar).toContain('the same command goes on from there')
    expect(await cli('migrate run', io)).toMatchObject({ code: 0, err: '' })
  })

  test('where nobody sees a bar, a line says now and then how far it is', async () => {
    const url = await open()
    await lmsAt(url, 1200)
    const io = { env: { LMS_DATABASE_URL: url } }
    await cli('migrate expand', io)
    let now = 0
    const clock = { ...systemClock, now: () => (now += 6000) }
    const { err } = await cli('migrate run', { ...io, clock })
    expect(err).toMatch(/^filling: \d+ of 1200, \d+\/s, \d+ (s|min) left\n/)
    expect(err).not.toContain('\u001b')
  })
})

test('wrong usage ends with 2 and a sentence; no password is shown', async () => {
  const directory = temporaryDirectory()
  const file = join(directory, 'lms.db')
  await lmsAt(`sqlite:${file}`, 1)
  const io = { env: { LMS_DATABASE_URL: `sqlite:${file}` } }
  const map = (content: string): string => {
    const path = join(directory, 'map.json')
    writeFileSync(path, content)
    return path
  }
  for (const [words, given] of [
    ['migrate', {}],
    ['migrate nonsense', {}],
    ['migrate plan', {}],
    ['migrate plan --lms mysql://u:hunter2@host/db', {}],
    [`migrate plan --lms sqlite:${join(directory, 'nothing.db')}`, {}],
    [`migrate plan --map ${join(directory, 'nothing.json')}`, io],
    [`migrate plan --map ${map('{"table":"live_classes; drop table live_classes"}')}`, io],
    ['migrate rejected --limit many', io],
    ['rollout set', { env: { DATABASE_URL: `sqlite:${join(directory, 'store.db')}` } }],
    ['rollout set --phase soon', {}],
    ['rollout set --percentage lots', {}],
    ['migrate classes', { env: { DATABASE_URL: `sqlite:${join(directory, 'store.db')}` } }],
  ] as const) {
    const { code, out, err } = await cli(words, given)
    expect([words, code, out]).toEqual([words, 2, ''])
    expect(err).not.toBe('')
    expect(err).not.toContain('hunter2')
  }
  for (const content of [
    '{"tables":"x"}',
    '{"source":{"meeting":"x"}}',
    '{"source":{"meetingId":5}}',
    '{"timeZone":"Nowhere/Here"}',
    '{"statuses":{"a":"b"}}',
    '{"target":{"provider":"status"}}',
    '[]',
    '{',
  ]) {
    expect(await cli(`migrate plan --map ${map(content)}`, io)).toMatchObject({ code: 2, out: '' })
  }
  const away = await cli('migrate plan --lms postgres://u:hunter2@127.0.0.1:1/db')
  expect(away).toMatchObject({ code: 1, out: '' })
  expect(away.err).not.toContain('hunter2')
  expect((await cli('migrate --help')).out).toContain('lms-conferencing migrate plan')
})

test('T61 classes and history: what a provider said goes to the store, and its secrets nowhere', async () => {
  const directory = temporaryDirectory()
  const url = `sqlite:${join(directory, 'store.db')}`
  const store = await openStore(url)
  await store.transaction(async tx => {
    for (const [id, status] of [
      ['over', 'completed'],
      ['planned', 'scheduled'],
    ] as const)
      await tx.insertClass(
        sampleClass({ id, tenantId: 'default', provider: 'zoom', status, startsAt: new Date('2100-01-01T00:00:00Z') }),
      )
  })
  await store.close()
  const zoom = new PlainProvider({ name: 'zoom' })
  const io = {
    env: { DATABASE_URL: url, ZOOM_CLIENT_SECRET: 'canary-of-the-client' },
    providers: { zoom, bbb: new PlainProvider() },
  }
  zoom.report = async () => [
    { type: 'started', instance: 'i', at: 1 },
    { type: 'ended', instance: 'i', at: 2 },
  ]
  zoom.failNext('recordings', unavailable())
  expect((await cli('migrate history --no-wait', io)).out).toContain('UNAVAILABLE')
  expect(JSON.parse((await cli('--json migrate history', io)).out)).toMatchObject({
    imported: 1,
    newFacts: 2,
    isComplete: true,
  })
  expect((await cli('migrate classes --dry-run', io)).out).toMatch(/wouldMove +1\n/)
  expect(await cli('migrate classes', io)).toMatchObject({ code: 0 })
  const undone = await cli('--json migrate classes --undo', io)
  expect(JSON.parse(undone.out)).toMatchObject({ sameMeeting: 1, problems: [] })
  expect(readFileSync(join(directory, 'store.db')).includes('canary')).toBe(false)
  const check = await cli('db check', io)
  expect(check.out).toMatch(/ada +move +1\n/)
})

test('rollout: every word of it', async () => {
  const io = { env: { DATABASE_URL: `sqlite:${join(temporaryDirectory(), 'store.db')}` } }
  const json = async (words: string) => JSON.parse((await cli(`--json rollout ${words}`, io)).out)
  expect(await json('show')).toMatchObject({ version: 0, rollout: { phase: 'preparation' } })
  expect(await json('set --phase gradual --percentage 12.5 --dry-run')).toMatchObject({ dryRun: true })
  expect(await json('set --phase gradual --percentage 12.5')).toMatchObject({
    version: 1,
    rollout: { percentage: 12.5 },
  })
  expect(await json('allow a b')).toMatchObject({ rollout: { allow: ['a', 'b'] } })
  expect(await json('deny b c')).toMatchObject({ rollout: { allow: ['a'], deny: ['b', 'c'] } })
  expect(await json('override c bbb')).toMatchObject({ rollout: { deny: ['b'], overrides: { c: 'bbb' } } })
  expect(await json('explain c')).toMatchObject({ provider: 'bbb', reason: 'override' })
  expect(await json('forget a b c')).toMatchObject({ rollout: { allow: [], deny: [], overrides: {} } })
  expect(await json('set --new-courses-since 2027-03-01T00:00:00Z --zoom off')).toMatchObject({
    rollout: { newCoursesSince: '2027-03-01T00:00:00Z', isOldEnabled: false },
  })
  expect(await json('set --new-courses-since never')).toMatchObject({ rollout: { newCoursesSince: null } })
  expect((await cli('rollout override c teams', io)).code).toBe(2)
  expect((await cli('rollout explain a', io)).out).toBe('bbb: New classes on zoom are switched off.\n')
  expect((await cli('db check', io)).out).toMatch(/ada +rollout forget 3 courses +5\n/)
})
