import { BbbWebhookError, parseWebhook, receiveWebhook, verifyWebhook } from 'bbb-client/webhooks'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { form, JOINED, MEETING, refusal, SECRET, signed, URL, USER, wireEvent } from './wire.ts'

const own = { callbackUrl: URL, secrets: SECRET }
const body = (event: string) =>
  form([
    ['domain', 'd'],
    ['event', event],
    ['timestamp', '1700000000000'],
  ])
const parse = (...events: unknown[]) => parseWebhook(body(JSON.stringify(events))).events

describe('the form', () => {
  it('T38 exactly one event, timestamp and domain; anything else about them is malformed', () => {
    const event = JSON.stringify([JOINED])
    const fields = {
      event: ['event', event],
      timestamp: ['timestamp', '1700000000000'],
      domain: ['domain', 'd'],
    } as const
    const { event: e, timestamp: t, domain: d } = fields
    const bad: Record<string, string> = {
      'no event': form([t, d]),
      'no timestamp': form([e, d]),
      'no domain': form([e, t]),
      'event twice': form([e, e, t, d]),
      'timestamp twice': form([e, t, t, d]),
      'domain twice': form([e, t, d, d]),
      'event twice, once disguised': `${form([e, t, d])}&%65vent=%5B%5D`,
      brackets: form([['event[]', event], t, d]),
      'nested brackets': form([['event[0][data]', event], t, d]),
      'empty event': form([['event', ''], t, d]),
      'empty timestamp': form([e, ['timestamp', ''], d]),
      'timestamp with a sign': form([e, ['timestamp', '-1'], d]),
      'timestamp with a point': form([e, ['timestamp', '1.5'], d]),
      'timestamp in hex': form([e, ['timestamp', '0x10'], d]),
      'timestamp with an exponent': form([e, ['timestamp', '1e12'], d]),
      'timestamp with a leading zero': form([e, ['timestamp', '01700000000000'], d]),
      'timestamp too long to be exact': form([e, ['timestamp', '1700000000000000000'], d]),
      'broken escape': `${form([t, d])}&event=%5B%ZZ`,
      'cut escape': `${form([t, d])}&event=%5`,
      'escape that is no UTF-8': `${form([e, t])}&domain=%FF`,
      nothing: '',
    }
    for (const [name, text] of Object.entries(bad)) {
      expect(
        refusal(() => parseWebhook(text)),
        name,
      ).toMatchObject({ reason: 'malformed', verified: true })
    }
    expect(refusal(() => parseWebhook(Buffer.from([0x65, 0xff]))).reason).toBe('malformed')
    expect(parseWebhook(form([e, t, d])).events).toHaveLength(1)
    expect(parseWebhook(form([d, e, t, ['future', 'field']])).domain).toBe('d')
  })

  it('T38 when only a rebuilt text is signed, an unknown, repeated or re-ordered field is refused', () => {
    const accept = ['url+json'] as const
    const request = signed({ scheme: 'url+json' })
    expect(verifyWebhook(request, { ...own, accept }).scheme).toBe('url+json')
    const text = String(request.body)
    const [event = '', timestamp = '', domain = ''] = text.split('&')
    const bad = [
      `${text}&extra=1`,
      `extra=1&${text}`,
      `${text}&event=%5B%5D`,
      `${event}&${text}`,
      `${text}&`,
      `&${text}`,
      [timestamp, event, domain].join('&'),
      [domain, event, timestamp].join('&'),
      [event, timestamp].join('&'),
      text.replace('event=', 'event[]='),
      text.replace('event=', '%65vent='),
      text.replace('timestamp=', 'timestamp=0'),
      text.replace('timestamp=', 'timestamp=%20'),
      text.replace('timestamp=', 'timestamp=+'),
      text.replace('%5B', '%5'),
      text.replace('%5B', '%FF'),
    ]
    for (const altered of bad) {
      const error = refusal(() => verifyWebhook({ ...request, body: altered }, { ...own, accept }))
      expect(error).toMatchObject({ verified: false })
      expect(
        refusal(() => receiveWebhook({ ...request, body: altered }, { ...own, accept: ['url+body', 'url+json'] })),
      ).toMatchObject({ reason: 'mismatch', verified: false })
    }
  })

  it('a verified callback that cannot be read says so, for the dead letters', () => {
    const request = signed({ events: [{ what: 'ever' }] })
    expect(verifyWebhook(request, own).scheme).toBe('url+body')
    expect(refusal(() => receiveWebhook(request, own))).toMatchObject({
      reason: 'malformed',
      verified: true,
      code: 'BBB_WEBHOOK_REJECTED',
    })
    expect(refusal(() => receiveWebhook(request, { ...own, secrets: 'x'.repeat(16) })).verified).toBe(false)
  })

  it('takes a list, as it is sent, and a bare object, as the documentation shows', () => {
    expect(parseWebhook(body(JSON.stringify([JOINED]))).events).toHaveLength(1)
    expect(parseWebhook(body(JSON.stringify(JOINED))).events).toHaveLength(1)
  })

  it('tells when the callback was first sent, and by whom', () => {
    const { sentAt, domain } = receiveWebhook(
      signed({ timestamp: 1_795_370_286_700, domain: 'bbb.school.example' }),
      own,
    )
    expect([sentAt.toISOString(), domain]).toEqual(['2026-11-22T17:58:06.700Z', 'bbb.school.example'])
  })

  it('a burst of 201 callbacks in one millisecond: each verifies, equal events are equal bytes', () => {
    const requests = Array.from({ length: 201 }, (_, index) =>
      signed({ events: [wireEvent('user-left', { user: { ...USER, 'internal-user-id': `w_${index % 200}` } })] }),
    )
    const left = requests.flatMap(request => receiveWebhook(request, own).events)
    expect(new Set(left.map(event => event.id === 'user-left' && event.user.internalUserID)).size).toBe(200)
    expect(new Set(requests.map(request => request.target)).size).toBe(200)
    expect(requests[200]).toEqual(requests[0])
  })
})

describe('T42 hostile JSON behind a valid signature', () => {
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
  const unknown = (data: string) => `[{"data":{"id":"x","more":${data}}}]`
  const malformed = (event: string) => refusal(() => parseWebhook(body(event)))

  it('is held to depth, size, text length and number', () => {
    expect(parseWebhook(body(unknown(nested(29)))).events).toHaveLength(1)
    expect(malformed(unknown(nested(30))).message).toMatch(/deeper than 32/)
    expect(parseWebhook(body(unknown(`[${Array(9_900).fill(0)}]`))).events).toHaveLength(1)
    expect(malformed(unknown(`[${Array(10_000).fill(0)}]`)).message).toMatch(/10000 values/)
    expect(parseWebhook(body(unknown(JSON.stringify('é'.repeat(32_768))))).events).toHaveLength(1)
    expect(malformed(unknown(JSON.stringify(`${'é'.repeat(32_768)}x`))).message).toMatch(/longer than 65536 bytes/)
    expect(malformed(unknown('1e999')).message).toMatch(/number/)
    expect(malformed(`[${Array(101).fill(JSON.stringify(JOINED))}]`).message).toMatch(/101 events/)
    expect(parseWebhook(body(`[${Array(100).fill(JSON.stringify(JOINED))}]`)).events).toHaveLength(100)
  })

  it('deep nesting does not overflow the stack anywhere', () => {
    for (const text of ['['.repeat(400_000), '['.repeat(200_000) + ']'.repeat(200_000), nested(100_000)]) {
      expect(malformed(text).reason).toBe('malformed')
    }
  })

  it('what is no JSON is not quoted in the error', () => {
    for (const text of [
      '',
      '{',
      '[] []',
      'null',
      '7',
      '"user-joined"',
      '[null]',
      '[[]]',
      '[7]',
      '[]',
      'secret-text',
      "[{'a':1}]",
    ]) {
      const error = malformed(text)
      expect(error.reason).toBe('malformed')
      expect(error.message).not.toContain('secret-text')
    }
  })

  it('keys such as __proto__ and constructor mean nothing', () => {
    const before = Object.getOwnPropertyNames(Object.prototype)
    const evil = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":"x"}'
    const texts = '{"__proto__":"p","constructor":"c","toString":"t","hasOwnProperty":"h"}'
    const [unread, created, joined] = parseWebhook(
      body(
        `[{"data":{"id":"x","more":${evil},"__proto__":{"id":"y"}}},` +
          `{"data":{"id":"meeting-created","attributes":{"meeting":{"internal-meeting-id":"i","metadata":${texts}},"__proto__":1},"event":{"ts":1700000000000}}},` +
          `{"data":{"id":"user-joined","attributes":{"meeting":{"internal-meeting-id":"i"},"user":{"internal-user-id":"w","userdata":${texts},"new":${evil}}},"event":{"ts":1700000000000}}}]`,
      ),
    ).events
    expect(unread?.known).toBe(false)
    if (created?.id !== 'meeting-created' || joined?.id !== 'user-joined') throw new Error('wrong events')
    expect(Object.entries(created.meeting.metadata)).toEqual(Object.entries(JSON.parse(texts)))
    expect(Object.keys(joined.user.userdata)).toContain('__proto__')
    expect(Object.keys(created.extra)).toEqual(['__proto__'])
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
  })

  it('of repeated keys the last counts', () => {
    const [event] = parseWebhook(
      body(
        `[{"data":{"id":"x","id":"meeting-ended","attributes":{"meeting":{"internal-meeting-id":"i"}},"event":{"ts":1,"ts":1700000000000}}}]`,
      ),
    ).events
    expect(event).toMatchObject({ id: 'meeting-ended', known: true })
  })

  it('texts that no database takes are mended, names of fields that none takes are refused', () => {
    const [event] = parse(wireEvent('user-joined', { user: { ...USER, name: 'a\0b\ud800c\u{1f600}' } }))
    expect(event?.id === 'user-joined' && event.user.name).toBe('ab\ufffdc\u{1f600}')
    expect(refusal(() => parse(wireEvent('x', { 'a\0': 1 }))).reason).toBe('malformed')
    expect(refusal(() => parse(wireEvent('x', { '\udc00': 1 }))).reason).toBe('malformed')
  })
})

describe('T43 new and changed events', () => {
  it('an unknown id is kept with its data, without credentials', () => {
    const secretive = {
      user: { ...USER, 'session-token': ['t0ps3cret'] },
      deep: [{ 'moderator-pass': 't0ps3cret', ok: 1 }],
    }
    const [event] = parse(wireEvent('holodeck-opened', secretive))
    expect(event).toMatchObject({
      id: 'holodeck-opened',
      known: false,
      form: 'mapped',
      at: new Date(1_700_000_000_123),
      meeting: { internalMeetingID: MEETING['internal-meeting-id'], externalMeetingID: 'class-7' },
    })
    expect(JSON.stringify(event)).not.toContain('t0ps3cret')
    expect(JSON.stringify(event)).toContain('"ok":1')
    for (const id of ['constructor', '__proto__', 'toString', 'post-events-started'])
      expect(parse(wireEvent(id))[0]).toMatchObject({ id, known: false })
    expect(parse({ data: { id: 'bare' } })[0]).toMatchObject({ id: 'bare', known: false, at: null, meeting: null })
  })

  it('an unknown field of a known event is kept under its path', () => {
    const [event] = parse(
      wireEvent('user-left', { user: { ...USER, mood: 'good', 'viewer-pass': 'x' }, weather: { sun: true } }),
    )
    expect(event?.known && event.extra).toEqual({ 'user.mood': 'good', weather: { sun: true } })
  })

  it('a known event without what it cannot do without is malformed, and the error names the field and no value', () => {
    const at = { data: { ...JOINED.data, event: {} } }
    const cases: [unknown, RegExp][] = [
      [at, /^user-joined: the time/],
      [wireEvent('user-joined', {}, 12), /time/],
      [wireEvent('user-joined', {}, 5_000_000_000_000), /time/],
      [wireEvent('user-joined', {}, 'soon'), /time/],
      [wireEvent('user-joined'), /^user-joined: user is not an object/],
      [
        wireEvent('user-joined', { user: { name: 'Private Person' } }),
        /^user-joined: user\.internal-user-id is missing/,
      ],
      [wireEvent('user-joined', { meeting: {} }), /^user-joined: /],
      [wireEvent('meeting-ended', { meeting: { 'external-meeting-id': 'x' } }), /meeting\.internal-meeting-id/],
      [
        { data: { id: 'meeting-ended', event: { ts: 1_700_000_000_000 } } },
        /^meeting-ended: attributes is not an object/,
      ],
      [wireEvent('rap-process-ended', { 'record-id': 'r' }), /success/],
      [wireEvent('poll-started', { user: USER, poll: { id: 'p' } }), /poll\.answers/],
      [wireEvent('poll-started', { user: USER, poll: { id: 'p', answers: [{ key: 'Yes' }] } }), /answers\[0\]\.id/],
      [wireEvent('user-raise-hand-changed', { user: USER }), /raiseHand/],
      [wireEvent('chat-group-message-sent', { 'chat-message': { sender: USER } }), /message/],
    ]
    for (const [event, message] of cases) {
      const error = refusal(() => parse(event))
      expect(error).toMatchObject({ reason: 'malformed', verified: true })
      expect(error.message).toMatch(message)
      expect(error.message).not.toContain('Private')
    }
  })

  it('any shape at all gives events or the typed refusal', () => {
    const ids = fc.constantFrom(
      'user-joined',
      'meeting-created',
      'rap-publish-ended',
      'poll-started',
      'pad-content',
      'new-one',
    )
    const shape = fc.record({
      data: fc.record(
        {
          id: ids,
          attributes: fc.dictionary(
            fc.constantFrom('meeting', 'user', 'poll', 'pad', 'recording'),
            fc.jsonValue({ maxDepth: 4 }),
          ),
          event: fc.jsonValue(),
        },
        { requiredKeys: ['id'] },
      ),
    })
    const raw = fc.record({
      envelope: fc.record({ name: fc.constantFrom('MeetingCreatedEvtMsg', 'PollStartedEvtMsg', 'New') }),
      core: fc.jsonValue(),
    })
    const rap = fc.record({
      header: fc.record({ name: fc.constantFrom('publish_ended', 'archive_started', 'new') }),
      payload: fc.jsonValue(),
    })
    fc.assert(
      fc.property(fc.oneof(shape, raw, rap, fc.jsonValue()), value => {
        try {
          expect(parse(value)).toHaveLength(1)
        } catch (error) {
          expect(error).toBeInstanceOf(BbbWebhookError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('times', () => {
  it('are seconds below 100,000,000,000 and milliseconds above', () => {
    const at = (ts: unknown) => parse(wireEvent('rap-archive-started', { 'record-id': 'r' }, ts))[0]?.at?.toISOString()
    expect(at(1_795_370_289)).toBe('2026-11-22T17:58:09.000Z')
    expect(at(1_795_370_289_808)).toBe('2026-11-22T17:58:09.808Z')
    expect(at('1795370289')).toBe('2026-11-22T17:58:09.000Z')
    expect(at(946_684_800)).toBe('2000-01-01T00:00:00.000Z')
  })
})
