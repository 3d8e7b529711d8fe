import { type RunningSchool, students, teachers, tokenOf } from '@examples/school'
import { startServer } from '@examples/school/testing'
import { ManualClock } from 'bbb-client/testing'
import { noLogger } from 'lms-conferencing'
import { afterEach, describe, expect, it } from 'vitest'
import { buildApp } from '../src/app.ts'
import { start } from '../src/start.ts'

const serverFile = new URL('../src/server.ts', import.meta.url)
const [teacher] = teachers
const [ana] = students
const minute = 60_000

let running: RunningSchool | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

describe('the example on Express', () => {
  it('holds a class with real signed callbacks, and T9 T24 writes no link, checksum, token or query to its log', async () => {
    const clock = new ManualClock({ startAt: Date.parse('2027-03-01T08:45:00Z') })
    let log = ''
    running = await start({
      env: { PORT: '0', DATABASE_URL: 'sqlite::memory:' },
      clock,
      log: line => {
        log += `${line}\n`
      },
    })
    const { url, conferencing, bbb } = running
    const ask = async (who: typeof teacher | undefined, method: string, path: string, body?: object) => {
      const response = await fetch(`${url}/api/v1/courses/${path}`, {
        method,
        headers: {
          'content-type': 'application/json',
          ...(who && { authorization: `Bearer ${tokenOf(who)}` }),
        },
        ...(body && { body: JSON.stringify(body) }),
      })
      // biome-ignore lint/suspicious/noExplicitAny: tests compare what is in it, whatever it is
      const { data }: any = await response.json()
      return data
    }
    const enter = async (joinUrl: string) => {
      const joined = await fetch(joinUrl, { redirect: 'manual' })
      await (await fetch(new URL(joined.headers.get('location') ?? '', joinUrl))).text()
    }
    const { id } = await ask(teacher, 'POST', 'biology/create_virtual_class/', {
      title: 'Photosynthesis',
      scheduled_at: '2027-03-01T09:00:00Z',
    })
    await clock.advance(15 * minute)
    const started = await ask(teacher, 'POST', `live-classes/${id}/start_class/`)
    await enter(started.join_url)
    const info = await ask(ana, 'GET', `live-classes/${id}/join_info/`)
    await enter(info.join_url)
    await clock.advance(60 * minute)
    await ask(teacher, 'POST', `live-classes/${id}/end_class/`)
    await clock.advance(minute)
    await conferencing.rounds.callbacks()
    const { records } = await ask(ana, 'GET', `live-classes/${id}/attendance/`)
    expect(records).toMatchObject([{ user_id: ana?.userId, status: 'present', duration_minutes: 60 }])

    expect(log).toContain('"url":"/api/v1/classes/bbb-webhook/[redacted]?[redacted]","status":200')
    expect(log).not.toMatch(/checksum=|sessionToken|demo-teacher/)
    expect(log).not.toContain(new URL(info.join_url).search)
    expect(log).not.toContain(bbb?.secret)
  })

  it('keeps its own parsers beside the API', async () => {
    const app = buildApp({
      api: async () => new Response('the API'),
      page: async () => new Response('the page'),
      logger: noLogger,
    })
    app.post('/echo', (request, response) => {
      response.json(request.body)
    })
    const server = app.listen(0, '127.0.0.1')
    try {
      await new Promise(resolve => server.once('listening', resolve))
      const address = server.address()
      const port = typeof address === 'object' ? address?.port : undefined
      const post = (path: string) =>
        fetch(`http://127.0.0.1:${port}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"leaf":"green"}',
        })
      expect(await (await post('/echo')).json()).toEqual({ leaf: 'green' })
      expect(await (await post('/api/v1/courses/')).text()).toBe('the API')
      for (const path of ['/', '/courses/biology', '/apiary']) {
        expect(await (await fetch(`http://127.0.0.1:${port}${path}`)).text()).toBe('the page')
      }
    } finally {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
  })
})

describe('the process', () => {
  it('F24 ends by itself on SIGTERM, with all its parts', async () => {
    const server = await startServer(serverFile, { DATABASE_URL: 'sqlite::memory:' })
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(server.log()).toContain('SIGTERM: closing')
  })

  it('does not start on a bad secret, and says so without its value', async () => {
    const env = { BBB_SERVER_URL: 'https://bbb.example.org', BBB_SHARED_SECRET: 'hush' }
    const started = startServer(serverFile, { DATABASE_URL: 'sqlite::memory:', ...env })
    await expect(started).rejects.toThrow('secret')
    await expect(started).rejects.not.toThrow('hush')
    await expect(started).rejects.toThrow('ended with 1')
  })

  it('says so when its port is taken', async () => {
    running = await start({ env: { PORT: '0', DATABASE_URL: 'sqlite::memory:' } })
    const { port } = new URL(running.url)
    const second = startServer(serverFile, { DATABASE_URL: 'sqlite::memory:', PORT: port })
    await expect(second).rejects.toThrow(/ended with 1: .*EADDRINUSE/)
  })
})
