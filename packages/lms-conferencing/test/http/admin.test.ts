import { describe, expect, it } from 'vitest'
import { ConferencingError } from '../../src/errors.ts'
import { createHttpApi } from '../../src/http/index.ts'
import { came, opened } from '../support/world.ts'
import { createApiWorld } from './support.ts'

const admin = 'admin/conferencing'

async function adminWorld() {
  const world = await createApiWorld()
  const id = await world.newClass()
  const send = (
    ...events: Parameters<typeof world.provider.callback> extends [unknown, ...infer Rest] ? Rest : never
  ) => world.conferencing.receiveCallback('bbb', world.provider.callback({ meetingKey: `meeting-${id}` }, ...events))
  return { ...world, id, send }
}

const routes: readonly (readonly [method: string, path: string, body?: object])[] = [
  ['GET', `${admin}/inbox/`],
  ['GET', `${admin}/inbox/1/`],
  ['POST', `${admin}/inbox/replay/`, { state: 'dead' }],
  ['GET', `${admin}/quarantine/`],
  ['POST', `${admin}/quarantine/requeue/`, {}],
  ['POST', `${admin}/reconcile/`, { class_id: 'any' }],
  ['GET', `${admin}/operations/`],
  ['GET', `${admin}/health/`],
  ['GET', `${admin}/metrics/`],
  ['GET', `${admin}/what-is-not-there/`],
]

describe('administration', () => {
  for (const [method, path, body] of routes) {
    it(`${method} ${path} is for administrators`, async () => {
      const { api } = await adminWorld()
      const status = async (who: string | null): Promise<number> => {
        const headers = new Headers(who ? { authorization: `Bearer ${who}` } : {})
        if (body) headers.set('content-type', 'application/json')
        const init = { method, headers, ...(body && { body: JSON.stringify(body) }) }
        return (await api(new Request(`https://lms.example/api/v1/${path}`, init))).status
      }
      const refused = [await status(null), await status('ana'), await status('tea'), await status('tom')]
      expect(refused).toEqual([401, 403, 403, 403])
      expect(await status('adi')).not.toBeOneOf([401, 403])
    })
  }

  it('lists callbacks by state in pages, without what they say', async () => {
    const { ask, send, conferencing } = await adminWorld()
    for (const minute of [0, 1, 2]) await send(came(`canary-${minute}`, minute))
    await conferencing.rounds.callbacks()
    await send(opened(3))
    const first = await ask('adi', 'GET', `${admin}/inbox/?limit=2`)
    expect(first.json.data.callbacks.map(({ seq, state }: { seq: number; state: string }) => [seq, state])).toEqual([
      [1, 'applied'],
      [2, 'applied'],
    ])
    const second = await ask('adi', 'GET', `${admin}/inbox/?limit=2&after=${first.json.data.next}`)
    expect(second.json.data).toMatchObject({ next: null, callbacks: [{ seq: 3 }, { seq: 4, state: 'new' }] })
    const waiting = await ask('adi', 'GET', `${admin}/inbox/?state=new`)
    expect(waiting.json.data.callbacks).toEqual([
      {
        seq: 4,
        provider: 'bbb',
        server_id: 'plain-1',
        kind: 'plain',
        state: 'new',
        attempts: 0,
        reason: null,
        received_at: '2027-03-01T08:30:00.000Z',
        next_attempt_at: '1970-01-01T00:00:00.000Z',
        waiting_for: [],
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        bytes: expect.any(Number),
        forgotten: false,
      },
    ])
    const one = await ask('adi', 'GET', `${admin}/inbox/4/`)
    expect(one.json.data).toEqual(waiting.json.data.callbacks[0])
    expect(first.text + second.text + one.text).not.toContain('canary')
    expect(first.headers.get('cache-control')).toBe('no-store')
    expect((await ask('adi', 'GET', `${admin}/inbox/99/`)).status).toBe(404)
    for (const wrong of ['limit=0', 'limit=201', 'state=lost', 'after=x']) {
      expect([wrong, (await ask('adi', 'GET', `${admin}/inbox/?${wrong}`)).status]).toEqual([wrong, 400])
    }
  })

  it('T52 replays dead ones after the mistake is mended: first what would happen, then once; noted', async () => {
    const { ask, send, conferencing, provider, clock } = await adminWorld()
    const { events } = provider
    provider.events = () => {
      throw new ConferencingError('INVALID', 'This cannot be read.')
    }
    await send(opened(0))
    for (let attempt = 0; attempt < 8; attempt++) {
      await conferencing.rounds.callbacks()
      clock.advance(3_600_000)
    }
    const dead = await ask('adi', 'GET', `${admin}/inbox/?state=dead`)
    expect(dead.json.data.callbacks).toMatchObject([{ seq: 1, attempts: 8, reason: 'INVALID: This cannot be read.' }])
    provider.events = events
    const replay = async (body: object) => {
      const { status, json } = await ask('adi', 'POST', `${admin}/inbox/replay/`, body)
      return json.data?.replayed ?? status
    }
    expect(await replay({ state: 'dead', dry_run: true })).toBe(1)
    expect(await replay({ seqs: [1, 77], dry_run: true })).toBe(1)
    expect((await conferencing.health()).inbox).toMatchObject({ dead: 1 })
    expect(await replay({ state: 'dead' })).toBe(1)
    await conferencing.rounds.callbacks()
    expect(await replay({ state: 'dead' })).toBe(0)
    expect((await conferencing.health()).inbox).toMatchObject({ dead: 0, applied: 1 })
    expect(await replay({})).toBe(400)
    expect(await replay({ seqs: [1], state: 'dead' })).toBe(400)
    expect(await replay({ seqs: [] })).toBe(400)
    expect(await replay({ state: 'applied' })).toBe(400)
    const { json } = await ask('adi', 'GET', `${admin}/operations/`)
    expect(json.data.operations).toMatchObject([
      { who: 'adi', what: 'replay', count: 0 },
      { who: 'adi', what: 'replay', count: 1 },
    ])
  })

  it('lists the quarantine in pages and requeues some of it; T24 nothing of a request but its size and digest', async () => {
    const { ask, conferencing, provider } = await adminWorld()
    for (const text of ['canary-1', 'canary-2', 'canary-3']) {
      const good = provider.callbackOf(
        [{ kind: 'other', meetingKey: null, name: text }],
        `/hook/canary-token?checksum=canary`,
      )
      const headers = { authorization: 'Bearer canary', 'x-signature': 'canary' }
      await conferencing.receiveCallback('bbb', { ...good, headers }).catch(() => {})
    }
    const dry = await ask('adi', 'POST', `${admin}/quarantine/requeue/`, { dry_run: true })
    expect(dry.json.data).toEqual({ passed: 0, refused: { credential_not_kept: 3 }, stale: 0, dry_run: true })
    const first = await ask('adi', 'GET', `${admin}/quarantine/?limit=2`)
    expect(first.json.data).toMatchObject({ next: 2, requests: [{ id: 1, reason: 'mismatch' }, { id: 2 }] })
    expect(first.json.data.requests[0]).toEqual({
      id: 1,
      provider: 'bbb',
      method: 'POST',
      reason: 'mismatch',
      received_at: '2027-03-01T08:30:00.000Z',
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      bytes: expect.any(Number),
      credential_removed: true,
    })
    const second = await ask('adi', 'GET', `${admin}/quarantine/?limit=2&after=2`)
    expect(second.json.data).toMatchObject({ next: null, requests: [{ id: 3 }] })
    const some = await ask('adi', 'POST', `${admin}/quarantine/requeue/`, { ids: [2] })
    expect(some.json.data).toEqual({ passed: 0, refused: { credential_not_kept: 1 }, stale: 0, dry_run: false })
    expect(first.text + second.text + some.text + dry.text).not.toContain('canary')
  })

  it('tells how the parts do, without calling any', async () => {
    const { ask, send, provider, clock, store } = await adminWorld()
    await send(opened(0))
    clock.advance(90_000)
    const calls = [...provider.calls]
    const { json, text } = await ask('adi', 'GET', `${admin}/health/`)
    expect(json.data).toEqual({
      status: 'ok',
      store: 'ok',
      store_fault: null,
      inbox: { new: 1, applied: 0, ignored: 0, dead: 0, stale: 0 },
      oldest_waiting_seconds: 90,
      quarantined: 0,
      providers: [{ name: 'bbb', answered_at: '2027-03-01T08:30:00.000Z', failing: null, callbacks: [] }],
    })
    expect(text).not.toContain('plain-1')
    expect(provider.calls).toEqual(calls)
    await store.close()
    const away = await ask('adi', 'GET', `${admin}/health/`)
    expect(away.json.data).toMatchObject({ status: 'unavailable', store_fault: 'closed', inbox: null })
    expect((await ask('adi', 'GET', `${admin}/inbox/`)).status).toBe(503)
  })

  it('gives the figures to Prometheus', async () => {
    const { api, send } = await adminWorld()
    await send(opened(0))
    const response = await api(
      new Request(`https://lms.example/api/v1/${admin}/metrics/`, { headers: { authorization: 'Bearer adi' } }),
    )
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await response.text()).toContain('conferencing_inbox_callbacks{conferencing_state="new"} 1\n')
  })

  it('reconciles a class, and notes it', async () => {
    const { ask, id } = await adminWorld()
    const { json, status } = await ask('adi', 'POST', `${admin}/reconcile/`, { class_id: id })
    expect([status, json.data]).toEqual([
      200,
      { class_id: id, has_report: false, added: 0, gaps: 0, contradictions: 0 },
    ])
    expect((await ask('adi', 'POST', `${admin}/reconcile/`, { class_id: 'nobody' })).status).toBe(404)
    expect((await ask('adi', 'GET', `${admin}/operations/`)).json.data.operations).toMatchObject([
      { who: 'adi', what: 'reconcile', count: 1 },
    ])
  })

  it('an administrator is who the LMS says is one, and nobody else', async () => {
    const { conferencing } = await adminWorld()
    const api = createHttpApi({
      conferencing,
      authenticate: () => ({ userId: 'adi', displayName: 'Adi' }),
      lms: { courseTitle: () => null, teaches: () => true, enrolled: () => true },
    })
    expect((await api(new Request(`https://lms.example/api/v1/${admin}/inbox/`))).status).toBe(403)
  })
})
