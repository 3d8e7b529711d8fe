import { courses, type RunningSchool, students, teachers, tokenOf, type User } from '@examples/school'
import { BbbClient } from 'bbb-client'
import { ManualClock } from 'bbb-client/testing'
import { signWebhook } from 'bbb-client/webhooks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { buildApp } from '../src/app.ts'
import { start } from '../src/start.ts'

const minute = 60_000
const [teacher] = teachers
const [ana, second, third] = students
const [course] = courses

let running: RunningSchool
let clock: ManualClock
let log: string

beforeEach(async () => {
  clock = new ManualClock({ startAt: Date.parse('2027-03-01T08:45:00Z') })
  log = ''
  running = await start({
    env: { PORT: '0', DATABASE_URL: 'sqlite::memory:' },
    clock,
    logger: {
      level: 'debug',
      stream: {
        write(line: string) {
          log += line
        },
      },
    },
  })
})
afterEach(() => running.close())

/** Asks the API as somebody, over the socket. */
async function ask(who: User | undefined, method: string, path: string, body?: unknown) {
  const response = await fetch(`${running.url}/api/v1/${path}`, {
    method,
    headers: {
      ...(who && { authorization: `Bearer ${tokenOf(who)}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  // biome-ignore lint/suspicious/noExplicitAny: tests compare what is in it, whatever it is
  const json: any = JSON.parse(text)
  return { status: response.status, json, data: json.data }
}

/** Follows a join link as a browser does; the second page is the room. */
async function enter(joinUrl: string): Promise<void> {
  const joined = await fetch(joinUrl, { redirect: 'manual' })
  const room = await fetch(new URL(joined.headers.get('location') ?? '', joinUrl))
  expect(room.status).toBe(200)
  await room.text()
}

async function planClass(): Promise<string> {
  const { status, data } = await ask(teacher, 'POST', `courses/${course?.id}/create_virtual_class/`, {
    title: 'Photosynthesis, step by step',
    scheduled_at: '2027-03-01T09:00:00Z',
  })
  expect(status).toBe(200)
  expect(data.meeting_created).toBe(true)
  return data.id
}

describe('the example on Fastify', () => {
  it('holds a class from its planning to its recording, with real signed callbacks', async () => {
    const id = await planClass()
    const path = `courses/live-classes/${id}`
    expect((await ask(ana, 'GET', `${path}/join_info/`)).data).toMatchObject({ can_join: false, join_url: null })
    await clock.advance(15 * minute)
    await enter((await ask(teacher, 'POST', `${path}/start_class/`)).data.join_url)
    for (const student of [ana, second]) {
      const { data } = await ask(student, 'GET', `${path}/join_info/`)
      expect(data).toMatchObject({ can_join: true, role: 'attendee', meeting_running: true })
      await enter(data.join_url)
    }
    await clock.advance(30 * minute)
    await running.conferencing.rounds.callbacks()
    const live = await ask(teacher, 'GET', `${path}/attendance/`)
    expect(live.data).toMatchObject({ final: false, totals: { people: 30, in_class_now: 2, not_seen_yet: 28 } })

    await clock.advance(30 * minute)
    expect((await ask(teacher, 'POST', `${path}/end_class/`)).data.status).toBe('completed')
    await clock.advance(minute)
    await running.conferencing.rounds.callbacks()
    const { data } = await ask(teacher, 'GET', `${path}/attendance/`)
    expect(data).toMatchObject({ final: true, held_ms: 60 * minute })
    const statuses = data.records.map(({ name, status }: { name: string; status: string }) => [name, status])
    expect(statuses.slice(0, 3)).toEqual([
      [ana?.displayName, 'present'],
      [second?.displayName, 'present'],
      [third?.displayName, 'absent'],
    ])
    expect(data.records[0]).toMatchObject({
      duration_minutes: 60,
      confidence: 'exact',
      provenance: expect.arrayContaining(['report', 'webhook']),
    })
    const { recordings } = (await ask(ana, 'GET', `${path}/recordings/`)).data
    expect(recordings).toMatchObject([{ published: true, playback_url: expect.stringContaining('http') }])
  })

  it('T9 T24 writes no link, checksum, token or query to its log', async () => {
    const id = await planClass()
    const { data } = await ask(teacher, 'POST', `courses/live-classes/${id}/start_class/`)
    await enter(data.join_url)
    await clock.advance(minute)
    await fetch(`${running.url}/api/v1/classes/bbb-webhook/secret-token?checksum=c0ffee`, { method: 'POST' })
    expect(log).toContain('/classes/bbb-webhook/[redacted]')
    expect(log).not.toMatch(/checksum=|c0ffee|secret-token|sessionToken|demo-teacher/)
    expect(log).not.toContain(new URL(data.join_url).search)
    expect(log).not.toContain(running.bbb?.secret)
  })

  it('T29 leaves callbacks unread until they are verified: a changed byte is refused', async () => {
    const callbackUrl = await hookUrl()
    const secret = running.bbb?.secret ?? ''
    const event = [{ data: { type: 'event', id: 'meeting-ended', attributes: { meeting: {} }, event: { ts: 1 } } }]
    const signed = signWebhook({
      callbackUrl,
      events: event,
      timestamp: clock.now(),
      domain: 'bbb.example.org',
      secret,
    })
    const post = async (body: string): Promise<number> => {
      const target = new URL(signed.target, running.url)
      const response = await fetch(target, { method: 'POST', headers: signed.headers, body })
      await response.text()
      return response.status
    }
    expect(await post(signed.body.replace('meeting-ended', 'meeting-endee'))).toBe(401)
    expect(await post(signed.body)).toBe(200)
  })

  it('T37 T41 refuses a body of two megabytes with 401, whatever its type', async () => {
    const statuses: number[] = []
    for (const type of ['application/x-www-form-urlencoded', 'application/json', 'text/odd']) {
      const response = await fetch(await hookUrl(), {
        method: 'POST',
        headers: { 'content-type': type },
        body: 'x'.repeat(2 * 1024 * 1024),
      })
      statuses.push(response.status)
    }
    expect(statuses).toEqual([401, 401, 401])
  })

  it('keeps its own parsers beside the API', async () => {
    const app = await buildApp({ api: async () => new Response('the API'), page: async () => new Response('the page') })
    app.post('/echo', async request => request.body)
    const answer = await app.inject({ method: 'POST', url: '/echo', payload: { leaf: 'green' } })
    expect(answer.json()).toEqual({ leaf: 'green' })
    await app.close()
  })

  it('shows where everything is, and says that it is well', async () => {
    const page = await (await fetch(`${running.url}/demo/`)).text()
    for (const text of ['/openapi.json', '/healthz', 'demo-teacher-1', ana?.displayName ?? ''])
      expect(page).toContain(text)
    expect(await (await fetch(`${running.url}/healthz`)).json()).toMatchObject({ data: { status: 'ok' } })
  })

  it('lets nobody in without a token, and nobody into a course that is not theirs', async () => {
    const id = await planClass()
    expect((await ask(undefined, 'GET', `courses/live-classes/${id}/join_info/`)).status).toBe(401)
    expect((await ask(teachers[1], 'POST', `courses/live-classes/${id}/start_class/`)).status).toBe(403)
    expect((await ask(students[29], 'GET', 'courses/history/live-classes/')).status).toBe(403)
  })
})

async function hookUrl(): Promise<string> {
  const { url, secret } = running.bbb ?? { url: '', secret: '' }
  const [hook] = await new BbbClient({ url, secret }).hooks.list()
  return hook?.callbackURL ?? ''
}
