import { inspect } from 'node:util'
import {
  BbbConfigError,
  type ChecksumAlgorithm,
  receiveWebhook,
  signWebhook,
  type VerifyWebhookOptions,
  verifyWebhook,
  type WebhookRequest,
  type WebhookScheme,
} from 'bbb-client/webhooks'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JOINED, OTHER_SECRET, refusal, SECRET, signed, URL } from './wire.ts'

const own: VerifyWebhookOptions = { callbackUrl: URL, secrets: SECRET }
const SCHEMES: readonly WebhookScheme[] = ['url+body', 'bearer', 'url+json', 'url+braces']
const ALGORITHMS: readonly ChecksumAlgorithm[] = ['sha1', 'sha256', 'sha384', 'sha512']
const reason = (request: WebhookRequest, options: VerifyWebhookOptions = own) =>
  refusal(() => verifyWebhook(request, options)).reason
const withHeaders = (request: WebhookRequest, more: Record<string, string>): WebhookRequest => ({
  ...request,
  headers: { ...(request.headers as Record<string, string>), ...more },
})

describe('verifyWebhook', () => {
  it('verifies every scheme and algorithm, and says which it was', () => {
    for (const scheme of SCHEMES) {
      for (const algorithm of ALGORITHMS) {
        const verified = verifyWebhook(signed({ scheme, algorithm }), { ...own, accept: [scheme] })
        expect(verified).toEqual({
          scheme,
          algorithm: scheme === 'bearer' ? null : algorithm,
          secretIndex: 0,
          secretId: null,
          callbackUrl: scheme === 'bearer' ? null : URL,
          forgeable: scheme === 'url+braces',
        })
      }
    }
  })

  it('any events, texts and URLs survive the way from signWebhook to receiveWebhook', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map(value => value.toWellFormed().replaceAll('\0', ''))
    const path = fc.array(fc.stringMatching(/^[a-zA-Z0-9 é.~!'()*%_-]{1,8}$/), { maxLength: 4 })
    fc.assert(
      fc.property(
        text,
        text,
        path,
        fc.constantFrom(...SCHEMES),
        fc.constantFrom(...ALGORITHMS),
        (name, domain, parts, scheme, algorithm) => {
          const callbackUrl = `https://lms.example.org/${parts.map(part => part.replaceAll('%', '%25')).join('/')}`
          const events = [
            {
              data: {
                ...JOINED.data,
                attributes: { ...JOINED.data.attributes, user: { 'internal-user-id': 'w_1', name: `${name}.` } },
              },
            },
          ]
          const request = signWebhook({ callbackUrl, secret: SECRET, events, domain, scheme, algorithm })
          const received = receiveWebhook(request, { callbackUrl, secrets: SECRET, accept: [scheme] })
          expect(received.domain).toBe(domain)
          expect(received.events[0]).toMatchObject({ id: 'user-joined', user: { name: `${name}.` } })
        },
      ),
      { numRuns: 300 },
    )
  })

  it('takes headers as a Headers, as Node gives them and as pairs, in any letter case', () => {
    const token = `Bearer ${SECRET}`
    for (const headers of [
      new Headers({ Authorization: token }),
      { authorization: token },
      { AUTHORIZATION: token },
      [['Authorization', token]] as const,
      new Map([['authorization', token]]),
      { authorization: `bearer ${SECRET}` },
    ]) {
      expect(verifyWebhook({ target: '/x', headers, body: '' }, own).scheme).toBe('bearer')
    }
  })

  it('takes bodies as Buffer, Uint8Array and text', () => {
    const request = signed()
    const bytes = new TextEncoder().encode(String(request.body))
    for (const body of [request.body, bytes, Buffer.from(bytes), bytes.subarray(0)]) {
      expect(verifyWebhook({ ...request, body }, own).scheme).toBe('url+body')
    }
  })

  it('a checksum beside a foreign Bearer token still counts, since proxies add their own', () => {
    const request = withHeaders(signed(), { authorization: 'Bearer of-the-proxy' })
    expect(verifyWebhook(request, own).scheme).toBe('url+body')
    expect(verifyWebhook(request, { ...own, accept: ['url+body'] }).scheme).toBe('url+body')
  })

  it('says what to do for each refusal', () => {
    expect(reason({ target: '/x', headers: {}, body: '' })).toBe('missing')
    expect(reason({ ...signed(), method: 'GET' })).toBe('method')
    expect(reason(signed({ scheme: 'bearer' }), { ...own, accept: ['url+body'] })).toBe('scheme')
    expect(reason(signed(), { ...own, accept: ['bearer'] })).toBe('scheme')
    expect(reason(signed(), { ...own, maxBodyBytes: 10 })).toBe('too_large')
    expect(refusal(() => verifyWebhook(signed(), { ...own, callbackUrl: `${URL}/` })).message).toMatch(
      /callbackUrl is the string given to hooks\/create/,
    )
  })

  it('T29 a body that a framework parsed is refused with what to change, never written again', () => {
    for (const body of [{ event: '[]' }, undefined, null, 42, ['x']]) {
      const error = refusal(() => verifyWebhook({ ...signed(), body: body as never }, own))
      expect(error.reason).toBe('parsed')
      expect(error.message).toMatch(/express\.raw/)
    }
  })

  it('T29 flipping any bit of body, URL or checksum refuses (own fixture)', () => {
    const request = signed()
    const body = Buffer.from(String(request.body))
    for (let bit = 0; bit < body.length * 8; bit += 1) {
      const flipped = Buffer.from(body)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(reason({ ...request, body: flipped })).toBe('mismatch')
    }
    const start = request.target.lastIndexOf('=') + 1
    for (let at = start; at < request.target.length; at += 1) {
      for (let bit = 0; bit < 16; bit += 1) {
        const code = request.target.charCodeAt(at) ^ (1 << bit)
        const target = request.target.slice(0, at) + String.fromCharCode(code) + request.target.slice(at + 1)
        expect(() => verifyWebhook({ ...request, target }, own)).toThrow()
      }
    }
  })

  it('T32 nothing in the request can choose the URL that was signed', () => {
    const spoofed = {
      host: 'evil.example',
      forwarded: 'host=evil.example;proto=https',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-prefix': '/other',
      'x-original-url': '/other',
      'x-rewrite-url': '/other',
      referer: 'https://evil.example/hooks/bbb',
    }
    const good = signed()
    const forged = signed({ callbackUrl: 'https://evil.example/hooks/bbb?school=north' })
    for (const [name, value] of Object.entries(spoofed)) {
      expect(verifyWebhook(withHeaders(good, { [name]: value }), own).scheme).toBe('url+body')
      expect(reason(withHeaders(forged, { [name]: value }))).toBe('mismatch')
    }
    const absolute = { ...forged, target: `https://evil.example${forged.target}` }
    expect(reason(absolute)).toBe('mismatch')
    expect(
      verifyWebhook(
        { ...good, target: `http://evil.example/elsewhere${good.target.slice(good.target.indexOf('?'))}` },
        own,
      ).scheme,
    ).toBe('url+body')
  })

  it('several URLs while one replaces another, and tells which was signed', () => {
    const callbackUrl = ['https://old.example.org/hook', URL]
    expect(verifyWebhook(signed(), { ...own, callbackUrl }).callbackUrl).toBe(URL)
    expect(
      verifyWebhook(signed({ callbackUrl: 'https://old.example.org/hook' }), { ...own, callbackUrl }).callbackUrl,
    ).toBe(callbackUrl[0])
  })

  it('T33 the length of the checksum selects only among the allowed algorithms', () => {
    for (const algorithm of ALGORITHMS) {
      for (const allowed of ALGORITHMS) {
        const options = { ...own, algorithms: [allowed] }
        if (allowed === algorithm) expect(verifyWebhook(signed({ algorithm }), options).algorithm).toBe(algorithm)
        else expect(reason(signed({ algorithm }), options)).toBe('algorithm')
      }
    }
  })

  it('T34 a body-blind or rebuilt checksum is refused by default', () => {
    expect(reason(signed({ scheme: 'url+braces' }))).toBe('mismatch')
    expect(reason(signed({ scheme: 'url+json' }))).toBe('mismatch')
  })

  it('T28 a Bearer secret over plain HTTP needs an explicit option; loopback and TLS do not', () => {
    const plain = { callbackUrl: 'http://lms.example.org/hook', secrets: SECRET }
    const request = signed({ scheme: 'bearer', callbackUrl: plain.callbackUrl })
    expect(reason(request, plain)).toBe('insecure')
    expect(reason(request, { ...plain, callbackUrl: ['https://lms.example.org/hook', plain.callbackUrl] })).toBe(
      'insecure',
    )
    expect(verifyWebhook(request, { ...plain, allowInsecureBearer: true }).scheme).toBe('bearer')
    for (const callbackUrl of [
      'https://lms.example.org/h',
      'http://127.0.0.1:99/h',
      'http://localhost/h',
      'http://[::1]/h',
    ]) {
      expect(verifyWebhook(request, { ...plain, callbackUrl }).scheme).toBe('bearer')
    }
    for (const callbackUrl of [
      'http://localhost.evil.example/h',
      'http://127.0.0.1.evil.example/h',
      'http://x@lms.example.org/h',
    ]) {
      expect(reason(request, { ...plain, callbackUrl })).toBe('insecure')
    }
  })

  it('T26 rotation: several secrets, each with its name and end time', () => {
    const end = new Date('2026-09-01T00:00:00Z')
    const at = (time: string): VerifyWebhookOptions => ({
      callbackUrl: URL,
      secrets: [
        { id: 'new', secret: OTHER_SECRET },
        { id: 'old', secret: SECRET, until: end },
      ],
      now: () => new Date(time),
    })
    for (const scheme of ['url+body', 'bearer'] as const) {
      expect(verifyWebhook(signed({ scheme }), at('2026-08-31T23:59:59Z'))).toMatchObject({
        secretId: 'old',
        secretIndex: 1,
      })
      expect(reason(signed({ scheme }), at('2026-09-01T00:00:00Z'))).toBe('expired')
      expect(verifyWebhook(signed({ scheme, secret: OTHER_SECRET }), at('2026-10-01T00:00:00Z')).secretId).toBe('new')
      const again = [{ secret: SECRET, until: end }, SECRET]
      expect(verifyWebhook(signed({ scheme }), { ...at('2026-10-01T00:00:00Z'), secrets: again }).secretIndex).toBe(1)
    }
  })

  it('T26 F22 a getter for secrets rotates them without a restart', () => {
    let secret = SECRET
    const options: VerifyWebhookOptions = {
      callbackUrl: URL,
      get secrets() {
        return secret
      },
    }
    expect(verifyWebhook(signed(), options).scheme).toBe('url+body')
    secret = OTHER_SECRET
    expect(reason(signed(), options)).toBe('mismatch')
  })

  it('T36 the secret that verified is told, so that a route can insist on its own server', () => {
    const secrets = [
      { id: 'north', secret: SECRET },
      { id: 'south', secret: OTHER_SECRET },
    ]
    expect(verifyWebhook(signed({ secret: OTHER_SECRET }), { ...own, secrets }).secretId).toBe('south')
  })

  it('T27 bad secrets, URLs and options are refused at once, without showing the value', () => {
    const table: Record<string, Partial<VerifyWebhookOptions>> = {
      empty: { secrets: '' },
      none: { secrets: [] },
      'blank end': { secrets: `${SECRET} ` },
      'line end': { secrets: `${SECRET}\n` },
      short: { secrets: 'fifteen-letters' },
      sample: { secrets: '8cd8ef52e8e101574e400365b55e11a6' },
      'no URL': { callbackUrl: '' },
      'no URLs': { callbackUrl: [] },
      'path only': { callbackUrl: '/hooks/bbb' },
      'other protocol': { callbackUrl: 'ftp://lms.example.org/h' },
      'no scheme': { accept: [] },
      'unknown scheme': { accept: ['url'] as never },
      'unknown algorithm': { algorithms: ['md5'] as never },
      'no limit': { maxBodyBytes: Number.NaN },
    }
    for (const [name, bad] of Object.entries(table)) {
      let thrown: unknown
      try {
        verifyWebhook(signed(), { ...own, ...bad })
      } catch (error) {
        thrown = error
      }
      expect(thrown, name).toBeInstanceOf(BbbConfigError)
      if (typeof bad.secrets === 'string' && bad.secrets !== '')
        expect(inspect(thrown)).not.toContain(bad.secrets.trim())
    }
  })

  it('T24 no refusal shows a secret, a checksum, a token or a part of the body', () => {
    const canary = `canary+/=%&'"[.*]${'x'.repeat(8)}`
    const request = signed({ secret: canary })
    const checksum = request.target.slice(request.target.lastIndexOf('=') + 1)
    const bearer = signed({ secret: canary, scheme: 'bearer' })
    const errors = [
      refusal(() => verifyWebhook(request, own)),
      refusal(() => verifyWebhook(request, { ...own, algorithms: ['sha1'] })),
      refusal(() => verifyWebhook({ ...request, method: 'PUT' }, own)),
      refusal(() => verifyWebhook({ ...request, body: 'x'.repeat(50) }, { ...own, maxBodyBytes: 3 })),
      refusal(() => verifyWebhook(bearer, own)),
      refusal(() => verifyWebhook(bearer, { ...own, accept: ['url+body'] })),
      refusal(() => verifyWebhook(bearer, { callbackUrl: 'http://lms.example.org/h', secrets: canary })),
      refusal(() => verifyWebhook(bearer, { ...own, secrets: { secret: canary, until: new Date(0) } })),
    ]
    for (const error of errors) {
      const shown = [
        inspect(error, { depth: 9, showHidden: true }),
        error.stack,
        String(error),
        JSON.stringify(error),
      ].join()
      for (const hidden of [canary, encodeURIComponent(canary), btoa(canary), checksum, SECRET, 'Zoë', 'student-12']) {
        expect(shown).not.toContain(hidden)
      }
    }
  })
})
