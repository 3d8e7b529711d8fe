import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ConferencingError } from '../../../src/errors.ts'
import type { Meeting, MeetingSpec } from '../../../src/model.ts'
import { zoomProvider } from '../../../src/providers/zoom/index.ts'
import { rateLimitOf } from '../../../src/providers/zoom/limits.ts'
import type { FakeZoomFault } from '../../../src/testing/index.ts'
import { account, host, memoryTransport, promptly, zoomWorld } from '../../support/zoom-under-test.ts'

const CREATE = 'POST /users/*/meetings'
const LIST = 'GET /users/*/meetings'
const GET = 'GET /meetings/*'

type World = ReturnType<typeof zoomWorld>

const specIn = ({ clock }: Pick<World, 'clock'>, changes: Partial<MeetingSpec> = {}): MeetingSpec => ({
  classId: 'c1',
  courseId: 'physics',
  title: 'Newton',
  description: 'Bring a pen',
  startsAt: new Date(clock.now() + 1_800_000),
  durationMinutes: 60,
  record: true,
  ...changes,
})

async function openIn(world: World, changes: Partial<MeetingSpec> = {}): Promise<Meeting> {
  const spec = specIn(world, changes)
  return world.provider.openMeeting(world.provider.planMeeting(spec), spec)
}

async function failureOf(work: Promise<unknown>): Promise<ConferencingError> {
  const error: unknown = await work.then(
    () => undefined,
    reason => reason,
  )
  if (!(error instanceof ConferencingError)) throw new Error('expected a ConferencingError')
  return error
}

describe('the access token', () => {
  it('is asked for once, shared by all who wait for it, and kept', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    await Promise.all(Array.from({ length: 10 }, () => world.provider.isRunning(meeting)))
    expect(world.fake.tokensIssued).toBe(1)
    const cold = zoomWorld()
    const other = { ...meeting }
    await Promise.all(Array.from({ length: 10 }, () => cold.provider.isRunning(other)))
    expect(cold.fake.tokensIssued).toBe(1)
  })

  it('is replaced a minute before its end, and not before', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    await world.clock.advance((3599 - 61) * 1000)
    await world.provider.isRunning(meeting)
    expect(world.fake.tokensIssued).toBe(1)
    await world.clock.advance(2_000)
    await world.provider.isRunning(meeting)
    expect(world.fake.tokensIssued).toBe(2)
  })

  it('that Zoom refuses is replaced once, whoever else is calling, and the call repeated once (F28)', async () => {
    const world = zoomWorld({ onlyNewestToken: true })
    const meeting = await openIn(world)
    world.fake.revokeTokens()
    expect(await Promise.all([1, 2, 3].map(() => world.provider.isRunning(meeting)))).toEqual([false, false, false])
    expect(world.fake.tokensIssued).toBe(2)
    world.fake.fail({ kind: 'problem', status: 401, code: 124, message: 'Invalid access token.', times: 9, call: GET })
    const before = world.fake.requests.length
    expect(await failureOf(world.provider.isRunning(meeting))).toMatchObject({ code: 'UNAUTHORIZED' })
    expect(world.fake.requests.slice(before)).toEqual([GET, 'token', GET])
  })

  it('goes to Zoom and nowhere else, whatever the answer says of the region', async () => {
    for (const [apiUrl, expected] of [
      ['https://api-eu.zoom.us', 'https://api-eu.zoom.us'],
      ['https://zoom.us.evil.example', 'https://api.zoom.us'],
      ['http://api.zoom.us', 'https://api.zoom.us'],
      ['https://user@api.zoom.us', 'https://api.zoom.us'],
      ['https://evilzoom.us', 'https://api.zoom.us'],
      ['https://api.zoom.us:8443', 'https://api.zoom.us'],
      ['nonsense', 'https://api.zoom.us'],
    ] as const) {
      const world = zoomWorld({ apiUrl })
      const origins: string[] = []
      const provider = zoomProvider({
        ...account,
        host,
        clock: promptly(world.clock),
        transport: request => {
          if (!request.path.startsWith('/oauth')) origins.push(request.origin)
          return memoryTransport(world.fake)(request)
        },
      })
      await provider.isRunning({ ...provider.planMeeting(specIn(world)), meetingId: '1' })
      expect(origins).toEqual([expected])
    }
  })

  it.each([
    ['account', { accountId: 'another-account' }, 'invalid_request'],
    ['client', { clientId: 'another-client' }, 'invalid_client'],
  ])('of a wrong %s is refused, without a second try', async (_title, changes, reason) => {
    const world = zoomWorld({}, changes)
    const error = await failureOf(openIn(world))
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', outcome: 'not-sent', details: { call: 'token', reason } })
    expect(world.fake.requests).toEqual(['token'])
  })
})

describe('limits', () => {
  it('the limit of a second is waited out, for creates too', async () => {
    const world = zoomWorld()
    world.fake.fail({ kind: 'per-second', weight: 'medium', call: CREATE })
    const opening = openIn(world)
    await world.clock.advance(1_000)
    expect((await opening).meetingId).not.toBe('')
    expect(world.fake.requests.filter(call => call === CREATE)).toHaveLength(2)
  })

  it('one call too many in a second is put off, and says until when (T22)', async () => {
    const world = zoomWorld()
    world.fake.fail({ kind: 'per-second', weight: 'medium', times: 9 })
    const opening = failureOf(openIn(world))
    await world.clock.advance(5_000)
    expect(await opening).toMatchObject({ code: 'RATE_LIMITED', outcome: 'refused', details: { limit: 'second' } })
  })

  it('daily limit: nothing more is asked until the date that Zoom names, in ISO and not in seconds (F18)', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    world.fake.spendDay('light')
    const error = await failureOf(world.provider.isRunning(meeting))
    expect(error).toMatchObject({
      code: 'RATE_LIMITED',
      details: { limit: 'day', retry_after: '2026-01-06T00:00:00.000Z' },
    })
    const asked = world.fake.requests.length
    expect(await failureOf(world.provider.isRunning(meeting))).toMatchObject({ code: 'RATE_LIMITED' })
    expect(world.fake.requests).toHaveLength(asked)
    // Other classes of calls have their own.
    expect((await openIn(world, { classId: 'c2' })).meetingId).not.toBe('')
    await world.clock.advance(15 * 3_600_000)
    expect(await world.provider.isRunning(meeting)).toBe(false)
  })

  it('the hundred creates of one host end with that host alone', async () => {
    const world = zoomWorld(
      { hosts: ['a@school.example', 'b@school.example'] },
      { host: ({ courseId }) => `${courseId}@school.example` },
    )
    for (let n = 0; n < 100; n++) {
      await openIn(world, { classId: `c${n}`, courseId: 'a' })
      await world.clock.advance(1_000)
    }
    expect(await failureOf(openIn(world, { classId: 'one-more', courseId: 'a' }))).toMatchObject({
      code: 'RATE_LIMITED',
      details: { limit: 'host-day', retry_after: '2026-01-06T00:00:00.000Z' },
    })
    expect((await openIn(world, { classId: 'another', courseId: 'b' })).meetingId).not.toBe('')
  })

  it.each([
    ['seconds', { 'retry-after': '7' }, '', 'second', 7_000],
    ['an HTTP date', { 'retry-after': 'Mon, 05 Jan 2026 09:00:09 GMT' }, '', 'second', 9_000],
    ['an ISO date', { 'retry-after': '2026-01-05T09:00:08Z' }, '', 'second', 8_000],
    ['a date gone by', { 'retry-after': '2025-01-05T09:00:08Z' }, '', 'second', 0],
    ['nothing', {}, '', 'second', 1_500],
    ['garbage', { 'retry-after': 'soon' }, '', 'second', 1_500],
    ['only a type', { 'x-ratelimit-type': 'Daily-limit' }, 'new words', 'day', 15 * 3_600_000],
    [
      'a registrant',
      {},
      'daily rate limit of "3" for Add meeting registrant API requests',
      'registrant-day',
      15 * 3_600_000,
    ],
    ['too many at once', {}, 'Too many concurrent requests. Please wait.', 'second', 1_500],
  ])('a 429 with %s', (_title, headers, message, limit, waitMs) => {
    expect(rateLimitOf(headers, message, Date.UTC(2026, 0, 5, 9), 0.5)).toEqual({ limit, waitMs })
  })
})

describe('answers', () => {
  it('200 on a create that is a list is no meeting; what was made is found again by its marker', async () => {
    const world = zoomWorld()
    const spec = specIn(world)
    const planned = world.provider.planMeeting(spec)
    world.fake.fail({ kind: 'list', call: CREATE })
    expect(await failureOf(world.provider.openMeeting(planned, spec))).toMatchObject({
      code: 'UNAVAILABLE',
      outcome: 'unknown',
      details: { http_status: '200', reason: 'an unexpected answer' },
    })
    expect((await world.provider.openMeeting(planned, spec)).meetingId).toBe('85000000001')
    expect(world.fake.meetings).toBe(1)
  })

  const damaged: readonly (readonly [string, FakeZoomFault, object])[] = [
    ['an XML page', { kind: 'xml' }, { code: 'UNAVAILABLE', details: { http_status: '200' } }],
    [
      'a redirect',
      { kind: 'redirect' },
      { code: 'UNAVAILABLE', details: { http_status: '302', reason: 'a redirect' } },
    ],
    [
      'an error with status 200',
      { kind: 'problem', status: 200, code: 200, message: 'No permission.' },
      { code: 'REFUSED', details: { zoom_code: '200' } },
    ],
    [
      'a missing scope',
      {
        kind: 'problem',
        status: 400,
        code: 4711,
        message: 'Invalid access token, does not contain scopes:[meeting:read:meeting:admin].',
      },
      { code: 'UNAUTHORIZED', details: { scopes: 'meeting:read:meeting:admin' } },
    ],
    ['no licence', { kind: 'problem', status: 400, code: 3161, message: 'no' }, { code: 'REFUSED' }],
    [
      'no such user',
      { kind: 'problem', status: 404, code: 1001, message: 'User does not exist: ada@school.example' },
      { code: 'REFUSED' },
    ],
    [
      'a code of next year',
      { kind: 'problem', status: 400, code: 99_999, message: 'ada@school.example' },
      { code: 'REFUSED' },
    ],
    [
      'a status without a body',
      { kind: 'status', status: 403 },
      { code: 'UNAVAILABLE', details: { http_status: '403' } },
    ],
  ]

  it.each(damaged)(
    '%s is one typed error, without a second try and without Zoom’s text',
    async (_title, fault, expected) => {
      const world = zoomWorld()
      const meeting = await openIn(world)
      const before = world.fake.requests.length
      world.fake.fail(fault)
      const error = await failureOf(world.provider.isRunning(meeting))
      expect(error).toMatchObject({ ...expected, provider: 'zoom' })
      expect(error.details.tracking_id).toMatch(/WEB_/)
      expect(inspect(error)).not.toContain('ada@school.example')
      expect(world.fake.requests.length).toBe(before + 1)
    },
  )

  it('a field that Zoom does not take is named', async () => {
    const world = zoomWorld()
    const error = await failureOf(openIn(world, { durationMinutes: 1.5 }))
    expect(error).toMatchObject({
      code: 'INVALID',
      outcome: 'refused',
      details: { fields: 'duration', zoom_code: '300' },
    })
  })

  it('a server in trouble is asked again where that does no harm (F28)', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    world.fake.fail({ kind: 'status', status: 502, call: GET, times: 2 })
    expect(await world.provider.isRunning(meeting)).toBe(false)
    world.fake.fail({ kind: 'drop', call: GET, times: 2 })
    expect(await world.provider.isRunning(meeting)).toBe(false)
    world.fake.fail({ kind: 'status', status: 503, call: CREATE })
    expect(await failureOf(openIn(world, { classId: 'c2' }))).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown' })
    expect(world.fake.requests.filter(call => call === CREATE)).toHaveLength(2)
  })

  it('silence ends with the deadline, and with the caller', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    world.fake.fail({ kind: 'hang', call: GET, times: 9 })
    const slow = failureOf(world.provider.isRunning(meeting, { deadlineMs: 2_000 }))
    await world.clock.advance(2_000)
    expect(await slow).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', details: { reason: 'too slow' } })
    const abort = new AbortController()
    const aborted = world.provider.isRunning(meeting, { signal: abort.signal })
    abort.abort(new Error('the page was closed'))
    await expect(aborted).rejects.toThrow('the page was closed')
  })

  it('a page token that expired in the middle means beginning anew: no gap, no duplicate (F16, F28)', async () => {
    const world = zoomWorld()
    for (let n = 0; n < 7; n++) await openIn(world, { classId: `c${n}` })
    world.fake.maxPageSize = 2
    await world.clock.advance(1_000)
    const before = world.fake.requests.length
    let pages = 0
    const provider = zoomProvider({
      ...account,
      host,
      clock: promptly(world.clock),
      transport: async request => {
        // Between the second page and the third.
        if (request.path.includes('/users/') && ++pages === 3) world.fake.expirePages()
        return memoryTransport(world.fake)(request)
      },
    })
    const spec = specIn(world, { classId: 'c6' })
    const found = await provider.openMeeting(provider.planMeeting(spec), spec)
    expect(world.fake.meetings).toBe(7)
    expect(world.fake.meeting(found.meetingId).agenda).toContain('lms-class:c6')
    expect(world.fake.requests.slice(before).filter(call => call === LIST)).toHaveLength(7)
  })
})

describe('T61: credentials', () => {
  it('are in no error, whatever goes wrong, in no form (T24)', async () => {
    const faults: readonly FakeZoomFault[] = [
      { kind: 'drop' },
      { kind: 'redirect' },
      { kind: 'xml' },
      { kind: 'list' },
      { kind: 'status', status: 500 },
      { kind: 'problem', status: 400, code: 300, message: account.clientSecret },
      { kind: 'problem', status: 401, code: 124, message: account.webhookSecret },
    ]
    for (const fault of faults) {
      const world = zoomWorld()
      const meeting = await openIn(world)
      const bare = { ...meeting, details: {} }
      for (let times = 0; times < 99; times++) world.fake.fail(fault)
      for (const work of [
        () => world.provider.openMeeting({ ...meeting, meetingId: '' }, specIn(world)),
        () => world.provider.joinLink(bare, { userId: 'u', displayName: 'U', role: 'moderator' }),
        () => world.provider.joinLink(bare, { userId: 'u', displayName: 'U', role: 'attendee' }),
        () => world.provider.endMeeting(meeting),
        () => world.provider.isRunning(meeting),
      ]) {
        const error = await failureOf(work())
        const text = `${inspect(error, { depth: 9, showHidden: true })}${JSON.stringify(error)}${error.stack}`
        for (const secret of [account.clientSecret, account.webhookSecret, 'eyJfake', 'zak=', meeting.attendeePassword])
          expect(text).not.toContain(secret)
      }
    }
  })

  it.each([
    ['clientSecret', ''],
    ['clientSecret', ' with-white-space-around '],
    ['webhookSecret', 'short'],
    ['accountId', ''],
    ['host', ''],
    ['url', 'https://elsewhere.example'],
  ])('a %s that cannot be is refused at once, by name and not by value (T27)', (name, value) => {
    const make = (): unknown =>
      zoomProvider({ ...account, host, registrantSecret: 'a-secret-for-registrants', [name]: value })
    expect(make).toThrow(TypeError)
    expect(make).toThrow(new RegExp(`^${name}: `))
    if (value !== '') expect(make).not.toThrow(value)
  })
})
