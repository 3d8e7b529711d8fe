import { createHash } from 'node:crypto'
import { BbbClient, BbbError } from 'bbb-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { data, readText } from '../support/data.ts'
import { respond, SECRET, success, type TestServer, testServer } from '../support/server.ts'
import { decodeForm, readQuery } from '../support/server-models.ts'

/**
 * Some sixty ways to write and sign a query, each tried on five running servers. For each way it is said here what this
 * client does about it: `sends` it (then every server must take it, with the algorithm that server knows), or `never`
 * writes it, and the test shows so on a socket.
 */

const SERVERS = ['bbbweb', 'scalelite', 'bbblb', 'tinyscale', 'bbmock'] as const

/** Answers of one server by the name of the way. */
function matrix(server: string): Readonly<Record<string, string>> {
  const text = readText(`peer-answers/${server}.checksum.txt`)
  const said: Record<string, string> = JSON.parse(text.slice(text.indexOf('\n{')))
  return said
}

type Choice =
  | { readonly sends: string; readonly exceptions?: Readonly<Record<string, string>> }
  | { readonly never: RegExp | 'shown elsewhere' | 'refused' }

const OLD = 'takes SHA-1 only, so `checksum: sha1` is chosen for it'
const WAYS: Readonly<Record<string, Choice>> = {
  'sha256 last': { sends: 'the default', exceptions: { tinyscale: OLD } },
  'sha1 last': { sends: "only by `checksum: 'sha1'`" },
  'sha384 last': {
    sends: "only by `checksum: 'sha384'`",
    exceptions: {
      scalelite: 'knows no SHA-384',
      bbblb: 'knows no SHA-384',
      bbmock: 'knows no SHA-384',
      tinyscale: OLD,
    },
  },
  'sha512 last': { sends: "only by `checksum: 'sha512'`", exceptions: { tinyscale: OLD } },
  'md5 last': { never: 'refused' },
  'sha224 last': { never: 'refused' },
  'no checksum': { never: /^[^?]*\?(?!.*checksum=)/ },
  'empty checksum': { never: /checksum=(&|$)/ },
  'wrong checksum, right length': { never: 'shown elsewhere' },
  'wrong checksum, odd length': { never: /checksum=(?!([0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$)/ },
  'upper-case checksum': { never: /checksum=[^&]*[A-F]/ },
  'checksum first': { never: /\?checksum=[^&]*&/ },
  'checksum in the middle': { never: /&checksum=[^&]*&/ },
  'checksum twice': { never: /checksum=.*checksum=/ },
  'a parameter named mychecksum': { never: 'refused' },
  'a value holding checksum=': {
    sends: 'with its = escaped',
    exceptions: { tinyscale: 'looks for the word, wherever it stands' },
  },
  'space as +': { sends: 'the one spelling of a blank' },
  'space as %20': { never: /%20/ },
  'plus as %2B': { sends: 'the one spelling of a plus' },
  "unreserved !'()*~ left raw": { never: /[!'()*~]/ },
  'the same percent-encoded': { sends: 'the one spelling' },
  'only * left raw (Java)': { never: /\*/ },
  'needless escapes': { never: /%(2D|2E|5F|[3][0-9]|4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A])/ },
  'upper-case escapes': { sends: 'the one spelling' },
  'lower-case escapes': { never: /%[0-9A-F]?[a-f]/ },
  'raw UTF-8 bytes': { never: /[^\x20-\x7e]/ },
  'invalid UTF-8 escape': { never: 'shown elsewhere' },
  '4-byte character': { sends: 'escaped byte by byte' },
  'raw : / ? @': { never: /\?.*[:/?@]/ },
  'raw [ ]': { never: /[[\]]/ },
  'escaped [ ]': { never: 'refused' },
  'raw |': { never: /\|/ },
  'raw { } ^ `': { never: /[{}^`]/ },
  'raw "': { never: /"/ },
  'a dot in a name': {
    sends: 'only where the caller names it so',
    exceptions: { bbmock: 'is PHP, which turns the dot into an underscore' },
  },
  'a blank in a name': { never: 'refused' },
  'empty value': { sends: 'with its =' },
  'name without =': { never: /[?&][^=&]+(&|$)/ },
  'doubled &': { never: /&&/ },
  'leading &': { never: /\?&/ },
  'trailing &': { never: /&$|&&/ },
  'repeated name': { never: 'refused' },
  'unsorted names': { sends: 'names stand in the order of the call' },
  'escaped line break': { never: 'refused' },
  'escaped NUL': { never: 'refused' },
  'blanks round a value': { sends: 'where they are given (never round a meetingID)' },
  'signed over the decoded text': { never: 'shown elsewhere' },
  'signed with ?': { never: 'shown elsewhere' },
  'signed over another call': { never: 'shown elsewhere' },
  'other letter case in the call': { never: 'shown elsewhere' },
  'no parameters': { sends: 'checksum alone', exceptions: { bbmock: 'has no getMeetings' } },
  'no parameters, trailing slash': { never: /\/\?/ },
  HEAD: { never: 'shown elsewhere' },
  'POST, all in the query, no body': { never: 'shown elsewhere' },
  'POST form, as sent': { never: 'shown elsewhere' },
  'POST form, sorted': { never: 'shown elsewhere' },
  'POST form, signed empty': { never: 'shown elsewhere' },
  'POST form, checksum in the query': { never: 'shown elsewhere' },
  'POST form, checksum over the body in the query': { never: 'shown elsewhere' },
  'POST json': { never: 'shown elsewhere' },
  '4 kB query': { sends: 'long queries up to 7900 characters' },
  '9 kB query': { never: 'refused' },
  '70 kB query': { never: 'refused' },
}

const ALGORITHM_OF: Readonly<Record<string, 'sha1'>> = { tinyscale: 'sha1' }

describe.skipIf(!data)('five servers and sixty ways to write a query', () => {
  it('every way that was tried is explained', () => {
    for (const server of SERVERS) expect(Object.keys(matrix(server)).sort()).toEqual(Object.keys(WAYS).sort())
  })

  const sends = Object.entries(WAYS).flatMap(([way, choice]) => ('sends' in choice ? [[way, choice] as const] : []))
  it.each(sends)('%s is sent, and taken by every server', (way, choice) => {
    for (const server of SERVERS) {
      const answer = matrix(server)[way]
      if (choice.exceptions?.[server] === undefined) expect(answer, server).toMatch(/^accepted/)
      else expect(answer, `${server} ${choice.exceptions[server]}`).not.toMatch(/^accepted/)
    }
  })
})

describe('what this client writes, whatever it is given', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await testServer()
    server.answer((_request, response) => respond(response, success('<meetings/>')))
  })
  afterAll(() => server.close())

  /** Calls whose values hold everything that some encoder gets wrong. */
  async function written(): Promise<readonly string[]> {
    const before = server.targets.length
    const nasty = `!'()*~ +&=#%?/:@[]{}|^\`"<>\\-._äß李😀 checksum=0&checksum=1 %20 %E4`
    for (const checksum of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
      const client = server.client({ checksum })
      await client
        .create({ meetingID: nasty.replaceAll(',', ''), name: nasty, meta: { 'a-1': nasty, empty: '' } })
        .catch(() => {})
      await client.getMeetings()
      await client.call('someCall', { z: '1', 'a.b': nasty, m: '', long: 'x'.repeat(4000) })
    }
    return server.targets.slice(before)
  }

  const never = Object.entries(WAYS).flatMap(([way, choice]) =>
    'never' in choice && choice.never instanceof RegExp ? [[way, choice.never] as const] : [],
  )
  it.each(never)('%s: never', async (_way, pattern) => {
    const targets = await written()
    expect(targets).toHaveLength(12)
    for (const target of targets) expect(target).not.toMatch(pattern)
  })

  it('signed over exactly what is sent and the call it is sent to, by GET, in no other letter case', async () => {
    const seen: { method: string; target: string }[] = []
    server.answer((request, response) => {
      seen.push({ method: request.method ?? '', target: request.url ?? '' })
      respond(response, success('<meetings/>'))
    })
    const client = server.client()
    await client.getMeetings()
    await client.call('someCall', { name: 'ä + b' })
    expect(seen.map(({ method }) => method)).toEqual(['GET', 'GET'])
    for (const { target } of seen) {
      const [path = '', query = ''] = target.split('?')
      const call = path.replace('/bigbluebutton/api/', '')
      const signed = query.replace(/&?checksum=\w+$/, '')
      const { checksum } = readQuery(query)
      expect(checksum).toBe(
        createHash('sha256')
          .update(call + signed + SECRET)
          .digest('hex'),
      )
      expect(checksum).not.toBe(createHash('sha256').update(`${call}?${signed}${SECRET}`).digest('hex'))
    }
    expect(seen[1]?.target).toMatch(/^\/bigbluebutton\/api\/someCall\?name=%C3%A4\+%2B\+b&/)
    expect(decodeForm('%C3%A4+%2B+b')).toBe('ä + b')
  })

  it('a call with a body keeps every parameter in the query, and names a bare media type', async () => {
    const seen: { method: string; target: string; type: string; body: string }[] = []
    server.answer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', chunk => chunks.push(chunk))
      request.on('end', () => {
        seen.push({
          method: request.method ?? '',
          target: request.url ?? '',
          type: request.headers['content-type'] ?? '',
          body: Buffer.concat(chunks).toString(),
        })
        respond(response, success('<meetingID>room</meetingID><createTime>1704164645123</createTime>'))
      })
    })
    await server
      .client()
      .create({ meetingID: 'room', name: 'Room', presentations: [{ url: 'https://files.example.org/a.pdf' }] })
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({ method: 'POST', type: 'application/xml' })
    expect(seen[0]?.target).toMatch(/\?meetingID=room&name=Room&checksum=[0-9a-f]{64}$/)
    expect(seen[0]?.body).not.toContain('Room')
  })

  it.each([
    ['md5', () => server.client({ checksum: 'md5' as 'sha1' })],
    ['sha224', () => server.client({ checksum: 'sha224' as 'sha1' })],
    ['a parameter named mychecksum', () => server.client().call('someCall', { mychecksum: '1' })],
    ['brackets in a name', () => server.client().call('someCall', { 'a[0]': '1' })],
    ['a blank in a name', () => server.client().call('someCall', { 'a b': '1' })],
    ['a repeated name', () => server.client().call('someCall', { name: '1', NAME: '2' })],
    ['a line break', () => server.client().call('someCall', { name: 'a\nb' })],
    ['NUL', () => server.client().call('someCall', { name: 'a\0b' })],
    ['half a surrogate pair', () => server.client().call('someCall', { name: 'a\ud800b' })],
    ['blanks round a meetingID', () => server.client().isMeetingRunning({ meetingID: ' room ' })],
    ['9 kB', () => server.client().call('someCall', { name: 'x'.repeat(9000) })],
    ['70 kB', () => server.client().call('someCall', { name: 'x'.repeat(70_000) })],
  ])('%s is refused before anything is sent', async (_way, act) => {
    const before = server.targets.length
    await expect((async () => act())()).rejects.toBeInstanceOf(BbbError)
    expect(server.targets.length).toBe(before)
  })

  it.each(Object.entries(ALGORITHM_OF))('%s takes %s, which is there to be chosen', (_server, checksum) => {
    const client = new BbbClient({ url: 'https://bbb.example.org', secret: SECRET, checksum, onWarning: () => {} })
    expect(client.joinUrl({ meetingID: 'room', fullName: 'Ada', role: 'VIEWER' })).toMatch(/checksum=[0-9a-f]{40}$/)
  })
})
