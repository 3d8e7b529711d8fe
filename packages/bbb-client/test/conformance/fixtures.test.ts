import { BbbError, type Recording } from 'bbb-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CALLS } from '../support/calls.ts'
import { data, readBytes, readJson } from '../support/data.ts'
import { ending } from '../support/outcome.ts'
import { type TestServer, testServer } from '../support/server.ts'
import { expectFact, expectSame } from './facts.ts'

/** Answers rendered from the templates of real releases; the index says what each must read as. */

interface Fixture {
  readonly file: string
  readonly call: string
  readonly status: number
  readonly contentType: string
  readonly outcome: 'success' | 'failed' | 'transport' | 'redirect' | 'callback'
  readonly expect?: Readonly<Record<string, unknown>> | null
}

const FIXTURES = data === undefined ? [] : readJson<{ fixtures: Fixture[] }>('fixtures/index.json').fixtures

/** Calls of the browser, which a back end does not make; they go through `call`, whose answer is a tree of text. */
const BROWSER_CALLS = new Set(['signOut', 'learningDashboard', 'getJoinUrl', 'stuns', 'enter', 'feedback'])

/** FAILED that is a result for the call. */
const ABSENT: Readonly<Record<string, unknown>> = {
  'getMeetingInfo notFound': null,
  'end notFound': false,
  'hooks/destroy destroyMissingHook': false,
  'getRecordingTextTracks noCaptionsFound': [],
}

const recordings = (result: unknown): readonly Recording[] => result as readonly Recording[]

/** Words of the index that name a summary instead of a place on the wire. */
const SUMMARIES: Readonly<Record<string, (result: unknown, expected: unknown) => void>> = {
  attendeeCount: (result, expected) => expectFact('', result, 'attendees.attendee#', expected),
  attendees: (result, expected) => expect(Reflect.get(Object(result), 'attendees')).toEqual(expected),
  userIDs: (result, expected) =>
    expect(Reflect.get(Object(result), 'attendees').map((each: { userID: string }) => each.userID)).toEqual(expected),
  roles: (result, expected) =>
    expect(Reflect.get(Object(result), 'attendees').map((each: { role: string }) => each.role)).toEqual(expected),
  customdata0: (result, expected) =>
    expectSame(Reflect.get(Object(result), 'attendees')[0].customdata, expected, 'customdata of the first'),
  meetings: (result, expected) => expect(result).toHaveLength(Number(expected)),
  sessions: (result, expected) => expect(result).toHaveLength(Number(expected)),
  hooks: (result, expected) => expect(result).toHaveLength(Number(expected)),
  tracks: (result, expected) => expect(result).toHaveLength(Number(expected)),
  recordings: (result, expected) => expect(result).toHaveLength(Number(expected)),
  meetingIDs: (result, expected) =>
    expect((result as { meetingID: string }[]).map(each => each.meetingID).sort()).toEqual(
      [...(expected as string[])].sort(),
    ),
  names: (result, expected) =>
    expect(
      recordings(result)
        .map(each => each.name)
        .sort(),
    ).toEqual([...(expected as string[])].sort()),
  // The index names what one decoding gives; a reader is shown what the teacher wrote.
  nameAfterOneXmlDecode: (result, expected) =>
    expect(recordings(result)[0]?.name).toBe(
      String(expected).replace('&lt;', '<').replace('&gt;', '>').replace('&amp;', '&'),
    ),
  formats: (result, expected) => expect(recordings(result)[0]?.playback.map(({ type }) => type)).toEqual(expected),
  data: (result, expected) => expect(recordings(result)[0]?.data.map(({ type }) => type)).toEqual(expected),
  images: (result, expected) =>
    expect(recordings(result)[0]?.playback.flatMap(({ images }) => images)).toHaveLength(Number(expected)),
  alt: (result, expected) =>
    expect(recordings(result)[0]?.playback.flatMap(({ images }) => images)[0]?.alt).toBe(expected),
  url: (result, expected) =>
    expect(Array.isArray(result) ? recordings(result)[0]?.playback[0]?.url : Reflect.get(Object(result), 'url')).toBe(
      expected,
    ),
  length: (result, expected) => expect(recordings(result)[0]?.playback[0]?.length).toBe(expected),
  breakoutRooms: (result, expected) => {
    const one = Array.isArray(result) ? result[0] : result
    expect(Reflect.get(Object(one), 'breakoutRooms')).toHaveLength(Number(expected))
  },
  // An ordinary recording carries an empty breakout element; only a breakout room has one that means something.
  breakout: (result, expected) =>
    expect(recordings(result)[0]?.breakout).toEqual(recordings(result)[0]?.isBreakout ? expected : null),
  callbackURL: (result, expected) => expectFact('', result, 'hooks.hook[0].callbackURL', expected),
  meetingID1: (result, expected) => expectFact('', result, 'hooks.hook[1].meetingID', expected),
  duplicate: (result, expected) => expect(Reflect.get(Object(result), 'duplicate')).toBe(expected),
  // What a page counts is not part of the plain list; the paging test reads it.
  totalElements: () => {},
  offset: () => {},
  limit: () => {},
}

describe.skipIf(!data)('answers rendered from the templates of real releases read as their index says', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await testServer()
  })
  afterAll(() => server.close())

  const answers = FIXTURES.filter(({ outcome }) => outcome !== 'callback' && outcome !== 'redirect')
  it.each(answers.map(fixture => [fixture.file, fixture] as const))('%s', async (file, fixture) => {
    const body = readBytes(`fixtures/${file}`)
    server.answer((_request, response) => {
      response.writeHead(fixture.status, { 'content-type': fixture.contentType })
      response.end(body)
    })
    const client = server.client()
    const call = fixture.call === '*' ? 'create' : fixture.call
    const result = await ending(
      BROWSER_CALLS.has(call) ? client.call(call) : (CALLS[call]?.(client) ?? Promise.resolve()),
    )
    const expected = fixture.expect ?? {}
    const messageKey = typeof expected.messageKey === 'string' ? expected.messageKey : ''

    // The browser's calls answer JSON without a verdict, which is no answer of the API.
    const verdict = /(?:<returncode>|"returncode"\s*:\s*")(\w+)/.exec(body.toString('utf8'))?.[1]
    if (fixture.outcome === 'success' && (verdict !== undefined || call === 'hooks/ping')) {
      if ('error' in result) throw result.error
      if (BROWSER_CALLS.has(call)) return expect(result.value).toMatchObject({ returncode: 'SUCCESS' })
      for (const [name, value] of Object.entries(expected)) {
        const summary = SUMMARIES[name]
        const list = Array.isArray(result.value) ? result.value[0] : result.value
        if (summary !== undefined) summary(result.value, value)
        else if (call === 'getMeetingInfo' && name === 'messageKey')
          expect(result.value).toHaveProperty('extra.messageKey', value)
        else expectFact(call, typeof list === 'object' && list !== null ? list : result.value, name, value)
      }
      return
    }
    const asResult = `${call} ${messageKey}`
    if (fixture.outcome === 'failed' && asResult in ABSENT) return expect(result).toEqual({ value: ABSENT[asResult] })

    expect(result).toHaveProperty('error')
    if (!('error' in result)) return
    expect(result.error).toBeInstanceOf(BbbError)
    if (fixture.outcome === 'failed' && verdict !== undefined) {
      expect(result.error).toMatchObject({ code: 'BBB_API_FAILED', status: fixture.status })
      if (Array.isArray(expected.errors)) {
        expect(result.error).toMatchObject({ errors: expected.errors, messageKey: expected.errors[0].key })
      } else {
        if (typeof expected.errors !== 'number') expect(result.error).toMatchObject({ messageKey })
        if (typeof expected.message === 'string') expect(result.error).toMatchObject({ apiMessage: expected.message })
        if (typeof expected.errors === 'number')
          expect(Reflect.get(Object(result.error), 'errors')).toHaveLength(expected.errors)
      }
    } else if (fixture.status === 200) {
      expect(result.error).toMatchObject({ code: 'BBB_RESPONSE_INVALID', retryable: false, outcome: 'unknown' })
    } else {
      expect(result.error).toMatchObject({ code: 'BBB_HTTP_STATUS', status: fixture.status })
    }
  })

  it('join: each failure that comes as a redirect says its message key, and no address', async () => {
    const cases =
      readJson<{ location: string; errors?: { key: string; message: string }[] }[]>('fixtures/join/redirects.json')
    for (const { location, errors } of cases) {
      server.answer((_request, response) => {
        response.writeHead(302, { location })
        response.end()
      })
      const result = await ending(server.client().join({ meetingID: 'room-one', fullName: 'Ada', role: 'VIEWER' }))
      expect(result).toHaveProperty('error')
      if (!('error' in result)) continue
      if (errors === undefined) {
        expect(result.error).toMatchObject({ code: 'BBB_RESPONSE_INVALID', problem: 'redirect' })
        expect(String(result.error)).toContain('https://bbb.example.com')
        expect(String(result.error)).not.toContain('sessionToken')
      } else
        expect(result.error).toMatchObject({
          code: 'BBB_API_FAILED',
          messageKey: errors[0]?.key,
          apiMessage: errors[0]?.message,
          errors,
        })
    }
  })
})
