import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createHttpApi } from '../../src/http/index.ts'
import type { CallbackRequest } from '../../src/provider.ts'
import { zoomProvider } from '../../src/providers/zoom/index.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { came, createWorld, morning } from '../support/world.ts'
import { createApiWorld, readAnswer } from './support.ts'

const target = '/api/v1/classes/bbb-webhook/token'

/** A callback over the wire; `changes` replaces parts of the request. */
const requestOf = (
  { body, headers }: CallbackRequest,
  changes: RequestInit & { readonly target?: string } = {},
): Request =>
  new Request(`https://lms.example${changes.target ?? target}`, {
    method: 'POST',
    headers: headers instanceof Headers ? headers : {},
    body: Buffer.from(body),
    ...changes,
  })

/** A body that comes in pieces, without saying how long it is. */
const streamOf = (...chunks: Uint8Array[]) =>
  ({
    body: new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk)
        controller.close()
      },
    }),
    duplex: 'half',
  }) as const

describe('POST bbb-webhook', () => {
  it('answers 200 once the callback is stored, and its effect follows', async () => {
    const { api, provider, conferencing, newClass, ask } = await createApiWorld()
    const id = await newClass()
    await ask('tea', 'POST', `courses/live-classes/${id}/start_class/`)
    const callback = provider.callback({ meetingKey: `meeting-${id}` }, came('ana', -20))
    const { status, json } = await readAnswer(await api(requestOf(callback)))
    expect([status, json.success]).toEqual([200, true])
    expect((await conferencing.health()).inbox?.new).toBe(1)
    await conferencing.rounds.callbacks()
    expect((await conferencing.health()).inbox).toMatchObject({ new: 0, applied: 1 })
    expect((await conferencing.attendance(id)).report.rows.find(({ person }) => person === 'ana')?.provenance).toEqual([
      'webhook',
    ])
  })

  it('T29 verifies the bytes and the path as they arrived', async () => {
    const { api, provider } = await createApiWorld()
    const odd = `${target}?a=%7e+b%20c&d=(e)&&checksum=00`
    const callback = provider.callbackOf([], odd)
    expect((await api(requestOf(callback, { target: odd }))).status).toBe(200)
    expect((await api(requestOf(callback, { target: odd.replace('%7e', '~') }))).status).toBe(401)
  })

  it('T41 refuses everything else with 401 and one constant body', async () => {
    const { api, provider, conferencing } = await createApiWorld()
    const callback = provider.callbackOf([])
    const big = Buffer.alloc(1024 * 1024 + 1, 32)
    const signed = (body: Uint8Array) => new Headers({ 'x-signature': provider.sign(target, body) })
    const refusals = {
      unsigned: requestOf(callback, { headers: {} }),
      'wrong signature': requestOf(callback, { headers: { 'x-signature': 'ff' } }),
      'changed body': requestOf(callback, { body: '[{}]' }),
      empty: requestOf(callback, { body: null }),
      'too large': requestOf(callback, { body: big, headers: signed(big) }),
      'too large, length unknown': requestOf(callback, { ...streamOf(big), headers: signed(big) }),
      compressed: requestOf(callback, {
        headers: { ...Object.fromEntries(signed(callback.body)), 'content-encoding': 'gzip' },
      }),
      'another path': requestOf(callback, { target: `${target}/further/down` }),
      'no token': requestOf(callback, { target: '/api/v1/classes/bbb-webhook/' }),
    }
    const bodies = new Set<string>()
    for (const [what, request] of Object.entries(refusals)) {
      const response = await api(request)
      expect(response.status, what).toBe(401)
      expect(response.headers.get('www-authenticate'), what).toBeNull()
      bodies.add(await response.text())
    }
    expect([...bodies]).toEqual([
      '{"success":false,"error":{"code":"CALLBACK_REJECTED","message":"The callback was refused.","details":{}}}',
    ])
    expect((await conferencing.health()).inbox).toMatchObject({ new: 0, applied: 0 })
  })

  it('T37 takes one byte short of too much, in pieces of any size', async () => {
    const { api, provider } = await createApiWorld()
    const body = Buffer.alloc(1024 * 1024, 32)
    body.write('[]')
    const headers = new Headers({ 'x-signature': provider.sign(target, body) })
    const pieces = [body.subarray(0, 1), body.subarray(1, 70_000), body.subarray(70_000)]
    expect((await api(requestOf(provider.callbackOf([]), { ...streamOf(...pieces), headers }))).status).toBe(200)
  })

  it('T37 gives up on a body that does not come', async () => {
    const clock = new ManualClock('2027-03-01T09:00:00Z')
    const { api, provider } = await createApiWorld({ clock })
    let cancelled = false
    const body = new ReadableStream({
      cancel() {
        cancelled = true
      },
    })
    const answer = api(requestOf(provider.callbackOf([]), { body, duplex: 'half' }))
    clock.advance(10_000)
    expect((await answer).status).toBe(401)
    expect(cancelled).toBe(true)
    expect(clock.waiting).toBe(0)
  })

  it('T41 answers 405 to other methods', async () => {
    const { api } = await createApiWorld()
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const response = await api(new Request(`https://lms.example${target}`, { method }))
      expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, 'POST'])
    }
  })

  it('T41 answers 503 with Retry-After when it cannot be stored', async () => {
    const { api, provider, store } = await createApiWorld()
    await store.close()
    const response = await api(requestOf(provider.callbackOf([])))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
  })

  it('asks for another try when something unforeseen breaks, and says nothing of it', async () => {
    const { api, provider, log } = await createApiWorld()
    provider.verify = () => {
      throw new RangeError('the secret is s3cr3t')
    }
    const response = await api(requestOf(provider.callbackOf([])))
    expect(response.status).toBe(503)
    expect((await response.text()) + log.join('\n')).not.toContain('s3cr3t')
  })

  it('T24 logs why it refused, and neither signature, token nor body', async () => {
    const { api, provider, log } = await createApiWorld()
    const callback = provider.callbackOf([{ kind: 'other', meetingKey: null, name: 'body-text' }])
    await api(requestOf(callback, { headers: { 'x-signature': 'c0ffee' } }))
    expect(log).toHaveLength(1)
    expect(log[0]).toContain('callback refused')
    expect(log[0]).toContain('"code":"CALLBACK_REJECTED"')
    expect(log[0]).toContain('"reason":"mismatch"')
    expect(log[0]).not.toMatch(/c0ffee|token|body-text/)
  })
})

describe('POST zoom-webhook', () => {
  const webhookSecret = 'zoom-webhook-secret-token'
  const account = {
    accountId: 'account',
    clientId: 'client',
    clientSecret: 'a-client-secret-of-the-test',
    host: 'teacher@school.example',
  }

  async function post(body: string, { secret = webhookSecret, path = '/api/v1/classes/zoom-webhook/' } = {}) {
    const world = await createWorld({
      providers: { zoom: zoomProvider({ ...account, webhookSecret, clock: new ManualClock(morning) }) },
    })
    const api = createHttpApi({
      conferencing: world.conferencing,
      authenticate: () => null,
      lms: { courseTitle: () => null, teaches: () => false, enrolled: () => false },
    })
    const timestamp = String(Date.parse(morning) / 1000)
    const signature = createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')
    const headers = { 'x-zm-request-timestamp': timestamp, 'x-zm-signature': `v0=${signature}` }
    const response = await api(new Request(`https://lms.example${path}`, { method: 'POST', headers, body }))
    return { status: response.status, json: await response.json(), inbox: (await world.conferencing.health()).inbox }
  }
  const challenge = JSON.stringify({ event: 'endpoint.url_validation', payload: { plainToken: 'abc123' }, event_ts: 1 })

  it.each(['/api/v1/classes/zoom-webhook', '/api/v1/classes/zoom-webhook/', '/api/v1/classes/zoom-webhook/token/'])(
    'T40 answers a signed challenge at %s, and stores nothing',
    async path => {
      const encryptedToken = createHmac('sha256', webhookSecret).update('abc123').digest('hex')
      expect(await post(challenge, { path })).toMatchObject({
        status: 200,
        json: { plainToken: 'abc123', encryptedToken },
        inbox: { new: 0 },
      })
    },
  )

  it('T40 answers nobody else, and stores what is signed', async () => {
    const forged = await post(challenge, { secret: 'another-webhook-secret' })
    expect(forged).toMatchObject({ status: 401, json: { error: { code: 'CALLBACK_REJECTED' } }, inbox: { new: 0 } })
    const event = JSON.stringify({ event: 'meeting.ended', payload: { account_id: 'a', object: {} }, event_ts: 1 })
    expect(await post(event)).toMatchObject({ status: 200, json: { success: true }, inbox: { new: 1 } })
  })
})
