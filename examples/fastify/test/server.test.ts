import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { teachers, tokenOf } from '@examples/school'
import { type ServerProcess, startServer } from '@examples/school/testing'
import { FakeBbb, type FakeBbbServer } from 'bbb-client/testing'
import { signWebhook } from 'bbb-client/webhooks'
import { openStore } from 'lms-conferencing/sql'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const serverFile = new URL('../src/server.ts', import.meta.url)
const [teacher] = teachers

describe('the process', () => {
  it('F24 ends by itself on SIGTERM, with all its parts', async () => {
    const server = await startServer(serverFile, { DATABASE_URL: 'sqlite::memory:' })
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(server.log()).toContain('SIGTERM: closing')
  })

  it.each([
    ['BBB_SHARED_SECRET', { BBB_SERVER_URL: 'https://bbb.example.org' }],
    ['secret', { BBB_SERVER_URL: 'https://bbb.example.org', BBB_SHARED_SECRET: 'hush' }],
    ['BBB_MUTE_ON_START', { BBB_MUTE_ON_START: 'yes' }],
    ['sqlite:', { DATABASE_URL: 'mysql://root:hunter2@db/lms' }],
  ])('does not start on a bad %s, and says so without its value', async (name, env) => {
    const started = startServer(serverFile, { DATABASE_URL: 'sqlite::memory:', ...env })
    await expect(started).rejects.toThrow(name)
    await expect(started).rejects.not.toThrow(/hush|hunter2/)
    await expect(started).rejects.toThrow('ended with 1')
  })
})

describe('kill -9 in the middle of 2,000 callbacks', () => {
  const secret = 'a-secret-of-the-test-that-is-long-enough'
  const callbackUrl = 'https://lms.example/api/v1/classes/bbb-webhook/4f1b2a'
  const people = 1_000
  let directory: string
  let bbb: FakeBbbServer
  let server: ServerProcess | undefined

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lms-'))
    bbb = await new FakeBbb({ secret, webhooks: false }).serve()
  })
  afterEach(async () => {
    await server?.kill('SIGKILL')
    await bbb.close()
    await rm(directory, { recursive: true })
  })

  const env = (): Record<string, string> => ({
    DATABASE_URL: `sqlite:${join(directory, 'lms.db')}`,
    BBB_SERVER_URL: bbb.url,
    BBB_SHARED_SECRET: secret,
    BBB_WEBHOOK_URL: callbackUrl,
  })

  async function ask(method: string, path: string, body?: unknown) {
    const response = await fetch(`${server?.url}/api/v1/courses/${path}`, {
      method,
      headers: { authorization: `Bearer ${tokenOf(teacher)}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    // biome-ignore lint/suspicious/noExplicitAny: tests compare what is in it, whatever it is
    const { data }: any = await response.json()
    return data
  }

  it('F1 loses nothing that was acknowledged, and counts nothing twice', async () => {
    server = await startServer(serverFile, env())
    const { id, meeting_id } = await ask('POST', 'biology/create_virtual_class/', {
      title: 'Photosynthesis',
      scheduled_at: new Date().toISOString(),
    })
    const { live_class } = await ask('POST', `live-classes/${id}/start_class/`)
    const startedAt = Date.parse(live_class.started_at)
    const meeting = bbb.fake.meeting(meeting_id)
    if (!meeting) throw new Error('the fake server has no such meeting')

    /** Everybody comes within a tenth of a second, and goes a tenth of a second later. */
    const callback = (name: string, person: number, ms: number) =>
      signWebhook({
        callbackUrl,
        secret,
        events: [
          {
            data: {
              type: 'event',
              id: name,
              attributes: {
                meeting: { 'internal-meeting-id': meeting.internalMeetingID, 'external-meeting-id': meeting_id },
                user: { 'internal-user-id': `w_${person}`, 'external-user-id': `guest-${person}`, name: `${person}` },
              },
              event: { ts: startedAt + (person % 100) + ms },
            },
          },
        ],
        timestamp: startedAt,
      })
    const waiting = Array.from({ length: people }, (_, person) => [
      callback('user-joined', person, 0),
      callback('user-left', person, 100),
    ]).flat()

    let acknowledged = 0
    const killAfter = [500, 1_200]
    const send = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        try {
          const { method, headers, target, body } = next
          const response = await fetch(`${server?.url}${target}`, { method, headers, body })
          expect(response.status).toBe(200)
          acknowledged++
        } catch (error) {
          // Not acknowledged, whether it was stored or not: bbb-webhooks sends it again.
          waiting.push(next)
          if (error instanceof TypeError) return
          throw error
        }
        if (acknowledged === killAfter[0]) {
          killAfter.shift()
          await server?.kill('SIGKILL')
          return
        }
      }
    }
    let kills = 0
    while (waiting.length > 0) {
      await Promise.all(Array.from({ length: 20 }, send))
      if (waiting.length > 0) {
        kills++
        server = await startServer(serverFile, env())
      }
    }
    expect([kills, acknowledged]).toEqual([2, 2 * people])

    await ask('POST', `live-classes/${id}/end_class/`)
    expect(await server?.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    server = await startServer(serverFile, env())
    const store = await openStore(env().DATABASE_URL ?? '')
    try {
      // Restarted, it applies by itself what is still waiting; nothing else ever empties `new`.
      let counts = await store.read(tx => tx.countInbox('default'))
      while (counts.new > 0) counts = await store.read(tx => tx.countInbox('default'))
      expect(counts).toEqual({ new: 0, applied: 2 * people, ignored: 0, stale: 0, dead: 0 })
    } finally {
      await store.close()
    }
    const { records } = await ask('GET', `live-classes/${id}/attendance/`)
    const guests = records.filter(({ on_roster }: { on_roster: boolean }) => !on_roster)
    expect(guests).toHaveLength(people)
    for (const { credited_ms, confidence, reconnects } of guests) {
      expect([credited_ms, confidence, reconnects]).toEqual([100, 'exact', 0])
    }
  })
})
