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

describe('recordings, whose types depend on their content', () => {
  const published = (recording: unknown, success: unknown = true) =>
    read(
      wireEvent(
        'rap-publish-ended',
        { 'record-id': RECORD, success, 'step-time': 12, workflow: 'video', recording },
        1_700_000_000,
      ),
    )

  it('numbers, texts and empty elements come out with one type', () => {
    expect(
      published({
        name: 2024,
        'is-breakout': 'false',
        'start-time': 1_700_000_000_000,
        'end-time': '1700000600000',
        size: '5242880',
        'raw-size': {},
        metadata: { count: 7, zip: '01234', empty: {}, list: ['x'], flag: true },
        playback: {
          format: 'video',
          link: 'https://bbb.example.org/v',
          processing_time: 1,
          duration: 600_000,
          size: 9,
          extensions: { preview: { images: { image: 'https://bbb.example.org/1.png' } } },
        },
        download: {},
      }),
    ).toEqual({
      id: 'rap-publish-ended',
      meeting,
      recordID: RECORD,
      workflow: 'video',
      success: true,
      stepTimeMs: 12,
      recording: {
        name: '2024',
        isBreakout: false,
        startTime: new Date(1_700_000_000_000),
        endTime: new Date(1_700_000_600_000),
        sizeBytes: 5_242_880,
        rawSizeBytes: null,
        metadata: { count: '7', zip: '01234', empty: '', flag: 'true' },
        playback: {
          format: 'video',
          link: 'https://bbb.example.org/v',
          processingTimeMs: 1,
          durationMs: 600_000,
          sizeBytes: 9,
          previewImages: ['https://bbb.example.org/1.png'],
        },
      },
    })
  })

  it('one preview image or several are a list', () => {
    const images = (image: unknown) => ({ playback: { link: 'l', extensions: { preview: { images: { image } } } } })
    for (const [image, expected] of [
      ['a', ['a']],
      [
        ['a', 'b'],
        ['a', 'b'],
      ],
      [{}, []],
      [[{}, 'a'], ['a']],
    ] as const) {
      expect(published(images(image))).toMatchObject({ recording: { playback: { previewImages: expected } } })
    }
  })

  it('a failed publication has no playback', () => {
    const empty = { 'start-time': {}, 'end-time': {}, 'raw-size': {}, metadata: {}, playback: {}, download: {} }
    expect(published(empty, false)).toMatchObject({
      success: false,
      recording: { playback: null, startTime: null, metadata: {} },
    })
    expect(published(undefined, false)).toMatchObject({ recording: null })
  })

  it('what upstream makes up stays apart, and 2.x leaves the record id to the meeting', () => {
    const [event] = parse(
      wireEvent('rap-archive-ended', { 'record-id': RECORD, success: true, recorded: false, duration: 0 }),
    )
    expect(event?.known && event.extra).toEqual({ recorded: false, duration: 0 })
    expect(read(wireEvent('rap-published'))).toEqual({
      id: 'rap-published',
      meeting,
      recordID: RECORD,
      success: null,
      stepTimeMs: null,
    })
  })
})

describe('raw messages (getRaw)', () => {
  const akka = (name: string, body: unknown, userId: unknown = 'w_abc123') => ({
    envelope: { name, routing: { meetingId: RECORD, userId }, timestamp: 1_700_000_000_123 },
    core: { header: { name, meetingId: RECORD, userId }, body },
  })
  const rap = (name: string, payload: unknown) => ({
    header: { name, current_time: 1_700_000_000, timestamp: 1, version: '0.0.1' },
    payload,
  })
  const bare = { internalMeetingID: RECORD, externalMeetingID: null }
  const who = { internalUserID: 'w_abc123', externalUserID: null }

  it('are told apart by shape and read as the events they correspond to', () => {
    const events = parse(
      akka('UserJoinedMeetingEvtMsg', {
        intId: 'w_abc123',
        extId: 'student-12',
        name: 'Zoë',
        role: 'VIEWER',
        guest: true,
        sessionToken: ['t0ps3cret'],
        authToken: 't0ps3cret',
      }),
      wireEvent('user-left', { user: USER }),
      rap('post_publish_started', {
        workflow: 'x',
        record_id: RECORD,
        meeting_id: RECORD,
        external_meeting_id: 'class-7',
      }),
    )
    expect(events).toMatchObject([
      {
        id: 'user-joined',
        form: 'raw',
        at: new Date(1_700_000_000_123),
        meeting: bare,
        user: { externalUserID: 'student-12', guest: true },
      },
      { id: 'user-left', form: 'mapped' },
      {
        id: 'rap-post-publish-started',
        form: 'raw',
        at: new Date(1_700_000_000_000),
        meeting,
        recordID: RECORD,
        workflow: 'x',
      },
    ])
    expect(JSON.stringify(events)).not.toContain('t0ps3cret')
  })

  it('who answered a poll is known here', () => {
    expect(read(akka('UserRespondedToPollRespMsg', { pollId: 'p', userId: 'w_2', answerIds: [0] }))).toEqual({
      id: 'poll-responded',
      meeting: bare,
      presenter: who,
      respondent: { internalUserID: 'w_2', externalUserID: null },
      poll: { id: 'p', answerIDs: [0] },
    })
  })

  it('flags decide between ids', () => {
    const id = (name: string, body: unknown) => parse(akka(name, body))[0]?.id
    expect(id('RecordingStatusChangedEvtMsg', { recording: true })).toBe('meeting-recording-started')
    expect(id('RecordingStatusChangedEvtMsg', { recording: false })).toBe('meeting-recording-stopped')
    expect(id('RecordingStatusChangedEvtMsg', {})).toBe('meeting-recording-unhandled')
    expect(id('UserMutedVoiceEvtMsg', { muted: true })).toBe('user-audio-muted')
    expect(id('UserMutedVoiceEvtMsg', { muted: false })).toBe('user-audio-unmuted')
    expect(id('UserMutedVoiceEvtMsg', {})).toBe('user-audio-unhandled')
    expect(id('UserEmojiChangedEvtMsg', { emoji: 'raiseHand' })).toBe('user-raise-hand-changed')
    expect(id('UserReactionEmojiChangedEvtMsg', { reactionEmoji: '👍' })).toBe('user-emoji-changed')
  })

  it('screen sharing by nobody, and by somebody from 3.0.11 on', () => {
    expect(read(akka('ScreenshareRtmpBroadcastStartedEvtMsg', {}, 'not-used'))).toMatchObject({ user: null })
    expect(read(akka('ScreenshareRtmpBroadcastStoppedEvtMsg', {}))).toMatchObject({ user: who })
  })

  it('what corresponds to nothing is kept', () => {
    expect(parse(akka('TimerStartedEvtMsg', { moderatorPass: 'x', seconds: 3 }))[0]).toMatchObject({
      id: 'TimerStartedEvtMsg',
      known: false,
      form: 'raw',
      at: new Date(1_700_000_000_123),
      data: { core: { body: { seconds: 3 } } },
    })
    expect(parse(rap('archive_norecord', {}))[0]).toMatchObject({ id: 'archive_norecord', known: false, form: 'raw' })
    for (const name of ['constructor', 'toString', '__proto__'])
      expect(parse(akka(name, {}))[0]).toMatchObject({ id: name, known: false })
  })
})
