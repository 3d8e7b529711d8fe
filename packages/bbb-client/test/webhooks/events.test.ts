import { parseWebhook, WEBHOOK_EVENT_IDS, type WebhookEvent } from 'bbb-client/webhooks'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { form, MEETING, USER, wireEvent } from './wire.ts'

const RECORD = MEETING['internal-meeting-id']
const meeting = { internalMeetingID: RECORD, externalMeetingID: 'class-7' }
const user = { internalUserID: 'w_abc123', externalUserID: 'student-12' }

function parse(...events: unknown[]): readonly WebhookEvent[] {
  const text = form([
    ['domain', 'd'],
    ['event', JSON.stringify(events)],
    ['timestamp', '1700000000000'],
  ])
  return parseWebhook(text).events
}

/** The event without what all have alike. */
function read(wire: unknown) {
  const [event] = parse(wire)
  if (!event?.known) throw new Error('not a known event')
  const { known, at, form, extra, ...rest } = event
  return rest
}

/** What each id needs at the least, in wire form. */
const NEEDED: Record<string, Record<string, unknown>> = {
  'chat-group-message-sent': { 'chat-message': { message: 'hi', sender: USER } },
  'poll-started': { user: USER, poll: { id: 'p', answers: [] } },
  'poll-responded': { user: USER, poll: { id: 'p', answerIds: [] } },
  'pad-content': { pad: { id: 'p', text: '' } },
  'transcript-updated': { user: USER, transcript: { id: 't', transcript: '' } },
  'user-raise-hand-changed': { user: { ...USER, 'raise-hand': false } },
}

describe('typed events', () => {
  it('there is one for every id of bbb-webhooks 2.3 to 3.5', () => {
    expect(WEBHOOK_EVENT_IDS).toHaveLength(45)
    for (const id of WEBHOOK_EVENT_IDS) {
      const needed =
        NEEDED[id] ?? (id.startsWith('user-') ? { user: USER } : id.startsWith('rap-') ? { success: true } : {})
      const [event] = parse(wireEvent(id, needed))
      expect(event, id).toMatchObject({ id, known: true, form: 'mapped', meeting, at: new Date(1_700_000_000_123) })
    }
  })

  it('comparing the id narrows the type', () => {
    const [event] = parse(wireEvent('user-joined', { user: { ...USER, name: 'Zoë' } }))
    if (event?.id !== 'user-joined') throw new Error('wrong event')
    expectTypeOf(event.user.name).toEqualTypeOf<string | null>()
    expectTypeOf(event.known).toEqualTypeOf<true>()
    expect(event.user.name).toBe('Zoë')
  })

  it('what is left after every known id is the unknown event', () => {
    const [event] = parse(wireEvent('new-thing'))
    if (event === undefined || event.known) throw new Error('wrong event')
    expectTypeOf(event.data).toEqualTypeOf<Readonly<Record<string, unknown>>>()
    expectTypeOf(event.id).toExtend<string>()
    expect(String(event.id)).toBe('new-thing')
  })

  it('meeting-created carries everything but the passwords', () => {
    const wire = wireEvent('meeting-created', {
      meeting: {
        ...MEETING,
        name: 'Algèbre 😀',
        'is-breakout': false,
        'parent-id': 'bbb-none',
        duration: 60,
        'create-time': 1_700_000_000_042,
        'create-date': 'Tue Nov 14 22:13:20 UTC 2023',
        'moderator-pass': 'mp-secret',
        'viewer-pass': 'ap-secret',
        record: true,
        'voice-conf': '70910',
        'dial-number': '613-555-1234',
        'max-users': 0,
        metadata: { 'course-id': '0012', constructor: 'c' },
        audioBridge: 'livekit',
      },
    })
    expect(read(wire)).toEqual({
      id: 'meeting-created',
      meeting: {
        ...meeting,
        name: 'Algèbre 😀',
        createTime: 1_700_000_000_042,
        isBreakout: false,
        parentID: null,
        durationMinutes: 60,
        record: true,
        maxUsers: 0,
        voiceBridge: '70910',
        dialNumber: '613-555-1234',
        metadata: { 'course-id': '0012', constructor: 'c' },
        audioBridge: 'livekit',
        cameraBridge: null,
        screenShareBridge: null,
      },
    })
    const [event] = parse(wire)
    expect(event?.known && event.extra).toEqual({})
  })

  it('absent, empty and null ids are null', () => {
    const internal = { 'internal-meeting-id': RECORD }
    for (const external of [{}, { 'external-user-id': '' }, { 'external-user-id': null }]) {
      expect(
        read(wireEvent('user-left', { meeting: internal, user: { 'internal-user-id': 'w_1', ...external } })),
      ).toMatchObject({
        meeting: { internalMeetingID: RECORD, externalMeetingID: null },
        user: { internalUserID: 'w_1', externalUserID: null },
      })
    }
    for (const nobody of [null, '', 'not-used']) {
      const wire = wireEvent('transcript-updated', {
        user: { 'internal-user-id': nobody, 'external-user-id': '' },
        transcript: { id: 't', transcript: 'x' },
      })
      expect(read(wire)).toMatchObject({ user: { internalUserID: null, externalUserID: null } })
    }
  })

  it('ids stay text, also those that look like numbers', () => {
    const odd = { 'internal-user-id': 'w_1', 'external-user-id': '0012', name: '1e5' }
    expect(read(wireEvent('user-joined', { user: odd }))).toMatchObject({
      user: { externalUserID: '0012', name: '1e5' },
    })
    const number = { ...MEETING, 'external-meeting-id': 4711 }
    expect(read(wireEvent('meeting-ended', { meeting: number }))).toMatchObject({
      meeting: { externalMeetingID: '4711' },
    })
  })

  it('user-joined: role, guest, userdata and personal data, but no session token', () => {
    const wire = wireEvent('user-joined', {
      user: {
        ...USER,
        name: "Bob 🚀 O'Neil",
        role: 'MODERATOR',
        presenter: false,
        guest: 'true',
        userdata: { bbb_auto_join_audio: 'true' },
        'ip-address': '203.0.113.9',
        'user-agent': 'Firefox',
        referer: 'https://lms.example.org/',
        'session-token': ['t0ps3cret'],
      },
    })
    expect(read(wire)).toEqual({
      id: 'user-joined',
      meeting,
      user: {
        ...user,
        name: "Bob 🚀 O'Neil",
        role: 'MODERATOR',
        presenter: false,
        guest: true,
        userdata: { bbb_auto_join_audio: 'true' },
        ipAddress: '203.0.113.9',
        userAgent: 'Firefox',
        referer: 'https://lms.example.org/',
      },
    })
  })

  it('raised hands come in two spellings', () => {
    for (const key of ['raise-hand', 'raiseHand']) {
      expect(read(wireEvent('user-raise-hand-changed', { user: { ...USER, [key]: true } }))).toMatchObject({
        user: { raiseHand: true },
      })
    }
  })

  it('who answered a poll is not said: the user of the wire is the presenter', () => {
    expect(read(wireEvent('poll-responded', { user: USER, poll: { id: 'p', answerIds: [1, 2] } }))).toEqual({
      id: 'poll-responded',
      meeting,
      presenter: user,
      respondent: null,
      poll: { id: 'p', answerIDs: [1, 2] },
    })
  })

  it('a chat message of 2.x has the display name where the external id belongs', () => {
    const sender = { 'internal-user-id': 'w_1', 'external-user-id': 'Alice Müller', time: 1_700_000_000_000 }
    const old = { 'chat-message': { message: '<b>hi</b>', sender }, 'chat-id': 'MAIN-PUBLIC-GROUP-CHAT' }
    expect(read(wireEvent('chat-group-message-sent', old))).toMatchObject({
      chatID: 'MAIN-PUBLIC-GROUP-CHAT',
      message: {
        id: null,
        text: '<b>hi</b>',
        sentAt: new Date(1_700_000_000_000),
        sender: { internalUserID: 'w_1', externalUserID: null, name: 'Alice Müller' },
      },
    })
    const recent = { 'chat-message': { id: 'm', message: '', sender: { ...USER, name: 'Alice' } } }
    expect(read(wireEvent('chat-group-message-sent', recent))).toMatchObject({
      message: { id: 'm', text: '', sender: { ...user, name: 'Alice' } },
    })
  })

  it('screen sharing names nobody before bbb-webhooks 3', () => {
    expect(read(wireEvent('meeting-screenshare-started'))).toMatchObject({ user: null })
    expect(read(wireEvent('meeting-screenshare-started', { user: USER }))).toMatchObject({ user })
  })
})
