import { Buffer } from 'node:buffer'
import {
  BbbWebhookError,
  type BbbWebhookReason,
  receiveWebhook,
  signWebhook,
  type VerifyWebhookOptions,
  verifyWebhook,
  type WebhookRequest,
} from 'bbb-client/webhooks'
import { describe, expect, it } from 'vitest'
import { bodyOf, type Capture, captures, data, requestOf, series } from './captures.ts'

/** The reason of the refusal, or the scheme that verified. */
function verdict(request: WebhookRequest, options: VerifyWebhookOptions): BbbWebhookReason | string {
  try {
    return verifyWebhook(request, options).scheme
  } catch (error) {
    if (error instanceof BbbWebhookError) return error.reason
    throw error
  }
}

const own = (capture: Capture) => ({ callbackUrl: capture.callbackURL, secrets: capture.secret })
const wrong = (capture: Capture) => capture.callbackURL.includes('#')
const all = captures().filter(capture => !wrong(capture))
const bodyScheme = all.filter(capture => capture.scheme === 'url+body')
const bearer = all.filter(capture => capture.auth === 'bearer')

describe.skipIf(!data)('recorded callbacks of bbb-webhooks 2.6.1, 3.3.1 and 3.5.0', () => {
  it('url+body and Bearer verify by default and parse to known events', () => {
    expect(bodyScheme).toHaveLength(254)
    expect(bearer).toHaveLength(22)
    for (const capture of [...bodyScheme, ...bearer]) {
      const received = receiveWebhook(requestOf(capture), own(capture))
      expect(received.scheme).toBe(capture.scheme ?? 'bearer')
      expect(received.algorithm).toBe(capture.algorithm)
      expect(received.domain).toBe(capture.domain)
      expect(received.forgeable).toBe(false)
      expect(received.events.map(event => event.known)).toEqual([true])
    }
  })

  it('every event has a meeting and a plausible time', () => {
    for (const capture of all) {
      const accept = [capture.scheme ?? 'bearer'] as const
      for (const event of receiveWebhook(requestOf(capture), { ...own(capture), accept }).events) {
        expect(event.meeting?.internalMeetingID).toMatch(/^[0-9a-f]{40}-\d{13}$/)
        expect(event.at?.getUTCFullYear()).toBe(2026)
      }
    }
  })

  it('T29 one flipped bit at any byte of body, URL or checksum refuses a url+body callback', () => {
    for (const capture of bodyScheme) {
      const request = requestOf(capture)
      // Every byte of a few captures, and one byte per region of all others: the cost is a hash each.
      const step = capture.n === 1 ? 1 : 97
      const body = bodyOf(capture)
      for (let at = capture.n % step; at < body.length; at += step) {
        const flipped = Buffer.from(body)
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
        expect(verdict({ ...request, body: flipped }, own(capture))).toBe('mismatch')
      }
      for (let at = 0; at < capture.callbackURL.length; at += 1) {
        const callbackUrl = flip(capture.callbackURL, at)
        // A URL that is none any more is refused as configuration.
        if (!/^https?:\/\/[^/?#]/i.test(callbackUrl)) continue
        expect(verdict(request, { ...own(capture), callbackUrl })).toBe('mismatch')
      }
      const start = capture.target.lastIndexOf('=') + 1
      for (let at = start; at < capture.target.length; at += 1) {
        expect(verdict({ ...request, target: flip(capture.target, at) }, own(capture))).not.toBe('url+body')
      }
    }
  })

  it('one flipped bit in the token refuses a Bearer callback', () => {
    for (const capture of bearer) {
      for (let at = 0; at < capture.secret.length; at += 1) {
        for (let bit = 0; bit < 16; bit += 1) {
          const token = `${capture.secret.slice(0, at)}${String.fromCharCode(capture.secret.charCodeAt(at) ^ (1 << bit))}${capture.secret.slice(at + 1)}`
          const headers = capture.rawHeaders.map(([name, value]) =>
            name.toLowerCase() === 'authorization' ? ([name, `Bearer ${token}`] as const) : ([name, value] as const),
          )
          expect(verdict({ ...requestOf(capture), headers }, own(capture))).toMatch(/^(mismatch|missing)$/)
        }
      }
    }
  })

  it('T34 the two old schemes verify only when named, and url+braces is flagged forgeable', () => {
    const old = all.filter(capture => capture.scheme === 'url+json' || capture.scheme === 'url+braces')
    expect(old).toHaveLength(75)
    for (const capture of old) {
      const scheme = capture.scheme ?? 'bearer'
      expect(verdict(requestOf(capture), own(capture))).toBe('mismatch')
      const verified = verifyWebhook(requestOf(capture), { ...own(capture), accept: ['url+body', 'bearer', scheme] })
      expect(verified).toMatchObject({ scheme, algorithm: capture.algorithm, forgeable: scheme === 'url+braces' })
    }
  })

  it('T34 a forged body keeps a url+braces checksum valid, which is why it is flagged', () => {
    for (const capture of series('v33-sha1-plain')) {
      const request = { ...requestOf(capture), body: 'domain=evil.example&event=%5B%5D&timestamp=1' }
      expect(verifyWebhook(request, { ...own(capture), accept: ['url+braces'] }).forgeable).toBe(true)
    }
  })

  it('odd URLs: what was registered is signed, whatever arrives; a #fragment loses the checksum', () => {
    const odd = series('v34-sha256-odd-urls')
    const verdicts = odd.map(capture => [
      capture.callbackURL.replace(/:\d+/, ''),
      verdict(requestOf(capture), own(capture)),
    ])
    expect(verdicts).toEqual([
      ['http://127.0.0.1', 'url+body'],
      ['http://127.0.0.1/q?', 'url+body'],
      ['http://127.0.0.1/c?checksum=mine&z=1', 'url+body'],
      ['http://127.0.0.1/a b?x=1 2', 'url+body'],
      ['http://127.0.0.1/é?ü=ö', 'url+body'],
      ['http://127.0.0.1/a/../b/./c', 'url+body'],
      ['http://127.0.0.1/f#part', 'missing'],
      ['http://127.0.0.1/t?a=1&', 'url+body'],
      ['http://127.0.0.1/p?a=1+2', 'url+body'],
      ['http://127.0.0.1/l?x=%c3%a9', 'url+body'],
      ['HTTP://LocalHost/upper', 'url+body'],
    ])
  })

  it('signWebhook writes every recorded callback again, byte for byte', () => {
    for (const capture of all) {
      const form = new URLSearchParams(bodyOf(capture).toString())
      const signed = signWebhook({
        callbackUrl: capture.callbackURL,
        secret: capture.secret,
        events: JSON.parse(form.get('event') ?? ''),
        timestamp: Number(form.get('timestamp')),
        domain: capture.domain,
        scheme: capture.scheme ?? 'bearer',
        algorithm: capture.algorithm ?? undefined,
      })
      expect(signed.target).toBe(capture.target)
      // 2.x writes Bearer bodies in its own order.
      if (capture.series !== 'v2-bearer') expect(signed.body).toBe(bodyOf(capture).toString())
    }
  })

  it('raw and mapped events come mixed in one stream (getRaw)', () => {
    const events = series('v34-sha256-getraw').flatMap(
      capture => receiveWebhook(requestOf(capture), own(capture)).events,
    )
    expect(events.filter(event => event.form === 'raw')).toHaveLength(48)
    expect(events.filter(event => event.form === 'mapped').map(event => event.id)).toEqual(['user-left', 'user-left'])
    expect(events.every(event => event.known)).toBe(true)
  })

  it('2.x batches several events into one callback', () => {
    const sizes = series('v2-sha1-batched').map(
      capture => receiveWebhook(requestOf(capture), { ...own(capture), accept: ['url+json'] }).events.length,
    )
    expect(sizes).toEqual([1, 4, 4, 1])
  })

  it('races: what bbb-webhooks does not know yet is null, and the order is no order', () => {
    const events = series('v34-sha256-races').flatMap(
      capture => receiveWebhook(requestOf(capture), own(capture)).events,
    )
    expect(events.slice(0, 3).map(event => event.id)).toEqual([
      'user-audio-voice-enabled',
      'user-presenter-assigned',
      'meeting-created',
    ])
    expect(events[0]).toMatchObject({
      meeting: { externalMeetingID: null },
      user: { internalUserID: 'w_m3n4o5p6q7r8', externalUserID: null },
    })
    expect(events.map(event => event.at?.getTime() ?? 0).slice(0, 3)).toEqual([
      1795370312981, 1795370312980, 1795370312978,
    ])
  })

  it('reconnects: the same connection leaves and joins, nobody speaks, and a second user-left knows less', () => {
    const events = series('v34-sha256-reconnects').flatMap(
      capture => receiveWebhook(requestOf(capture), own(capture)).events,
    )
    const bob = events.flatMap(event =>
      (event.id === 'user-joined' || event.id === 'user-left') && event.user.internalUserID === 'w_m3n4o5p6q7r8'
        ? [[event.id, event.user.externalUserID, event.user.guest]]
        : [],
    )
    expect(bob).toEqual([
      ['user-joined', 'u-1002', true],
      ['user-left', 'u-1002', true],
      ['user-joined', 'u-1002', true],
      ['user-joined', 'u-1002', true],
      ['user-left', 'u-1002', true],
      ['user-left', null, false],
    ])
    expect(events.find(event => event.id === 'transcript-updated')).toMatchObject({
      user: { internalUserID: null, externalUserID: null },
      transcript: { text: 'said by nobody', final: true },
    })
  })

  it('recordings: types that vary upstream come out as one', () => {
    const events = series('v34-sha256-recordings').flatMap(
      capture => receiveWebhook(requestOf(capture), own(capture)).events,
    )
    const published = events.flatMap(event => (event.id === 'rap-publish-ended' ? [event] : []))
    expect(published.map(({ success, workflow }) => [success, workflow])).toEqual([
      [false, 'presentation'],
      [true, 'presentation'],
      [true, 'notes'],
      [true, 'podcast'],
    ])
    expect(published[0]?.recording).toMatchObject({ name: null, playback: null, startTime: null, metadata: {} })
    expect(published[1]?.recording).toMatchObject({
      name: '2024',
      isBreakout: false,
      startTime: new Date(1795370340437),
      metadata: { meetingId: '4711', meetingName: '2024', empty: '', zip: '01234', count: '7' },
    })
    expect(published.slice(1).map(({ recording }) => recording?.playback?.previewImages.length)).toEqual([0, 1, 0])
    expect(events.at(-3)?.at).toEqual(new Date(1795370311170))
    expect(events.at(-1)?.at).toEqual(new Date(1795370311000))
  })

  it('retries repeat target and body exactly, so equal bytes are one event', () => {
    const tries = series('v34-sha256-retries').map(capture => `${capture.target} ${capture.bodyBase64}`)
    expect([tries.length, new Set(tries).size]).toEqual([7, 4])
  })

  it('T24 no credential of a capture survives parsing', () => {
    for (const capture of all) {
      const { events } = receiveWebhook(requestOf(capture), { ...own(capture), accept: [capture.scheme ?? 'bearer'] })
      expect(JSON.stringify(events)).not.toMatch(/fakesessiontoken|"mp-|"ap-|"ld-|session-token|moderator-pass/)
    }
  })
})

function flip(text: string, at: number): string {
  return `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ (1 << (at % 7)))}${text.slice(at + 1)}`
}
