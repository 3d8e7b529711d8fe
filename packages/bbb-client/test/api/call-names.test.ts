import * as main from 'bbb-client'
import { BbbParamError } from 'bbb-client'
import * as http from 'bbb-client/http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusal } from '../support/outcome.ts'
import { respond, SECRET, success, type TestServer, testServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
  server.answer((_request, response) => respond(response, success()))
})
afterAll(() => server.close())

describe('T6 no signing oracle', () => {
  it.each(
    [
      '',
      'create:',
      'create?name=x',
      'create&name',
      'https://lms.example/callback',
      'http',
      '//evil.example/create',
      '../create',
      'hooks/create/x',
      'hooks//create',
      '/create',
      'create/',
      'crea te',
      'create\n',
      'create\0',
      'créate',
      'ｃｒｅａｔｅ',
      'create%3F',
      'a'.repeat(65),
    ].filter(name => name !== 'http'),
  )('the call name %j is refused before anything is hashed or sent', async name => {
    expect(await refusal(() => server.client().call(name))).toBeInstanceOf(BbbParamError)
    expect(server.targets).toEqual([])
  })

  it('a call name that is no text is refused', async () => {
    for (const name of [undefined, null, 5, ['create'], { toString: () => 'create' }])
      expect(await refusal(() => server.client().call(name as never))).toBeInstanceOf(BbbParamError)
    expect(server.targets).toEqual([])
  })

  it('the only signature a caller sees is that of a join link, whose query begins with a name of ours', () => {
    const link = server.client().joinUrl({ meetingID: 'room', fullName: 'Ada', role: 'VIEWER' })
    expect(link).toMatch(/\/join\?fullName=Ada&/)
  })

  it('the entry points export this and nothing else', () => {
    expect(Object.keys(main).sort()).toEqual([
      'BbbApiError',
      'BbbCircuitOpenError',
      'BbbClient',
      'BbbConfigError',
      'BbbError',
      'BbbHttpError',
      'BbbNetworkError',
      'BbbParamError',
      'BbbResponseError',
      'BbbTimeoutError',
      'adviceFor',
      'bbbOptionsFromEnv',
      'ensureHook',
    ])
    expect(Object.keys(http).sort()).toEqual([
      'CircuitBreaker',
      'DEFAULT_BREAKER',
      'DEFAULT_RETRY',
      'HttpFailure',
      'RetryBudget',
      'backoffMs',
      'fetchTransport',
      'isTransientReason',
      'isTransientStatus',
      'retryAfterMs',
      'send',
      'systemHttpClock',
      'toHttpFailure',
      'undiciTransport',
    ])
  })

  it('the client has these methods and nothing that gives away a secret or a checksum', () => {
    const client = server.client()
    const names = Object.getOwnPropertyNames(Object.getPrototypeOf(client))
    expect(names.filter(name => /secret|sign|checksum|hash/i.test(name))).toEqual([])
    expect(Object.keys(client)).toEqual(['hooks'])
    expect(Object.keys(client.hooks)).toEqual(['create', 'list', 'destroy', 'ping'])
  })
})

describe('T5 names that servers would tear apart', () => {
  const room = { meetingID: 'room', name: 'Room' }
  it.each(['checksum', 'mychecksum', 'MyCheckSum', 'xchecksum'])('%s is refused', async name => {
    const before = server.targets.length
    const client = server.client()
    for (const act of [
      () => client.create({ ...room, meta: { [name]: 'v' } }),
      () => client.create({ ...room, extra: { [name]: 'v' } }),
      () => client.create({ ...room, privileged: { plugin: { [name]: 'v' } } }),
      () => client.joinUrl({ meetingID: 'room', fullName: 'Ada', role: 'VIEWER', userdata: { [name]: 'v' } }),
      () => client.getRecordings({ meta: { [name]: 'v' } }),
      () => client.call('newCall', { [name]: 'v' }),
    ])
      expect(await refusal(act)).toBeInstanceOf(BbbParamError)
    expect(server.targets).toHaveLength(before)
  })
})

describe('T7 the hash', () => {
  const lengthOf = (link: string): number => /checksum=(\w+)$/.exec(link)?.[1]?.length ?? 0
  const person = { meetingID: 'room', fullName: 'Ada', role: 'VIEWER' } as const

  it.each([
    [undefined, 64],
    ['sha1', 40],
    ['sha256', 64],
    ['sha384', 96],
    ['sha512', 128],
  ] as const)('%s: %i hex digits', (checksum, digits) => {
    expect(lengthOf(server.client({ checksum }).joinUrl(person))).toBe(digits)
  })

  it.each([{ checksum: 'sha1' as const }, { hooksChecksum: 'sha1' as const }])(
    '%j warns once, by its name and not its secret',
    async options => {
      const said: string[] = []
      const client = server.client({ ...options, onWarning: message => said.push(message) })
      for (let i = 0; i < 3; i++) client.joinUrl(person)
      expect(said).toHaveLength(1)
      expect(said[0]).toMatch(/SHA-1/)
      expect(said[0]).not.toContain(SECRET)
    },
  )

  it('hooks may have another algorithm than the rest', async () => {
    const before = server.targets.length
    const client = server.client({ hooksChecksum: 'sha1' })
    await client.hooks.list().catch(() => {})
    await client.getMeetings().catch(() => {})
    const [hooks = '', meetings = ''] = server.targets.slice(before)
    expect([lengthOf(hooks), lengthOf(meetings)]).toEqual([40, 64])
  })

  it('a server that refuses the checksum is asked once, and not again with a weaker one', async () => {
    const mine = await testServer()
    mine.answer((_request, response) =>
      respond(response, '<response><returncode>FAILED</returncode><messageKey>checksumError</messageKey></response>'),
    )
    const client = mine.client({ retry: { attempts: 3 } })
    await expect(client.getMeetings()).rejects.toMatchObject({
      messageKey: 'checksumError',
      attempts: 1,
      outcome: 'refused',
    })
    expect(mine.targets).toHaveLength(1)
    await mine.close()
  })
})
