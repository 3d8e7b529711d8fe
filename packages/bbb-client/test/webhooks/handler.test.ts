import { inspect } from 'node:util'
import {
  BbbConfigError,
  type BbbWebhookError,
  type CallbackInput,
  createCallbackHandler,
  createWebhookHandler,
  receiveMeetingEnded,
  type WebhookEvent,
  type WebhookHandlerOptions,
} from 'bbb-client/webhooks'
import { describe, expect, it } from 'vitest'
import { OTHER_SECRET, SECRET, signed, URL } from './wire.ts'

const TEXT = { 'content-type': 'text/plain; charset=utf-8' }
const REFUSED = { status: 401, headers: TEXT, body: 'refused\n' }
const STORED = { status: 204, headers: {}, body: '' }

/** A handler that notes what it is told. */
function watched(options: Partial<WebhookHandlerOptions> = {}) {
  const seen = {
    events: [] as WebhookEvent[],
    refused: [] as BbbWebhookError[],
    malformed: [] as BbbWebhookError[],
    errors: [] as unknown[],
    warnings: [] as string[],
  }
  const handler = createWebhookHandler({
    callbackUrl: URL,
    secrets: SECRET,
    handle: ({ events }) => void seen.events.push(...events),
    onRefused: error => void seen.refused.push(error),
    onMalformed: error => void seen.malformed.push(error),
    onError: error => void seen.errors.push(error),
    onWarning: message => void seen.warnings.push(message),
    ...options,
  })
  return { handler, seen }
}

const input = (more: Partial<CallbackInput> = {}): CallbackInput => ({ ...signed(), ...more })
const headers = (more: Record<string, string>) => ({ 'content-type': 'application/x-www-form-urlencoded', ...more })

describe('T41 what the answer reveals and causes', () => {
  it('2xx only after the handler has resolved', async () => {
    let store: (() => void) | undefined
    let answered = false
    const { handler } = watched({
      handle: () =>
        new Promise<void>(resolve => {
          store = resolve
        }),
    })
    const answer = handler(input()).then(given => {
      answered = true
      return given
    })
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
    expect(store).toBeTypeOf('function')
    expect(answered).toBe(false)
    store?.()
    expect(await answer).toEqual(STORED)
  })

  it('503 with Retry-After when it could not be stored, and the reason goes to onError alone', async () => {
    const broken = new Error('disk full at /var/lib/db')
    const { handler, seen } = watched({ handle: () => Promise.reject(broken), retryAfterSeconds: 7 })
    expect(await handler(input())).toEqual({
      status: 503,
      headers: { ...TEXT, 'retry-after': '7' },
      body: 'try again later\n',
    })
    expect(seen.errors).toEqual([broken])
    expect(seen.refused).toEqual([])
  })

  it('405 for every other method', async () => {
    const { handler, seen } = watched()
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'post', '']) {
      expect(await handler(input({ method }))).toMatchObject({ status: 405, headers: { allow: 'POST' } })
    }
    expect(seen.events).toEqual([])
  })

  it('every refusal is 401 with one constant body, counted by reason', async () => {
    const { handler, seen } = watched({ maxBodyBytes: 2000, algorithms: ['sha256'], accept: ['url+body'] })
    const refused: [string, CallbackInput][] = [
      ['missing', input({ target: '/hooks/bbb' })],
      ['mismatch', input({ body: 'event=%5B%5D&timestamp=1&domain=d' })],
      ['mismatch', { ...signed({ secret: OTHER_SECRET }) }],
      ['algorithm', { ...signed({ algorithm: 'sha1' }) }],
      ['scheme', { ...signed({ scheme: 'bearer' }) }],
      ['too_large', input({ body: 'x'.repeat(2001) })],
      ['encoding', input({ headers: headers({ 'content-encoding': 'gzip' }) })],
      ['content_type', input({ headers: { 'content-type': 'application/json' } })],
      ['content_type', input({ headers: {} })],
    ]
    for (const [reason, request] of refused) {
      expect(await handler(request), reason).toEqual(REFUSED)
      expect(seen.refused.at(-1)?.reason).toBe(reason)
    }
    expect(seen.refused).toHaveLength(refused.length)
    expect([seen.events, seen.errors, seen.malformed]).toEqual([[], [], []])
  })

  it('a refused request is handed over raw, to be verified again once the secret is right', async () => {
    const kept: CallbackInput[] = []
    const { handler } = watched({
      secrets: OTHER_SECRET,
      onRefused: (_error, request) => {
        if (request !== undefined) kept.push({ ...request, method: request.method ?? 'POST' })
      },
    })
    expect(await handler(input())).toEqual(REFUSED)
    const { handler: corrected, seen } = watched()
    for (const request of kept) expect(await corrected(request)).toEqual(STORED)
    expect(seen.events.map(event => event.id)).toEqual(['user-joined'])
  })

  it('T38 T42 what is signed but unreadable is 2xx once the dead letter is kept, 503 when it cannot be', async () => {
    const request: CallbackInput = { ...signed({ events: [{ strange: true }] }) }
    const { handler, seen } = watched()
    expect(await handler(request)).toEqual(STORED)
    expect(seen.malformed.map(error => [error.reason, error.verified])).toEqual([['malformed', true]])
    const full = watched({ onMalformed: () => Promise.reject(new Error('full')) })
    expect((await full.handler(request)).status).toBe(503)
    expect(full.seen.errors).toHaveLength(1)
    expect(await watched({ onMalformed: undefined }).handler(request)).toEqual(STORED)
  })

  it('T29 a body that was already parsed is a mistake of ours: 503, and onError says what to change', async () => {
    const { handler, seen } = watched()
    for (const body of [{ event: [] }, undefined, null]) expect((await handler(input({ body }))).status).toBe(503)
    expect(seen.errors.map(String)).toEqual(Array(3).fill(expect.stringMatching(/express\.raw/)))
    expect(seen.refused).toEqual([])
  })

  it('observers that throw change no answer', async () => {
    const fail = () => {
      throw new Error('observer')
    }
    expect(await watched({ onRefused: fail }).handler(input({ target: '/' }))).toEqual(REFUSED)
    expect((await watched({ onError: fail, handle: fail }).handler(input())).status).toBe(503)
    expect(await watched({ onWarning: fail }).handler({ ...signed({ algorithm: 'sha1' }) })).toEqual(STORED)
  })

  it('T33 SHA-1 is taken, with one warning per handler that names the setting and no secret', async () => {
    const { handler, seen } = watched()
    for (let round = 0; round < 3; round += 1) await handler({ ...signed({ algorithm: 'sha1' }) })
    expect(seen.warnings).toEqual([expect.stringMatching(/hookChecksumAlgorithm/)])
    expect(seen.warnings.join()).not.toContain(SECRET)
  })

  it('wrong options throw when the handler is made, not on the first request', () => {
    for (const bad of [{ secrets: 'short' }, { callbackUrl: '/x' }, { accept: [] }, { algorithms: ['md5'] as never }]) {
      expect(() => watched(bad)).toThrow(BbbConfigError)
    }
  })

  it('T25 a handler shows no secret', () => {
    const shown = inspect(watched().handler, { depth: 9, showHidden: true })
    expect(shown).not.toContain(SECRET)
  })

  it('serves the other callbacks under the same rules', async () => {
    const token = 'Zm9vYmFyYmF6cXV4Zm9vYmFy'
    const ended: unknown[] = []
    const handler = createCallbackHandler({
      method: 'GET',
      receive: request => receiveMeetingEnded(request, { token }),
      handle: hint => void ended.push(hint),
      onError: () => {},
    })
    const get = (target: string) => handler({ method: 'GET', target, headers: {}, body: undefined })
    expect(await get(`/end/${token}?recordingmarks=true&meetingID=c7`)).toEqual(STORED)
    expect(await get('/end/x?recordingmarks=true&meetingID=c7')).toEqual(REFUSED)
    expect((await handler(input())).status).toBe(405)
    expect(ended).toEqual([{ meetingID: 'c7', recordingMarks: true }])
  })
})
