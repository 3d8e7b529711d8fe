import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BbbWebhookError, verifyWebhook, type WebhookRequest } from 'bbb-client/webhooks'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalDigests } from '../../src/webhooks/digest.ts'
import { findSigner } from '../../src/webhooks/signer.ts'
import { refusal, SECRET, signed, URL } from './wire.ts'

const own = { callbackUrl: URL, secrets: SECRET, accept: ['url+body', 'bearer', 'url+json', 'url+braces'] } as const
const good = signed()
const checksum = good.target.slice(good.target.lastIndexOf('=') + 1)
const withTarget = (target: unknown) => ({ ...good, target }) as WebhookRequest

describe('T31 malformed signatures', () => {
  it('are refused: missing, empty, repeated, of another length, not hex, upper case, not ASCII, over-long', () => {
    const path = '/hooks/bbb?school=north'
    const targets = [
      path,
      `${path}&checksum`,
      `${path}&checksum=`,
      `${path}&checksum=${checksum}&checksum=${checksum}`,
      `${path}&checksum=nonsense&checksum=${checksum}`,
      `${path}&checksum=${checksum}&checksum=`,
      `${path}&checksum[]=${checksum}`,
      `${path}&checksum%5B0%5D=${checksum}`,
      `${path}&Checksum=${checksum}`,
      `${path}&checksum=${checksum.slice(1)}`,
      `${path}&checksum=0${checksum}`,
      `${path}&checksum=${checksum.toUpperCase()}`,
      `${path}&checksum=%20${checksum}`,
      `${path}&checksum=${checksum}%00`,
      `${path}&checksum=${'g'.repeat(64)}`,
      `${path}&checksum=${'é'.repeat(64)}`,
      `${path}&checksum=${'ａ'.repeat(64)}`,
      `${path}&checksum=${'a'.repeat(100_000)}`,
      `${path}#&checksum=${checksum}`,
      `checksum=${checksum}`,
      '',
      undefined,
      null,
      7,
      ['/a', `?checksum=${checksum}`],
      { toString: () => good.target },
    ]
    for (const target of targets)
      expect(['missing', 'mismatch']).toContain(refusal(() => verifyWebhook(withTarget(target), own)).reason)
  })

  it('so are Bearer headers that are empty, repeated, array-shaped, cut or of another kind', () => {
    const { target, body } = signed({ scheme: 'bearer' })
    const headers = [
      { authorization: '' },
      { authorization: 'Bearer' },
      { authorization: 'Bearer ' },
      { authorization: SECRET },
      { authorization: `Basic ${SECRET}` },
      { authorization: `Bearer  ${SECRET}` },
      { authorization: `Bearer ${SECRET} ` },
      { authorization: `Bearer ${SECRET},Bearer ${SECRET}` },
      { authorization: [`Bearer ${SECRET}`, `Bearer ${SECRET}`] },
      [
        ['authorization', `Bearer ${SECRET}`],
        ['Authorization', `Bearer ${SECRET}`],
      ],
      { authorization: `Bearer ${SECRET.slice(0, -1)}` },
      { authorization: `Bearer ${SECRET}\0` },
      { authorization: `Bearer ${SECRET.replace('x', 'Ÿ').replace('o', 'ů')}` },
      { authorization: { toString: () => `Bearer ${SECRET}` } },
      null,
      undefined,
      'authorization',
      [['authorization'], null, 5, {}],
    ]
    for (const header of headers) {
      const request = { target, body, headers: header } as WebhookRequest
      expect(['missing', 'mismatch']).toContain(refusal(() => verifyWebhook(request, own)).reason)
    }
  })

  it('thousands of random mutations of headers and query give the typed refusal and nothing else', () => {
    const junk = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom('checksum', 'checksum=', '&', '?', '#', '%', '%zz', '[]', checksum, 'Bearer ', SECRET.slice(3)),
      fc.stringMatching(/^[0-9a-fA-F]{0,130}$/),
    )
    const value = fc.oneof(junk, fc.array(junk, { maxLength: 3 }), fc.constantFrom(undefined, null, 0, {}))
    const header = fc.dictionary(fc.constantFrom('authorization', 'Authorization', 'host', 'x', '__proto__'), value, {
      maxKeys: 4,
    })
    const target = fc.oneof(
      fc.array(junk, { maxLength: 8 }).map(parts => parts.join('')),
      fc
        .tuple(fc.nat(good.target.length - 1), junk)
        .map(([at, text]) => `${good.target.slice(0, at)}${text || '!'}${good.target.slice(at + 1)}`),
    )
    let verified = 0
    fc.assert(
      fc.property(target, header, fc.string({ unit: 'binary', maxLength: 60 }), (where, headers, body) => {
        const request = { target: where, headers, body } as unknown as WebhookRequest
        try {
          verifyWebhook(request, own)
          verified += 1
        } catch (error) {
          expect(error).toBeInstanceOf(BbbWebhookError)
        }
      }),
      { numRuns: 5000 },
    )
    expect(verified).toBe(0)
  })
})

describe('T30 comparing in constant time', () => {
  const root = join(import.meta.dirname, '../../src')
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts'))
    .map(file => ({ file, text: readFileSync(join(root, file), 'utf8') }))

  it('there is one compare function in the package, and receivers go through it', () => {
    const using = sources.filter(({ text }) => /timingSafeEqual\(/.test(text)).map(({ file }) => file)
    expect(using.filter(file => !file.startsWith('testing'))).toEqual(['webhooks/digest.ts'])
    const comparing = sources.filter(({ text }) => /equalDigests\(/.test(text)).map(({ file }) => file)
    expect(comparing.toSorted()).toEqual(['webhooks/digest.ts', 'webhooks/meeting-ended.ts', 'webhooks/signer.ts'])
  })

  it('no digest, checksum, signature or token is compared with an operator', () => {
    for (const { file, text } of sources.filter(source => source.file.startsWith('webhooks'))) {
      expect(
        text.match(
          /(?<!typeof [\w.]*)\b(checksum|digest|signature|presented|token|mac)\b\s*[!=]==?(?!=|\s*(null|undefined|''))/g,
        ) ?? [],
        file,
      ).toEqual([])
    }
  })

  it('every secret is hashed, whichever one fits', () => {
    const names = ['first', 'second', 'third', 'fourth']
    for (const alive of [true, false]) {
      for (const presented of [...names, 'nobody']) {
        const hashed: string[] = []
        const secrets = names.map(secret => ({ secret, id: null, alive }))
        const signer = findSigner(presented, secrets, secret => {
          hashed.push(secret)
          return secret
        })
        const position = names.indexOf(presented)
        expect(signer).toBe(position === -1 ? null : alive ? position : 'expired')
        expect(hashed).toEqual(names)
      }
    }
  })

  it('compares only texts of one length, up to the longest digest', () => {
    expect(equalDigests('ab12', 'ab12')).toBe(true)
    expect(equalDigests('ab12', 'ab13')).toBe(false)
    expect(equalDigests('ab1', 'ab12')).toBe(false)
    expect(equalDigests('', 'ab12')).toBe(false)
    expect(equalDigests('a'.repeat(129), 'a'.repeat(129))).toBe(false)
    // What an earlier, longer pair left behind does not matter.
    expect(equalDigests('c'.repeat(128), 'd'.repeat(128))).toBe(false)
    expect(equalDigests('ab12', 'ab12')).toBe(true)
  })
})
