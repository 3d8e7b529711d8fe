import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { BbbClient } from 'bbb-client'
import { signWebhook } from 'bbb-client/webhooks'
import { expect, onTestFinished, test } from 'vitest'
import { createConferencing } from '../../src/conferencing.ts'
import { createHttpApi } from '../../src/http/index.ts'
import type { CallbackRequest } from '../../src/provider.ts'
import { bbbProvider } from '../../src/providers/bbb/index.ts'
import { zoomProvider } from '../../src/providers/zoom/index.ts'
import { openStore } from '../../src/sql/index.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import { onEachDatabase } from '../support/databases.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { account, host, signed } from '../support/zoom-under-test.ts'
import { readAnswer } from './support.ts'

const callbackUrl = 'https://lms.example/api/v1/classes/bbb-webhook/9f2c4e'
const bbbSecret = 'the-right-secret-of-the-bbb-server'
const day = 86_400_000
const now = Date.parse('2027-03-01T09:00:00Z')

const room = createHash('sha1').update('lms-algebra').digest('hex')
const joined = (user: string, at: number) => ({
  data: {
    type: 'event',
    id: 'user-joined',
    attributes: {
      meeting: { 'internal-meeting-id': `${room}-${now}`, 'external-meeting-id': 'lms-algebra' },
      user: {
        'internal-user-id': `w_${user}`,
        'external-user-id': user,
        name: user,
        role: 'VIEWER',
        presenter: false,
      },
    },
    event: { ts: at },
  },
})

const bbbCallback = (
  user: string,
  { at = now, scheme = 'url+body' }: { at?: number; scheme?: 'url+body' | 'bearer' } = {},
) => {
  const made = signWebhook({ callbackUrl, secret: bbbSecret, events: [joined(user, at)], timestamp: at, scheme })
  return { ...made, body: Buffer.from(made.body) }
}

const zoomCallback = (at = now): CallbackRequest =>
  signed(
    {
      event: 'meeting.participant_joined',
      payload: {
        account_id: account.accountId,
        object: {
          id: '85000000001',
          uuid: '4444AAAiAAAAAiAiAiiAii==',
          host_id: 'h',
          topic: 'T',
          duration: 60,
          participant: { user_id: '16778240', user_name: 'Bob', email: '', join_time: new Date(at).toISOString() },
        },
      },
      event_ts: at,
    },
    at,
  )

/** The application on a database, with these secrets: what a restart with another configuration is. */
async function start(url: string, secrets: { readonly bbb: string; readonly zoom: string }) {
  const clock = new ManualClock(new Date(now))
  const store = await openStore(url)
  const told: string[] = []
  const conferencing = createConferencing({
    providers: {
      bbb: bbbProvider({
        client: new BbbClient({ url: 'https://bbb.example', secret: secrets.bbb }),
        callbacks: { url: callbackUrl, secrets: secrets.bbb },
        clock,
      }),
      zoom: zoomProvider({ ...account, host, webhookSecret: secrets.zoom, clock }),
    },
    chooseProvider: () => 'bbb',
    store,
    clock,
    alert: alert => void told.push(JSON.stringify(alert)),
  })
  const api = createHttpApi({
    conferencing,
    authenticate: request =>
      request.headers.get('authorization') === 'Bearer admin'
        ? { userId: 'adi', displayName: 'Adi', isAdmin: true }
        : null,
    lms: { courseTitle: () => null, teaches: () => false, enrolled: () => false },
    clock,
  })
  let open = true
  const stop = async (): Promise<void> => {
    if (!open) return
    open = false
    await conferencing.stop()
    await store.close()
  }
  onTestFinished(stop)
  return {
    conferencing,
    store,
    told,
    stop,
    async give({ method, target, headers, body }: CallbackRequest): Promise<number> {
      const init = { method, headers: new Headers(Object(headers)), body: Buffer.from(body) }
      return (await api(new Request(`https://lms.example${target}`, init))).status
    },
    async admin(method: string, path: string, body?: unknown) {
      const headers = { authorization: 'Bearer admin', 'content-type': 'application/json' }
      const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }
      return readAnswer(await api(new Request(`https://lms.example/api/v1/admin/conferencing/${path}/`, init)))
    },
    facts: async (classId: string) => (await store.read(tx => tx.listEvents('default', classId))).length,
  }
}

const right = { bbb: bbbSecret, zoom: account.webhookSecret }
const wrong = { bbb: 'an-outdated-secret-of-the-bbb-server', zoom: 'an-outdated-secret-of-zoom' }

async function withClasses(url: string): Promise<void> {
  const store = await openStore(url)
  const inDefault = { tenantId: 'default', serverId: 'default' }
  await store.transaction(async tx => {
    for (const [id, provider, meetingKey] of [
      ['algebra', 'bbb', room],
      ['physics', 'zoom', '85000000001'],
    ] as const)
      await tx.insertClass(sampleClass({ ...inDefault, id, provider }, { ...inDefault, provider, meetingKey }))
  })
  await store.close()
}

/** Everything the database has on its disk, or in its tables. */
async function bytesOf(url: string, store: Awaited<ReturnType<typeof start>>['store']): Promise<string> {
  if (url.startsWith('sqlite:')) {
    const directory = dirname(url.slice('sqlite:'.length))
    return readdirSync(directory)
      .map(file => readFileSync(join(directory, file)).toString('latin1'))
      .join('')
  }
  const refused = await store.read(tx => tx.listRefused({ tenantId: 'default', limit: 100 }))
  const rows = await store.read(tx => tx.listInbox({ tenantId: 'default', limit: 100 }))
  const bodies = [...refused, ...rows].map(({ body }) => Buffer.from(body).toString('latin1'))
  return JSON.stringify([refused, rows]) + bodies.join('')
}

onEachDatabase(({ open }) => {
  test('T41 T52 after a wrong secret is mended, requeue verifies and applies what was quarantined, once', async () => {
    const url = await open()
    await withClasses(url)
    const before = await start(url, wrong)
    for (const user of ['ana', 'bob', 'cem']) expect(await before.give(bbbCallback(user))).toBe(401)
    expect(await before.give(zoomCallback())).toBe(401)
    expect(await before.give(bbbCallback('dee', { scheme: 'bearer' }))).toBe(401)
    // What nobody has signed is kept too, and stays.
    expect(await before.give({ ...bbbCallback('eve'), body: Buffer.from('event=[]&timestamp=1') })).toBe(401)
    await before.stop()

    const { admin, conferencing, facts, store, give, told } = await start(url, right)
    const listed = await admin('GET', 'quarantine')
    expect(listed.json.data.requests).toHaveLength(6)
    expect(listed.json.data.requests[4]).toMatchObject({
      provider: 'bbb',
      reason: 'mismatch',
      credential_removed: true,
    })
    expect((await conferencing.health()).quarantined).toBe(6)

    const found = { passed: 4, refused: { credential_not_kept: 1, mismatch: 1 }, stale: 0 }
    const dry = await admin('POST', 'quarantine/requeue', { dry_run: true })
    expect(dry.json.data).toEqual({ ...found, dry_run: true })
    await conferencing.rounds.callbacks()
    expect([await facts('algebra'), await facts('physics')]).toEqual([0, 0])

    expect((await admin('POST', 'quarantine/requeue', {})).json.data).toEqual({ ...found, dry_run: false })
    await conferencing.rounds.callbacks()
    expect([await facts('algebra'), await facts('physics')]).toEqual([3, 1])

    // Twice is once; so is a sender who comes again.
    expect((await admin('POST', 'quarantine/requeue', {})).json.data).toEqual({ ...found, passed: 0, dry_run: false })
    expect(await give(bbbCallback('ana'))).toBe(200)
    await conferencing.rounds.callbacks()
    expect([await facts('algebra'), await facts('physics')]).toEqual([3, 1])
    expect((await admin('GET', 'operations')).json.data.operations).toMatchObject([
      { who: 'adi', what: 'requeue', count: 0 },
      { who: 'adi', what: 'requeue', count: 4 },
    ])

    // T24: neither secret is anywhere, the one that came as Bearer least of all.
    const shown = [listed, dry, await admin('GET', 'health')]
    const seen = JSON.stringify(shown) + told.join('') + before.told.join('') + (await conferencing.metrics())
    for (const secret of [...Object.values(right), ...Object.values(wrong)]) {
      expect(await bytesOf(url, store)).not.toContain(secret)
      expect(await bytesOf(url, store)).not.toContain(Buffer.from(secret).toString('base64'))
      expect(seen).not.toContain(secret)
    }
    // A checksum is in the table, for it is what is verified again; it is shown nowhere.
    expect(seen).not.toMatch(/checksum=|9f2c4e/)
  })

  test('F9 T35 a callback up to seven days late is applied with its time; a later one waits, and requeue applies it', async () => {
    const url = await open()
    await withClasses(url)
    const { give, admin, conferencing, facts, told } = await start(url, right)
    expect(await give(bbbCallback('ana', { at: now - 7 * day }))).toBe(200)
    expect(await give(bbbCallback('bob', { at: now - 7 * day - 1000 }))).toBe(200)
    expect(await give(bbbCallback('cem', { at: now + 300_000 }))).toBe(200)
    expect(await give(bbbCallback('dee', { at: now + 301_000 }))).toBe(200)
    expect(await give(zoomCallback(now - 6_000_000))).toBe(200)
    expect(await give(zoomCallback(now - 6_001_000))).toBe(200)
    await conferencing.rounds.callbacks()
    expect([await facts('algebra'), await facts('physics')]).toEqual([2, 1])
    expect((await conferencing.health()).inbox).toMatchObject({ applied: 3, stale: 3, new: 0 })
    expect(told.join('')).toContain('callbacks-stale')
    const { json } = await admin('GET', 'inbox', undefined)
    expect(json.data.callbacks.filter(({ state }: { state: string }) => state === 'stale')).toHaveLength(3)

    const requeued = await admin('POST', 'quarantine/requeue', {})
    expect(requeued.json.data).toEqual({ passed: 0, refused: {}, stale: 3, dry_run: false })
    await conferencing.rounds.callbacks()
    expect([await facts('algebra'), await facts('physics')]).toEqual([4, 2])
    // For ever the same row: a permanent hook that repeats it changes nothing any more.
    expect(await give(bbbCallback('bob', { at: now - 7 * day - 1000 }))).toBe(200)
    expect((await conferencing.health()).inbox).toMatchObject({ applied: 6, stale: 0, new: 0 })
  })

  test('T52 all callbacks replayed twice leave what they left once', async () => {
    const url = await open()
    await withClasses(url)
    const { give, admin, conferencing, store } = await start(url, right)
    for (const user of ['ana', 'bob']) await give(bbbCallback(user))
    await give(zoomCallback())
    await conferencing.rounds.callbacks()
    const state = async () => ({
      algebra: await store.read(tx => tx.listEvents('default', 'algebra')),
      physics: await store.read(tx => tx.listEvents('default', 'physics')),
    })
    const once = await state()
    for (let time = 0; time < 2; time++) {
      expect((await admin('POST', 'inbox/replay', { state: 'any' })).json.data.replayed).toBe(3)
      await conferencing.rounds.callbacks()
      expect(await state()).toEqual(once)
    }
  })
})
