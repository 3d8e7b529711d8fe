import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checksumMatches,
  type HashName,
  hooksChecksumMatches,
  postedFormQuery,
  stripChecksum,
} from '../../src/testing/checksum.ts'
import { type CallInit, conformanceData, newFake, secret, send, sign } from './support.ts'

const api = '/bigbluebutton/api'
const info = `${api}/getMeetingInfo`
const signed = (query: string, algorithm = 'sha256') =>
  `${query}&checksum=${sign('getMeetingInfo', query, secret, algorithm)}`
const plain = 'meetingID=none-such&x=1'
const good = sign('getMeetingInfo', plain)
const formBody = 'x=1&meetingID=none-such'
const posted = (body: string): CallInit => ({ method: 'POST', body, contentType: 'application/x-www-form-urlencoded' })

interface Way {
  readonly target: string
  readonly init?: CallInit
}

const query = (text: string): Way => ({ target: `${info}?${signed(text)}` })
const raw = (text: string): Way => ({ target: `${info}?${text}` })

/** Ways to write and sign a request, under the names of the recorded matrix. */
const ways: Readonly<Record<string, Way>> = {
  'sha1 last': raw(signed(plain, 'sha1')),
  'sha256 last': query(plain),
  'sha384 last': raw(signed(plain, 'sha384')),
  'sha512 last': raw(signed(plain, 'sha512')),
  'md5 last': raw(signed(plain, 'md5')),
  'sha224 last': raw(signed(plain, 'sha224')),
  'no checksum': raw(plain),
  'empty checksum': raw(`${plain}&checksum=`),
  'wrong checksum, right length': raw(`${plain}&checksum=${'0'.repeat(64)}`),
  'wrong checksum, odd length': raw(`${plain}&checksum=abc`),
  'upper-case checksum': raw(`${plain}&checksum=${good.toUpperCase()}`),
  'checksum first': raw(`checksum=${good}&${plain}`),
  'checksum in the middle': raw(`meetingID=none-such&checksum=${good}&x=1`),
  'checksum twice': raw(`checksum=${good}&${plain}&checksum=${good}`),
  'a parameter named mychecksum': query(`${plain}&mychecksum=1`),
  'a value holding checksum=': query(`${plain}&y=checksum%3D1`),
  'space as +': query('meetingID=none+such'),
  'space as %20': query('meetingID=none%20such'),
  'plus as %2B': query('meetingID=none%2Bsuch'),
  "unreserved !'()*~ left raw": query("meetingID=none!'()*~such"),
  'the same percent-encoded': query('meetingID=none%21%27%28%29%2A%7Esuch'),
  'only * left raw (Java)': query('meetingID=none%21%27%28%29*%7Esuch'),
  'needless escapes': query('meetingID=%6Eone%2Dsuch'),
  'upper-case escapes': query('meetingID=n%C3%B6ne'),
  'lower-case escapes': query('meetingID=n%c3%b6ne'),
  'raw UTF-8 bytes': raw('meetingID=nöne&checksum=0'),
  'invalid UTF-8 escape': query('meetingID=n%FFne'),
  '4-byte character': query('meetingID=%F0%9F%98%80%F0%9F%98%80'),
  'raw : / ? @': query('meetingID=a:b/c?d@e'),
  'raw [ ]': query('meetingID=a[1]'),
  'escaped [ ]': query('meetingID=a%5B1%5D'),
  'raw |': query('meetingID=a|b'),
  'raw { } ^ `': query('meetingID=a{b}^`'),
  'raw "': query('meetingID=a"b'),
  'a dot in a name': query(`${plain}&a.b=1`),
  'a blank in a name': query(`${plain}&a+b=1`),
  'empty value': query(`${plain}&y=`),
  'name without =': query(`${plain}&y`),
  'doubled &': query('meetingID=none-such&&x=1'),
  'leading &': query(`&${plain}`),
  'trailing &': query(`${plain}&`),
  'repeated name': query(`${plain}&x=2`),
  'unsorted names': query('x=1&meetingID=none-such'),
  'escaped line break': query(`${plain}&y=a%0D%0Ab`),
  'escaped NUL': query(`${plain}&y=a%00b`),
  'blanks round a value': query('meetingID=+none-such+'),
  'signed over the decoded text': raw(
    `meetingID=none%20such&checksum=${sign('getMeetingInfo', 'meetingID=none such')}`,
  ),
  'signed with ?': raw(`${plain}&checksum=${sign('getMeetingInfo', `?${plain}`)}`),
  'signed over another call': raw(`${plain}&checksum=${sign('end', plain)}`),
  'other letter case in the call': { target: `${api}/getmeetinginfo?${signed(plain)}` },
  'no parameters': { target: `${api}/getMeetings?checksum=${sign('getMeetings', '')}` },
  'no parameters, trailing slash': { target: `${api}/getMeetings/?checksum=${sign('getMeetings', '')}` },
  'POST, all in the query, no body': { ...query(plain), init: { method: 'POST' } },
  'POST form, as sent': { target: info, init: posted(`${formBody}&checksum=${sign('getMeetingInfo', formBody)}`) },
  'POST form, sorted': { target: info, init: posted(`${formBody}&checksum=${good}`) },
  'POST form, signed empty': { target: info, init: posted(`${formBody}&checksum=${sign('getMeetingInfo', '')}`) },
  'POST form, checksum in the query': {
    target: `${info}?checksum=${sign('getMeetingInfo', '')}`,
    init: posted(formBody),
  },
  'POST form, checksum over the body in the query': {
    target: `${info}?checksum=${sign('getMeetingInfo', formBody)}`,
    init: posted(formBody),
  },
  'POST json': { ...query(plain), init: { method: 'POST', body: '{}', contentType: 'application/json' } },
  '4 kB query': query(`${plain}&y=${'a'.repeat(4_000)}`),
  '9 kB query': query(`${plain}&y=${'a'.repeat(9_000)}`),
  '70 kB query': query(`${plain}&y=${'a'.repeat(70_000)}`),
}

async function verdictOf(way: Way, version: string): Promise<string> {
  const { fake } = newFake({ version })
  const answer = await send(fake, way.target, way.init)
  if (answer.status !== 200) return `http ${answer.status}`
  return answer.messageKey === 'checksumError' ? 'refused' : 'accepted'
}

describe.skipIf(!conformanceData)('the checksum matrix recorded from bigbluebutton-web 2.6.14', () => {
  const text = conformanceData
    ? readFileSync(join(conformanceData, 'bbb/peer-answers/bbbweb.checksum.txt'), 'utf8')
    : '{}'
  const recorded: Record<string, string> = JSON.parse(text.slice(text.lastIndexOf('\n{') + 1))

  it.each(Object.entries(recorded).filter(([name]) => name !== 'HEAD'))('%s: %s', async (name, verdict) => {
    const way = ways[name]
    expect(way, 'every way of the matrix is played').toBeDefined()
    expect(way && (await verdictOf(way, '2.6.14'))).toBe(verdict)
  })

  it('HEAD answers 200 like GET', async () => {
    const { fake } = newFake({ version: '2.6.14' })
    expect((await send(fake, query(plain).target, { method: 'HEAD' })).status).toBe(200)
  })
})

describe('what 3.0 does otherwise', () => {
  it.each([
    ['POST form, sorted', 'refused'],
    ['POST form, signed empty', 'accepted'],
    ['POST form, checksum in the query', 'accepted'],
    ['POST form, checksum over the body in the query', 'refused'],
  ])('%s: %s', async (name, verdict) => {
    const way = ways[name]
    expect(way && (await verdictOf(way, '3.0'))).toBe(verdict)
  })
})

describe('releases and settings', () => {
  it.each<[string, string, string]>([
    ['sha384', '2.5.6', 'refused'],
    ['sha384', '2.5.7', 'accepted'],
    ['sha256', '2.4', 'accepted'],
  ])('%s on %s: %s', async (algorithm, version, verdict) => {
    expect(await verdictOf(raw(signed(plain, algorithm)), version)).toBe(verdict)
  })

  it('takes upper-case hex since 2.6', async () => {
    const upper = raw(`${plain}&checksum=${good.toUpperCase()}`)
    expect(await verdictOf(upper, '2.5')).toBe('refused')
    expect(await verdictOf(upper, '2.6')).toBe('accepted')
  })

  it('takes only the algorithms it is told to', async () => {
    const { fake } = newFake({ supportedChecksumAlgorithms: ['sha1'] })
    expect((await send(fake, raw(signed(plain, 'sha1')).target)).messageKey).toBe('notFound')
    expect((await send(fake, raw(signed(plain, 'sha256')).target)).messageKey).toBe('checksumError')
  })

  it('checks nothing under an empty secret', async () => {
    const { fake } = newFake({ secret: '' })
    expect((await send(fake, raw(plain).target)).messageKey).toBe('notFound')
  })

  it('skips the check for a valid presentationUploadExternalUrl on 3.0, as the real one does', async () => {
    const url = 'presentationUploadExternalUrl=https%3A%2F%2Fexample.org'
    const create = `${api}/create?meetingID=un-signed&name=Unsigned&${url}`
    expect((await send(newFake().fake, create)).returncode).toBe('SUCCESS')
    expect((await send(newFake({ version: '2.6' }).fake, create)).messageKey).toBe('checksumError')
  })
})

/** Text full of what the two textual ways to strip a checksum trip over. */
const tricky = fc
  .array(fc.constantFrom('checksum', '=', '&', 'a', 'b', '1', '%3D', '%26', 'x', 'meetingID', 'mychecksum'), {
    maxLength: 12,
  })
  .map(parts => parts.join(''))

describe('T5 the two ways to strip a checksum', () => {
  const algorithms: readonly HashName[] = ['sha256']

  it('bbb-web: whatever the client signed is what is hashed, unless the text holds the checksum itself', () => {
    fc.assert(
      fc.property(tricky, text => {
        const checksum = sign('create', text)
        const sent = text === '' ? `checksum=${checksum}` : `${text}&checksum=${checksum}`
        expect(stripChecksum(sent, checksum)).toBe(text)
        expect(checksumMatches('create', sent, checksum, { secret, algorithms, anyCase: true })).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('webhooks: every name that ends in checksum is cut, whatever its value', () => {
    const rules = { secret, algorithms }
    const call = (query: string, over = query) =>
      hooksChecksumMatches(
        'hooks/list',
        `${api}/hooks/list?${query}&checksum=${sign('hooks/list', over)}`,
        sign('hooks/list', over),
        rules,
      )
    expect(call('meetingID=a')).toBe(true)
    expect(call('mychecksum=1&a=2')).toBe(false)
    expect(call('a=1&mychecksum=2')).toBe(false)
    expect(call('a=1&mychecksum=2', 'a=1&my')).toBe(true)
  })

  it('webhooks: exact lower case, and an unknown length is an exception', () => {
    const checksum = sign('hooks/list', '')
    const target = (value: string) => `${api}/hooks/list?checksum=${value}`
    const rules = { secret, algorithms }
    expect(hooksChecksumMatches('hooks/list', target(checksum), checksum, rules)).toBe(true)
    const upper = checksum.toUpperCase()
    expect(hooksChecksumMatches('hooks/list', target(upper), upper, rules)).toBe(false)
    expect(hooksChecksumMatches('hooks/list', target('abc'), 'abc', rules)).toBeUndefined()
  })

  it('a posted form is sorted by name and encoded as Java does', () => {
    const form = new Map([
      ['name', "a b~!'()*é"],
      ['checksum', 'x'],
      ['meetingID', 'm'],
    ])
    expect(postedFormQuery(form)).toBe('meetingID=m&name=a+b%7E%21%27%28%29*%C3%A9')
  })
})
