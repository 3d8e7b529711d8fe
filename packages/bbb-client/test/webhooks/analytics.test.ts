import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  parseAnalytics,
  readMeetingEnded,
  receiveAnalytics,
  receiveRecordingReady,
  type SecretOptions,
} from 'bbb-client/webhooks'
import { SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { data } from './captures.ts'
import { forge, key } from './tokens.ts'
import { refusal, SECRET } from './wire.ts'

const own: SecretOptions = { secrets: SECRET }

describe('learning analytics', () => {
  const NOW = 1_704_164_645
  const now = () => new Date(NOW * 1000)
  const body = JSON.stringify({
    version: '1.0',
    meeting_id: 'class-7',
    internal_meeting_id: '1f0c-1704164645123',
    data: {
      metadata: { is_breakout: 'false' },
      duration: 1200,
      start: '2024-01-02T03:04:05.000+00:00',
      finish: '2024-01-02T04:24:05.000+01:00',
      attendees: [
        {
          ext_user_id: '0012',
          name: 'Ada',
          moderator: true,
          joins: ['2024-01-02T03:04:10.000+00:00'],
          leaves: [],
          duration: 1190,
          recent_talking_time: '',
          engagement: { chats: 2, talks: 3, raisehand: 1, emojis: 0, poll_votes: 0, talk_time: 42, drawings: 5 },
        },
      ],
      files: ['default.pdf'],
      polls: [{ id: 'p1', published: false, options: ['Yes', 3], votes: { w_1: 'Yes', w_2: ['Yes', 'No'] } }],
    },
  })
  const send = (token: string, text = body, options: SecretOptions = { secrets: SECRET, now }) =>
    receiveAnalytics(
      { method: 'POST', target: '/a', headers: { authorization: `Bearer ${token}` }, body: text },
      options,
    )
  const token = (exp: unknown, header: unknown = { typ: 'JWT', alg: 'HS512' }) =>
    forge(header, { exp }, SECRET, 'sha512')

  it('reads a report, told to be forgeable because the token does not sign it', async () => {
    const other = await new SignJWT({})
      .setProtectedHeader({ typ: 'JWT', alg: 'HS512' })
      .setExpirationTime(NOW + 86_400)
      .sign(key(SECRET))
    expect(send(other)).toEqual({
      secretIndex: 0,
      secretId: null,
      forgeable: true,
      version: '1.0',
      meetingID: 'class-7',
      internalMeetingID: '1f0c-1704164645123',
      metadata: { is_breakout: 'false' },
      durationSeconds: 1200,
      startedAt: new Date('2024-01-02T03:04:05Z'),
      finishedAt: new Date('2024-01-02T03:24:05Z'),
      attendees: [
        {
          externalUserID: '0012',
          name: 'Ada',
          moderator: true,
          joins: [new Date('2024-01-02T03:04:10Z')],
          leaves: [],
          durationSeconds: 1190,
          recentTalkingAt: null,
          engagement: { chats: 2, talks: 3, raisedHands: 1, emojis: 0, pollVotes: 0, talkTimeSeconds: 42 },
          sessions: [],
        },
      ],
      files: ['default.pdf'],
      polls: [
        {
          id: 'p1',
          type: null,
          question: null,
          published: false,
          options: ['Yes', '3'],
          startedAt: null,
          votes: { w_1: ['Yes'], w_2: ['Yes', 'No'] },
        },
      ],
      extra: { 'data.attendees[0].engagement.drawings': 5 },
    })
  })

  it('T39 HS512 with an end time that has not come, and nothing else', () => {
    expect(send(token(NOW - 59)).meetingID).toBe('class-7')
    for (const exp of [NOW - 60, 0, -1, '9999999999', null, { $gt: 0 }])
      expect(refusal(() => send(token(exp))).reason).toBe('expired')
    expect(refusal(() => send(forge({ alg: 'HS512' }, {}, SECRET, 'sha512'))).reason).toBe('expired')
    expect(refusal(() => send(forge({ alg: 'HS256' }, { exp: NOW + 9 }))).reason).toBe('algorithm')
    expect(refusal(() => send(new UnsecuredJWT({ exp: NOW + 9 }).encode())).verified).toBe(false)
    expect(refusal(() => send(SECRET)).reason).toBe('mismatch')
    expect(refusal(() => receiveAnalytics({ target: '/', headers: {}, body }, own)).reason).toBe('missing')
  })

  it('a report that cannot be read is malformed and verified', () => {
    const report = JSON.parse(body)
    const attendee = report.data.attendees[0]
    const withAttendee = (more: object) => ({
      ...report,
      data: { ...report.data, attendees: [{ ...attendee, ...more }] },
    })
    const bad = [
      '',
      'null',
      '[]',
      '{}',
      { ...report, data: null },
      { ...report, meeting_id: '' },
      { ...report, data: {} },
      withAttendee({ joins: ['soon'] }),
      withAttendee({ sessions: [{ joins: [{}] }] }),
    ]
    for (const value of bad) {
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      expect(
        refusal(() => send(token(NOW + 9), text)),
        text,
      ).toMatchObject({ reason: 'malformed', verified: true })
    }
    expect(refusal(() => parseAnalytics(Buffer.from([0x7b, 0xff]))).reason).toBe('malformed')
  })

  it('a class of 2,000 with three connections each is within the limits', () => {
    const moment = { timestamp: '2024-01-02T03:04:10.000+00:00', userid: 'w_1', ext_userid: 'u', event: 'join' }
    const session = { joins: [moment], lefts: [moment] }
    const report = JSON.parse(body)
    const attendee = { ...report.data.attendees[0], sessions: [session, session, session] }
    report.data.attendees = Array(2000).fill(attendee)
    const { attendees } = send(token(NOW + 9), JSON.stringify(report))
    expect(attendees).toHaveLength(2000)
    expect(attendees[1999]?.sessions[2]?.leaves[0]?.internalUserID).toBe('w_1')
  })
})

describe.skipIf(!data)('callbacks of the fixtures', () => {
  const read = (file: string) => readFileSync(join(data ?? '', 'bbb/fixtures/callbacks', file), 'utf8')
  const fixtures: { file: string; note: string; expect?: { payload?: Record<string, string>; attendees?: number } }[] =
    data ? JSON.parse(readFileSync(join(data, 'bbb/fixtures/index.json'), 'utf8')).fixtures : []
  const expected = (file: string) => fixtures.find(fixture => fixture.file === `callbacks/${file}`)?.expect
  const secret =
    /secret (\S+)$/.exec(fixtures.find(({ file }) => file === 'callbacks/recording-ready-body.txt')?.note ?? '')?.[1] ??
    ''

  it('recording-ready reads as the index says, and alg none is refused', () => {
    const request = { target: '/', headers: {}, body: read('recording-ready-body.txt').trim() }
    const { meetingID, recordID } = receiveRecordingReady(request, { secrets: secret })
    expect({ meeting_id: meetingID, record_id: recordID }).toEqual(expected('recording-ready-body.txt')?.payload)
    const none = { ...request, body: read('recording-ready-wrong-alg.txt').trim() }
    expect(refusal(() => receiveRecordingReady(none, { secrets: secret })).verified).toBe(false)
  })

  it('analytics verifies with its own headers until 24 hours later, and reads as the index says', () => {
    const { decoded, secret: analyticsSecret, ...headers } = JSON.parse(read('analytics-headers.json'))
    const options = (ms: number) => ({ secrets: analyticsSecret, now: () => new Date(ms) })
    for (const file of ['analytics-body.json', 'analytics-body-empty-meeting.json']) {
      const request = { method: 'POST', target: '/', headers, body: read(file) }
      const report = receiveAnalytics(request, options(decoded.payload.exp * 1000))
      expect(report.attendees).toHaveLength(expected(file)?.attendees ?? 0)
      expect(report.extra).toEqual({})
      expect(refusal(() => receiveAnalytics(request, options(decoded.payload.exp * 1000 + 60_000))).reason).toBe(
        'expired',
      )
    }
  })

  it('meeting-ended URLs read as they were called', () => {
    const urls: { called: string; meetingID?: string }[] = JSON.parse(read('meeting-ended-urls.json'))
    const hints = urls.map(({ called }) => readMeetingEnded(called.slice('https://lms.example.com'.length)))
    expect(hints).toEqual([
      { meetingID: 'random-1234567', recordingMarks: false },
      { meetingID: 'a b&c', recordingMarks: true },
      { meetingID: null, recordingMarks: null },
    ])
  })
})
