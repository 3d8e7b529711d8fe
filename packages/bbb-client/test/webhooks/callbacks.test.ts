import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  BbbConfigError,
  parseAnalytics,
  readMeetingEnded,
  receiveAnalytics,
  receiveMeetingEnded,
  receiveRecordingReady,
  type SecretOptions,
  type WebhookRequest,
} from 'bbb-client/webhooks'
import { SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { data } from './captures.ts'
import { OTHER_SECRET, refusal, SECRET } from './wire.ts'

const CLAIMS = { meeting_id: 'class-7', record_id: '1f0c5b3e-1700000000000' }
const own: SecretOptions = { secrets: SECRET }
const key = (secret: string) => new TextEncoder().encode(secret)
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
/** A token of any header, correctly signed under its header's claim or the hash given. */
function forge(header: unknown, claims: unknown = CLAIMS, secret = SECRET, hash = 'sha256'): string {
  const text = `${part(header)}.${part(claims)}`
  return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`
}
const form = (token: string): WebhookRequest => ({
  method: 'POST',
  target: '/ready',
  headers: {},
  body: `signed_parameters=${token}`,
})
const ready = (token: string, options = own) => receiveRecordingReady(form(token), options)

describe('recording ready', () => {
  it('reads a token of another library, with and without typ, and of several secrets', async () => {
    for (const header of [{ alg: 'HS256' }, { alg: 'HS256', typ: 'JWT' }]) {
      const token = await new SignJWT(CLAIMS).setProtectedHeader(header).sign(key(SECRET))
      expect(ready(token)).toEqual({ meetingID: 'class-7', recordID: CLAIMS.record_id, secretIndex: 0, secretId: null })
      const secrets = [OTHER_SECRET, { id: 'north', secret: SECRET }]
      expect(ready(token, { secrets })).toMatchObject({ secretIndex: 1, secretId: 'north' })
    }
  })

  it('T39 fourteen forged tokens and some more are refused', async () => {
    const right = forge({ alg: 'HS256' })
    const [header, payload, signature = ''] = right.split('.')
    const rsa = { alg: 'RS256' }
    const tokens: Record<string, string> = {
      'alg none': new UnsecuredJWT(CLAIMS).encode(),
      'alg None, with a signature': forge({ alg: 'None' }),
      'no alg': forge({}),
      HS384: forge({ alg: 'HS384' }, CLAIMS, SECRET, 'sha384'),
      HS512: await new SignJWT(CLAIMS).setProtectedHeader({ alg: 'HS512' }).sign(key(SECRET)),
      'asymmetric name, HMAC inside': forge(rsa),
      'lower-case name': forge({ alg: 'hs256' }),
      'list of names': forge({ alg: ['HS256'] }),
      'another secret': forge({ alg: 'HS256' }, CLAIMS, OTHER_SECRET),
      'empty secret': forge({ alg: 'HS256' }, CLAIMS, ''),
      'embedded key': forge({ alg: 'HS256', jwk: { kty: 'oct', k: part('x') } }, CLAIMS, 'x'),
      'embedded key, right secret': forge({ alg: 'HS256', jwk: { kty: 'oct', k: 'eA' } }),
      'referenced key': forge({ alg: 'HS256', jku: 'https://evil.example/keys' }),
      certificate: forge({ alg: 'HS256', x5c: ['MII'] }),
      'certificate address': forge({ alg: 'HS256', x5u: 'https://evil.example/c' }),
      'key id that is a path': forge({ alg: 'HS256', kid: '../../dev/null' }),
      'critical extension': forge({ alg: 'HS256', crit: ['b64'], b64: false }),
      'encrypted type': forge({ alg: 'HS256', typ: 'JWE' }),
      'signature missing': `${header}.${payload}.`,
      'signature and dot missing': `${header}.${payload}`,
      'signature cut': right.slice(0, -1),
      'signature longer': `${right}A`,
      'signature in other spelling': `${header}.${payload}.${signature}=`,
      'signature of another token': `${forge({ alg: 'HS256' }, { ...CLAIMS, record_id: 'r' }).replace(/[^.]+$/, signature)}`,
      'five parts': `${right}.${payload}.${signature}`,
      'JSON form': JSON.stringify({ protected: header, payload, signature }),
      'header that is no JSON': `${Buffer.from('{').toString('base64url')}.${payload}.${signature}`,
      'too long': forge({ alg: 'HS256' }, { ...CLAIMS, pad: 'x'.repeat(8192) }),
      nothing: '',
    }
    expect(ready(right).recordID).toBe(CLAIMS.record_id)
    for (const [name, token] of Object.entries(tokens)) {
      const error = refusal(() =>
        receiveRecordingReady(form(encodeURIComponent(token)), { ...own, maxBodyBytes: 100_000 }),
      )
      expect(error.verified, name).toBe(false)
      expect(error.message).not.toContain(signature)
    }
  })

  it('T39 every flipped bit of the token refuses', () => {
    const right = forge({ alg: 'HS256' })
    for (let at = 0; at < right.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const token = right.slice(0, at) + String.fromCharCode(right.charCodeAt(at) ^ (1 << bit)) + right.slice(at + 1)
        const error = refusal(() => receiveRecordingReady(form(encodeURIComponent(token)), own))
        expect(error.verified).toBe(false)
      }
    }
  })

  it('T39 exactly one signed_parameters, and a body of at most 8 KiB', () => {
    const token = forge({ alg: 'HS256' })
    const reason = (body: string) => refusal(() => receiveRecordingReady({ ...form(token), body }, own)).reason
    expect(reason(`signed_parameters=${token}&signed_parameters=${token}`)).toBe('missing')
    expect(reason(`signed_parameters=${token}&signed%5Fparameters=${token}`)).toBe('missing')
    expect(reason(`signed_parameters[]=${token}`)).toBe('missing')
    expect(reason('')).toBe('missing')
    expect(reason(`signed_parameters=${token}&pad=${'x'.repeat(8192)}`)).toBe('too_large')
    expect(refusal(() => receiveRecordingReady({ ...form(token), method: 'GET' }, own)).reason).toBe('method')
  })

  it('T39 only the two ids are read; a signed token without them is malformed, one past its end expired', () => {
    expect(ready(forge({ alg: 'HS256' }, { ...CLAIMS, admin: true, iss: 'x' }))).toEqual(ready(forge({ alg: 'HS256' })))
    for (const claims of [
      {},
      { meeting_id: 'm' },
      { ...CLAIMS, record_id: '' },
      { ...CLAIMS, meeting_id: { $ne: 1 } },
      [],
      'text',
      null,
    ]) {
      expect(refusal(() => ready(forge({ alg: 'HS256' }, claims)))).toMatchObject({
        reason: 'malformed',
        verified: true,
      })
    }
    const now = () => new Date(2_000_000_000_000)
    expect(
      refusal(() => ready(forge({ alg: 'HS256' }, { ...CLAIMS, exp: 1_999_999_000 }), { ...own, now })).reason,
    ).toBe('expired')
    expect(ready(forge({ alg: 'HS256' }, { ...CLAIMS, exp: 2_000_000_001 }), { ...own, now }).meetingID).toBe('class-7')
  })

  it('T26 a secret past its end time verifies no token', () => {
    const secrets = { secret: SECRET, until: new Date(1000) }
    expect(refusal(() => ready(forge({ alg: 'HS256' }), { secrets, now: () => new Date(1000) })).reason).toBe('expired')
    expect(ready(forge({ alg: 'HS256' }), { secrets, now: () => new Date(999) }).secretIndex).toBe(0)
  })
})

describe('T44 meeting ended', () => {
  const token = 'rAnd0m-P4th_tok3n-0123456789'
  const received = (target: string) => receiveMeetingEnded({ method: 'GET', target }, { token })

  it('is taken only with the token of the URL, as a whole segment or value', () => {
    const hint = { meetingID: 'a b&c', recordingMarks: true }
    expect(received(`/end/${token}?recordingmarks=true&meetingID=a+b%26c`)).toEqual(hint)
    expect(received(`/end?k=${token}&recordingmarks=true&meetingID=a+b%26c`)).toEqual(hint)
    expect(received(`/end/${token}`)).toEqual({ meetingID: null, recordingMarks: null })
    for (const forged of [
      '/end?recordingmarks=true&meetingID=class-7',
      `/end/${token}x?meetingID=class-7`,
      `/end/x${token}`,
      `/end/${token.toUpperCase()}`,
      `/end/${token.slice(0, -1)}`,
      `/end#${token}`,
      '/end/',
      '',
    ]) {
      expect(refusal(() => received(forged)).reason).toBe('mismatch')
    }
    expect(refusal(() => receiveMeetingEnded({ method: 'POST', target: `/end/${token}` }, { token })).reason).toBe(
      'method',
    )
    const tokens = ['another-rAnd0m-P4th_tok3n-12', token]
    expect(receiveMeetingEnded({ target: `/end/${token}` }, { token: tokens }).meetingID).toBeNull()
  })

  it('a token that can be guessed is refused as configuration', () => {
    for (const weak of ['', 'short', 'x'.repeat(21), [], [token, 'short']]) {
      expect(() => receiveMeetingEnded({ target: '/end' }, { token: weak })).toThrow(BbbConfigError)
    }
  })

  it('the last of repeated parameters counts, because BigBlueButton appends its own', () => {
    expect(readMeetingEnded('/end?meetingID=mine&recordingmarks=x&recordingmarks=false&meetingID=theirs')).toEqual({
      meetingID: 'theirs',
      recordingMarks: false,
    })
  })
})

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
