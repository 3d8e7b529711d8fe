import { students, teachers, tokenOf } from '@examples/school'
import {
  askPostgres,
  type CallbackProxy,
  type PostgresServer,
  type ServerProcess,
  startCallbackProxy,
  startPostgres,
  startServer,
  whyNoPostgres,
} from '@examples/school/testing'
import { BbbClient } from 'bbb-client'
import { FakeBbb, type FakeBbbServer } from 'bbb-client/testing'
import { signWebhook } from 'bbb-client/webhooks'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const serverFile = new URL('../src/server.ts', import.meta.url)
const [teacher] = teachers
const reason = await whyNoPostgres()
/** What happens in other processes is looked for this often, and for so long. */
const patience = { timeout: 120_000, interval: 100 }

describe.skipIf(reason !== null)(reason === null ? 'PostgreSQL' : `PostgreSQL (cannot run here: ${reason})`, () => {
  const secret = 'a-secret-of-the-test-that-is-long-enough'
  let postgres: PostgresServer
  let proxy: CallbackProxy
  let bbb: FakeBbbServer
  let servers: ServerProcess[]

  beforeEach(async () => {
    servers = []
    postgres = await startPostgres()
    proxy = await startCallbackProxy()
    bbb = await new FakeBbb({ secret, recordingDelayMs: 10 }).serve()
  })
  afterEach(async () => {
    await Promise.all(servers.map(server => server.kill('SIGKILL')))
    await bbb.close()
    await proxy.close()
    await postgres.stop()
  })

  async function start(): Promise<ServerProcess> {
    const server = await startServer(serverFile, {
      DATABASE_URL: postgres.url,
      JOBS_LEASE_MS: '10000',
      BBB_SERVER_URL: bbb.url,
      BBB_SHARED_SECRET: secret,
      BBB_WEBHOOK_URL: `${proxy.url}/api/v1/classes/bbb-webhook/4f1b2a`,
    })
    servers.push(server)
    return server
  }

  async function ask({ url }: ServerProcess, method: string, path: string, body?: unknown) {
    const response = await fetch(`${url}/api/v1/courses/${path}`, {
      method,
      headers: { authorization: `Bearer ${tokenOf(teacher)}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    // biome-ignore lint/suspicious/noExplicitAny: tests compare what is in it, whatever it is
    const { data }: any = await response.json()
    return data
  }
  const plan = (server: ServerProcess, title: string) =>
    ask(server, 'POST', 'biology/create_virtual_class/', { title, scheduled_at: new Date().toISOString() })
  async function startClass(server: ServerProcess, title: string) {
    const liveClass = await plan(server, title)
    await ask(server, 'POST', `live-classes/${liveClass.id}/start_class/`)
    return liveClass
  }
  /** Until BigBlueButton knows whom to call. */
  const hooked = async (): Promise<void> => {
    const client = new BbbClient({ url: bbb.url, secret })
    await vi.waitUntil(async () => (await client.hooks.list()).length > 0, patience)
  }
  const trouble = (call: string): void => bbb.fake.faults.add({ kind: 'status', status: 503, call, times: 1_000_000 })
  /** Jobs of classes that were tried and wait to be tried again. */
  const triedJobs = async (): Promise<readonly string[]> => {
    const rows = await askPostgres(
      postgres.url,
      `select name, data ->> 'key' as key from pgboss.job
       where state < 'active' and (data ->> 'tries')::int > 0 and data ->> 'key' <> '' order by name`,
    )
    return rows.map(({ name, key }) => `${String(name).split('/').at(-1)} ${key}`)
  }
  /** Callbacks that wait for another try. */
  const undelivered = (): number => {
    const { deliveries } = bbb.fake
    const ended = deliveries.filter(({ outcome }) => outcome !== 'retrying').length
    return deliveries.filter(({ attempt }) => attempt === 1).length - ended
  }

  it('two app processes on one PostgreSQL, one killed mid-class, the class’s attendance complete, jobs continued by the other', async () => {
    const one = await start()
    proxy.targets = [one.url]
    await hooked()
    const recorded = await startClass(one, 'Recorded')
    const lesson = await startClass(one, 'Photosynthesis')
    const guest = bbb.fake.simulate.join(recorded.meeting_id, { fullName: 'Guest', userID: 'guest' })
    bbb.fake.simulate.leave(guest)
    // From here on there are jobs that cannot be done yet: a meeting to be made, a recording to be found.
    trouble('create')
    trouble('getRecordings')
    await ask(one, 'POST', `live-classes/${recorded.id}/end_class/`)
    const waiting = await plan(one, 'Waiting')
    expect(waiting.provisioning).toBe('pending')
    // Each was tried here once, and waits in pg-boss for its next time.
    await vi.waitFor(
      async () => expect(await triedJobs()).toEqual([`provision ${waiting.id}`, `recordings ${recorded.id}`]),
      patience,
    )

    const other = await start()
    proxy.targets = [one.url, other.url]
    const join = ({ userId, displayName }: (typeof students)[number]) =>
      bbb.fake.simulate.join(lesson.meeting_id, { fullName: displayName, userID: userId })
    const [early, late, back] = [students.slice(0, 12), students.slice(12, 24), students.slice(24)]
    const inside = [...early, ...back].map(join)
    await vi.waitUntil(() => proxy.acknowledged.length >= 10, patience)
    // In the middle of what they came with.
    for (const student of late) inside.push(join(student))
    for (const session of inside.slice(12, 18)) bbb.fake.simulate.leave(session)
    await one.kill('SIGKILL')
    proxy.targets = [other.url]
    for (const student of back) inside.push(join(student))
    for (const session of [...inside.slice(0, 12), ...inside.slice(18)]) bbb.fake.simulate.leave(session)
    await bbb.fake.idle()
    await vi.waitUntil(() => undelivered() === 0, patience)
    await ask(other, 'POST', `live-classes/${lesson.id}/end_class/`)

    expect(observed(proxy.acknowledged, lesson.meeting_id).size).toBe(students.length)
    await vi.waitFor(async () => {
      const { records } = await ask(other, 'GET', `live-classes/${lesson.id}/attendance/`)
      const found = new Map<string, number>()
      for (const { user_id, observed_ms } of records) found.set(user_id, observed_ms)
      expect(found).toEqual(observed(proxy.acknowledged, lesson.meeting_id))
    }, patience)

    bbb.fake.faults.clear()
    await vi.waitFor(async () => {
      expect(await ask(other, 'GET', `live-classes/${waiting.id}/`)).toMatchObject({ provisioning: 'ready' })
      expect(await ask(other, 'GET', `live-classes/${recorded.id}/`)).toMatchObject({ has_recording: true })
    }, patience)
    expect(bbb.fake.meeting(waiting.meeting_id)).toBeDefined()
    expect(await other.kill('SIGTERM')).toEqual({ code: 0, signal: null })
  }, 180_000)

  it('F19 killed between asking for a meeting and its answer: one meeting, made ready by the other', async () => {
    const one = await start()
    const other = await start()
    bbb.fake.faults.add({ kind: 'hang', call: 'create', executed: true })
    const unanswered = plan(one, 'Photosynthesis').catch(() => 'no answer')
    await vi.waitUntil(() => bbb.fake.faults.pending === 0, patience)
    await one.kill('SIGKILL')
    expect(await unanswered).toBe('no answer')
    const client = new BbbClient({ url: bbb.url, secret })
    const [made] = await client.getMeetings()
    await vi.waitFor(async () => {
      const found = await ask(other, 'GET', 'biology/live-classes/')
      expect(found.live_classes).toMatchObject([{ meeting_id: made?.meetingID, provisioning: 'ready' }])
    }, patience)
    const all = await client.getMeetings()
    expect(all.map(({ createTime, moderatorPW }) => ({ createTime, moderatorPW }))).toEqual([
      { createTime: made?.createTime, moderatorPW: made?.moderatorPW },
    ])
  }, 180_000)

  it('F24 SIGTERM in a burst of callbacks: what was acknowledged is stored, and the process ends well', async () => {
    const server = await start()
    const { meeting_id } = await startClass(server, 'Photosynthesis')
    const meeting = bbb.fake.meeting(meeting_id)
    const callbackUrl = `${proxy.url}/api/v1/classes/bbb-webhook/4f1b2a`
    const waiting = Array.from({ length: 400 }, (_, person) =>
      signWebhook({
        callbackUrl,
        secret,
        events: [
          {
            data: {
              type: 'event',
              id: 'user-joined',
              attributes: {
                meeting: { 'internal-meeting-id': meeting?.internalMeetingID, 'external-meeting-id': meeting_id },
                user: { 'internal-user-id': `w_${person}`, 'external-user-id': `guest-${person}`, name: 'Guest' },
              },
              event: { ts: Date.now() },
            },
          },
        ],
        timestamp: Date.now(),
      }),
    )
    const statuses: number[] = []
    const acknowledged = (): readonly number[] => statuses.filter(status => status === 200)
    let ended: Promise<unknown> = Promise.resolve('never asked to')
    const send = async (): Promise<void> => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const { method, headers, target, body } = next
        const response = await fetch(`${server.url}${target}`, { method, headers, body }).catch(() => null)
        if (!response) return
        statuses.push(response.status)
        if (acknowledged().length === 100) ended = server.kill('SIGTERM')
      }
    }
    await Promise.all(Array.from({ length: 20 }, send))
    expect(await ended).toEqual({ code: 0, signal: null })
    expect(waiting.length).toBeGreaterThan(0)
    // Fastify refuses what comes on a connection from before: BigBlueButton sends it again.
    expect(statuses.filter(status => status !== 200 && status !== 503)).toEqual([])
    const [stored] = await askPostgres(
      postgres.url,
      `select count(*)::int as count from conferencing_inbox where kind = 'hook'`,
    )
    expect(stored?.count).toBeGreaterThanOrEqual(acknowledged().length)
    expect(await askPostgres(postgres.url, `select 1 from pgboss.job where state = 'active'`)).toEqual([])
  }, 180_000)
})

/** How long each person was there, from the acknowledged callbacks alone: each once, whatever the order. */
function observed(bodies: readonly string[], meetingId: string): ReadonlyMap<string, number> {
  const facts = new Set<string>()
  for (const body of bodies) {
    for (const { data } of JSON.parse(new URLSearchParams(body).get('event') ?? '[]')) {
      if (data.attributes.meeting?.['external-meeting-id'] !== meetingId) continue
      const sign = data.id === 'user-joined' ? -1 : data.id === 'user-left' ? 1 : 0
      const { user } = data.attributes
      if (sign !== 0)
        facts.add(JSON.stringify([user['external-user-id'], user['internal-user-id'], sign, data.event.ts]))
    }
  }
  const totals = new Map<string, number>()
  for (const fact of facts) {
    const [person, , sign, ts] = JSON.parse(fact)
    totals.set(person, (totals.get(person) ?? 0) + sign * ts)
  }
  return totals
}
