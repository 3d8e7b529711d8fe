import { type BbbClient, BbbError } from 'bbb-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CALLS } from '../support/calls.ts'
import { data, list, readBytes, readJson } from '../support/data.ts'
import { ending } from '../support/outcome.ts'
import { type TestServer, testServer } from '../support/server.ts'

/**
 * Answers recorded from five running servers, served again over a socket. What must come out is worked out here from
 * the recorded bytes by regular expressions, without any code of the client.
 */

interface Recorded {
  readonly label: string
  readonly path: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

const SERVERS = data === undefined ? [] : ['bbbweb', 'scalelite', 'bbblb', 'tinyscale', 'bbmock']
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date', 'host'])

/** A FAILED that is no error for the call it came to. */
const RESULT_OF_FAILURE: Readonly<Record<string, unknown>> = {
  'getMeetingInfo notFound': null,
  'end notFound': false,
}

/** Anything that is no call of ours (one server was given data by a page of its own) goes through `call`. */
function callOf(path: string): string {
  const call = /\/api\/?([A-Za-z/]*)/.exec(path)?.[1] ?? 'unknown'
  return call === '' ? 'index' : call
}

function send(client: BbbClient, call: string): Promise<unknown> {
  return (CALLS[call] ?? (any => any.call(call)))(client)
}

/** The text of the first such element, as the wire has it, with the five entities and numbers decoded. */
function element(body: string, name: string): string | undefined {
  const raw = new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1]
  return raw === undefined ? undefined : decode(raw)
}

function decode(raw: string): string {
  return raw
    .replace(/&#x([0-9a-fA-F]+);/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replace(/&#(\d+);/g, (_, digits: string) => String.fromCodePoint(Number(digits)))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&apos;/g, "'")
    .replace(/&amp;/g, '&')
}

function count(body: string, name: string): number {
  return body.match(new RegExp(`<${name}[ >]`, 'g'))?.length ?? 0
}

/** What a SUCCESS must have become, by call. */
const EXPECTED: Readonly<Record<string, (result: unknown, body: string) => void>> = {
  index: (result, body) => expect(result).toMatchObject({ version: element(body, 'version') }),
  create: (result, body) =>
    expect(result).toMatchObject({
      meetingID: element(body, 'meetingID'),
      internalMeetingID: element(body, 'internalMeetingID') ?? '',
      attendeePW: element(body, 'attendeePW'),
      moderatorPW: element(body, 'moderatorPW'),
      duplicate: body.includes('duplicateWarning'),
      hasUserJoined: element(body, 'hasUserJoined') === 'true',
    }),
  join: (result, body) =>
    expect(result).toMatchObject({
      url: element(body, 'url'),
      sessionToken: element(body, 'session_token'),
      internalMeetingID: element(body, 'meeting_id'),
    }),
  isMeetingRunning: (result, body) => expect(result).toBe(element(body, 'running') === 'true'),
  end: result => expect(result).toBe(true),
  getMeetingInfo: (result, body) => {
    expect(result).toMatchObject({
      meetingID: element(body, 'meetingID'),
      meetingName: element(body, 'meetingName')?.trim(),
      participantCount: Number(element(body, 'participantCount')),
    })
    expect(Reflect.get(Object(result), 'attendees')).toHaveLength(count(body, 'attendee'))
  },
  getMeetings: (result, body) => expect(result).toHaveLength(count(body, 'meeting')),
  getSessions: (result, body) => expect(result).toHaveLength(count(body, 'meeting')),
  getRecordings: (result, body) => {
    expect(result).toHaveLength(count(body, 'recording'))
    const ids = [...body.matchAll(/<recordID>([^<]*)</g)].map(match => match[1]).sort()
    expect((result as { recordID: string; playback: unknown[] }[]).map(({ recordID }) => recordID).sort()).toEqual(ids)
    const formats = (result as { playback: unknown[] }[]).reduce((sum, { playback }) => sum + playback.length, 0)
    expect(formats).toBe(count(body.replace(/<data>.*?<\/data>/gs, ''), 'format'))
  },
  insertDocument: result => expect(result).toBeUndefined(),
  publishRecordings: result => expect(result).toBeUndefined(),
  deleteRecordings: result => expect(result).toBeUndefined(),
  updateRecordings: (result, body) => expect(result).toBe(element(body, 'updated') !== 'false'),
}

describe.skipIf(!data)('answers of five running servers become a typed result or a typed error', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await testServer()
  })
  afterAll(() => server.close())

  describe.each(['undici', 'fetch'])('through %s', transport => {
    describe.each(SERVERS)('%s', folder => {
      const files = list(`peer-answers/${folder}`)
      const recordings = files.filter(file => file.endsWith('.meta.json')).map(file => file.slice(0, -10))
      it.each(recordings)('%s', async name => {
        const meta = readJson<Recorded>(`peer-answers/${folder}/${name}.meta.json`)
        const bodyFile = files.find(file => file.startsWith(`${name}.`) && !file.endsWith('.meta.json'))
        const body = readBytes(`peer-answers/${folder}/${bodyFile}`)
        server.answer((_request, response) => {
          for (const [header, value] of Object.entries(meta.headers))
            if (!HOP_BY_HOP.has(header)) response.setHeader(header, value)
          response.writeHead(meta.status)
          response.end(body)
        })

        const call = callOf(meta.path)
        const client = server.client(transport === 'fetch' ? { fetch: globalThis.fetch } : {})
        const result = await ending(send(client, call))

        const text = body.toString('utf8')
        const verdict = /(?:<returncode>|"returncode":")(\w+)/.exec(text)?.[1]
        const key = /(?:<messageKey>|"messageKey":")([^<"]*)/.exec(text)?.[1] ?? ''
        const location = meta.headers.location ?? ''
        if (verdict === 'SUCCESS') {
          expect(result).toHaveProperty('value')
          if ('value' in result) EXPECTED[call]?.(result.value, text)
          return
        }
        const asResult = `${call} ${key}`
        if (verdict === 'FAILED' && asResult in RESULT_OF_FAILURE) {
          expect(result).toEqual({ value: RESULT_OF_FAILURE[asResult] })
          return
        }
        expect(result).toHaveProperty('error')
        const error = 'error' in result ? result.error : undefined
        expect(error).toBeInstanceOf(BbbError)
        if (verdict === 'FAILED')
          expect(error).toMatchObject({ code: 'BBB_API_FAILED', messageKey: key, status: meta.status, call })
        else if (location.includes('errors='))
          expect(error).toMatchObject({
            code: 'BBB_API_FAILED',
            messageKey: /%22key%22:%22(\w+)%22/.exec(location)?.[1],
            outcome: 'refused',
          })
        else if (meta.status >= 300 && meta.status < 400)
          expect(error).toMatchObject({ code: 'BBB_RESPONSE_INVALID', problem: 'redirect', status: meta.status })
        else if (meta.status === 200)
          expect(error).toMatchObject({ code: 'BBB_RESPONSE_INVALID', problem: 'no-verdict', outcome: 'unknown' })
        else expect(error).toMatchObject({ code: 'BBB_HTTP_STATUS', status: meta.status, call })
      })
    })
  })
})
