import type { BbbClient, ChecksumAlgorithm } from 'bbb-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signCall } from '../../src/checksum.ts'
import { data, readJson } from '../support/data.ts'
import { respond, success, type TestServer, testServer } from '../support/server.ts'
import { pairsOf, readQuery, webAccepts, webhooksAccepts } from '../support/server-models.ts'

/** Checksums computed elsewhere (Python's hashlib, and the one that the documentation prints). */

interface Vector {
  readonly id: string
  readonly callName: string
  readonly query: string
  readonly secret: string
  readonly algorithm: ChecksumAlgorithm
  readonly checksum: string
}

interface Stripping {
  readonly id: string
  readonly callName: string
  readonly rawQuery: string
  readonly hashedQuery: string
  readonly secret: string
  readonly algorithm: ChecksumAlgorithm
  readonly accepted: boolean
}

const { vectors, stripping } =
  data === undefined
    ? { vectors: [], stripping: [] }
    : readJson<{ vectors: Vector[]; stripping: Stripping[] }>('checksum-vectors.json')

/** Spellings that a server must take and that this client never writes: it has one spelling for every value. */
const OTHER_SPELLINGS: Readonly<Record<string, string>> = {
  'space-percent20': 'a blank is written as +',
  'unreserved-literal': "! ' ( ) * ~ are escaped",
  rfc3986: '~ is escaped',
  'java-urlencoder': '* is escaped',
  'hex-lower': 'escapes are upper-case',
  'comma-raw': 'a comma in a value is escaped',
  'no-equals': 'a name always has its =',
  'duplicate-key': 'a name never stands twice',
  'trailing-amp': 'there is no empty pair',
  'getjoinurl-leading-amp': 'there is no empty pair',
  'short-secret': 'a secret has at least 16 characters',
}

/** For parameters that have an option of their own, what is given to the typed method instead of `call`. */
const TYPED: Readonly<Record<string, (client: BbbClient) => Promise<unknown>>> = {
  'nested-url': client =>
    client.create({
      meetingID: 'mm',
      name: 'nn',
      privileged: { logoutURL: 'https://lms.example.com/back?a=1&b=2#frag' },
    }),
  'meeting-ended-url': client =>
    client.create({
      meetingID: 'mm',
      name: 'nn',
      privileged: {
        meetingEndedURL: 'https://lms.example.com/end?course=7',
        endCallbackUrl: 'https://lms.example.com/end',
      },
    }),
  meta: client =>
    client.create({
      meetingID: 'mm',
      name: 'nn',
      record: true,
      meta: { 'bbb-origin': 'example' },
      privileged: { recordingReadyUrl: 'https://lms.example.com/rr' },
    }),
  'groups-json': client =>
    client.create({ meetingID: 'mm', name: 'nn', groups: [{ id: '1', name: 'A', roster: ['u1'] }] }),
  'plugin-manifests': client =>
    client.create({
      meetingID: 'mm',
      name: 'nn',
      privileged: { pluginManifests: [{ url: 'https://cdn.example.com/manifest.json' }] },
    }),
  'hex-upper': client => client.join({ fullName: 'Jürgen Müller', meetingID: 'abc', role: 'VIEWER' }),
  'utf8-cjk': client => client.join({ fullName: '日本', meetingID: 'abc', role: 'MODERATOR' }),
  'utf8-emoji': client => client.join({ fullName: '😀', meetingID: 'abc', role: 'MODERATOR' }),
  'utf8-combining': client => client.join({ fullName: 'e\u0301', meetingID: 'abc', role: 'MODERATOR' }),
  userdata: client =>
    client.join({
      fullName: 'Ada',
      meetingID: 'mm',
      role: 'MODERATOR',
      userID: '0012',
      createTime: 1704164645123,
      userdata: { bbb_skip_check_audio: 'true', bbb_presenter_tools: '["select","draw"]' },
    }),
}

const nameOf = (vector: Vector): string => vector.id.replace(/-sha\d+$/, '')

describe.skipIf(!data)('checksum vectors computed elsewhere', () => {
  it.each(vectors.map(vector => [vector.id, vector] as const))('%s', (_id, vector) => {
    expect(signCall(vector.algorithm, vector.callName, vector.query, vector.secret)).toBe(vector.checksum)
  })
})

describe.skipIf(!data)('what goes over the socket for the vectors', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await testServer()
    server.answer((_request, response) => respond(response, success()))
  })
  afterAll(() => server.close())

  const sent = vectors.filter(vector => OTHER_SPELLINGS[nameOf(vector)] === undefined)
  it.each(sent.map(vector => [vector.id, vector] as const))('%s', async (_id, vector) => {
    const client = server.client({ secret: vector.secret, checksum: vector.algorithm })
    const before = server.targets.length
    const typed = TYPED[nameOf(vector)]
    const parameters = Object.fromEntries(pairsOf(vector.query).map(({ name, value }) => [name, value]))
    await (typed?.(client) ?? client.call(vector.callName, parameters)).catch(() => {})
    const [target] = server.targets.slice(before)
    const query = target?.split('?')[1] ?? ''

    if (typed === undefined) {
      const expected = `${vector.query === '' ? '' : `${vector.query}&`}checksum=${vector.checksum}`
      expect(target).toBe(`/bigbluebutton/api/${vector.callName}?${expected}`)
      return
    }
    // The typed methods have an order of their own, which changes the checksum and nothing else.
    const { parameters: received } = readQuery(query)
    const wanted = readQuery(vector.query).parameters
    if (vector.callName === 'create') {
      wanted.set('meetingID', 'mm')
      wanted.set('name', 'nn')
    } else {
      wanted.set('redirect', 'false')
      if (wanted.get('meetingID') === 'm') wanted.set('meetingID', 'mm')
    }
    expect(new Map([...received].sort())).toEqual(new Map([...wanted].sort()))
    expect(webAccepts(vector.callName, query, vector.secret)).toBe(true)
  })

  const others = [...new Set(vectors.map(nameOf))].filter(name => OTHER_SPELLINGS[name] !== undefined)
  it.each(others.map(name => [name, OTHER_SPELLINGS[name]]))('%s is never written: %s', async name => {
    const vector = vectors.find(candidate => nameOf(candidate) === name)
    if (vector === undefined) throw new Error('no such vector')
    if (name === 'short-secret')
      return expect(() => server.client({ secret: vector.secret })).toThrow(/shorter than 16/)
    const parameters: [string, string][] = pairsOf(vector.query)
      .filter(({ name: key }) => key !== '')
      .map(({ name: key, value }) => [key, value])
    const before = server.targets.length
    await server
      .client({ secret: vector.secret })
      .call(vector.callName === 'join' ? 'joinish' : vector.callName, new Map(parameters))
      .catch(() => {})
    const query = server.targets[before]?.split('?')[1] ?? ''
    expect(query.replace(/&?checksum=\w+$/, '')).not.toBe(vector.query)
    expect(webAccepts(vector.callName === 'join' ? 'joinish' : vector.callName, query, vector.secret)).toBe(true)
  })
})

describe.skipIf(!data)('T5 the ways servers cut the checksum out of a query', () => {
  it.each(stripping.map(vector => [vector.id, vector] as const))('%s', async (_id, vector) => {
    expect(webAccepts(vector.callName, vector.rawQuery, vector.secret)).toBe(vector.accepted)
    if (vector.id === 'last' || vector.id === 'alone')
      expect(webhooksAccepts(vector.callName, vector.rawQuery, vector.secret)).toBe(true)
  })
})
