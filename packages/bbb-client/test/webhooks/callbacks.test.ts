import {
  BbbConfigError,
  readMeetingEnded,
  receiveMeetingEnded,
  receiveRecordingReady,
  type SecretOptions,
  type WebhookRequest,
} from 'bbb-client/webhooks'
import { SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { CLAIMS, forge, key, part } from './tokens.ts'
import { OTHER_SECRET, refusal, SECRET } from './wire.ts'

const own: SecretOptions = { secrets: SECRET }
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
