import { BbbClient } from 'bbb-client'
import { FakeBbb, type FakeRequest, ManualClock } from 'bbb-client/testing'
import { signWebhook } from 'bbb-client/webhooks'
import { bbbProvider } from '../../src/providers/bbb/index.ts'
import type { ProviderUnderTest } from '../../src/testing/index.ts'
import { collect } from './collector.ts'

const secret = 'a-secret-of-thirty-two-characters'

const failWith = (code: string): never => {
  throw Object.assign(new Error('no connection'), { code })
}

/** The BigBlueButton provider on a fake server: in this process, or over sockets. */
export async function bbbUnderTest(over: 'memory' | 'socket'): Promise<ProviderUnderTest> {
  const clock = new ManualClock()
  const fake = new FakeBbb({ secret, clock })
  const inbox = await collect()
  const callbackUrl = `${inbox.origin}/api/v1/classes/bbb-webhook/9f2c4e`
  const stranger = new FakeBbb({ secret: 'the-other-secret-of-the-server-now', clock })
  const served = over === 'socket' ? await fake.serve() : undefined
  let serving = served
  // What answers in this process: the fake, a fake with another secret, or nobody.
  let answering: FakeBbb | undefined = fake

  const ask = async (target: string, init: Omit<FakeRequest, 'target'>) => {
    const answer = (await answering?.handle({ ...init, target })) ?? failWith('ECONNREFUSED')
    return answer.damage ? failWith('ECONNRESET') : answer
  }
  const client = new BbbClient({
    url: served?.url ?? 'https://bbb.example.org',
    secret,
    clock: {
      now: () => clock.now(),
      // Repeats at once; nothing else falls due by itself.
      setTimeout: (callback, ms) => (ms === 0 ? setImmediate(callback) : clock.setTimeout(callback, ms)),
      clearTimeout: () => {},
      random: () => 0,
    },
    ...(over === 'memory' && {
      fetch: async (url, { method, headers, body }) => {
        const answer = await ask(url, { method, headers, ...(body !== undefined && { body }) })
        return { ...answer, headers: new Headers(answer.headers), body: new Response(answer.body).body }
      },
    }),
  })
  const provider = bbbProvider({ client, callbacks: { url: callbackUrl, secrets: secret }, clock })
  await provider.keepCallbacks?.('default')
  const settled = async (): Promise<void> => {
    await clock.advance(0)
    await fake.idle()
  }

  return {
    provider,
    secrets: [secret],
    now: () => clock.now(),
    async advance(ms) {
      await settled()
      await clock.advance(ms)
      await settled()
    },
    async follow(link) {
      const url = new URL(link)
      const answer = await fake.handle({ method: 'GET', target: link, headers: { host: url.host } })
      const location = answer.headers.location ?? ''
      if (answer.status !== 302 || location.includes('errors=')) throw new Error('the room is closed')
      const of = (name: string): string => url.searchParams.get(name) ?? ''
      const session = fake.simulate.join(of('meetingID'), {
        fullName: of('fullName'),
        userID: of('userID'),
        role: of('role') === 'MODERATOR' ? 'MODERATOR' : 'VIEWER',
      })
      return {
        async leave() {
          fake.simulate.leave(session)
          await settled()
        },
      }
    },
    async callbacks() {
      await settled()
      return inbox.take()
    },
    strange(kind) {
      const id = kind === 'unknown' ? 'a-thing-of-next-year' : 'user-joined'
      const events = [{ data: { type: 'event', id, attributes: {}, event: { ts: clock.now() } } }]
      const signed = signWebhook({ callbackUrl, secret, events, timestamp: clock.now() })
      return { method: 'POST', target: signed.target, headers: signed.headers, body: Buffer.from(signed.body) }
    },
    rooms: async () => (await client.getMeetings()).length,
    async remove({ meetingId }) {
      if (fake.meeting(meetingId)) fake.simulate.endMeeting(meetingId)
      await settled()
    },
    async finishRecording() {
      await settled()
      await clock.advance(60_000)
      await settled()
    },
    async trouble(kind) {
      if (kind === 'answer-lost') return fake.faults.add({ kind: 'drop', call: 'create', executed: true })
      answering = kind === 'unreachable' ? undefined : stranger
      if (!serving) return
      const port = Number(new URL(serving.url).port)
      await serving.close()
      serving = kind === 'unreachable' ? undefined : await stranger.serve({ port })
      // A connection kept from before would break in mid-call; this is about none at all.
      await client.getMeetings().catch(() => undefined)
    },
    async close() {
      await serving?.close()
      await Promise.all([fake.close(), stranger.close(), inbox.close()])
    },
  }
}
