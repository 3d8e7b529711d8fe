import type { CreateParams, JoinParams } from 'bbb-client'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { map, meetingId, RUNS, some, text } from '../support/arbitrary.ts'
import { respond, SECRET, success, type TestServer, testServer } from '../support/server.ts'
import { readQuery, webAccepts, webhooksAccepts } from '../support/server-models.ts'

const KEY = /^[a-z][a-z0-9-]{0,20}$/
const RESERVED = /^(role|password|guest|auth|redirect|logo|checksum)$|checksum$/

const freeMap = map(KEY, text(0, 60)).map(entries =>
  Object.fromEntries(Object.entries(entries).filter(([key]) => !RESERVED.test(key))),
)

const createParams: fc.Arbitrary<CreateParams> = fc
  .tuple(
    fc.record({ meetingID: meetingId(), name: text(2, 100) }),
    some({
      attendeePW: text(2, 40),
      moderatorPW: text(2, 40),
      dialNumber: text(0, 40),
      welcome: text(0, 60),
      voiceBridge: fc.stringMatching(/^\d{1,9}$/),
      record: fc.boolean(),
      duration: fc.nat(),
      maxParticipants: fc.nat({ max: 5000 }),
      breakoutRoomsCaptureNotesFilename: text(0, 30),
      disabledFeatures: fc.array(fc.constantFrom('chat', 'polls', 'aNewOne'), { minLength: 1 }),
      meta: freeMap,
      extra: map(/^new[A-Za-z0-9_.]{1,20}$/, text(0, 60)),
    }),
  )
  .map(([needed, optional]) => ({ ...needed, ...optional }))

/** What the documentation says each of these parameters is on the wire, written without the client's tables. */
function expectedCreate(params: CreateParams): Map<string, string> {
  const expected = new Map<string, string>()
  const { meta = {}, extra = {}, disabledFeatures, welcome, ...plain } = params
  for (const [name, value] of Object.entries(plain)) expected.set(name, String(value))
  if (disabledFeatures !== undefined) expected.set('disabledFeatures', disabledFeatures.join(','))
  if (welcome !== undefined)
    expected.set(
      'welcome',
      welcome
        .split('&')
        .join('&amp;')
        .split('<')
        .join('&lt;')
        .split('>')
        .join('&gt;')
        .split('"')
        .join('&quot;')
        .split("'")
        .join('&#39;'),
    )
  for (const [key, value] of Object.entries(meta)) expected.set(`meta_${key}`, value)
  for (const [key, value] of Object.entries(extra)) expected.set(key, value)
  return expected
}

const joinParams: fc.Arbitrary<JoinParams> = fc
  .tuple(
    fc.record({
      meetingID: meetingId(),
      fullName: text(1, 100),
      role: fc.constantFrom<'VIEWER' | 'MODERATOR'>('VIEWER', 'MODERATOR'),
    }),
    some({
      userID: text(1, 60),
      createTime: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      guest: fc.boolean(),
      firstName: text(1, 40),
      userdata: map(/^bbb_[a-z][a-z_]{0,20}$/, text(0, 60)).map(entries =>
        Object.fromEntries(Object.entries(entries).filter(([key]) => !key.startsWith('bbb_custom_style'))),
      ),
    }),
  )
  .map(([needed, optional]) => ({ ...needed, ...optional }))

describe('what is signed is what is sent', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await testServer()
    server.answer((_request, response) =>
      respond(response, success('<meetingID>m</meetingID><createTime>1704164645123</createTime><hookID>1</hookID>')),
    )
  })
  afterAll(() => server.close())

  async function sent(act: () => Promise<unknown>): Promise<{ call: string; query: string }> {
    const before = server.targets.length
    await act()
    expect(server.targets).toHaveLength(before + 1)
    const [path = '', query = ''] = (server.targets[before] ?? '').split('?')
    return { call: path.replace('/bigbluebutton/api/', ''), query }
  }

  it('T1 T5 create: the server reads exactly the parameters given, and both ways to cut out the checksum agree', async () => {
    const client = server.client()
    await fc.assert(
      fc.asyncProperty(createParams, async params => {
        const { call, query } = await sent(() => client.create(params))
        expect(call).toBe('create')
        expect(query).toMatch(/^[A-Za-z0-9\-_.+%=&]*$/)
        expect(readQuery(query).parameters).toEqual(expectedCreate(params))
        expect(webAccepts('create', query, SECRET)).toBe(true)
        expect(webhooksAccepts('create', query, SECRET)).toBe(true)
      }),
      { numRuns: RUNS },
    )
  })

  it('T1 T5 calls of any name: the same, in the order given', async () => {
    const client = server.client({ checksum: 'sha512' })
    await fc.assert(
      fc.asyncProperty(
        fc.stringMatching(/^new[A-Za-z]{1,20}$/),
        map(/^[A-Za-z][A-Za-z0-9_.-]{0,20}$/, text(0, 60)).map(entries =>
          Object.fromEntries(
            Object.entries(entries).filter(([key]) => !/(checksum|logo|url)$|^(meta_|userdata-|p|e)/i.test(key)),
          ),
        ),
        async (name, params) => {
          const { call, query } = await sent(() => client.call(name, params))
          expect(call).toBe(name)
          expect([...readQuery(query).parameters]).toEqual(Object.entries(params))
          expect(webAccepts(name, query, SECRET)).toBe(true)
          expect(webhooksAccepts(name, query, SECRET)).toBe(true)
        },
      ),
      { numRuns: RUNS },
    )
  })

  it('T1 T5 hooks/create: a callback URL with a query of its own arrives whole', async () => {
    const client = server.client()
    const callback = fc
      .tuple(fc.webUrl({ validSchemes: ['https'] }), map(/^[a-z]{1,8}$/, text(0, 30)))
      .map(([url, query]) => {
        const address = new URL(url)
        for (const [key, value] of Object.entries(query)) address.searchParams.set(key, value)
        return address.href
      })
    await fc.assert(
      fc.asyncProperty(callback, async callbackURL => {
        const { call, query } = await sent(() => client.hooks.create({ callbackURL }))
        expect([...readQuery(query).parameters]).toEqual([['callbackURL', callbackURL]])
        expect(webhooksAccepts(call, query, SECRET)).toBe(true)
      }),
      { numRuns: RUNS },
    )
  })

  it('T1 T5 joinUrl: the link says what was given, and what a browser sends for it is the same string', () => {
    const client = server.client()
    fc.assert(
      fc.property(joinParams, params => {
        const link = client.joinUrl(params)
        // A browser parses the link again before it asks for it.
        expect(new URL(link).href).toBe(link)
        const [path = '', query = ''] = link.split('?')
        expect(path).toBe(`${server.url}/bigbluebutton/api/join`)
        const { userdata = {}, ...plain } = params
        const expected = new Map(Object.entries(plain).map(([name, value]) => [name, String(value)]))
        for (const [key, value] of Object.entries(userdata)) expected.set(`userdata-${key}`, value)
        expect(readQuery(query).parameters).toEqual(expected)
        expect(webAccepts('join', query, SECRET)).toBe(true)
        expect(webhooksAccepts('join', query, SECRET)).toBe(true)
      }),
      { numRuns: RUNS },
    )
  })

  it('T1 ids in a list arrive each as given, after the server has split and decoded them once more', async () => {
    server.answer((_request, response) => respond(response, success('<recordings/>')))
    const client = server.client()
    const ids = fc.array(
      text(1, 40)
        .map(id => id.replaceAll(',', '.'))
        .filter(id => id.trim() !== ''),
      { minLength: 1, maxLength: 4 },
    )
    await fc.assert(
      fc.asyncProperty(ids, async recordID => {
        const { query } = await sent(() => client.getRecordings({ recordID }))
        const received = readQuery(query).parameters.get('recordID') ?? ''
        const secondDecoding = received
          .split(',')
          .map(part => part.replaceAll('+', ' ').replace(/%(2B|25)/g, (_, code) => (code === '2B' ? '+' : '%')))
        expect(secondDecoding).toEqual(recordID)
      }),
      { numRuns: RUNS },
    )
  })
})
