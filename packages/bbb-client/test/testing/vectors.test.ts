import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checksumMatches, type HashName, hashHex, postedFormQuery, stripChecksum } from '../../src/testing/checksum.ts'
import { signJwt } from '../../src/testing/jwt.ts'
import { conformanceData } from './support.ts'

interface Vector {
  readonly id: string
  readonly callName: string
  readonly query: string
  readonly secret: string
  readonly algorithm: HashName
  readonly checksum: string
}

interface Vectors {
  readonly vectors: readonly Vector[]
  readonly stripping: readonly (Vector & {
    readonly rawQuery: string
    readonly hashedQuery: string
    readonly accepted: boolean
  })[]
  readonly legacyBodyOnly: readonly (Vector & {
    readonly params: Record<string, string>
    readonly canonicalQuery: string
  })[]
  readonly webhookCallbacks: readonly (Vector & { readonly callbackURL: string; readonly body: string })[]
}

const read = (path: string) => readFileSync(join(conformanceData ?? '', path), 'utf8')
const none: Vectors = { vectors: [], stripping: [], legacyBodyOnly: [], webhookCallbacks: [] }
const data: Vectors = conformanceData ? JSON.parse(read('bbb/checksum-vectors.json')) : none
const rules = (secret: string) => ({
  secret,
  algorithms: ['sha1', 'sha256', 'sha384', 'sha512'] as const,
  anyCase: true,
})

/** The value of the last `checksum` pair, as a servlet would read it. */
const given = (rawQuery: string) => /(?:^|&)checksum=([^&]*)/.exec(rawQuery)?.[1] ?? ''

describe.skipIf(!conformanceData)('published and computed vectors', () => {
  it('all checksums are taken, and none with a character more', () => {
    expect(data.vectors.length).toBeGreaterThan(100)
    for (const { id, callName, query, secret, checksum } of data.vectors) {
      const sent = query === '' ? `checksum=${checksum}` : `${query}&checksum=${checksum}`
      expect([id, checksumMatches(callName, sent, checksum, rules(secret))]).toEqual([id, true])
      expect([id, checksumMatches(callName, `${sent}&z`, checksum, rules(secret))]).toEqual([id, false])
    }
  })

  it('the checksum is cut out of the query as the real server does', () => {
    expect(data.stripping.length).toBeGreaterThan(0)
    for (const { id, callName, rawQuery, hashedQuery, secret, accepted } of data.stripping) {
      const checksum = given(rawQuery)
      expect([id, stripChecksum(rawQuery, checksum)]).toEqual([id, hashedQuery])
      expect([id, checksumMatches(callName, rawQuery, checksum, rules(secret))]).toEqual([id, accepted])
    }
  })

  it('forms posted to a bare URL are rebuilt as before 3.0', () => {
    expect(data.legacyBodyOnly.length).toBeGreaterThan(0)
    for (const { id, callName, params, canonicalQuery, secret, checksum } of data.legacyBodyOnly) {
      const rebuilt = postedFormQuery(new Map(Object.entries(params)))
      expect([id, rebuilt]).toEqual([id, canonicalQuery])
      expect([id, checksumMatches(callName, rebuilt, checksum, rules(secret))]).toEqual([id, true])
    }
  })

  it('callbacks are signed over URL, body and secret', () => {
    expect(data.webhookCallbacks.length).toBeGreaterThan(0)
    for (const { id, callbackURL, body, secret, algorithm, checksum } of data.webhookCallbacks) {
      expect([id, hashHex(algorithm, callbackURL + body + secret)]).toEqual([id, checksum])
    }
  })

  it('tokens are byte for byte those of the real scripts', () => {
    const { secret, Authorization, decoded } = JSON.parse(read('bbb/fixtures/callbacks/analytics-headers.json'))
    expect(`Bearer ${signJwt(decoded.header, decoded.payload, secret)}`).toBe(Authorization)
    const ready = read('bbb/fixtures/callbacks/recording-ready-body.txt').trim().replace('signed_parameters=', '')
    const payload = JSON.parse(Buffer.from(ready.split('.')[1] ?? '', 'base64url').toString())
    expect(signJwt({ alg: 'HS256' }, payload, secret)).toBe(ready)
  })
})
