import { parseWebhook, type WebhookEvent } from 'bbb-client/webhooks'
import { describe, expect, it } from 'vitest'
import { form, MEETING, USER, wireEvent } from './wire.ts'

const RECORD = MEETING['internal-meeting-id']
const meeting = { internalMeetingID: RECORD, externalMeetingID: 'class-7' }
const _user = { internalUserID: 'w_abc123', externalUserID: 'student-12' }

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
