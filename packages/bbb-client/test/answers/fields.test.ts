import { createServer } from 'node:http'
import { BbbClient } from 'bbb-client'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answering, attendee, escapeXml, meeting, recording } from '../support/answering.ts'
import { meetingId, RUNS, text } from '../support/arbitrary.ts'
import { failed, listen, respond, SECRET, success } from '../support/server.ts'
import { readQuery } from '../support/server-models.ts'

const info = (parts: Parameters<typeof meeting>[0]) =>
  answering(success(meeting(parts))).getMeetingInfo({ meetingID: 'room' })

const recordings = (...list: readonly string[]) =>
  answering(success(`<recordings>${list.join('')}</recordings>`)).getRecordings()

describe('T20 ids and passwords stay text', () => {
  it.each([
    '0012',
    '007',
    '1e5',
    '0x1F',
    'true',
    'false',
    'null',
    'NaN',
    '-0',
    '1.0',
    '123456789012345678901234567890',
    '٣',
    '',
  ])('%j', async id => {
    const escaped = escapeXml(id)
    const found = await info({
      meetingName: escaped,
      metadata: `<a>${escaped}</a>`,
      more: `<attendeePW>${escaped}</attendeePW><dialNumber>${escaped}</dialNumber>`,
      attendees: attendee('user', escaped, `<customdata><b>${escaped}</b></customdata>`),
    })
    expect(found).toMatchObject({
      meetingName: id,
      attendeePW: id === '' ? null : id,
      dialNumber: id === '' ? null : id,
    })
    expect(found?.metadata.a).toBe(id)
    expect(found?.attendees[0]).toMatchObject({ fullName: id })
    expect(found?.attendees[0]?.customdata.b).toBe(id)
    const hooks = answering(
      success(
        `<hooks><hook><hookID>${escaped || 'x'}</hookID><callbackURL>https://a.example/</callbackURL></hook></hooks>`,
      ),
    )
    expect((await hooks.hooks.list())[0]?.hookID).toBe(id || 'x')
  })

  it('as JSON numbers too', async () => {
    const body =
      '{"response":{"returncode":"SUCCESS","tracks":[{"href":12,"kind":"captions","label":1e5,"lang":null}]}}'
    expect(await answering(body).getRecordingTextTracks({ recordID: 'r' })).toEqual([
      { href: '12', kind: 'captions', label: '100000', lang: null, source: null },
    ])
  })
})

describe('T20 numbers, times and booleans', () => {
  it.each<[string, number]>([
    ['0', 0],
    ['1202', 1202],
    ['1,202', 1202],
    ['1.202', 1202],
    ['1 202', 1202],
    ['1\u00a0202', 1202],
    ['1\u202f202', 1202],
    ["1'202", 1202],
    ['1’202', 1202],
    ['1,234,567', 1234567],
    ['1,00,202', 100202],
    [' 12 ', 12],
    ['', 0],
    ['-5', 0],
    ['12abc', 0],
    ['1,20', 0],
    ['1.5', 0],
    ['1e3', 0],
    ['0x10', 0],
    ['99999999999999999999', 0],
    ['NaN', 0],
  ])('a count of %j is %i', async (written, expected) => {
    expect(await info({ more: `<participantCount>${written}</participantCount>` })).toMatchObject({
      participantCount: expected,
    })
  })

  it.each<[string, number | null]>([
    ['1704164645123', 1704164645123],
    ['1,704,164,645,123', 1704164645123],
    ['0', null],
    ['', null],
    ['-1', null],
    ['1704164645', null],
    ['946684799999', null],
    ['946684800000', 946684800000],
    ['4102444799999', 4102444799999],
    ['4102444800000', null],
    ['9223372036854775807', null],
    ['soon', null],
  ])('a time of %j is %s', async (written, expected) => {
    const found = await info({ more: `<startTime>${written}</startTime>` })
    expect(found?.startTime?.getTime() ?? null).toBe(expected)
    const [one] = await recordings(recording('r', `<startTime>${written}</startTime>`))
    expect(one?.startTime?.getTime() ?? null).toBe(expected)
  })

  it.each<[string, boolean]>([
    ['true', true],
    ['TRUE', true],
    ['false', false],
    ['1', false],
    ['yes', false],
    ['on', false],
    ['', false],
  ])('a flag of %j is %s', async (written, expected) => {
    expect(await info({ more: `<hasUserJoined>${written}</hasUserJoined>` })).toMatchObject({ hasUserJoined: expected })
  })

  it('createTime is the exact number that join wants, whatever it is', async () => {
    for (const createTime of ['1704164645123', '1704164645', '1']) {
      const created = await answering(success(`<meetingID>m</meetingID><createTime>${createTime}</createTime>`)).create(
        {
          meetingID: 'room',
          name: 'Room',
        },
      )
      expect(created.createTime).toBe(Number(createTime))
      expect(created.createdAt?.getTime()).toBe(createTime === '1704164645123' ? 1704164645123 : undefined)
      const link = answering('').joinUrl({
        meetingID: 'room',
        fullName: 'Ada',
        role: 'VIEWER',
        createTime: created.createTime,
      })
      expect(readQuery(link.split('?')[1] ?? '').parameters.get('createTime')).toBe(createTime)
    }
  })
})

describe('lists of none, one and many', () => {
  it('attendees', async () => {
    expect((await info({}))?.attendees).toEqual([])
    expect((await info({ attendees: attendee('a') }))?.attendees).toHaveLength(1)
    expect((await info({ attendees: attendee('a') + attendee('b') }))?.attendees).toHaveLength(2)
    expect(
      (await answering(success('<meetingID>m</meetingID>')).getMeetingInfo({ meetingID: 'room' }))?.attendees,
    ).toEqual([])
  })

  it.each([
    ['<recordings/>', 0],
    ['<recordings></recordings>', 0],
    ['<recordings>\n  </recordings>', 0],
    ['<messageKey>noRecordings</messageKey>', 0],
    [`<recordings>${recording('a')}</recordings>`, 1],
    [`<recordings>${recording('a')}${recording('b')}</recordings>`, 2],
  ])('recordings: %s', async (inner, count) => {
    expect(await answering(success(inner)).getRecordings()).toHaveLength(count)
  })

  it('formats, images, breakout rooms, hooks and errors', async () => {
    const image = '<image width="10" height="x" alt="a &amp; b">\n https://x.example/1.png </image>'
    const format = (inner: string): string =>
      `<format><type>presentation</type><url>\n https://x.example/ \n</url><preview><images>${inner}</images></preview></format>`
    const [one] = await recordings(
      recording(
        'a',
        `<playback>${format(image)}</playback><breakoutRooms><breakoutRoom>b</breakoutRoom></breakoutRooms>`,
      ),
    )
    expect(one?.playback).toEqual([
      {
        type: 'presentation',
        url: 'https://x.example/',
        processingTime: null,
        length: null,
        size: null,
        images: [{ url: 'https://x.example/1.png', width: 10, height: null, alt: 'a & b' }],
      },
    ])
    expect(one?.breakoutRooms).toEqual(['b'])
    const [bare] = await recordings(recording('a', '<playback></playback><data/>'))
    expect(bare).toMatchObject({ playback: [], data: [], breakoutRooms: [], breakout: null })
  })
})

describe('recordings', () => {
  it.each([
    ['escaped once, as by load balancers', 'You &amp; Me', 'You &amp; Me', 'You & Me'],
    ['escaped twice, as by BigBlueButton', 'You &amp;amp; Me', 'You &amp; Me', 'You & Me'],
    ['once more for each change', 'You &amp;amp;amp;amp; Me', 'You &amp; Me', 'You & Me'],
    ['a name that holds an entity itself', '&amp;amp;', '&amp;amp;', '&amp;'],
    ['without metadata to tell: twice is meant', 'You &amp;amp; Me', '', 'You & Me'],
    ['metadata that say something else', '&lt;b&gt;', 'other', '<b>'],
  ])('names %s', async (_how, onWire, inMetadata, expected) => {
    const metadata = inMetadata === '' ? '' : `<metadata><meetingName>${inMetadata}</meetingName></metadata>`
    const body = `<recording><recordID>r</recordID><meetingID>m</meetingID><name>${onWire}</name>${metadata}</recording>`
    expect((await recordings(body))[0]?.name).toBe(expected)
  })

  it('one whose formats are spread over pages is whole again, and stands once', async () => {
    const format = (type: string, size: number): string =>
      `<size>${size}</size><playback><format><type>${type}</type><url>https://x.example/${type}</url><size>${size}</size></format></playback>`
    const found = await recordings(
      recording('a', `${format('presentation', 10)}<startTime>1704164645123</startTime>`),
      recording('b', `${format('video', 5)}<startTime>1704168245123</startTime>`),
      recording('a', format('video', 20)),
      recording('a', format('video', 20)),
    )
    expect(found.map(({ recordID, size }) => [recordID, size])).toEqual([
      ['b', 5],
      ['a', 30],
    ])
    expect(found[1]?.playback.map(({ type }) => type)).toEqual(['presentation', 'video'])
  })

  it('an empty breakout element of an ordinary recording says nothing', async () => {
    const empty = '<breakout><parentId>unknown</parentId><sequence>0</sequence><freeJoin>false</freeJoin></breakout>'
    expect((await recordings(recording('a', `<isBreakout>false</isBreakout>${empty}`)))[0]?.breakout).toBeNull()
    expect((await recordings(recording('a', `<isBreakout>true</isBreakout>${empty}`)))[0]?.breakout).toEqual({
      parentId: 'unknown',
      sequence: 0,
      freeJoin: false,
    })
  })
})

describe('failures that are results', () => {
  it.each(['notFound', 'invalidMeetingIdentifier', 'meetingForciblyEnded'])('%s', async key => {
    const client = answering(failed(key))
    expect(await client.getMeetingInfo({ meetingID: 'room' })).toBeNull()
    expect(await client.end({ meetingID: 'room' })).toBe(false)
    expect(await client.isMeetingRunning({ meetingID: 'room' })).toBe(false)
  })

  it('validationError about a missing meeting, as early 2.4 said', async () => {
    const client = answering(failed('validationError', 'A meeting with that ID does not exist'))
    expect(await client.getMeetingInfo({ meetingID: 'room' })).toBeNull()
    const other = answering(failed('validationError', 'Meeting ID cannot contain commas'))
    await expect(other.getMeetingInfo({ meetingID: 'room' })).rejects.toMatchObject({ messageKey: 'validationError' })
  })

  it('empty lists said as FAILED', async () => {
    expect(await answering(failed('noMeetings')).getMeetings()).toEqual([])
    expect(await answering(failed('noRecordings')).getRecordings()).toEqual([])
    expect(await answering(failed('noSessions')).getSessions()).toEqual([])
    expect(await answering(failed('noCaptionsFound')).getRecordingTextTracks({ recordID: 'r' })).toEqual([])
  })
})

describe('failures', () => {
  it.each<[string, string, string, string]>([
    ['key and message', failed('idNotUnique', 'Taken'), 'idNotUnique', 'Taken'],
    ['a key with a blank', failed('Params required', 'x'), 'Params required', 'x'],
    ['an unknown key', failed('someFutureKey', 'x'), 'someFutureKey', 'x'],
    ['no key', '<response><returncode>FAILED</returncode><message>Only this</message></response>', '', 'Only this'],
    ['nothing at all', '<response><returncode>FAILED</returncode></response>', '', ''],
    [
      'a list',
      '<response><returncode>FAILED</returncode><errors><error><key>k1</key><message>m1</message></error><error><key>k2</key></error></errors></response>',
      'k1',
      'm1',
    ],
    [
      'a list of attributes',
      '<response><returncode>FAILED</returncode><errors><error key="k1" message="m1"/></errors></response>',
      'k1',
      'm1',
    ],
    ['an empty list', '<response><returncode>FAILED</returncode><errors/></response>', '', ''],
    ['JSON', '{"response":{"returncode":"FAILED","messageKey":"k","message":"m"}}', 'k', 'm'],
  ])('%s', async (_form, body, messageKey, apiMessage) => {
    await expect(answering(body).create({ meetingID: 'room', name: 'Room' })).rejects.toMatchObject({
      code: 'BBB_API_FAILED',
      call: 'create',
      messageKey,
      apiMessage,
      outcome: 'refused',
      retryable: false,
    })
  })

  it.each([
    ['serverUnavailable', 200, 'refused', true],
    ['internalError', 200, 'unknown', false],
    ['internalError', 500, 'unknown', false],
    ['checksumError', 500, 'refused', false],
    ['someFutureKey', 500, 'unknown', false],
    ['someFutureKey', 200, 'refused', false],
  ] as const)('%s with HTTP %i: %s, retryable %s', async (key, status, outcome, retryable) => {
    const client = answering(failed(key), { status })
    await expect(client.create({ meetingID: 'room', name: 'Room' })).rejects.toMatchObject({ outcome, retryable })
    // What may be repeated without harm may be tried again where it is open what happened.
    await expect(client.getMeetings()).rejects.toMatchObject({ retryable: retryable || outcome === 'unknown' })
  })

  it('a long message is cut, and stays on one line', async () => {
    const client = answering(failed('k'.repeat(5000), `line\n${'x'.repeat(5000)}`))
    const error: unknown = await client.create({ meetingID: 'room', name: 'Room' }).catch((reason: unknown) => reason)
    expect(String(error).length).toBeLessThan(900)
    expect(String(error)).not.toContain('\n')
  })

  it('advice and a sentence for the teacher come with known keys', async () => {
    const error: unknown = await answering(failed('maxParticipantsReached'))
      .join({ meetingID: 'room', fullName: 'Ada', role: 'VIEWER' })
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      userMessage: 'This class is full.',
      advice: expect.stringContaining('maxParticipants'),
    })
  })
})

describe('T20 a round trip', () => {
  const stored = new Map<string, Map<string, string>>()
  const server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?')
    const { parameters } = readQuery(query)
    const id = parameters.get('meetingID') ?? ''
    if (path.endsWith('/create')) stored.set(id, parameters)
    const kept = stored.get(id) ?? new Map<string, string>()
    const field = (name: string, value = kept.get(name) ?? ''): string => `<${name}>${escapeXml(value)}</${name}>\n`
    const metadata = [...kept]
      .filter(([name]) => name.startsWith('meta_'))
      .map(([name, value]) => field(name.slice(5), value))
    respond(
      response,
      success(
        `${field('meetingID')}${field('meetingName', kept.get('name'))}${field('attendeePW')}${field('moderatorPW')}<createTime>1704164645123</createTime><metadata>${metadata.join('')}</metadata>`,
      ),
    )
  })
  let client: BbbClient
  beforeAll(async () => {
    client = new BbbClient({ url: `http://127.0.0.1:${await listen(server)}`, secret: SECRET, onWarning: () => {} })
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  it('ids, names, passwords and metadata come back as they went, through create and getMeetingInfo', async () => {
    const password = text(2, 40).filter(value => value.trim() === value)
    await fc.assert(
      fc.asyncProperty(meetingId(), password, password, async (meetingID, attendeePW, moderatorPW) => {
        await client.create({
          meetingID,
          name: `n${attendeePW}n`,
          attendeePW,
          moderatorPW,
          meta: { a: `m${attendeePW}m` },
        })
        const found = await client.getMeetingInfo({ meetingID })
        expect(found).toMatchObject({ meetingID, meetingName: `n${attendeePW}n`, attendeePW, moderatorPW })
        expect(found?.metadata.a).toBe(`m${attendeePW}m`)
      }),
      { numRuns: RUNS / 2 },
    )
  })
})
