import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { createByteBudget, createRateLimiter } from '../../src/http/limits.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { came } from '../support/world.ts'
import { createApiWorld, readAnswer } from './support.ts'

describe('rate limits', () => {
  it('give so many at once, then so many a minute, to each key', () => {
    const clock = new ManualClock('2027-03-01T09:00:00Z')
    const wait = createRateLimiter({ burst: 3, perMinute: 6 }, clock)
    const ask = (times: number, key = 'ana') => Array.from({ length: times }, () => wait(key))
    expect(ask(5)).toEqual([0, 0, 0, 10, 10])
    clock.advance(9_999)
    expect(ask(1)).toEqual([1])
    clock.advance(1)
    expect(ask(2)).toEqual([0, 10])
    expect(ask(1, 'bob')).toEqual([0])
    clock.advance(3_600_000)
    expect(ask(4)).toEqual([0, 0, 0, 10])
  })

  it('never let through more than the burst and the pace allow, however the clock runs', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -5_000, max: 20_000 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 120 }),
        (steps, burst, perMinute) => {
          let now = 0
          const wait = createRateLimiter({ burst, perMinute }, { ...systemClock, now: () => now })
          let allowed = 0
          let passed = 0
          for (const step of steps) {
            now += step
            passed += Math.max(0, step)
            if (wait('ana') === 0) allowed++
          }
          expect(allowed).toBeLessThanOrEqual(burst + (passed * perMinute) / 60_000)
        },
      ),
    )
  })

  it('forget whoever came longest ago, so that strangers cannot fill the memory', () => {
    const clock = new ManualClock('2027-03-01T09:00:00Z')
    const wait = createRateLimiter({ burst: 1, perMinute: 1 }, clock)
    for (const key of ['ana', 'ana']) wait(key)
    for (let n = 0; n < 10_000; n++) wait(`stranger-${n}`)
    expect(wait('ana')).toBe(0)
  })

  it('bytes are lent and given back', () => {
    const budget = createByteBudget(10)
    expect([budget.take(6), budget.take(6), budget.take(4)]).toEqual([true, false, true])
    budget.giveBack(6)
    expect(budget.take(6)).toBe(true)
  })
})

describe('the API under pressure', () => {
  it('answers 429 with the time to wait to whoever asks for links all the time, and nobody else', async () => {
    const { ask, clock, newClass } = await createApiWorld({ limits: { joins: { burst: 2, perMinute: 6 } } })
    const id = await newClass()
    const join = (who: string) => ask(who, 'GET', `courses/live-classes/${id}/join_info/`)
    expect([(await join('ana')).status, (await join('ana')).status]).toEqual([200, 200])
    const { status, headers, json } = await join('ana')
    expect([status, headers.get('retry-after'), json.error?.code]).toEqual([429, '10', 'TOO_MANY_REQUESTS'])
    expect((await join('tea')).status).toBe(200)
    expect((await ask('ana', 'GET', `courses/live-classes/${id}/`)).status).toBe(200)
    clock.advance(10_000)
    expect((await join('ana')).status).toBe(200)
  })

  it('a limit may be left out', async () => {
    const { ask, newClass } = await createApiWorld({ limits: { joins: null } })
    const id = await newClass()
    for (let n = 0; n < 100; n++) {
      expect((await ask('ana', 'GET', `courses/live-classes/${id}/join_info/`)).status).toBe(200)
    }
  })

  it('T37 callbacks beyond the memory for them are asked to come again', async () => {
    const { api, provider, newClass } = await createApiWorld({ limits: { callbackBytes: 1_000 } })
    const id = await newClass()
    const { body, headers } = provider.callback({ meetingKey: `meeting-${id}` }, came('ana', 0))
    const give = (bytes: Uint8Array<ArrayBuffer>) =>
      api(
        new Request('https://lms.example/api/v1/classes/bbb-webhook/token', {
          method: 'POST',
          headers: headers instanceof Headers ? headers : {},
          body: bytes,
        }),
      )
    const busy = await give(Buffer.alloc(1_001, 32))
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([503, '5'])
    // Given back: the next one has room.
    expect((await give(Buffer.from(body))).status).toBe(200)
  })

  it('T37 strangers do not fill the log', async () => {
    const { api, clock, log } = await createApiWorld()
    const knock = () =>
      api(new Request('https://lms.example/api/v1/classes/bbb-webhook/token', { method: 'POST', body: 'x' }))
    for (let n = 0; n < 500; n++) expect((await knock()).status).toBe(401)
    const refusals = () => log.filter(line => line.includes('callback refused'))
    expect(refusals()).toHaveLength(20)
    clock.advance(2_000)
    await knock()
    expect(refusals().at(-1)).toContain('"unlogged":480')
  })

  it('a list that has not changed is not sent again', async () => {
    const { api, ask, newClass } = await createApiWorld()
    const id = await newClass()
    for (const [path, who] of [
      ['courses/course-1/live-classes/', 'tea'],
      ['dashboard/my-virtual-classes/', 'ana'],
    ] as const) {
      const first = await ask(who, 'GET', path)
      const etag = first.headers.get('etag') ?? ''
      expect(etag).toMatch(/^W\/"[0-9a-f]{40,}"$/)
      expect(first.headers.get('cache-control')).toBe('private, no-cache')
      const again = (as = who) =>
        api(
          new Request(`https://lms.example/api/v1/${path}`, {
            headers: { authorization: `Bearer ${as}`, 'if-none-match': etag },
          }),
        )
      const same = await again()
      expect([same.status, await same.text(), same.headers.get('etag')]).toEqual([304, '', etag])
      expect((await readAnswer(await api(new Request(`https://lms.example/api/v1/${path}`)))).status).toBe(401)
      await ask('tea', 'PATCH', `courses/live-classes/${id}/`, { title: `Renamed for ${who}` })
      expect((await again()).status).toBe(200)
    }
  })
})
