import { BbbClient } from 'bbb-client'
import { signWebhook } from 'bbb-client/webhooks'
import { expect, it, onTestFinished } from 'vitest'
import { createConferencing } from '../../src/conferencing.ts'
import { createHttpApi } from '../../src/http/index.ts'
import { bbbProvider } from '../../src/providers/bbb/index.ts'
import { zoomProvider } from '../../src/providers/zoom/index.ts'
import { openStore } from '../../src/sql/index.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { account, host, signed } from '../support/zoom-under-test.ts'

const bbbPath = '/api/v1/classes/bbb-webhook/9f2c4e'
const zoomPath = '/api/v1/classes/zoom-webhook/9f2c4e'
const callbackUrl = `https://lms.example${bbbPath}`
const secret = 'the-right-secret-of-the-bbb-server'
const now = Date.parse('2027-03-01T09:00:00Z')

async function start() {
  const clock = new ManualClock(new Date(now))
  const store = await openStore('sqlite::memory:')
  const client = new BbbClient({ url: 'https://bbb.example', secret })
  const conferencing = createConferencing({
    providers: {
      bbb: bbbProvider({ client, callbacks: { url: callbackUrl, secrets: secret }, clock }),
      zoom: zoomProvider({ ...account, host, clock }),
    },
    chooseProvider: () => 'bbb',
    store,
    clock,
  })
  onTestFinished(async () => {
    await conferencing.stop()
    await store.close()
  })
  const api = createHttpApi({
    conferencing,
    authenticate: () => null,
    lms: { courseTitle: () => null, teaches: () => false, enrolled: () => false },
    clock,
  })
  return { api, conferencing, store }
}

const mebibyte = 1024 * 1024

interface Sent {
  readonly path?: string
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
}

/** Each route's good request, of any size. */
const good = {
  bbb: (padding = 0): Sent => {
    const event = { data: { type: 'event', id: 'x', attributes: { padding: 'x'.repeat(padding) }, event: { ts: now } } }
    const { target, headers, body } = signWebhook({ callbackUrl, secret, events: [event], timestamp: now })
    return { path: target, headers: { ...headers }, body }
  },
  zoom: (padding = 0): Sent => {
    const event = {
      event: 'x.y',
      payload: { account_id: 'a', object: {}, padding: 'x'.repeat(padding) },
      event_ts: now,
    }
    const { headers, body } = signed(event, now)
    return {
      path: zoomPath,
      headers: Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, String(v)])),
      body: Buffer.from(body),
    }
  },
}

const cases: readonly (readonly [
  what: string,
  send: (route: 'bbb' | 'zoom') => Sent,
  status: { bbb: number; zoom: number },
])[] = [
  ['as the sender sends it', route => good[route](), { bbb: 200, zoom: 200 }],
  ['with a changed body', route => ({ ...good[route](), body: 'event=[]' }), { bbb: 401, zoom: 401 }],
  [
    'without any signature',
    route => ({ path: route === 'bbb' ? bbbPath : zoomPath, body: '{}' }),
    { bbb: 401, zoom: 401 },
  ],
  [
    'of another content type',
    route => {
      const sent = good[route]()
      return { ...sent, headers: { ...sent.headers, 'content-type': 'text/html' } }
    },
    { bbb: 200, zoom: 200 },
  ],
  ['signed, of 2 MiB', route => good[route](2 * mebibyte), { bbb: 401, zoom: 413 }],
  [
    'compressed',
    route => {
      const sent = good[route]()
      return { ...sent, headers: { ...sent.headers, 'content-encoding': 'gzip' } }
    },
    { bbb: 401, zoom: 415 },
  ],
  ['empty', route => ({ ...good[route](), body: '' }), { bbb: 401, zoom: 401 }],
  ['by GET', route => ({ ...good[route](), method: 'GET' }), { bbb: 405, zoom: 405 }],
  ['by PUT', route => ({ ...good[route](), method: 'PUT' }), { bbb: 405, zoom: 405 }],
]

function requestOf({ path = '', method = 'POST', headers = {}, body = '' }: Sent): Request {
  const bytes = typeof body === 'string' ? body : new Uint8Array(body)
  return new Request(`https://lms.example${path}`, { method, headers, ...(method !== 'GET' && { body: bytes }) })
}

for (const route of ['bbb', 'zoom'] as const) {
  for (const [what, send, status] of cases) {
    it(`T41 ${route}: a request ${what} is answered with ${status[route]}`, async () => {
      const { api } = await start()
      expect((await api(requestOf(send(route)))).status).toBe(status[route])
    })
  }

  it(`T41 ${route}: a store that is away is 503 with Retry-After, and never a refusal`, async () => {
    const { api, store } = await start()
    await store.close()
    const response = await api(requestOf(good[route]()))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
  })

  it(`T41 ${route}: every refusal is counted by its reason, and those that fit are in quarantine`, async () => {
    const { api, conferencing } = await start()
    for (const [, send] of cases) await api(requestOf(send(route)))
    const counted = [...(await conferencing.metrics()).matchAll(/refusals_total\{.*reason="(\w+)"\} (\d)/g)]
    expect(Object.fromEntries(counted.map(([, reason, count]) => [reason, Number(count)]))).toEqual({
      mismatch: 2,
      missing: 1,
      too_large_or_slow: 1,
      compressed: 1,
    })
    await conferencing.inbox.requeue({ who: 'test', dryRun: true })
    const kept = await conferencing.inbox.refused()
    expect(kept.map(({ reason }) => reason)).toEqual(['mismatch', 'missing', 'mismatch'])
  })
}

it.each([
  ['POST', 'bbb-recording-ready'],
  ['POST', 'bbb-analytics'],
  ['GET', 'bbb-meeting-ended'],
])('T41 %s %s: what is not genuine is answered with 401, any other method with 405', async (method, name) => {
  const { api } = await start()
  const path = `/api/v1/classes/${name}/${'t'.repeat(43)}/`
  expect((await api(requestOf({ path, method, body: 'signed_parameters=x' }))).status).toBe(401)
  expect((await api(requestOf({ path, method: 'PUT' }))).status).toBe(405)
})
