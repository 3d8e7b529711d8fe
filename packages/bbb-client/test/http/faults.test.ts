import { gzipSync } from 'node:zlib'
import { type BbbClient, BbbError } from 'bbb-client'
import { Agent } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { turn } from '../support/clock.ts'
import { ending } from '../support/outcome.ts'
import { BODY, message, type RawRequest, type RawServer, rawServer } from '../support/raw-server.ts'

/** F14: what servers and networks do wrong, over real sockets, for a read, a create and an end. */

const CREATED =
  '<response><returncode>SUCCESS</returncode><meetingID>m</meetingID><createTime>1</createTime></response>'

const CALLS: Readonly<Record<'read' | 'create' | 'createAgain' | 'end', (client: BbbClient) => Promise<unknown>>> = {
  read: client => client.getMeetings(),
  create: client => client.create({ meetingID: 'room', name: 'Room' }),
  createAgain: client =>
    client.create({ meetingID: 'room', name: 'Room', attendeePW: 'attendee', moderatorPW: 'moderator' }),
  end: client => client.end({ meetingID: 'room' }),
}
type Call = keyof typeof CALLS
const SAFE: readonly Call[] = ['read', 'createAgain']

let server: RawServer
beforeEach(async () => {
  server = await rawServer()
})
afterEach(async () => {
  await server.close()
  // Nothing is left open: no timer of ours, no socket, no handle of the test.
  expect(server.clock.pending).toBe(0)
  await turn()
  expect(server.sockets.size).toBe(0)
})

/** How many requests of the call itself there were; `end` looks at the meeting afterwards. */
function attempts(call: Call): number {
  const path = call === 'read' ? 'getMeetings' : call === 'end' ? '/end?' : '/create?'
  return server.requests.filter(line => line.includes(path)).length
}

async function failure(call: Call): Promise<BbbError> {
  const result = await ending(CALLS[call](server.client()))
  if ('value' in result) throw new Error(`${call} succeeded`)
  expect(result.error).toBeInstanceOf(BbbError)
  return result.error as BbbError
}

/** After bytes have left: safe calls are tried three times, the others once, and only the safe ones may be retried. */
async function expectAfterSending(expected: Readonly<Record<string, unknown>>): Promise<void> {
  for (const call of ['read', 'createAgain', 'create', 'end'] as const) {
    const before = attempts(call)
    const error = await failure(call)
    const safe = SAFE.includes(call)
    expect({ ...error, call }, call).toMatchObject({
      ...expected,
      outcome: expected.outcome ?? 'unknown',
      retryable: expected.retryable === true ? safe : expected.retryable,
      attempts: expected.attempts ?? (safe ? 3 : 1),
    })
    expect(attempts(call) - before, call).toBe(expected.attempts ?? (safe ? 3 : 1))
  }
}

describe('F14 connections', () => {
  it('refused: nothing was sent, so every call is tried three times', async () => {
    const { url } = server
    await server.close()
    server = await rawServer()
    for (const call of ['read', 'create', 'end'] as const) {
      const error = await ending(CALLS[call](server.client({ url })))
      expect('error' in error && error.error).toMatchObject({
        code: 'BBB_NETWORK',
        reason: 'refused',
        systemCode: 'ECONNREFUSED',
        outcome: 'not-sent',
        retryable: true,
        attempts: 3,
      })
    }
  })

  it('a name that does not exist', async () => {
    const client = server.client({
      url: 'http://bbb.example.org',
      allowInsecureHttp: true,
      dispatcher: undefined,
      lookup: (hostname, _options, callback) =>
        callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' }), '', 0),
    })
    for (const call of ['read', 'create', 'end'] as const)
      await expect(CALLS[call](client)).rejects.toMatchObject({
        reason: 'dns',
        outcome: 'not-sent',
        attempts: 3,
        retryable: true,
      })
    await client.close()
    await expect(client.getMeetings()).rejects.toMatchObject({
      reason: 'closed',
      outcome: 'not-sent',
      attempts: 1,
      retryable: false,
    })
  })

  it('a name server that never answers: the deadline ends it, with nothing sent', async () => {
    const client = server.client({
      url: 'http://bbb.example.org',
      allowInsecureHttp: true,
      dispatcher: undefined,
      lookup: () => {},
    })
    const result = ending(client.create({ meetingID: 'room', name: 'Room' }))
    await turn()
    await server.clock.advance(15_000)
    expect(await result).toMatchObject({
      error: {
        code: 'BBB_TIMEOUT',
        limit: 'deadline',
        timeoutMs: 15_000,
        outcome: 'not-sent',
        retryable: true,
        attempts: 2,
      },
    })
    await client.close()
  })

  it('a connection that is never made: the same', async () => {
    const client = server.client({ dispatcher: { dispatch: () => true } as never })
    const result = ending(client.end({ meetingID: 'room' }))
    await turn()
    await server.clock.advance(15_000)
    expect(await result).toMatchObject({ error: { code: 'BBB_TIMEOUT', outcome: 'not-sent', retryable: true } })
  })

  it('reset after the request', async () => {
    server.answer(({ socket }) => socket.resetAndDestroy())
    await expectAfterSending({ code: 'BBB_NETWORK', reason: 'reset', retryable: true })
  })

  it('closed after the request', async () => {
    server.answer(({ socket }) => socket.end())
    await expectAfterSending({ code: 'BBB_NETWORK', reason: 'reset', retryable: true })
  })

  it('reset at twenty places of the answer', async () => {
    const whole = message('200 OK', ['Content-Type: text/xml'], BODY)
    for (let i = 1; i <= 20; i++) {
      server.answer(({ socket }) => {
        socket.write(whole.subarray(0, Math.floor((whole.length * i) / 21)), () => socket.resetAndDestroy())
      })
      const before = server.requests.length
      expect(await failure('create')).toMatchObject({
        code: 'BBB_NETWORK',
        reason: 'reset',
        outcome: 'unknown',
        attempts: 1,
      })
      expect(await failure('read')).toMatchObject({ code: 'BBB_NETWORK', reason: 'reset', attempts: 3 })
      expect(server.requests.length - before).toBe(4)
    }
  })

  it('kept alive and closed under us: a read is asked again on a new connection, a create is not', async () => {
    const used = new WeakSet<object>()
    server.answer(({ socket, line }) => {
      if (used.has(socket)) return void socket.destroy()
      used.add(socket)
      socket.write(message('200 OK', [], line.includes('create') ? CREATED : BODY))
    })
    const dispatcher = new Agent({ connections: 1 })
    const client = server.client({ dispatcher })
    await client.getMeetings()
    expect(await client.getMeetings()).toEqual([])
    expect(server.requests).toHaveLength(3)
    const result = await ending(CALLS.create(client))
    expect(result).toMatchObject({ error: { code: 'BBB_NETWORK', reason: 'reset', outcome: 'unknown', attempts: 1 } })
    expect(await CALLS.create(client)).toMatchObject({ meetingID: 'm' })
    await dispatcher.destroy()
  })
})

describe('F14 slow answers', () => {
  const silent: readonly (readonly [string, (request: RawRequest) => void])[] = [
    ['accepted, then silence', () => {}],
    ['headers, then silence', ({ socket }) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n')],
    ['half an answer, then silence', ({ socket }) => socket.write(message('200 OK', ['Content-Length: 500'], BODY))],
    ['half a status line, then silence', ({ socket }) => socket.write('HTTP/1.1 2')],
  ]

  it.each(silent)('%s: one attempt ends after its time, all of them at the deadline', async (_name, handler) => {
    server.answer(handler)
    let asked = server.next()
    const read = ending(CALLS.read(server.client()))
    await asked
    asked = server.next()
    await server.clock.advance(10_000)
    await asked
    await server.clock.advance(5_000)
    expect(await read).toMatchObject({
      error: {
        code: 'BBB_TIMEOUT',
        limit: 'deadline',
        timeoutMs: 15_000,
        attempts: 2,
        outcome: 'unknown',
        retryable: true,
      },
    })

    asked = server.next()
    const create = ending(CALLS.create(server.client()))
    await asked
    await server.clock.advance(10_000)
    expect(await create).toMatchObject({
      error: {
        code: 'BBB_TIMEOUT',
        limit: 'attempt',
        timeoutMs: 10_000,
        attempts: 1,
        outcome: 'unknown',
        retryable: false,
      },
    })
  })

  it('one byte per second: no idle limit is reached, the deadline is', async () => {
    const whole = message('200 OK', [], BODY)
    let open: RawRequest | undefined
    server.answer(request => {
      open = request
    })
    const asked = server.next()
    const result = ending(server.client({ timeoutMs: 15_000 }).getMeetings())
    await asked
    for (let second = 0; second < 15; second++) {
      open?.socket.write(whole.subarray(second, second + 1))
      await server.clock.advance(1000)
    }
    expect(await result).toMatchObject({ error: { code: 'BBB_TIMEOUT', outcome: 'unknown', attempts: 1 } })
    expect(server.clock.now() - Date.UTC(2026, 10, 22)).toBe(15_000)
  })

  it('the caller may end it at any time, and gets the reason back untouched', async () => {
    const reason = { my: 'reason' }
    const controller = new AbortController()
    const asked = server.next()
    const result = ending(server.client().getMeetings({}, { signal: controller.signal }))
    await asked
    controller.abort(reason)
    expect(await result).toEqual({ error: reason })
    const late = await ending(server.client().getMeetings({}, { signal: controller.signal }))
    expect(late).toEqual({ error: reason })
    expect(server.requests).toHaveLength(1)
  })

  it('also during a pause, and while an ended meeting is looked at again', async () => {
    server.clock.chance = 0.999
    server.answer(({ socket }) => socket.resetAndDestroy())
    const controller = new AbortController()
    const asked = server.next()
    const paused = ending(server.client().getMeetings({}, { signal: controller.signal }))
    await asked
    while (!server.clock.pauses.includes(999)) await turn()
    controller.abort('enough')
    expect(await paused).toEqual({ error: 'enough' })

    const second = new AbortController()
    server.answer(({ socket, line }) => (line.includes('/end?') ? socket.resetAndDestroy() : second.abort('enough')))
    expect(await ending(server.client().end({ meetingID: 'room' }, { signal: second.signal }))).toEqual({
      error: 'enough',
    })
  })

  it('a fetch that ignores its signal does not hold a call beyond its time', async () => {
    const client = server.client({ dispatcher: undefined, fetch: () => new Promise(() => {}) })
    const result = ending(client.end({ meetingID: 'room' }))
    await turn()
    await server.clock.advance(10_000)
    await turn()
    await server.clock.advance(15_000)
    expect(await result).toMatchObject({ error: { code: 'BBB_TIMEOUT', outcome: 'unknown', attempts: 1 } })
  })
})

describe('F14 statuses', () => {
  const NOW = Date.UTC(2026, 10, 22)
  const httpDate = (ms: number): string => new Date(NOW + ms).toUTCString()

  it.each<[string, string[], number[]]>([
    ['no Retry-After', [], [0, 0]],
    ['seconds', ['Retry-After: 2'], [2000, 2000]],
    ['zero', ['Retry-After: 0'], [0, 0]],
    [
      'a date, by the clock of the server',
      [`Date: ${httpDate(3_600_000)}`, `Retry-After: ${httpDate(3_603_000)}`],
      [3000, 3000],
    ],
    ['a date, by ours', [`Retry-After: ${httpDate(3000)}`], [3000, 0]],
    [
      'a date of the oldest form',
      ['Date: Sun Nov 22 10:00:00 2026', 'Retry-After: Sun Nov 22 10:00:04 2026'],
      [4000, 4000],
    ],
    ['a date in the past', [`Retry-After: ${httpDate(-5000)}`], [0, 0]],
    ['garbage', ['Retry-After: soon'], [0, 0]],
    ['a negative number', ['Retry-After: -5'], [0, 0]],
    ['a fraction', ['Retry-After: 1.5'], [0, 0]],
  ])('503 with %s', async (_name, headers, pauses) => {
    server.answer(({ socket }) => socket.write(message('503 Service Unavailable', headers, '<html></html>')))
    const result = ending(server.client().getMeetings())
    for (let i = 0; i < 24; i++) {
      await turn()
      await server.clock.advance(500)
    }
    expect(await result).toMatchObject({
      error: { code: 'BBB_HTTP_STATUS', status: 503, attempts: 3, retryable: true },
    })
    // Timers are set in turn: the limit of an attempt, the pause after it.
    expect(server.clock.pauses.filter((_ms, i) => i % 2 === 1)).toEqual(pauses)
  })

  it.each([
    ['longer than what is left', 'Retry-After: 20', 20_000],
    ['a billion seconds', 'Retry-After: 1000000000', 1e12],
    ['more than can be counted', 'Retry-After: 99999999999999999999', Number.MAX_SAFE_INTEGER],
    ['a date of next year', `Retry-After: ${httpDate(31_536_000_000)}`, 31_536_000_000],
  ])(
    'F18 Retry-After that is %s ends the call at once, with the wait in the error',
    async (_name, header, retryAfterMs) => {
      server.answer(({ socket }) => socket.write(message('429 Too Many Requests', [header], '')))
      expect(await failure('read')).toMatchObject({
        code: 'BBB_HTTP_STATUS',
        status: 429,
        attempts: 1,
        retryAfterMs,
        retryable: true,
      })
      expect(server.requests).toHaveLength(1)
    },
  )

  it.each([
    [400, 'refused', false],
    [401, 'refused', false],
    [403, 'refused', false],
    [404, 'refused', false],
    [408, 'refused', true],
    [413, 'refused', false],
    [414, 'refused', false],
    [429, 'refused', true],
    [500, 'unknown', false],
    [501, 'unknown', false],
    [502, 'unknown', true],
    [503, 'unknown', true],
    [504, 'unknown', true],
  ] as const)('%i', async (status, outcome, transient) => {
    server.answer(({ socket }) =>
      socket.write(message(`${status} Status`, ['Content-Type: text/html'], '<html>x</html>')),
    )
    for (const call of ['read', 'createAgain', 'create', 'end'] as const) {
      const before = attempts(call)
      const safe = SAFE.includes(call)
      const error = await failure(call)
      expect(error, call).toMatchObject({
        code: 'BBB_HTTP_STATUS',
        status,
        outcome,
        retryable: transient && (safe || outcome === 'refused'),
        attempts: transient && safe ? 3 : 1,
      })
      expect(error.message).toMatch(/\w{4,}/)
      expect(attempts(call) - before).toBe(transient && safe ? 3 : 1)
    }
  })

  it.each([301, 302, 303, 307, 308])('T14 %i is not followed, to wherever it points', async status => {
    for (const location of [
      'https://evil.example/bigbluebutton/api/getMeetings?checksum=abc',
      'http://169.254.169.254/latest/meta-data/',
      `${server.url}/bigbluebutton/api/getMeetings`,
      '//evil.example/path',
      '/relative',
      'javascript:alert(1)',
      'not a url \u00ff',
      '',
    ]) {
      const before = server.requests.length
      server.answer(({ socket }) =>
        socket.write(message(`${status} Moved`, location === '' ? [] : [`Location: ${location}`], '')),
      )
      const error = await failure('read')
      expect(error).toMatchObject({
        code: 'BBB_RESPONSE_INVALID',
        problem: 'redirect',
        status,
        outcome: 'refused',
        attempts: 1,
        retryable: false,
      })
      expect(error.message).not.toMatch(/checksum|latest|path|relative|alert/)
      expect(server.requests.length - before).toBe(1)
    }
  })
})

describe('F14 bodies', () => {
  it.each<[string, string, string]>([
    ['HTML', '<!doctype html><html><body>Login</body></html>', 'html'],
    ['nothing', '', 'empty'],
    ['JSON without a verdict', '{"ok":true}', 'no-verdict'],
    ['another root', '<rss/>', 'no-verdict'],
    ['XML cut off', BODY.slice(0, -5), 'not-xml'],
    ['text', 'Service starting', 'not-xml'],
  ])('200 with %s: not asked again, and open what happened', async (_name, body, problem) => {
    server.answer(({ socket }) => socket.write(message('200 OK', [], body)))
    await expectAfterSending({
      code: 'BBB_RESPONSE_INVALID',
      problem,
      status: 200,
      outcome: 'unknown',
      retryable: false,
      attempts: 1,
    })
  })

  it.each<[string, string[], Uint8Array]>([
    ['gzip', ['Content-Encoding: gzip'], gzipSync(BODY)],
    ['a gzip bomb', ['Content-Encoding: gzip'], gzipSync(Buffer.alloc(50_000_000))],
    ['chained encodings', ['Content-Encoding: gzip, br'], gzipSync(gzipSync(BODY))],
    ['deflate', ['Content-Encoding: deflate'], Buffer.from(BODY)],
    ['an encoding nobody knows', ['Content-Encoding: x-own'], Buffer.from(BODY)],
    ['two encoding headers', ['Content-Encoding: identity', 'Content-Encoding: gzip'], gzipSync(BODY)],
  ])('T16 %s is refused unread', async (_name, headers, body) => {
    server.answer(({ socket }) => socket.write(message('200 OK', headers, body)))
    expect(await failure('read')).toMatchObject({
      code: 'BBB_RESPONSE_INVALID',
      problem: 'encoding',
      attempts: 1,
      outcome: 'unknown',
    })
  })

  it('T16 gzip as a transfer encoding is refused as well', async () => {
    server.answer(({ socket }) =>
      socket.write(
        message(
          '200 OK',
          ['Transfer-Encoding: gzip, chunked'],
          `${gzipSync(BODY).length.toString(16)}\r\nx\r\n0\r\n\r\n`,
        ),
      ),
    )
    expect(await failure('read')).toMatchObject({ code: expect.stringMatching(/^BBB_(RESPONSE_INVALID|NETWORK)$/) })
  })

  it.each(['identity', 'IDENTITY', ''])('a content encoding of %j is none', async encoding => {
    server.answer(({ socket }) => socket.write(message('200 OK', [`Content-Encoding: ${encoding}`], BODY)))
    expect(await server.client().getMeetings()).toEqual([])
  })

  it('T16 a length beyond the limit is refused at the header', async () => {
    server.answer(({ socket }) => socket.write(message('200 OK', ['Content-Length: 1073741824'], '<response>')))
    expect(await failure('read')).toMatchObject({ problem: 'too-large', attempts: 1 })
  })

  it('T16 a body that never ends is left after the limit, and the connection closed', async () => {
    let written = 0
    const closed = new Promise<void>(resolve => {
      server.answer(({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
        const chunk = Buffer.from(`10000\r\n${'x'.repeat(0x10000)}\r\n`)
        const pour = (): void => {
          while (!socket.destroyed && socket.writable) {
            written += chunk.length
            if (!socket.write(chunk)) return void socket.once('drain', pour)
          }
        }
        socket.on('close', () => resolve())
        pour()
      })
    })
    const result = await ending(server.client({ retry: { attempts: 1 } }).getMeetings())
    expect(result).toMatchObject({ error: { code: 'BBB_RESPONSE_INVALID', problem: 'too-large', attempts: 1 } })
    await closed
    // 16 MiB were read; what more was written stood in buffers of the sockets.
    expect(written).toBeLessThan(64 * 1024 * 1024)
  })

  it('the limit is 16 MiB, and can be changed', async () => {
    const padded = (size: number): string => BODY.replace('<meetings/>', `<meetings/>${' '.repeat(size - BODY.length)}`)
    const limit = 16 * 1024 * 1024
    server.answer(({ socket }) => socket.write(message('200 OK', [], padded(limit))))
    expect(await server.client().getMeetings()).toEqual([])
    server.answer(({ socket }) => socket.write(message('200 OK', [], padded(limit + 1))))
    expect(await failure('read')).toMatchObject({ problem: 'too-large' })
    server.answer(({ socket }) => socket.write(message('200 OK', [], padded(101))))
    await expect(server.client({ maxResponseBytes: 100 }).getMeetings()).rejects.toMatchObject({ problem: 'too-large' })
  })

  it('T16 100 KiB of headers are refused', async () => {
    server.answer(({ socket }) => socket.write(message('200 OK', [`X-Long: ${'x'.repeat(100_000)}`], BODY)))
    expect(await failure('read')).toMatchObject({ code: 'BBB_RESPONSE_INVALID', problem: 'too-large', attempts: 1 })
  })
})

describe('F14 framing', () => {
  it.each<[string, string | Buffer, boolean]>([
    ['HTTP/1.0, ended by closing', `HTTP/1.0 200 OK\r\n\r\n${BODY}`, true],
    ['HTTP/1.0 with a length', `HTTP/1.0 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`, true],
    ['HTTP/1.1, ended by closing', `HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${BODY}`, true],
    [
      'chunked in one',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
      true,
    ],
    [
      'chunked with an extension and a trailer',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${BODY.length.toString(16)};a=b\r\n${BODY}\r\n0\r\nX-Trailer: 1\r\n\r\n`,
      true,
    ],
    [
      'early hints before it',
      `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
      true,
    ],
    [
      '102 twice before it',
      `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(2)}HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
      true,
    ],
    [
      '100 that nobody asked for',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
      false,
    ],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', false],
    [
      'two lengths that differ',
      `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
      false,
    ],
    ['a length that is none', `HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n${BODY}`, false],
    [
      'a chunk size that is none',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n${BODY}\r\n0\r\n\r\n`,
      false,
    ],
    ['HTTP/0.9', BODY, false],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n', false],
    ['noise', Buffer.from([0, 1, 2, 3, 0xff, 0xfe]), false],
  ])('%s', async (_name, bytes, readable) => {
    server.answer(({ socket }) => {
      socket.end(bytes)
    })
    const result = await ending(server.client({ retry: { attempts: 1 } }).getMeetings())
    if (readable) expect(result).toEqual({ value: [] })
    else
      expect(result).toMatchObject({
        error: { code: expect.stringMatching(/^BBB_(NETWORK|RESPONSE_INVALID)$/), outcome: 'unknown', attempts: 1 },
      })
  })
})
