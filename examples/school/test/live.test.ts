import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BbbClient } from 'bbb-client'
import { FakeBbb, type FakeBbbServer } from 'bbb-client/testing'
import { type LiveMessage, type LiveSubscription, VideoConferenceService } from 'lms-conferencing/browser'
import { io } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { courses, students, tokenOf, type User } from '../src/index.ts'
import { type CallbackProxy, startCallbackProxy } from './support/callback-proxy.ts'
import { type PostgresServer, startPostgres, whyNoPostgres } from './support/postgres.ts'
import { type ServerProcess, startServer } from './support/server-process.ts'

const reason = await whyNoPostgres()
const secret = 'a-secret-of-the-test-that-is-long-enough'
const [course] = courses
const [ana] = students
const express = new URL('../../express/src/server.ts', import.meta.url)
const fastify = new URL('../../fastify/src/server.ts', import.meta.url)

describe('live updates of the examples', () => {
  let bbb: FakeBbbServer
  let proxy: CallbackProxy
  let postgres: PostgresServer | undefined
  let servers: ServerProcess[]
  let subscriptions: LiveSubscription[]

  beforeEach(async () => {
    servers = []
    subscriptions = []
    bbb = await new FakeBbb({ secret }).serve()
    proxy = await startCallbackProxy()
  })
  afterEach(async () => {
    for (const subscription of subscriptions) subscription.close()
    await Promise.all(servers.map(server => server.kill('SIGKILL')))
    await bbb.close()
    await proxy.close()
    await postgres?.stop()
    postgres = undefined
  })

  async function start(serverFile: URL, env: Readonly<Record<string, string>>): Promise<ServerProcess> {
    const server = await startServer(serverFile, { BBB_SERVER_URL: bbb.url, BBB_SHARED_SECRET: secret, ...env })
    servers.push(server)
    return server
  }

  const service = ({ url }: ServerProcess, who: User | undefined): VideoConferenceService =>
    new VideoConferenceService({
      baseUrl: url,
      headers: () => ({ authorization: `Bearer ${who ? tokenOf(who) : ''}` }),
    })

  /** A page of the browser client with socket.io-client, over sockets alone: it loads nothing by itself for an hour. */
  async function openPage(server: ServerProcess, who: User | undefined, classId: string): Promise<LiveMessage[]> {
    const messages: LiveMessage[] = []
    const isLive = Promise.withResolvers<void>()
    subscriptions.push(
      service(server, who).subscribe({
        io: (url, options) => io(url, { ...options, forceNew: true }),
        courses: [course?.id ?? ''],
        classes: [classId],
        pollMs: 3_600_000,
        reload: async () => {},
        onMessage: message => messages.push(message),
        onState: state => state === 'live' && isLive.resolve(),
      }),
    )
    await isLive.promise
    return messages
  }

  /** Two processes, the callbacks of BigBlueButton go to the first. */
  async function tellsTheOther(databaseUrl: string): Promise<void> {
    const one = await start(express, {
      DATABASE_URL: databaseUrl,
      BBB_WEBHOOK_URL: `${proxy.url}/api/v1/classes/bbb-webhook/4f1b2a`,
    })
    proxy.targets = [one.url]
    const other = await start(fastify, { DATABASE_URL: databaseUrl })
    const teacher = service(one, course?.teacher)
    const lesson = await teacher.createVirtualClass(course?.id ?? '', {
      title: 'Photosynthesis',
      scheduled_at: new Date().toISOString(),
    })
    const page = await openPage(other, ana, lesson.id)
    await teacher.startClass(lesson.id)
    const patience = { timeout: 20_000 }
    const isStarted = { type: 'class', live_class: expect.objectContaining({ id: lesson.id, status: 'live' }) }
    await vi.waitFor(() => expect(page).toContainEqual(isStarted), patience)
    const client = new BbbClient({ url: bbb.url, secret })
    await vi.waitUntil(async () => (await client.hooks.list()).length > 0, patience)
    bbb.fake.simulate.join(lesson.meeting_id, { fullName: ana?.displayName ?? '', userID: ana?.userId ?? '' })
    await vi.waitFor(() => {
      const of = { class_id: lesson.id, course: course?.id }
      expect(page).toContainEqual({ type: 'people', ...of, people_now: 1 })
      expect(page).toContainEqual({
        type: 'attendance',
        ...of,
        final: false,
        totals: null,
        record: expect.objectContaining({ user_id: ana?.userId, in_class_now: true }),
      })
    }, patience)
    // F24 An open page keeps no process from ending.
    for (const server of [other, one]) expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null })
  }

  it.skipIf(reason !== null)(
    `two processes on one PostgreSQL, Express and Fastify: an event received by one reaches a page connected to the other${reason === null ? '' : ` (cannot run here: ${reason})`}`,
    async () => {
      postgres = await startPostgres()
      await tellsTheOther(postgres.url)
    },
  )

  it('two processes on one SQLite file: the same', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lms-live-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await tellsTheOther(`sqlite:${join(folder, 'lms.db')}`)
  })
})
