import { type BbbClient, BbbError } from 'bbb-client'
import type { Dispatcher } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CALLS } from '../support/calls.ts'
import { ending } from '../support/outcome.ts'
import { message, type RawServer, rawServer } from '../support/raw-server.ts'
import { failed, success } from '../support/server.ts'
import { readQuery } from '../support/server-models.ts'

let server: RawServer
beforeEach(async () => {
  server = await rawServer()
})
afterEach(() => server.close())

/** What may be repeated after bytes were sent; everything else is asked once. */
const SAFE_AFTER_SENDING = new Set([
  'index',
  'isMeetingRunning',
  'getMeetingInfo',
  'getMeetings',
  'getSessions',
  'getRecordings',
  'publishRecordings',
  'deleteRecordings',
  'updateRecordings',
  'getRecordingTextTracks',
  'hooks/create',
  'hooks/list',
  'hooks/destroy',
  'hooks/ping',
])

describe('T22 which calls may be repeated', () => {
  it.each(Object.keys(CALLS))('%s', async name => {
    server.answer(({ socket }) => socket.resetAndDestroy())
    const result = await ending(CALLS[name]?.(server.client()) ?? Promise.resolve())
    const safe = SAFE_AFTER_SENDING.has(name)
    expect(result).toMatchObject({
      error: { code: 'BBB_NETWORK', outcome: 'unknown', retryable: safe, attempts: safe ? 3 : 1 },
    })
    const path = name === 'index' ? '/api/' : `/api/${name}`
    expect(server.requests.filter(line => line.split(' ')[1]?.split('?')[0]?.endsWith(path))).toHaveLength(safe ? 3 : 1)
    expect(result).toHaveProperty('error')
    if ('error' in result) expect(result.error).toBeInstanceOf(BbbError)
  })

  it.each(Object.keys(CALLS))('%s, when nothing was sent: three times', async name => {
    const { url } = server
    await server.close()
    server = await rawServer()
    const result = await ending(CALLS[name]?.(server.client({ url })) ?? Promise.resolve())
    expect(result).toMatchObject({ error: { reason: 'refused', outcome: 'not-sent', retryable: true, attempts: 3 } })
  })

  it('a call of any name: once', async () => {
    server.answer(({ socket }) => socket.resetAndDestroy())
    await expect(server.client().call('getMeetings')).rejects.toMatchObject({
      outcome: 'unknown',
      attempts: 1,
      retryable: false,
    })
    expect(server.requests).toHaveLength(1)
  })

  it('create is safe with both passwords only', async () => {
    server.answer(({ socket }) => socket.resetAndDestroy())
    const client = server.client()
    for (const [passwords, attempts] of [
      [{}, 1],
      [{ attendeePW: 'attendee' }, 1],
      [{ moderatorPW: 'moderator' }, 1],
      [{ attendeePW: 'attendee', moderatorPW: 'moderator' }, 3],
    ] as const)
      await expect(client.create({ meetingID: 'room', name: 'Room', ...passwords })).rejects.toMatchObject({ attempts })
  })

  it('every repetition is the same request, byte for byte', async () => {
    server.answer(({ socket }) => socket.resetAndDestroy())
    await ending(server.client().getRecordings({ meetingID: 'room', meta: { title: 'ä' } }))
    expect(server.requests).toHaveLength(3)
    expect(new Set(server.requests).size).toBe(1)
  })
})

describe('whether bytes have left', () => {
  /** A dispatcher whose request fails so, before or after it was begun. */
  const failing = (begun: boolean, failure: object): Dispatcher =>
    ({
      dispatch(_options: unknown, handler: Dispatcher.DispatchHandler) {
        const controller = { abort() {} } as unknown as Dispatcher.DispatchController
        if (begun) handler.onRequestStart?.(controller, {})
        handler.onResponseError?.(controller, Object.assign(new Error('x'), failure))
        return true
      },
    }) as unknown as Dispatcher

  it.each(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EPROTO', 'ECONNRESET', 'UND_ERR_SOCKET'])(
    '%s after the request was begun: it may have been carried out',
    async code => {
      const client = server.client({ dispatcher: failing(true, { code, syscall: 'read' }) })
      await expect(client.create({ meetingID: 'room', name: 'Room' })).rejects.toMatchObject({
        systemCode: code,
        outcome: 'unknown',
        attempts: 1,
      })
    },
  )

  it.each(['ETIMEDOUT', 'EHOSTUNREACH', 'ECONNREFUSED', 'ENOTFOUND', 'UND_ERR_CONNECT_TIMEOUT'])(
    '%s before that: nothing has happened',
    async code => {
      const client = server.client({ dispatcher: failing(false, { code, syscall: 'connect' }) })
      await expect(client.create({ meetingID: 'room', name: 'Room' })).rejects.toMatchObject({
        systemCode: code,
        outcome: 'not-sent',
        attempts: 3,
      })
    },
  )

  it.each([
    [{ code: 'ECONNREFUSED' }, 'not-sent', 3],
    [{ code: 'ENOTFOUND', syscall: 'getaddrinfo' }, 'not-sent', 3],
    [{ code: 'CERT_HAS_EXPIRED' }, 'not-sent', 1],
    [{ code: 'ETIMEDOUT', syscall: 'connect' }, 'not-sent', 3],
    [{ code: 'ETIMEDOUT', syscall: 'read' }, 'unknown', 1],
    [{ code: 'EPROTO' }, 'unknown', 1],
    [{}, 'unknown', 1],
  ] as const)('a fetch that fails with %j: %s', async (cause, outcome, attempts) => {
    const fetch = async (): Promise<never> => {
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('x'), cause) })
    }
    await expect(
      server.client({ dispatcher: undefined, fetch }).create({ meetingID: 'room', name: 'Room' }),
    ).rejects.toMatchObject({ outcome, attempts })
  })

  it('of several addresses, what each says', async () => {
    const fetch = async (): Promise<never> => {
      const errors = [Object.assign(new Error('x'), { code: 'ECONNREFUSED', syscall: 'connect' }), new Error('y')]
      throw new TypeError('fetch failed', { cause: new AggregateError(errors) })
    }
    await expect(server.client({ dispatcher: undefined, fetch }).end({ meetingID: 'room' })).rejects.toMatchObject({
      reason: 'refused',
      outcome: 'not-sent',
    })
  })
})

describe('F19 create carried out, its answer lost', () => {
  it('the same meeting comes back, with the same id and passwords', async () => {
    const meetings = new Map<string, { createTime: number; passwords: string }>()
    server.answer(({ socket, line, number }) => {
      const { parameters } = readQuery(line.split('?')[1] ?? '')
      const id = parameters.get('meetingID') ?? ''
      const passwords = `${parameters.get('attendeePW')} ${parameters.get('moderatorPW')}`
      const known = meetings.get(id)
      if (known === undefined) meetings.set(id, { createTime: 1704164645123, passwords })
      if (number === 1) return void socket.resetAndDestroy()
      if (known?.passwords !== passwords) return void socket.write(message('200 OK', [], failed('idNotUnique')))
      socket.write(
        message(
          '200 OK',
          [],
          success(
            `<meetingID>${id}</meetingID><createTime>${known.createTime}</createTime><messageKey>duplicateWarning</messageKey>`,
          ),
        ),
      )
    })
    const created = await server
      .client()
      .create({ meetingID: 'room', name: 'Room', attendeePW: 'attendee', moderatorPW: 'moderator' })
    expect(created).toMatchObject({ meetingID: 'room', duplicate: true, createTime: 1704164645123 })
    expect(meetings.size).toBe(1)
    expect(server.requests).toHaveLength(2)
  })
})

describe('F20 what must not be done twice, its answer lost', () => {
  const params = { meetingID: 'room' }

  it.each<[string, (client: BbbClient) => Promise<unknown>]>([
    ['join', client => client.join({ ...params, fullName: 'Ada', role: 'VIEWER' })],
    [
      'insertDocument',
      client => client.insertDocument({ ...params, presentations: [{ url: 'https://x.example/a.pdf' }] }),
    ],
    ['sendChatMessage', client => client.sendChatMessage({ ...params, message: 'Hello' })],
  ])('%s is not repeated, and says that it may have happened', async (name, act) => {
    server.answer(({ socket }) => socket.resetAndDestroy())
    await expect(act(server.client())).rejects.toMatchObject({
      call: name,
      outcome: 'unknown',
      attempts: 1,
      retryable: false,
    })
    expect(server.requests).toHaveLength(1)
  })

  /** Loses the answer of `end`, and answers the look at the meeting so. */
  function endThenInfo(info: string): void {
    server.answer(({ socket, line }) =>
      line.includes('/end?') ? void socket.resetAndDestroy() : void socket.write(message('200 OK', [], info)),
    )
  }

  it('end: the meeting is gone, so it was carried out', async () => {
    endThenInfo(failed('notFound'))
    expect(await server.client().end(params)).toBe(true)
    expect(server.requests.map(line => line.split('?')[0]?.split('/').at(-1))).toEqual(['end', 'getMeetingInfo'])
  })

  it('end: the meeting is still there, so it stays open', async () => {
    endThenInfo(success('<meetingID>room</meetingID>'))
    await expect(server.client().end(params)).rejects.toMatchObject({ call: 'end', outcome: 'unknown', attempts: 1 })
    expect(server.requests.filter(line => line.includes('/end?'))).toHaveLength(1)
  })

  it('end: nobody can say, so it stays open', async () => {
    server.answer(({ socket }) => socket.resetAndDestroy())
    await expect(server.client().end(params)).rejects.toMatchObject({
      call: 'end',
      outcome: 'unknown',
      reason: 'reset',
    })
  })

  it('end: refused or not sent is not looked at again', async () => {
    server.answer(({ socket }) => socket.write(message('200 OK', [], failed('checksumError'))))
    await expect(server.client().end(params)).rejects.toMatchObject({ messageKey: 'checksumError' })
    expect(server.requests).toHaveLength(1)
  })

  it('deleteRecordings and hooks.destroy: not found the second time is what was wanted', async () => {
    server.answer(({ socket, number, line }) => {
      if (number % 2 === 1) return void socket.resetAndDestroy()
      socket.write(message('200 OK', [], failed(line.includes('hooks') ? 'destroyMissingHook' : 'notFound')))
    })
    const client = server.client()
    expect(await client.deleteRecordings({ recordID: 'r' })).toBeUndefined()
    expect(await client.hooks.destroy({ hookID: 'h' })).toBe(true)
  })

  it('deleteRecordings: not found the first time is an error', async () => {
    server.answer(({ socket }) => socket.write(message('200 OK', [], failed('notFound'))))
    await expect(server.client().deleteRecordings({ recordID: 'r' })).rejects.toMatchObject({ messageKey: 'notFound' })
    expect(
      await server
        .client()
        .hooks.destroy({ hookID: 'h' })
        .catch(() => 'error'),
    ).toBe('error')
  })
})
