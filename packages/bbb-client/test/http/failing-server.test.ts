import { createServer } from 'node:net'
import { BbbClient } from 'bbb-client'
import { backoffMs, CircuitBreaker, DEFAULT_RETRY, RetryBudget, retryAfterMs } from 'bbb-client/http'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RUNS } from '../support/arbitrary.ts'
import { TestClock, turn } from '../support/clock.ts'
import { ending } from '../support/outcome.ts'
import { BODY, message, type RawServer, rawServer } from '../support/raw-server.ts'
import { SECRET } from '../support/server.ts'

let server: RawServer
beforeEach(async () => {
  server = await rawServer()
})
afterEach(() => server.close())

describe('F17 a server that is down while a thousand callers want it', () => {
  it('sees at most 1.1 requests per call and 20, then is left alone, and is back within ten seconds', async () => {
    let down = true
    server.answer(({ socket }) =>
      down ? void socket.resetAndDestroy() : void socket.write(message('200 OK', [], BODY)),
    )
    server.clock.chance = 0.5
    const client = server.client()

    const calls = Array.from({ length: 1000 }, () => ending(client.getMeetings()))
    let settled = 0
    for (const call of calls) void call.then(() => settled++)
    while (settled < 1000) {
      await turn()
      await server.clock.advance(100)
    }
    expect(server.requests.length).toBeLessThanOrEqual(1.1 * 1000 + 20)

    // The breaker is open: further callers are answered at once, without a request.
    const before = server.requests.length
    const early = await Promise.all(Array.from({ length: 100 }, () => ending(client.getMeetings())))
    expect(server.requests.length - before).toBeLessThanOrEqual(1)
    expect(
      early.filter(result => 'error' in result && Reflect.get(Object(result.error), 'code') === 'BBB_CIRCUIT_OPEN')
        .length,
    ).toBeGreaterThanOrEqual(99)
    for (const result of early)
      expect(result).toMatchObject({ error: { outcome: expect.stringMatching(/not-sent|unknown/), retryable: true } })

    // Down for a minute: one caller every half second.
    const began = server.requests.length
    for (let i = 0; i < 120; i++) {
      await server.clock.advance(500)
      await Promise.race([ending(client.getMeetings()), turn().then(() => server.clock.advance(0))])
    }
    expect(server.requests.length - began).toBeLessThan(40)

    down = false
    const recovered = server.clock.now()
    let answered = false
    while (!answered) {
      await server.clock.advance(250)
      const result = ending(client.getMeetings())
      await turn()
      answered = 'value' in (await result)
    }
    expect(server.clock.now() - recovered).toBeLessThanOrEqual(10_000)
    expect(await client.getMeetings()).toEqual([])
  })

  it('an open breaker says how long, and nothing is sent', async () => {
    server.answer(({ socket }) => socket.resetAndDestroy())
    const client = server.client({ retry: { attempts: 1 }, breaker: { failures: 3, openMs: 4000 } })
    for (let i = 0; i < 3; i++) await ending(client.getMeetings())
    const result = await ending(client.getMeetings())
    expect(result).toMatchObject({
      error: { code: 'BBB_CIRCUIT_OPEN', outcome: 'not-sent', attempts: 0, retryable: true, retryAfterMs: 2000 },
    })
    expect(server.requests).toHaveLength(3)
    await server.clock.advance(2000)
    await ending(client.getMeetings())
    expect(server.requests).toHaveLength(4)
  })

  it('answers that are no trouble of the server do not open it', async () => {
    const client = server.client({ retry: { attempts: 1 }, breaker: { failures: 2 } })
    for (const answer of [
      message('500 Internal Server Error', [], '<html></html>'),
      message('404 Not Found', [], ''),
      message('200 OK', [], '<html></html>'),
      message(
        '200 OK',
        [],
        '<response><returncode>FAILED</returncode><messageKey>checksumError</messageKey></response>',
      ),
    ]) {
      server.answer(({ socket }) => socket.write(answer))
      for (let i = 0; i < 5; i++)
        expect(await ending(client.getMeetings())).not.toMatchObject({ error: { code: 'BBB_CIRCUIT_OPEN' } })
    }
  })

  it('a caller who leaves says nothing about the server: the next one is let through', async () => {
    const client = server.client({ retry: { attempts: 1 }, breaker: { failures: 1, openMs: 1000 } })
    server.answer(({ socket }) => socket.resetAndDestroy())
    await ending(client.getMeetings())
    await server.clock.advance(1000)
    server.answer(() => {})
    const controller = new AbortController()
    const asked = server.next()
    const left = ending(client.getMeetings({}, { signal: controller.signal }))
    await asked
    expect(await ending(client.getMeetings())).toMatchObject({ error: { code: 'BBB_CIRCUIT_OPEN' } })
    controller.abort('left')
    expect(await left).toEqual({ error: 'left' })
    server.answer(({ socket }) => socket.write(message('200 OK', [], BODY)))
    expect(await client.getMeetings()).toEqual([])
  })

  it('two clients of two servers do not share their trouble', async () => {
    const { url } = server
    await server.close()
    server = await rawServer()
    server.answer(({ socket }) => socket.write(message('200 OK', [], BODY)))
    const dead = server.client({ url, retry: { attempts: 1 }, breaker: { failures: 1 } })
    await ending(dead.getMeetings())
    expect(await ending(dead.getMeetings())).toMatchObject({ error: { code: 'BBB_CIRCUIT_OPEN' } })
    expect(await server.client().getMeetings()).toEqual([])
  })

  it('it has a budget of its own for each client, and gets it back with calls that succeed', () => {
    const budget = new RetryBudget()
    let spent = 0
    while (budget.spend()) spent++
    expect(spent).toBe(20)
    for (let i = 0; i < 25; i++) budget.earn()
    expect([budget.spend(), budget.spend(), budget.spend()]).toEqual([true, true, false])
  })
})

describe('the timing of retries', () => {
  it('full jitter: from nothing to the cap, each value as likely as the next', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        (failures, random) => {
          const ms = backoffMs(failures, DEFAULT_RETRY, random)
          const cap = Math.min(4000, 1000 * 2 ** (failures - 1))
          expect(Number.isInteger(ms)).toBe(true)
          expect(ms).toBeGreaterThanOrEqual(0)
          expect(ms).toBeLessThanOrEqual(cap)
          expect(Math.abs(ms - random * cap)).toBeLessThanOrEqual(1.001)
        },
      ),
      { numRuns: RUNS },
    )
    expect([1, 2, 3, 4].map(failures => backoffMs(failures, DEFAULT_RETRY, 0.9999999))).toEqual([
      1000, 2000, 4000, 4000,
    ])
  })

  it('F17 a thousand retries are spread over their window: no tenth of a second holds more than a twentieth', () => {
    const bins = new Map<number, number>()
    for (let i = 0; i < 1000; i++) {
      // Evenly spread chances stand for a good generator.
      const bin = Math.floor(backoffMs(3, DEFAULT_RETRY, (i + 0.5) / 1000) / 100)
      bins.set(bin, (bins.get(bin) ?? 0) + 1)
    }
    expect(Math.max(...bins.values())).toBeLessThanOrEqual(50)
  })

  it.each([
    [undefined, undefined],
    ['', undefined],
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5000],
    ['1e3', undefined],
    ['+5', undefined],
    ['5s', undefined],
    ['Sun, 22 Nov 2026 00:00:10 GMT', 10_000],
    ['Sunday, 22-Nov-26 00:00:10 GMT', 10_000],
    ['Sun Nov 22 00:00:10 2026', 10_000],
    ['Sat, 21 Nov 2026 23:00:00 GMT', 0],
    ['2026-11-22', undefined],
    ['tomorrow', undefined],
    ['Xyz, 99 Foo 2026', undefined],
  ])('Retry-After %j is %s', (header, expected) => {
    expect(retryAfterMs(header, Date.UTC(2026, 10, 22))).toBe(expected)
  })

  it('F21 a clock that is set back keeps nothing closed', async () => {
    const breaker = new CircuitBreaker({ failures: 1, openMs: 1000 })
    breaker.failed(0, 0.999)
    expect(breaker.enter(500)).toBeGreaterThan(0)
    expect(breaker.enter(1001)).toBe(0)
    // The system's clock for HTTP never goes back, whatever happens to the time of day.
    const { systemHttpClock } = await import('bbb-client/http')
    const first = systemHttpClock.now()
    expect(systemHttpClock.now()).toBeGreaterThanOrEqual(first)
    expect(Math.abs(first - performance.timeOrigin)).toBeLessThan(86_400_000)
  })
})

describe('T58 a program that has done its calls ends by itself', () => {
  it('no timer and no listener is left after a call, however it ended', async () => {
    const clock = new TestClock()
    const controller = new AbortController()
    let listeners = 0
    const { signal } = controller
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }
    const silent = createServer(socket => socket.resetAndDestroy())
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    const port = typeof address === 'object' ? address?.port : 0
    const client = new BbbClient({ url: `http://127.0.0.1:${port}`, secret: SECRET, clock, onWarning: () => {} })
    for (let i = 0; i < 5; i++) await ending(client.getMeetings({}, { signal }))
    server.answer(({ socket }) => socket.write(message('200 OK', [], BODY)))
    await server.client({ clock }).getMeetings({}, { signal })
    expect(clock.pending).toBe(0)
    expect(listeners).toBe(0)
    await client.close()
    await new Promise(resolve => silent.close(resolve))
  })
})
