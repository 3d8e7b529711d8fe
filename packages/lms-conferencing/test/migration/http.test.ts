import { expect, onTestFinished, test } from 'vitest'
import { createConferencing } from '../../src/conferencing.ts'
import { createHttpApi } from '../../src/http/index.ts'
import {
  changeRollout,
  expandTable,
  migrationFacts,
  runMigration,
  verifyMigration,
  withOldNames,
} from '../../src/migration/index.ts'
import { openStore } from '../../src/sql/index.ts'
import { onEachDatabase } from '../support/databases.ts'
import { PlainProvider } from '../support/plain-provider.ts'
import { corpus } from './corpus.ts'
import { lmsWith } from './support.ts'

onEachDatabase(({ open }) => {
  test('administrators see the rollout, why a course is where it is, and the signed report; nobody else does', async () => {
    const { options, plan } = await lmsWith(await open(), corpus(62))
    const store = await openStore(await open())
    const conferencing = createConferencing({ providers: { bbb: new PlainProvider() }, store })
    onTestFinished(async () => {
      await conferencing.stop()
      await store.close()
    })
    const lms = { courseTitle: () => 'C', teaches: () => true, enrolled: () => true }
    const api = (isAdmin: boolean, migration?: ReturnType<typeof migrationFacts>) =>
      createHttpApi({ conferencing, lms, authenticate: () => ({ userId: 'u', displayName: 'U', isAdmin }), migration })
    const facts = migrationFacts({ store, lms: { database: options.lms, plan } })
    const get = async (path: string, handler = api(true, facts)) => {
      const response = await handler(new Request(`https://lms.example/api/v1/admin/conferencing/${path}`))
      return [response.status, Object(await response.json()).data]
    }
    await changeRollout({
      store,
      clock: options.clock,
      who: 'ada',
      what: 'rollout',
      change: one => ({ ...one, phase: 'testing', allow: ['c-1'] }),
    })
    expect(await get('rollout/')).toMatchObject([200, { phase: 'testing', allow: ['c-1'], version: 1, course: null }])
    expect(await get('rollout/?course_id=c-1')).toMatchObject([
      200,
      { course: { id: 'c-1', provider: 'bbb', reason: 'allowed', explanation: expect.any(String) } },
    ])
    expect(await get('migration/')).toMatchObject([200, { phase: null, counts: null, report: null, log: [] }])
    await expandTable(options)
    await runMigration(options)
    const report = await verifyMigration(options)
    expect(await get('migration/')).toMatchObject([
      200,
      { phase: 'verified', counts: { rows: 62 }, report: { who: 'ada', ok: true, digest: report?.digest } },
    ])
    expect((await get('rollout/', api(false, facts)))[0]).toBe(403)
    expect((await get('migration/', api(false, facts)))[0]).toBe(403)
    expect((await get('rollout/', api(true)))[0]).toBe(404)
    expect((await get('migration/', api(true, migrationFacts({ store }))))[0]).toBe(404)
    const document = await (await api(true)(new Request('https://lms.example/openapi.json'))).json()
    expect(Object.keys(Object(document).paths)).toContain('/api/v1/admin/conferencing/rollout/')
  })
})

test('old names stay readable, and no link or password comes back with them', () => {
  expect(withOldNames({ provider: 'zoom', meeting_id: '850', title: 'L' })).toEqual({
    provider: 'zoom',
    meeting_id: '850',
    title: 'L',
    zoom_meeting_id: '850',
    join_url: null,
    start_url: null,
    password: null,
  })
  expect(withOldNames({ provider: 'bbb', meeting_id: 'm' }).zoom_meeting_id).toBeNull()
  expect(withOldNames({ provider: 'zoom', meeting_id: '' }).zoom_meeting_id).toBeNull()
})
