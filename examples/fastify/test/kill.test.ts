import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { courses, teachers, tokenOf } from '@examples/school'
import { BbbClient } from 'bbb-client'
import { FakeBbb, type FakeBbbServer } from 'bbb-client/testing'
import { signWebhook } from 'bbb-client/webhooks'
import type { AttendanceEvent } from 'lms-conferencing'
import { openStore } from 'lms-conferencing/sql'
import { afterEach, beforeEach, expect, it } from 'vitest'

const PEOPLE = 1000
const SENDERS = 40
const secret = 'the-secret-of-a-server-that-survives'
const program = new URL('../src/server.ts', import.meta.url)
const [course] = courses
const [teacher] = teachers

let folder: string
let bbb: FakeBbbServer
let url: string
let callbackUrl: string
let child: ChildProcess

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lms-kill-'))
  bbb = await new FakeBbb({ secret }).serve({ port: 0 })
  url = `http://127.0.0.1:${await freePort()}`
  callbackUrl = `${url}/api/v1/classes/bbb-webhook/8c1f0b6d2a`
  child = await launch()
})
afterEach(async () => {
  await stop('SIGKILL')
  await bbb.close()
  await rm(folder, { recursive: true, force: true })
})

const databaseUrl = (): string => `sqlite:${join(folder, 'lms.db')}`

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** The example as a process of its own; resolves when it says where it is. */
function launch(): Promise<ChildProcess> {
  const started = spawn(process.execPath, ['--conditions=workspace-source', program.pathname], {
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      PORT: new URL(url).port,
      DATABASE_URL: databaseUrl(),
      BBB_SERVER_URL: bbb.url,
      BBB_SHARED_SECRET: secret,
      BBB_WEBHOOK_URL: callbackUrl,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return new Promise((resolve, reject) => {
    let said = ''
    const listen = (chunk: Buffer): void => {
      said += chunk.toString()
      if (said.includes('the LMS is at')) resolve(started)
    }
    started.stdout.on('data', listen)
    started.stderr.on('data', listen)
    started.once('exit', code => reject(new Error(`the example ended with ${code}:\n${said}`)))
  })
}

async function stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise(resolve => child.once('exit', resolve))
  child.kill(signal)
  await gone
}

async function ask<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${url}/api/v1/courses/${path}`, {
    method,
    headers: { authorization: `Bearer ${tokenOf(teacher)}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const answer = (await response.json()) as { success: boolean; data: T }
  expect(answer).toMatchObject({ success: true })
  return answer.data
}

it('F1 killed with -9 in the middle of 2,000 callbacks: nothing acknowledged is lost, nothing counts twice', async () => {
  const now = Date.now()
  const { id } = await ask<{ id: string }>('POST', `${course?.id}/create_virtual_class/`, {
    title: 'A class that goes on',
    scheduled_at: new Date(now + 3_600_000).toISOString(),
  })
  await ask('POST', `live-classes/${id}/start_class/`)
  const [meeting] = await new BbbClient({ url: bbb.url, secret }).getMeetings()
  const instance = meeting?.internalMeetingID ?? ''

  // Person n comes at second n and leaves at second n of the next half hour.
  const expected: AttendanceEvent[] = []
  const requests: { readonly target: string; readonly headers: Record<string, string>; readonly body: string }[] = []
  for (let n = 0; n < PEOPLE; n++)
    for (const type of ['joined', 'left'] as const) {
      const at = now + n * 1000 + (type === 'left' ? 1_800_000 : 0)
      expected.push({ type, instance, session: `w_${n}`, person: `s-${n}`, at })
      const user = { 'internal-user-id': `w_${n}`, 'external-user-id': `s-${n}`, name: `Student ${n}`, role: 'VIEWER' }
      const attributes = {
        meeting: { 'internal-meeting-id': instance, 'external-meeting-id': meeting?.meetingID },
        user,
      }
      const events = [{ data: { type: 'event', id: `user-${type}`, attributes, event: { ts: at } } }]
      requests.push(
        signWebhook({ callbackUrl, secret, events, timestamp: at, domain: 'bbb.example.org', algorithm: 'sha256' }),
      )
    }

  let acknowledged = 0
  let repeated = 0
  const killAfter = [300, 900, 1500]
  let kills = 0
  let restarting: Promise<unknown> = Promise.resolve()
  const crash = async (): Promise<void> => {
    kills++
    await stop('SIGKILL')
    child = await launch()
  }
  const waiting = requests.map((_, n) => n)
  // Every sender repeats what was not acknowledged, as bbb-webhooks does, and now and then what was.
  const sender = async (): Promise<void> => {
    for (let n = waiting.shift(); n !== undefined; n = waiting.shift()) {
      const request = requests[n]
      if (request === undefined) continue
      await restarting
      const answered = await fetch(new URL(request.target, url), {
        method: 'POST',
        headers: request.headers,
        body: request.body,
      })
        .then(async response => {
          await response.arrayBuffer()
          return response.ok
        })
        .catch(() => false)
      if (!answered) {
        repeated++
        waiting.push(n)
        continue
      }
      acknowledged++
      if (n % 10 === 0 && repeated < 10_000) {
        repeated++
        await fetch(new URL(request.target, url), {
          method: 'POST',
          headers: request.headers,
          body: request.body,
        }).then(
          response => response.arrayBuffer(),
          () => undefined,
        )
      }
      const next = killAfter[0]
      if (next !== undefined && acknowledged >= next) {
        killAfter.shift()
        restarting = crash()
      }
    }
  }
  await Promise.all(Array.from({ length: SENDERS }, sender))
  await restarting
  expect({ acknowledged, kills }).toEqual({ acknowledged: 2 * PEOPLE, kills: 3 })
  expect(repeated).toBeGreaterThan(0)

  await stop('SIGTERM')
  expect(child.exitCode).toBe(0)
  // One more life to apply what the last one may have left.
  child = await launch()
  await until(async () => (await inboxCounts()).new === 0)
  await stop('SIGTERM')

  const store = await openStore(databaseUrl())
  try {
    const { facts, counts } = await store.read(async tx => ({
      facts: await tx.listEvents('default', id),
      counts: await tx.countInbox('default'),
    }))
    const sent = facts.map(({ event }) => event).filter(event => event.type === 'joined' || event.type === 'left')
    expect(sent).toHaveLength(2 * PEOPLE)
    const key = (event: AttendanceEvent): string => JSON.stringify(event, Object.keys(event).sort())
    expect(new Set(sent.map(key))).toEqual(new Set(expected.map(key)))
    expect(counts).toMatchObject({ new: 0, dead: 0 })
    // The meeting's own beginning came as a callback of the fake server too.
    expect(counts.applied).toBeGreaterThanOrEqual(2 * PEOPLE)
  } finally {
    await store.close()
  }
})

/** Looks again and again at something another process is doing. */
async function until(reached: () => Promise<boolean>): Promise<void> {
  while (!(await reached())) await new Promise(resolve => setTimeout(resolve, 20))
}

async function inboxCounts() {
  const store = await openStore(databaseUrl())
  try {
    return await store.read(tx => tx.countInbox('default'))
  } finally {
    await store.close()
  }
}
