import { format, inspect } from 'node:util'
import { type BbbClient, BbbError, BbbClient as Client } from 'bbb-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ending } from '../support/outcome.ts'
import { message, type RawRequest, type RawServer, rawServer } from '../support/raw-server.ts'
import { failed, success } from '../support/server.ts'

/**
 * T24: secrets that are easy to recognise go through every way a call can fail, and nothing that anybody could log of it
 * holds them, in whatever encoding.
 */

const SECRETS = {
  plain: 'canaryplain0123456789',
  nasty: `canary+/=%&'"(.*)$\\0123`,
} as const
const PASSWORDS = { attendeePW: `attendee-canary+/=%&'"`, moderatorPW: `moderator-canary(.*)` }
const TOKEN = 'session-canary-0123456789'

/** What must not be found: each secret as it is and in the encodings that the way has. */
function traces(secret: string, checksums: readonly string[]): readonly string[] {
  return [secret, PASSWORDS.attendeePW, PASSWORDS.moderatorPW, TOKEN, ...checksums].flatMap(text => [
    text,
    encodeURIComponent(text),
    encodeURIComponent(text).replaceAll('%20', '+'),
    new URLSearchParams({ a: text }).toString().slice(2),
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
    Buffer.from(text).toString('base64url'),
    Buffer.from(text).toString('hex'),
    JSON.stringify(text).slice(1, -1),
  ])
}

/** Everything that somebody could log of an error. */
function channels(error: unknown): readonly string[] {
  const levels: unknown[] = []
  for (
    let at: unknown = error;
    at !== undefined && at !== null && levels.length < 9;
    at = Reflect.get(Object(at), 'cause')
  )
    levels.push(at)
  return levels.flatMap(level => {
    let copy: unknown
    try {
      copy = structuredClone(level)
    } catch (failure) {
      copy = failure
    }
    return [
      String(level),
      `${Reflect.get(Object(level), 'stack')}`,
      JSON.stringify(level),
      JSON.stringify(
        Object.fromEntries(Reflect.ownKeys(Object(level)).map(key => [String(key), Reflect.get(Object(level), key)])),
      ),
      inspect(level, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true }),
      inspect(copy, { depth: Number.POSITIVE_INFINITY, showHidden: true }),
      format('%s %o %j', level, level, level),
    ]
  })
}

type Fault = (request: RawRequest) => void
const write =
  (bytes: (request: RawRequest) => Buffer): Fault =>
  request =>
    void request.socket.end(bytes(request))

/** The request as the server got it, with everything that is in it. */
const echo = ({ line }: RawRequest): string => line
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
const decoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))
const checksumOf = ({ line }: RawRequest): string => /checksum=(\w+)/.exec(line)?.[1] ?? ''

const FAULTS: Readonly<Record<string, Fault>> = {
  reset: ({ socket }) => socket.resetAndDestroy(),
  'closed without an answer': ({ socket }) => void socket.end(),
  'half a status line': write(() => Buffer.from('HTTP/1.1 2')),
  noise: write(request => Buffer.from(`\0\0${echo(request)}`)),
  'the request in the status line': write(request => message(`500 ${echo(request)}`)),
  'the request in a header': write(request => message('502 Bad', [`X-Request: ${echo(request)}`])),
  'a page with the request': write(request => message('500 Error', [], `<html>${escaped(echo(request))}</html>`)),
  'a page that is a success by its status': write(request =>
    message('200 OK', [], `<html>${escaped(echo(request))}</html>`),
  ),
  'not found': write(request => message('404 Not Found', [], echo(request))),
  'too long': write(request => message('414 Too Long', [], echo(request))),
  'too many': write(request => message('429 Slow', [`Retry-After: ${echo(request)}`], echo(request))),
  'a redirect to itself': write(request => message('302 Found', [`Location: ${request.line.split(' ')[1]}`])),
  'a redirect with a token': write(() =>
    message('302 Found', [`Location: https://x.example/html5client/join?sessionToken=${TOKEN}`]),
  ),
  'a redirect to something odd': write(request => message('302 Found', [`Location: ${echo(request)}`])),
  'failures in a redirect': write(request =>
    message('302 Found', [
      `Location: https://x.example?errors=${encodeURIComponent(JSON.stringify([{ key: `k ${echo(request)}`, message: decoded(echo(request)) }]))}`,
    ]),
  ),
  'FAILED with the request': write(request => message('200 OK', [], failed('checksumError', escaped(echo(request))))),
  'FAILED with the request decoded': write(request =>
    message('200 OK', [], failed('checksumError', escaped(decoded(echo(request))))),
  ),
  'FAILED with the checksum': write(request =>
    message('200 OK', [], failed('checksumError', `got ${checksumOf(request)}`)),
  ),
  'FAILED with the checksum in capitals': write(request =>
    message('200 OK', [], failed('checksumError', checksumOf(request).toUpperCase())),
  ),
  'FAILED with the checksum as key': write(request => message('200 OK', [], failed(checksumOf(request), ''))),
  'FAILED with everything in base64': write(() =>
    message(
      '200 OK',
      [],
      failed(
        'internalError',
        [...Object.values(SECRETS), ...Object.values(PASSWORDS)]
          .map(text => Buffer.from(text).toString('base64'))
          .join(),
      ),
    ),
  ),
  'FAILED with the passwords': write(() =>
    message('200 OK', [], failed('idNotUnique', escaped(Object.values(PASSWORDS).join(' ')))),
  ),
  'FAILED with the secrets': write(() =>
    message('200 OK', [], failed('internalError', escaped(Object.values(SECRETS).join(' ')))),
  ),
  'FAILED with the secrets as parts of an address': write(() =>
    message(
      '200 OK',
      [],
      failed(
        'internalError',
        escaped([...Object.values(SECRETS), ...Object.values(PASSWORDS)].map(encodeURIComponent).join()),
      ),
    ),
  ),
  'FAILED with the secrets as an address': write(() =>
    message(
      '200 OK',
      [],
      failed('internalError', escaped([...Object.values(SECRETS), ...Object.values(PASSWORDS)].map(encodeURI).join())),
    ),
  ),
  'FAILED with some other link': write(() =>
    message('200 OK', [], failed('checksumError', `tried /api/create?a=b&amp;checksum=${'ab'.repeat(20)}`)),
  ),
  'FAILED in a list': write(request =>
    message(
      '200 OK',
      [],
      `<response><returncode>FAILED</returncode><errors><error key="a" message="${escaped(echo(request))}"/></errors></response>`,
    ),
  ),
  'FAILED in JSON': write(request =>
    message('200 OK', [], JSON.stringify({ returncode: 'FAILED', messageKey: 'x', message: echo(request) })),
  ),
  'FAILED with a server error': write(request => message('500 Error', [], failed('someKey', escaped(echo(request))))),
  'XML that breaks at a secret': write(() => message('200 OK', [], `<response><${SECRETS.plain}></response>`)),
  'an entity named like a secret': write(() => message('200 OK', [], `<response>&${SECRETS.plain};</response>`)),
  'an attribute twice': write(() => message('200 OK', [], `<response a="${TOKEN}" a="${TOKEN}"/>`)),
  'another root': write(() => message('200 OK', [], `<${SECRETS.plain}/>`)),
  'a verdict that is a secret': write(() =>
    message('200 OK', [], `<response><returncode>${SECRETS.plain}</returncode></response>`),
  ),
  'a success without what was asked for': write(request =>
    message('200 OK', [], success(`<message>${escaped(echo(request))}</message>`)),
  ),
  'bytes that are no text': write(request =>
    message('200 OK', [], Buffer.concat([Buffer.from(echo(request)), Buffer.from([0xff])])),
  ),
  'an encoding named like a secret': write(() => message('200 OK', [`Content-Encoding: ${SECRETS.plain}`], 'x')),
  'too large': write(() => message('200 OK', ['Content-Length: 1073741824'], 'x')),
}

const CALLS: Readonly<Record<string, (client: BbbClient) => Promise<unknown>>> = {
  create: client => client.create({ meetingID: 'room', name: 'Room', ...PASSWORDS }),
  join: client =>
    client.join({
      meetingID: 'room',
      fullName: 'Ada',
      role: 'MODERATOR',
      passwords: PASSWORDS,
      privileged: { existingUserID: 'w_1', replaceSessionToken: TOKEN },
    }),
  end: client => client.end({ meetingID: 'room' }),
}

let server: RawServer
const warnings: string[] = []
const onProcessWarning = (warning: Error): void => void warnings.push(inspect(warning))
beforeAll(async () => {
  server = await rawServer()
  process.on('warning', onProcessWarning)
})
afterAll(async () => {
  process.off('warning', onProcessWarning)
  await server.close()
})

const seen = (from: number): readonly string[] => [
  ...new Set(server.requests.slice(from).flatMap(line => /checksum=(\w+)/.exec(line)?.[1] ?? [])),
]

describe('T24 no secret in anything that could be logged', () => {
  const paths = Object.keys(FAULTS)
    .flatMap(fault => Object.keys(CALLS).map(call => [call, fault] as const))
    // Passwords that were not sent with the call are not known to it.
    .filter(([call, fault]) => !(call === 'end' && fault === 'FAILED with the passwords'))
  it('goes through more than sixty ways to fail', () => {
    expect(paths.length * Object.keys(SECRETS).length).toBeGreaterThan(60)
  })

  it.each(paths)('%s, %s', async (call, fault) => {
    server.answer(FAULTS[fault] ?? (() => {}))
    const before = server.requests.length
    for (const secret of Object.values(SECRETS)) {
      for (const checksum of ['sha1', 'sha256'] as const) {
        const client = server.client({
          secret,
          checksum,
          onWarning: text => warnings.push(text),
          breaker: { failures: 1e6 },
        })
        const result = await ending(CALLS[call]?.(client) ?? Promise.resolve())
        // An end whose answer was lost may have been carried out: that is a result.
        const error = 'error' in result ? result.error : undefined
        if (call !== 'end') expect(error).toBeInstanceOf(BbbError)
        const logged = [...channels(error), ...warnings]
        for (const trace of traces(secret, seen(before)))
          for (const text of logged)
            if (text.toLowerCase().includes(trace.toLowerCase())) throw new Error(`a channel holds ${trace}`)
      }
    }
  })

  it('before anything is sent: parameters and options that are wrong', async () => {
    const wrong: readonly (() => unknown)[] = [
      () => server.client({ secret: 'canaryshort' }),
      () => server.client({ secret: ` ${SECRETS.plain}` }),
      () => server.client({ url: `https://user:${SECRETS.plain}@bbb.example.org` }),
      () => server.client({ url: `ftp://${SECRETS.plain}` }),
      () => server.client().create({ meetingID: 'room', name: 'Room', attendeePW: `${PASSWORDS.attendeePW}\n` }),
      () => server.client().create({ meetingID: 'room', name: 'Room', moderatorPW: PASSWORDS.moderatorPW.repeat(9) }),
      () => server.client().joinUrl({ meetingID: 'room', fullName: 'Ada', role: TOKEN as never }),
      () =>
        server.client().joinUrl({
          meetingID: 'room',
          fullName: 'Ada',
          role: 'VIEWER',
          privileged: { avatarURL: `javascript:${TOKEN}` },
        }),
      () => server.client().create({ meetingID: 'room', name: 'Room', meta: { title: `${TOKEN}\0` } }),
      () => server.client().create({ meetingID: 'room', name: 'Room', extra: { password: PASSWORDS.moderatorPW } }),
      () => server.client().call(`${TOKEN}?`),
      () => server.client().call('newCall', { checksum: TOKEN }),
    ]
    for (const act of wrong) {
      const result = await ending((async () => act())())
      expect(result).toHaveProperty('error')
      for (const text of channels('error' in result ? result.error : undefined)) expect(text).not.toMatch(/canary/)
    }
  })

  it('what looks like a signed link is left out, whoever signed it', async () => {
    server.answer(FAULTS['FAILED with some other link'] ?? (() => {}))
    const result = await ending(server.client().create({ meetingID: 'room', name: 'Room' }))
    expect(result).toMatchObject({
      error: { messageKey: 'checksumError', apiMessage: expect.stringMatching(/^\[redacted/) },
    })
  })

  it('a link that is made is not kept anywhere in its client', () => {
    const client = new Client({ url: 'https://bbb.example.org', secret: SECRETS.nasty })
    const link = client.joinUrl({ meetingID: 'room', fullName: 'Ada', role: 'MODERATOR', passwords: PASSWORDS })
    const checksum = link.split('checksum=')[1] ?? ''
    const shown = inspect(client, { depth: 9, showHidden: true, customInspect: false })
    for (const trace of traces(SECRETS.nasty, [checksum])) expect(shown).not.toContain(trace)
  })
})
