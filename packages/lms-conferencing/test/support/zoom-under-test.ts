import { HttpFailure, type Transport, undiciTransport } from 'bbb-client/http'
import { ManualClock } from 'bbb-client/testing'
import type { Clock } from '../../src/clock.ts'
import type { CallbackRequest } from '../../src/provider.ts'
import { type ZoomProviderOptions, zoomProvider } from '../../src/providers/zoom/index.ts'
import { type FakeZoomOptions, fakeZoom, type ProviderUnderTest, signatureOf } from '../../src/testing/index.ts'
import { collect } from './collector.ts'

export const account = {
  accountId: 'account-of-the-school',
  clientId: 'client-of-the-school',
  clientSecret: 'client+secret/of=the&school',
  webhookSecret: 'webhook-secret-of-the-school',
} as const
export const host = 'teacher@school.example'

/** What hands requests to a fake in this process. */
export const memoryTransport =
  (fake: ReturnType<typeof fakeZoom>): Transport =>
  async ({ method, origin, path, headers, body, signal }) => {
    const answer = await fake.handle({ method, target: origin + path, headers, ...(body !== undefined && { body }) })
    if (answer.damage === 'drop') throw new HttpFailure('reset', true)
    if (answer.damage === 'hang') {
      await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
      throw new HttpFailure('aborted', true)
    }
    return { status: answer.status, headers: answer.headers, body: Buffer.from(answer.body) }
  }

/** A clock that stands still, except that what should happen at once does. */
export const promptly = (clock: ManualClock): Clock => ({
  now: () => clock.now(),
  setTimeout(callback, ms) {
    if (ms > 0) return clock.setTimeout(callback, ms)
    const timer = setImmediate(callback)
    return { cancel: () => clearImmediate(timer) }
  },
  clearTimeout: timer => timer.cancel(),
})

/** Time goes on while others work, a second at a time. */
export const timePassing =
  (clock: ManualClock) =>
  async <T>(work: Promise<T>): Promise<T> => {
    let isOver = false
    const done = work.finally(() => {
      isOver = true
    })
    while (!isOver) {
      for (let turn = 0; turn < 6; turn++) await new Promise(resolve => setImmediate(resolve))
      if (!isOver) await clock.advance(1000)
    }
    return done
  }

/** A webhook of the school's, signed. */
export function signed(body: unknown, at: number, secret: string = account.webhookSecret): CallbackRequest {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const timestamp = String(Math.floor(at / 1000))
  return {
    method: 'POST',
    target: '/api/v1/classes/zoom-webhook/9f2c4e',
    headers: { 'x-zm-request-timestamp': timestamp, 'x-zm-signature': signatureOf(secret, timestamp, bytes) },
    body: bytes,
  }
}

/** A fake account and a provider for it, in this process, on one clock that stands still. */
export function zoomWorld(options: Partial<FakeZoomOptions> = {}, providerOptions: Partial<ZoomProviderOptions> = {}) {
  const clock = new ManualClock()
  const callbacks: CallbackRequest[] = []
  const fake = fakeZoom({
    ...account,
    clock,
    send: async ({ headers, body }) => {
      const callback = { method: 'POST', target: '/api/v1/classes/zoom-webhook/9f2c4e', headers, body }
      const { answer } = provider.verify(callback)
      if (answer === undefined) callbacks.push(callback)
      return { status: 200, body: answer ?? '' }
    },
    ...options,
  })
  const provider = zoomProvider({
    ...account,
    host,
    clock: promptly(clock),
    random: () => 0,
    transport: memoryTransport(fake),
    ...providerOptions,
  })
  return { clock, fake, provider, callbacks }
}

/** The Zoom provider on a fake account: in this process, or over sockets. */
export async function zoomUnderTest(
  over: 'memory' | 'socket',
  options: Partial<FakeZoomOptions> = {},
): Promise<ProviderUnderTest> {
  const inbox = await collect(callback => provider.verify(callback).answer ?? '')
  const { clock, fake, provider, url } = await (async () => {
    if (over === 'memory') {
      let reachable = true
      const world = zoomWorld(
        {
          ...options,
          send: async ({ headers, body }) => {
            const answer = await fetch(`${inbox.origin}/zoom`, { method: 'POST', headers, body: new Uint8Array(body) })
            return { status: answer.status, body: await answer.text() }
          },
        },
        {
          transport: request =>
            reachable ? memoryTransport(world.fake)(request) : Promise.reject(new HttpFailure('refused', false)),
        },
      )
      const close = async (): Promise<void> => {
        reachable = false
      }
      return { ...world, url: { close } }
    }
    const clock = new ManualClock()
    const fake = fakeZoom({ ...account, clock, ...options })
    const served = await fake.serve()
    const provider = zoomProvider({
      ...account,
      host,
      clock: promptly(clock),
      random: () => 0,
      url: served.url,
      transport: undiciTransport(),
    })
    return { clock, fake, provider, url: served }
  })()
  if (!(await fake.subscribe(`${inbox.origin}/zoom`))) throw new Error('the challenge was not passed')
  inbox.take()

  return {
    provider,
    secrets: [account.clientSecret, account.webhookSecret],
    now: () => clock.now(),
    async advance(ms) {
      await fake.idle()
      await clock.advance(ms)
      await fake.idle()
    },
    async follow(link) {
      const visit = fake.visit(link)
      return { leave: async () => visit.leave() }
    },
    async callbacks() {
      await fake.idle()
      return inbox.take()
    },
    strange(kind) {
      const event = kind === 'unknown' ? 'meeting.of_next_year' : 'meeting.participant_joined'
      return signed({ event, payload: { object: { id: '85000000001' } }, event_ts: clock.now() }, clock.now())
    },
    rooms: async () => fake.meetings,
    remove: async ({ meetingId }) => fake.remove(meetingId),
    finishRecording: async ({ meetingId }) => fake.finishRecording(meetingId),
    async trouble(kind) {
      if (kind === 'answer-lost') fake.fail({ kind: 'drop-executed', call: 'POST /users/*/meetings' })
      else if (kind === 'unreachable') await url.close()
      else fake.changeClientSecret('another-secret-than-ours')
    },
    async close() {
      await fake.close()
      await inbox.close()
    },
  }
}
