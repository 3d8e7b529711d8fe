import { hash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type Delivery, FakeBbb, type FakeWebhooksOptions, ManualClock } from 'bbb-client/testing'
import {
  type CallbackHandler,
  createCallbackHandler,
  createWebhookHandler,
  receiveAnalytics,
  receiveMeetingEnded,
  receiveRecordingReady,
  toNodeHandler,
  type WebhookEvent,
  type WebhookScheme,
} from 'bbb-client/webhooks'
import { afterEach, describe, expect, it } from 'vitest'
import { SECRET } from './wire.ts'

// The fake server signs and writes callbacks with code of its own, so the two sides check each other.

const TOKEN = 'rAnd0m-P4th_tok3n-0123456789'
const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** A server with one route per path; a route may be added after the server has its port. */
async function receiver() {
  const routes: Record<string, CallbackHandler> = {}
  const server = createServer((request, response) => {
    const route = routes[(request.url ?? '').split('?')[0] ?? '']
    if (route === undefined) response.writeHead(404).end()
    else void toNodeHandler(route)(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address')
  return { routes, origin: `http://127.0.0.1:${address.port}` }
}

async function classroom(webhooks: FakeWebhooksOptions, accept?: readonly WebhookScheme[]) {
  const { routes, origin } = await receiver()
  const callbackUrl = `${origin}/hooks/bbb?school=n%C3%B6rd`
  const events: WebhookEvent[] = []
  const refused: string[] = []
  const now = () => new Date(clock.now())
  routes['/hooks/bbb'] = createWebhookHandler({
    callbackUrl,
    secrets: SECRET,
    accept,
    handle: received => void events.push(...received.events),
    onRefused: error => void refused.push(error.reason),
    onError: error => void refused.push(String(error)),
    onWarning: () => {},
  })
  const clock = new ManualClock()
  const deliveries: Delivery[] = []
  const fake = new FakeBbb({ secret: SECRET, clock, webhooks, onDelivery: delivery => void deliveries.push(delivery) })
  const server = await fake.serve()
  closing.push(() => fake.close())
  /** One signed call; SHA-1, which every release of bbb-webhooks takes. */
  const api = async (name: string, params: Record<string, string> = {}) => {
    const query = new URLSearchParams(params).toString()
    const checksum = hash('sha1', name + query + SECRET)
    const answer = await (
      await fetch(new URL(`/bigbluebutton/api/${name}?${query}&checksum=${checksum}`, server.url))
    ).text()
    expect(answer).toContain('<returncode>SUCCESS')
    return answer
  }
  await api('hooks/create', { callbackURL: callbackUrl })
  return { routes, origin, events, refused, clock, deliveries, fake, api, now }
}

const FLAVOURS: [WebhookScheme, FakeWebhooksOptions][] = [
  ['url+body', { version: '3.5.0', algorithm: 'sha256' }],
  ['url+body', { version: '3.5.0', algorithm: 'sha1' }],
  ['url+body', { version: '3.5.0', algorithm: 'sha512' }],
  ['bearer', { version: '3.5.0', auth: 'bearer' }],
  ['url+braces', { version: '3.3.1', algorithm: 'sha256' }],
  ['url+json', { version: '2.6.1', multiEvent: 3 }],
  ['bearer', { version: '2.6.1', auth: 'bearer' }],
]

describe('callbacks of the fake server', () => {
  it.each(FLAVOURS)('a whole class arrives as known events: %s, %o', async (scheme, webhooks) => {
    const { fake, api, clock, events, refused } = await classroom(webhooks, [scheme])
    const { simulate } = fake
    await api('create', {
      meetingID: 'c7',
      name: 'Algèbre 😀',
      record: 'true',
      moderatorPW: 'moderator-1',
      attendeePW: 'attendee-1',
    })
    const ada = simulate.join('c7', { fullName: 'Ada +&=%', role: 'MODERATOR', userID: 'teacher-1' })
    const bob = simulate.join('c7', { fullName: "Bob O'Neil 🚀", role: 'VIEWER', userID: '0012' })
    await clock.advance(1000)
    simulate.startRecording('c7')
    simulate.chat(bob, '<b>hi</b> a+b=c & d~e *f* (g) !h')
    simulate.raiseHand(bob)
    simulate.joinAudio(bob)
    simulate.camera(ada)
    simulate.vote(bob, simulate.poll(ada, 'Ready?', ['Yes', 'No']), 'Yes')
    await clock.advance(1000)
    simulate.leave(bob)
    simulate.endMeeting('c7')
    await clock.advance(600_000)

    expect(refused).toEqual([])
    expect(events.filter(event => !event.known)).toEqual([])
    const ids = new Set(events.map(event => event.id))
    for (const id of ['meeting-created', 'user-joined', 'user-left', 'meeting-ended', 'rap-publish-ended'] as const) {
      expect([...ids]).toContain(id)
    }
    const names = events.flatMap(event =>
      event.id === 'user-joined' ? [[event.user.externalUserID, event.user.name]] : [],
    )
    expect(names.toSorted()).toEqual([
      ['0012', "Bob O'Neil 🚀"],
      ['teacher-1', 'Ada +&=%'],
    ])
    expect(JSON.stringify(events)).not.toMatch(/moderator-1|attendee-1/)
  })

  it('T34 the old schemes are refused by default, and a refusal ends the delivery', async () => {
    for (const version of ['3.3.1', '2.6.1'] as const) {
      const { api, clock, events, refused, deliveries } = await classroom({ version })
      await api('create', { meetingID: 'c7', name: 'Algebra' })
      await clock.advance(600_000)
      expect(events).toEqual([])
      expect(new Set(refused)).toEqual(new Set(['mismatch']))
      expect(deliveries.every(({ outcome, attempt }) => outcome === 'refused' && attempt === 1)).toBe(true)
    }
  })

  it('T41 a signed event of 2 MiB is refused once and leaves the hook registered', async () => {
    const { fake, api, clock, deliveries, refused } = await classroom({ version: '3.5.0' })
    await api('create', { meetingID: 'c7', name: 'Algebra' })
    const ada = fake.simulate.join('c7', { fullName: 'Ada', role: 'MODERATOR' })
    fake.simulate.chat(ada, 'x'.repeat(2 * 1_048_576))
    await clock.advance(600_000)
    const large = deliveries.filter(({ events }) => events.includes('chat-group-message-sent'))
    expect(large.map(({ status, outcome, attempt }) => [status, outcome, attempt])).toEqual([[401, 'refused', 1]])
    expect(refused).toEqual(['too_large'])
    expect((await api('hooks/list')).match(/<hookID>/g)).toHaveLength(1)
  })

  it('T41 what could not be stored is sent again until it can', async () => {
    const { routes, origin, api, clock, deliveries } = await classroom({ version: '3.5.0' })
    const stored: string[] = []
    let down = true
    routes['/hooks/bbb'] = createWebhookHandler({
      callbackUrl: `${origin}/hooks/bbb?school=n%C3%B6rd`,
      secrets: SECRET,
      handle: ({ events }) => {
        if (down) throw new Error('database down')
        stored.push(...events.map(event => event.id))
      },
      onError: () => {},
      onWarning: () => {},
    })
    await api('create', { meetingID: 'c7', name: 'Algebra' })
    await clock.advance(5000)
    expect(deliveries.map(({ status }) => status)).toEqual(Array(deliveries.length).fill(503))
    down = false
    await clock.advance(60_000)
    expect(stored).toEqual(['meeting-created'])
  })

  it('T39 T44 recording-ready, meeting-ended and analytics arrive', async () => {
    const { routes, origin, fake, api, clock, now, deliveries } = await classroom({ version: '3.5.0' })
    const heard = { ready: [] as unknown[], ended: [] as unknown[], analytics: [] as unknown[] }
    const onError = (error: unknown) => {
      throw error
    }
    routes['/ready'] = createCallbackHandler({
      receive: request => receiveRecordingReady(request, { secrets: SECRET, now }),
      handle: ({ meetingID }) => void heard.ready.push(meetingID),
      contentType: 'application/x-www-form-urlencoded',
      onError,
    })
    routes[`/ended/${TOKEN}`] = createCallbackHandler({
      method: 'GET',
      receive: request => receiveMeetingEnded(request, { token: TOKEN }),
      handle: ({ meetingID }) => void heard.ended.push(meetingID),
      onError,
    })
    routes['/analytics'] = createCallbackHandler({
      receive: request => receiveAnalytics(request, { secrets: SECRET, now }),
      handle: ({ attendees }) => void heard.analytics.push(attendees.map(attendee => attendee.externalUserID)),
      contentType: 'application/json',
      onError,
    })
    await api('create', {
      meetingID: 'c 7&',
      name: 'Algebra',
      record: 'true',
      'meta_bbb-recording-ready-url': `${origin}/ready`,
      meta_endCallbackUrl: `${origin}/ended/${TOKEN}`,
      meetingEndedURL: `${origin}/ended/${TOKEN}`,
      'meta_analytics-callback-url': `${origin}/analytics`,
    })
    fake.simulate.join('c 7&', { fullName: 'Ada', role: 'MODERATOR', userID: 'teacher-1' })
    fake.simulate.startRecording('c 7&')
    await clock.advance(1000)
    fake.simulate.endMeeting('c 7&')
    await clock.advance(600_000)
    expect(heard).toEqual({
      ready: ['c 7&'],
      ended: expect.arrayContaining(['c 7&', null]),
      analytics: [['teacher-1']],
    })
    expect(deliveries.filter(({ outcome }) => outcome !== 'delivered')).toEqual([])
  })
})
