import { interceptUndici } from 'bbb-client/msw'
import { ManualClock } from 'bbb-client/testing'
import { setupServer } from 'msw/node'
import { describe, expect, it, onTestFinished } from 'vitest'
import { zoomHandlers } from '../../../src/msw.ts'
import { zoomOptionsFromEnv, zoomProvider } from '../../../src/providers/zoom/index.ts'
import { type FakeZoomWebhook, fakeZoom } from '../../../src/testing/index.ts'
import { account, host, promptly } from '../../support/zoom-under-test.ts'

const minutes = (count: number): number => count * 60_000

/** A fake whose webhooks meet an endpoint that answers as the test says; challenges are passed unless it is down. */
async function withEndpoint({ restampRetries = false } = {}) {
  const clock = new ManualClock()
  const got: FakeZoomWebhook[] = []
  const endpoint = { status: 200, passes: true }
  const provider = zoomProvider({ ...account, host, clock })
  const fake = fakeZoom({
    ...account,
    clock,
    restampRetries,
    send: async webhook => {
      got.push(webhook)
      const { answer } = provider.verify({ method: 'POST', target: '/', headers: webhook.headers, body: webhook.body })
      return { status: endpoint.status, body: endpoint.passes ? (answer ?? '') : '' }
    },
  })
  await fake.subscribe('https://lms.example/zoom')
  got.splice(0)
  return { clock, fake, got, endpoint }
}

describe('the fake account', () => {
  it.each([
    ['as Zoom may: with the first stamp', false, 1],
    ['as Zoom may: with a stamp of their own', true, 4],
  ])('sends again after 5, 20 and 60 minutes, %s; then no more', async (_title, restampRetries, stamps) => {
    const { clock, fake, got, endpoint } = await withEndpoint({ restampRetries })
    endpoint.status = 503
    fake.emit('user.created', {})
    await fake.idle()
    for (const [pause, tries] of [
      [5, 2],
      [20, 3],
      [60, 4],
      [600, 4],
    ] as const) {
      await clock.advance(minutes(pause))
      expect(got).toHaveLength(tries)
    }
    expect(new Set(got.map(({ headers }) => headers['x-zm-request-timestamp'])).size).toBe(stamps)
    expect(new Set(got.map(({ body }) => Buffer.from(body).toString())).size).toBe(1)
  })

  it.each([400, 401, 403, 429, 302])('takes %s for an answer', async status => {
    const { clock, fake, got, endpoint } = await withEndpoint()
    endpoint.status = status
    fake.emit('user.created', {})
    await fake.idle()
    await clock.advance(minutes(600))
    expect(got).toHaveLength(1)
  })

  it('asks every 72 hours whether the endpoint is alive, and gives up after six failures in a row (T40)', async () => {
    const { clock, fake, endpoint } = await withEndpoint()
    await clock.advance(minutes(72 * 60))
    expect(fake.deliveries.map(({ event }) => event)).toEqual(['endpoint.url_validation', 'endpoint.url_validation'])
    endpoint.passes = false
    await clock.advance(5 * minutes(72 * 60))
    expect(fake.subscriptions).toBe(1)
    await clock.advance(minutes(72 * 60))
    expect(fake.subscriptions).toBe(0)
  })

  it('mixes escapes with raw UTF-8 in one body, as Zoom does', async () => {
    const { fake, got } = await withEndpoint()
    fake.emit('meeting.updated', { topic: 'Čer 🚒' })
    await fake.idle()
    expect(Buffer.from(got[0]?.body ?? []).toString('utf8')).toContain('"Čer \\uD83D\\uDE92"')
  })

  const basic = `Basic ${Buffer.from(`${account.clientId}:${account.clientSecret}`).toString('base64')}`
  const ask = (fields: string, authorization: string) =>
    fakeZoom(account).handle({
      method: 'POST',
      target: `/oauth/token?${fields}`,
      headers: { Authorization: authorization },
    })

  it.each([
    ['grant_type=account_credentials&account_id=account-of-the-school', 'Basic eDp5', 'invalid_client'],
    ['grant_type=client_credentials&account_id=account-of-the-school', basic, 'unsupported_grant_type'],
    ['grant_type=account_credentials&account_id=x', basic, 'invalid_request'],
  ])('refuses a token for %s', async (fields, authorization, error) => {
    const { status, body } = await ask(fields, authorization)
    expect([status, JSON.parse(body).error]).toEqual([400, error])
  })

  it('routes a UUID that begins with a slash only when it was encoded twice', async () => {
    const clock = new ManualClock()
    const fake = fakeZoom({ ...account, clock, uuids: 'slashes' })
    const token = JSON.parse(
      (
        await fake.handle({
          method: 'POST',
          target: '/oauth/token',
          headers: { authorization: basic },
          body: 'grant_type=account_credentials&account_id=account-of-the-school',
        })
      ).body,
    ).access_token
    const call = (method: string, path: string, body?: string) =>
      fake.handle({
        method,
        target: `/v2${path}`,
        headers: { authorization: `Bearer ${token}` },
        ...(body && { body }),
      })
    const { uuid } = JSON.parse((await call('POST', `/users/${host}/meetings`, '{"topic":"T"}')).body)
    expect(uuid).toMatch(/^\/.*\/\//)
    const once = encodeURIComponent(uuid)
    expect((await call('GET', `/meetings/${uuid}`)).status).toBe(404)
    expect((await call('GET', `/meetings/${once}`)).status).toBe(404)
    expect((await call('GET', `/meetings/${encodeURIComponent(once)}`)).status).toBe(200)
  })

  it('answers behind msw what a provider asks of Zoom itself', async () => {
    const clock = new ManualClock()
    const fake = fakeZoom({ ...account, clock })
    const server = setupServer(...zoomHandlers(fake))
    server.listen()
    const restore = interceptUndici(server)
    onTestFinished(() => {
      restore()
      server.close()
    })
    const provider = zoomProvider({ ...account, host, clock: promptly(clock), random: () => 0 })
    const spec = {
      classId: 'c1',
      courseId: 'p',
      title: 'T',
      description: '',
      startsAt: new Date(clock.now() + 60_000),
      durationMinutes: 60,
      record: false,
    }
    const meeting = await provider.openMeeting(provider.planMeeting(spec), spec)
    fake.visit(await provider.joinLink(meeting, { userId: 'u', displayName: 'U', role: 'moderator' }))
    expect(await provider.isRunning(meeting)).toBe(true)
    await provider.endMeeting(meeting)
    expect(await provider.isRunning(meeting)).toBe(false)
    fake.fail({ kind: 'drop', call: 'GET /meetings/*', times: 9 })
    await expect(provider.isRunning(meeting)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})

describe('options from the environment', () => {
  const env = {
    ZOOM_ACCOUNT_ID: 'a',
    ZOOM_CLIENT_ID: 'c',
    ZOOM_CLIENT_SECRET: 'canary',
    ZOOM_WEBHOOK_SECRET: 'w',
    ZOOM_HOST: 'h',
  }

  it('Zoom is off unless ZOOM_SUPPORT_ENABLED is true', () => {
    expect(zoomOptionsFromEnv(env)).toEqual({
      enabled: false,
      accountId: 'a',
      clientId: 'c',
      clientSecret: 'canary',
      webhookSecret: 'w',
      host: 'h',
    })
    expect(zoomOptionsFromEnv({ ...env, ZOOM_SUPPORT_ENABLED: 'true' }).enabled).toBe(true)
  })

  it.each([
    ['ZOOM_SUPPORT_ENABLED', 'yes', 'must be true or false'],
    ['ZOOM_ACCOUNT_ID', undefined, 'is needed'],
    ['ZOOM_HOST', '', 'is needed'],
  ])('%s that cannot be is named, not shown', (name, value, what) => {
    expect(() => zoomOptionsFromEnv({ ...env, [name]: value })).toThrow(new TypeError(`${name}: ${what}`))
  })
})
