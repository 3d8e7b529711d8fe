import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { isStale } from '../../../src/inbox/age.ts'
import { zoomProvider } from '../../../src/providers/zoom/index.ts'
import { account, host, signed, zoomWorld } from '../../support/zoom-under-test.ts'

const { clock, provider, fake } = zoomWorld()
const now = clock.now()

const object = { id: '85000000001', uuid: '4444AAAiAAAAAiAiAiiAii==', host_id: 'h', topic: 'T', duration: 60 }
const joined = (participant: object, event = 'meeting.participant_joined', more: object = {}): object => ({
  event,
  payload: { account_id: account.accountId, object: { ...object, ...more, participant } },
  event_ts: now + 40_000,
})
const someone = { user_id: '16778240', user_name: 'Bob', email: '', join_time: '2026-01-05T09:00:00Z' }
const left = { user_id: '16778240', user_name: 'Bob', leave_time: '2026-01-05T09:30:00Z' }
const eventOf = (body: unknown) => provider.events(provider.verify(signed(body, now)))[0]

describe('webhooks at the door', () => {
  it('escapes mixed with raw UTF-8 in one body: the bytes as they came are what is signed (T29)', () => {
    const body = `{"event":"meeting.started","payload":{"object":{"id":"85000000001","uuid":"u==","topic":"\\uD83D\\uDE92 – Čer","start_time":"2026-01-05T09:00:00Z"}},"event_ts":1}`
    const request = signed(body, now)
    expect(provider.events(provider.verify(request))).toMatchObject([
      { kind: 'attendance', event: { type: 'started' } },
    ])
    const rewritten = Buffer.from(JSON.stringify(JSON.parse(body)))
    expect(() => provider.verify({ ...request, body: rewritten })).toThrow(
      expect.objectContaining({ code: 'CALLBACK_REJECTED', details: { reason: 'mismatch' } }),
    )
  })

  it('a retry an hour later is an event like any other, with the old stamp or a new one (T35)', () => {
    const first = signed(joined(someone), now - 3_600_000)
    expect(provider.verify(first).kind).toBe('event')
    const again = signed(joined(someone), now)
    // The same row in the inbox, whichever of the two Zoom does.
    const { age, ...row } = provider.verify(again)
    expect(provider.verify(first)).toEqual({ ...row, age: { ...age, sentAt: now - 3_600_000 } })
  })

  it.each([
    ['100 minutes', -6_000_000, false],
    ['100 minutes and a second', -6_001_000, true],
    ['five minutes ahead', 300_000, false],
    ['five minutes and a second ahead', 301_000, true],
  ])('T35 at %s the webhook is stale: %s', (_title, offset, stale) => {
    expect(isStale(provider.verify(signed(joined(someone), now + offset)), now)).toBe(stale)
  })

  it('T35 refuses an age that outlives what is known of the callbacks of before', () => {
    const open = (maxAgeSeconds: number) => () => zoomProvider({ ...account, host, maxAgeSeconds })
    expect(open(648_000)).not.toThrow()
    expect(open(648_001)).toThrow(new TypeError('maxAgeSeconds: must be above 0 and at most 648000'))
    expect(open(0)).toThrow(TypeError)
  })

  const challenge = (plainToken: unknown): object => ({
    event: 'endpoint.url_validation',
    payload: { plainToken },
    event_ts: now,
  })

  it('T40: a challenge unsigned, or signed by somebody else, gets no answer', () => {
    const request = signed(challenge('qgg8vlvZRS6UYooatFL8Aw'), now)
    expect(() => provider.verify({ ...request, headers: {} })).toThrow(
      expect.objectContaining({ code: 'CALLBACK_REJECTED', details: { reason: 'missing' } }),
    )
    expect(() =>
      provider.verify(signed(challenge('qgg8vlvZRS6UYooatFL8Aw'), now, 'the-secret-of-somebody-else')),
    ).toThrow(expect.objectContaining({ details: { reason: 'mismatch' } }))
  })

  it('T40: a challenge from before is refused', () => {
    const request = signed(challenge('qgg8vlvZRS6UYooatFL8Aw'), now - 301_000)
    expect(() => provider.verify(request)).toThrow(expect.objectContaining({ details: { reason: 'stale_challenge' } }))
  })

  it('T40: nothing is signed that could be a message of Zoom’s', () => {
    const oracle = `v0:${Math.floor(now / 1000)}:${JSON.stringify(joined(someone))}`
    for (const token of [oracle, '', 'a:b', 'A'.repeat(129), 'é', 'a b', 7, null, ['a'], { a: 1 }, undefined])
      expect(() => provider.verify(signed(challenge(token), now))).toThrow(
        expect.objectContaining({ code: 'CALLBACK_REJECTED', details: { reason: 'harmful_challenge' } }),
      )
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), token => {
        try {
          expect(JSON.parse(provider.verify(signed(challenge(token), now)).answer ?? '{}').plainToken).toMatch(
            /^[\w-]{1,128}$/,
          )
        } catch (error) {
          expect(error).toMatchObject({ code: 'CALLBACK_REJECTED' })
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('T31: no header makes it throw anything but a refusal', () => {
    const { body, target } = signed(joined(someone), now)
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.string()), fc.constant(undefined))
    fc.assert(
      fc.property(value, value, (timestamp, signature) => {
        const headers = { 'x-zm-request-timestamp': timestamp, 'X-Zm-Signature': signature }
        expect(() => provider.verify({ method: 'POST', target, headers, body })).toThrow(
          expect.objectContaining({ code: 'CALLBACK_REJECTED' }),
        )
      }),
      { numRuns: 2000 },
    )
  })

  it('a header sent twice is refused (T31)', () => {
    const request = signed(joined(someone), now)
    const headers = new Headers()
    for (const [name, value] of Object.entries({ ...request.headers })) headers.set(name, String(value))
    expect(provider.verify({ ...request, headers }).kind).toBe('event')
    headers.append('x-zm-signature', headers.get('x-zm-signature') ?? '')
    expect(() => provider.verify({ ...request, headers })).toThrow(
      expect.objectContaining({ details: { reason: 'malformed' } }),
    )
  })

  it('any secret of a list is good while it changes (T26)', () => {
    const changing = zoomProvider({
      ...account,
      host,
      clock,
      webhookSecret: ['the-secret-of-tomorrow', account.webhookSecret],
    })
    expect(changing.verify(signed(joined(someone), now)).kind).toBe('event')
    expect(changing.verify(signed(joined(someone), now, 'the-secret-of-tomorrow')).kind).toBe('event')
  })

  it('a webhook of one account on the route of another is refused (T36)', () => {
    const both = zoomProvider({
      ...account,
      host,
      clock,
      webhookUrl: 'https://lms.example/api/v1/classes/zoom-webhook/9f2c4e',
      oldAccounts: {
        old: {
          ...account,
          host,
          webhookSecret: 'the-old-accounts-own-secret',
          webhookUrl: 'https://lms.example/api/v1/classes/zoom-webhook/77aa11',
        },
      },
    })
    const old = signed(joined(someone), now, 'the-old-accounts-own-secret')
    expect(() => both.verify(old)).toThrow(expect.objectContaining({ code: 'CALLBACK_REJECTED' }))
    expect(both.verify({ ...old, target: '/api/v1/classes/zoom-webhook/77aa11' }).serverId).toBe('old')
  })

  it('without a webhook secret nothing is accepted', () => {
    const { webhookSecret: _, ...silent } = account
    const deaf = zoomProvider({ ...silent, host, clock })
    expect(() => deaf.verify(signed(joined(someone), now))).toThrow(
      expect.objectContaining({ code: 'CALLBACK_REJECTED' }),
    )
  })

  it('tokens, links and passwords are gone before anything is stored; ids keep their digits (T48)', () => {
    const body = `{"event":"recording.completed","payload":{"account_id":"a","object":{"id":9007199254740993,"uuid":"u==","password":"canary","share_url":"canary","recording_play_passcode":"canary","recording_files":[{"id":"f","download_url":"canary","play_url":"canary"}]}},"event_ts":1,"download_token":"canary"}`
    const callback = provider.verify(signed(body, now))
    expect(Buffer.from(callback.body).toString()).not.toContain('canary')
    expect(provider.events(callback)).toEqual([{ kind: 'recording', meetingKey: '9007199254740993', recordId: 'u==' }])
  })

  it.each([
    ['deep', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
    ['wide', `[${'1,'.repeat(20_000)}1]`],
    ['long', JSON.stringify({ event: 'x'.repeat(70_000) })],
    ['none', ''],
    ['cut', '{"event":'],
    ['not UTF-8', '{"event":"\uD800"}'],
    ['no object', 'null'],
  ])('T42: JSON that is %s is a poison event, not a crash', (_title, body) => {
    const callback = provider.verify(signed(body, now))
    expect(() => provider.events(callback)).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })

  it('T42: keys of JavaScript’s own mean nothing', () => {
    const body = `{"__proto__":{"polluted":1},"event":"meeting.started","payload":{"constructor":{"prototype":{"polluted":1}},"object":{"id":1,"uuid":"u","password":"x","start_time":"2026-01-05T09:00:00Z"}}}`
    expect(provider.events(provider.verify(signed(body, now)))).toMatchObject([{ kind: 'attendance', meetingKey: '1' }])
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })
})

describe('webhooks in our words', () => {
  it('the time is that of the fact, in the participant; never that of the event or of arrival', () => {
    expect(eventOf(joined(someone))).toEqual({
      kind: 'attendance',
      meetingKey: '85000000001',
      event: {
        type: 'joined',
        instance: object.uuid,
        session: '16778240',
        at: Date.parse('2026-01-05T09:00:00Z'),
      },
    })
    expect(eventOf(joined(left, 'meeting.participant_left'))).toMatchObject({
      event: { type: 'left', at: Date.parse('2026-01-05T09:30:00Z') },
    })
  })

  it('`user_id` that restarts in every run: a connection is known by run and number together', () => {
    const first = eventOf(joined(someone))
    const second = eventOf(joined(someone, 'meeting.participant_joined', { uuid: '/second//run==' }))
    expect(first).toMatchObject({ event: { instance: object.uuid, session: '16778240' } })
    expect(second).toMatchObject({ event: { instance: '/second//run==', session: '16778240' } })
  })

  it('the waiting room is no presence', () => {
    const waiting = { user_id: '16778240', user_name: 'Bob', date_time: '2026-01-05T08:55:00Z' }
    for (const [name, type] of [
      ['meeting.participant_joined_waiting_room', 'joined'],
      ['meeting.participant_put_in_waiting_room', 'joined'],
      ['meeting.participant_left_waiting_room', 'left'],
      ['meeting.participant_admitted', 'left'],
    ] as const)
      expect(eventOf(joined(waiting, name))).toMatchObject({ event: { type, room: 'waiting' } })
  })

  it('breakout rooms are rooms of the same run', () => {
    const body = joined(someone, 'meeting.participant_joined_breakout_room', { breakout_room_uuid: 'b1==' })
    expect(eventOf(body)).toMatchObject({ event: { type: 'joined', instance: object.uuid, room: 'breakout:b1==' } })
  })

  it.each([
    'meeting.participant_jbh_waiting',
    'meeting.participant_role_changed',
    'meeting.participant_bind',
    'meeting.alert',
    'meeting.created',
    'recording.started',
    'user.created',
  ])('%s bears on nothing here, and is kept by name', name => {
    expect(eventOf(joined({ user_name: 'Bob' }, name))).toEqual({ kind: 'other', meetingKey: '85000000001', name })
    expect(eventOf({ event: name, payload: {} })).toEqual({ kind: 'other', meetingKey: null, name })
  })

  it.each([
    ['no run', { event: 'meeting.started', payload: { object: { id: 1, start_time: '2026-01-05T09:00:00Z' } } }],
    ['no meeting', joined(someone, 'meeting.participant_joined', { id: undefined })],
    ['no connection', joined({ ...someone, user_id: undefined })],
    ['no time', joined({ ...someone, join_time: undefined })],
    ['no time there is', joined({ ...someone, join_time: '2026-13-05T09:00:00Z' })],
    ['a time of another age', joined({ ...someone, join_time: '1970-01-01T00:00:00Z' })],
    ['no room', joined(someone, 'meeting.participant_joined_breakout_room')],
  ])('with %s it is a poison event (T43)', (_title, body) => {
    const callback = provider.verify(signed(body, now))
    expect(() => provider.events(callback)).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })

  it('an id may be text or a number', () => {
    for (const id of ['85000000001', 85000000001])
      expect(eventOf(joined(someone, 'meeting.participant_joined', { id }))).toMatchObject({
        meetingKey: '85000000001',
      })
  })
})

describe('who is who (T45)', () => {
  let meeting: Awaited<ReturnType<typeof provider.openMeeting>>
  const spec = {
    courseId: 'physics',
    title: 'T',
    description: '',
    startsAt: new Date(now + 1_800_000),
    durationMinutes: 60,
    record: false,
  }
  let count = 0
  beforeEach(async () => {
    await clock.advance(1_000)
    const own = { ...spec, classId: `who-${++count}` }
    meeting = await provider.openMeeting(provider.planMeeting(own), own)
  })

  it.each(['7', 'u-ada', 'Jane.Doe@school.example', '2f1e8a90-5c7d-4b1a-9c3e-0d2f4b6a8c1e', 'žluťoučký', 'a b/c+d=e'])(
    'T45: %s comes back from the address of a registration',
    async userId => {
      const link = await provider.joinLink(meeting, { userId, displayName: 'Same Name', role: 'attendee' })
      expect(link).not.toContain(userId === '7' ? 'u-7' : userId)
      const [registered] = await rowsOf(meeting.meetingId)
      const participant = { ...someone, registrant_id: 'r', email: ` ${registered?.email.toUpperCase()} ` }
      expect(eventOf(joined(participant))).toMatchObject({ event: { person: userId } })
    },
  )

  const rowsOf = async (id: string): Promise<readonly { email: string }[]> => {
    const token = JSON.parse(
      (
        await fake.handle({
          method: 'POST',
          target: `/oauth/token?grant_type=account_credentials&account_id=${account.accountId}`,
          headers: {
            authorization: `Basic ${Buffer.from(`${account.clientId}:${account.clientSecret}`).toString('base64')}`,
          },
        })
      ).body,
    ).access_token
    const answer = await fake.handle({
      method: 'GET',
      target: `/v2/meetings/${id}/registrants?status=approved`,
      headers: { authorization: `Bearer ${token}` },
    })
    return JSON.parse(answer.body).registrants
  }

  it('T45: an address somebody made up is nobody, whatever it says', async () => {
    await provider.joinLink(meeting, { userId: 'u-ada', displayName: 'Ada', role: 'attendee' })
    const [{ email } = { email: '' }] = await rowsOf(meeting.meetingId)
    for (const forged of [
      email.replace('u-u-ada', 'u-u-eve'),
      email.replace('lms.invalid', 'evil.example'),
      email.replace(/z(.)/, (_all, digit) => `z${digit === '0' ? '1' : '0'}`),
      'u-ada@lms.invalid',
      'ada@school.example',
    ])
      expect(eventOf(joined({ ...someone, registrant_id: 'r', email: forged }))).not.toHaveProperty('event.person')
  })

  it('T45: a name is no identity, with or without an address', () => {
    expect(eventOf(joined({ ...someone, user_name: 'u-ada' }))).not.toHaveProperty('event.person')
  })

  it('T45: the key a page of ours set counts, and what the application knows', () => {
    const knowing = zoomProvider({
      ...account,
      host,
      clock,
      people: ({ zoomUserId, email }) =>
        zoomUserId === 'zoom-ada' || email === 'ada@school.example' ? 'u-ada' : undefined,
    })
    const personOf = (participant: object) =>
      knowing.events(knowing.verify(signed(joined({ ...someone, ...participant }), now)))
    for (const participant of [
      { customer_key: 'u-ada' },
      { participant_user_id: 'zoom-ada' },
      { id: 'zoom-ada' },
      { email: ' Ada@School.example' },
    ])
      expect(personOf(participant)).toMatchObject([{ event: { person: 'u-ada' } }])
    expect(personOf({ id: '', customer_key: '' })).not.toHaveProperty('0.event.person')
  })
})
