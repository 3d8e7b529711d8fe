import { afterEach, describe, expect, it } from 'vitest'
import type { FakeBbb } from '../../src/testing/index.ts'
import { ask, newFake, newReceiver, query, type Receiver, readJwt, secret, status } from './support.ts'

const opened: { fake: FakeBbb; receiver: Receiver }[] = []

afterEach(async () => {
  for (const { fake, receiver } of opened.splice(0)) {
    await fake.close()
    await receiver.close()
  }
})

async function setUp(parameters: (url: string) => Record<string, string | boolean>, options = {}) {
  const { fake, clock } = newFake(options)
  const receiver = await newReceiver()
  opened.push({ fake, receiver })
  await ask(fake, 'create', query({ meetingID: 'a b&c', name: 'Algebra', ...parameters(receiver.url) }))
  return { fake, clock, receiver }
}

describe('the end of a meeting', () => {
  it('is told to meta_endCallbackUrl with two parameters, to meetingEndedURL as it is', async () => {
    const { fake, receiver } = await setUp(url => ({
      meta_endCallbackUrl: `${url}/end?course=7`,
      meetingEndedURL: `${url}/end2?k=v`,
    }))
    fake.simulate.join('a b&c', { fullName: 'Ada' })
    fake.simulate.endMeeting('a b&c')
    await fake.idle()
    expect(receiver.received.map(({ method, target, body }) => [method, target, body]).sort()).toEqual([
      ['GET', '/end2?k=v', ''],
      ['GET', '/end?course=7&recordingmarks=false&meetingID=a+b%26c', ''],
    ])
  })

  it.each<[Record<string, string | boolean>, boolean, boolean, string]>([
    [{ record: true }, true, false, 'true'],
    [{ record: true }, false, false, 'false'],
    [{ record: true }, true, true, 'false'],
    [{ record: true, autoStartRecording: true }, true, true, 'true'],
    [{ record: false }, true, false, 'false'],
  ])(
    'recordingmarks with %o, somebody there %s, marks needed %s: %s',
    async (parameters, there, recordingNeedsMarks, marks) => {
      const { fake, receiver } = await setUp(url => ({ meta_endCallbackUrl: url, ...parameters }), {
        recordingNeedsMarks,
      })
      if (there) fake.simulate.join('a b&c', { fullName: 'Ada' })
      fake.simulate.endMeeting('a b&c')
      await fake.idle()
      expect(receiver.received[0]?.target).toBe(`/?recordingmarks=${marks}&meetingID=a+b%26c`)
    },
  )

  it('is told five times at most, after 30, 60, 120 and 300 seconds; redirects are followed', async () => {
    const { fake, clock, receiver } = await setUp(url => ({ meetingEndedURL: `${url}/end` }))
    receiver.answers.push(
      status(500),
      status(401),
      status(404),
      status(503),
      status(302, { location: '/elsewhere' }),
      status(500),
    )
    const start = clock.now()
    fake.simulate.endMeeting('a b&c')
    await clock.advance(3_600_000)
    expect(fake.deliveries.map(({ at, outcome }) => [at - start, outcome])).toEqual([
      [0, 'retrying'],
      [30_000, 'retrying'],
      [90_000, 'retrying'],
      [210_000, 'retrying'],
      [510_000, 'failed'],
    ])
    expect(receiver.received.at(-1)?.target).toBe('/elsewhere')
  })

  it('is not told for breakout rooms', async () => {
    const { fake, receiver } = await setUp(() => ({}))
    const breakout = { meetingID: 'group', name: 'Group', isBreakout: true, parentMeetingID: 'a b&c', sequence: 1 }
    await ask(fake, 'create', query({ ...breakout, meetingEndedURL: `${receiver.url}/end` }))
    fake.simulate.endMeeting('a b&c')
    await fake.idle()
    expect(receiver.received).toEqual([])
  })
})

describe('recording ready', () => {
  it.each(['bbb-recording-ready-url', 'bn-recording-ready-url', 'canvas-recording-ready-url'])(
    'meta_%s gets a form with one HS256 token per format, once',
    async name => {
      const { fake, clock, receiver } = await setUp(url => ({ record: true, [`meta_${name}`]: `${url}/ready` }), {
        recordingFormats: ['presentation', 'video'],
      })
      receiver.answers.push(status(500))
      fake.simulate.join('a b&c', { fullName: 'Ada' })
      fake.simulate.endMeeting('a b&c')
      await clock.advance(9_999)
      expect(receiver.received).toHaveLength(1)
      await clock.advance(3_600_000)
      expect(receiver.received).toHaveLength(2)
      const recordID = (await ask(fake, 'getRecordings')).text('recordID')
      for (const { method, headers, body } of receiver.received) {
        expect([method, headers['content-type']]).toEqual(['POST', 'application/x-www-form-urlencoded'])
        const form = new URLSearchParams(body)
        expect([...form.keys()]).toEqual(['signed_parameters'])
        expect(readJwt(form.get('signed_parameters') ?? '')).toEqual({
          header: { alg: 'HS256' },
          payload: { meeting_id: 'a b&c', record_id: recordID },
        })
      }
      expect(() =>
        readJwt(new URLSearchParams(receiver.received[0]?.body).get('signed_parameters') ?? '', 'other'),
      ).toThrow()
    },
  )
})

describe('learning analytics', () => {
  it('come as JSON under a bearer token that says only when it expires', async () => {
    const { fake, clock, receiver } = await setUp(url => ({
      record: true,
      'meta_analytics-callback-url': `${url}/analytics`,
      'meta_bbb-origin': 'lms',
      'meta_gl-listed': 'no',
      'meta_meeting-id': 'no',
    }))
    const start = clock.now()
    const ada = fake.simulate.join('a b&c', { fullName: 'Ada', role: 'MODERATOR', userID: 'u-1' })
    await clock.advance(60_000)
    const bob = fake.simulate.join('a b&c', { fullName: 'Bob', userID: 'u-2' })
    fake.simulate.talk(bob)
    await clock.advance(42_000)
    fake.simulate.talk(bob, false)
    fake.simulate.chat(bob, 'one')
    fake.simulate.chat(bob, 'two')
    fake.simulate.raiseHand(bob)
    fake.simulate.emoji(bob, '👍')
    const poll = fake.simulate.poll(ada, 'Ready?', ['Yes', 'No'])
    fake.simulate.vote(bob, poll, 'Yes')
    fake.simulate.vote(bob, poll, 'Maybe')
    fake.simulate.leave(bob)
    await clock.advance(30_000)
    const tablet = fake.simulate.join('a b&c', { fullName: 'Bob', userID: 'u-2' })
    await clock.advance(10_000)
    fake.simulate.endMeeting('a b&c')
    await clock.advance(999)
    expect(receiver.received).toEqual([])
    await clock.advance(1)
    await fake.idle()
    const [one] = receiver.received
    expect([one?.method, one?.target, one?.headers['content-type'], one?.headers['user-agent']]).toEqual([
      'POST',
      '/analytics',
      'application/json',
      'BigBlueButton Analytics Callback',
    ])
    const token = one?.headers.authorization?.replace('Bearer ', '') ?? ''
    expect(readJwt(token)).toEqual({
      header: { typ: 'JWT', alg: 'HS512' },
      payload: { exp: Math.floor(clock.now() / 1000) + 86_400 },
    })
    const iso = (offset: number) => new Date(start + offset).toISOString().replace('Z', '+00:00')
    const entry = (offset: number, userid: string, event: string) => ({
      timestamp: iso(offset),
      userid,
      ext_userid: 'u-2',
      event,
    })
    const body = JSON.parse(one?.body ?? '{}')
    expect(body).toMatchObject({
      version: '1.0',
      meeting_id: 'a b&c',
      internal_meeting_id: expect.stringMatching(/^[0-9a-f]{40}-\d+$/),
    })
    expect(body.data).toMatchObject({
      duration: 142,
      start: iso(0),
      finish: iso(142_000),
      files: [],
      polls: [{ question: 'Ready?', options: ['Yes', 'No'], votes: { [bob.internalUserID]: 'Yes' } }],
    })
    expect(body.data.metadata).toEqual({
      is_breakout: 'false',
      meeting_name: 'Algebra',
      analytics_callback_url: `${receiver.url}/analytics`,
      bbb_origin: 'lms',
    })
    expect(body.data.attendees[0]).toMatchObject({
      ext_user_id: 'u-1',
      moderator: true,
      duration: 142,
      recent_talking_time: '',
    })
    expect(body.data.attendees[1]).toEqual({
      ext_user_id: 'u-2',
      name: 'Bob',
      moderator: false,
      joins: [iso(60_000), iso(132_000)],
      leaves: [iso(102_000), iso(142_000)],
      duration: 52,
      recent_talking_time: iso(102_000),
      engagement: { chats: 2, talks: 1, raisehand: 1, emojis: 1, poll_votes: 1, talk_time: 42 },
      sessions: [
        { joins: [entry(60_000, bob.internalUserID, 'join')], lefts: [entry(102_000, bob.internalUserID, 'left')] },
        {
          joins: [entry(132_000, tablet.internalUserID, 'join')],
          lefts: [entry(142_000, tablet.internalUserID, 'left')],
        },
      ],
    })
    expect(JSON.stringify(body)).not.toContain(secret)
  })

  it.each<[Record<string, boolean>, number]>([
    [{ record: true }, 1],
    [{ meetingKeepEvents: true }, 1],
    [{}, 0],
  ])('need kept events: with %o %i callbacks', async (parameters, count) => {
    const { fake, clock, receiver } = await setUp(url => ({ 'meta_analytics-callback-url': url, ...parameters }))
    fake.simulate.endMeeting('a b&c')
    await clock.advance(60_000)
    expect(receiver.received).toHaveLength(count)
  })
})
