import { BbbClient } from 'bbb-client'
import { FakeBbb, ManualClock } from 'bbb-client/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Conferencing, createConferencing } from '../../src/conferencing.ts'
import { createHttpApi, type FetchHandler } from '../../src/http/index.ts'
import type { CallbackRequest } from '../../src/provider.ts'
import { bbbProvider } from '../../src/providers/bbb/index.ts'
import { openStore } from '../../src/sql/index.ts'
import type { Store } from '../../src/store.ts'
import { collect } from '../support/collector.ts'

const secret = 'a-secret-of-thirty-two-characters'
const minutes = 60_000
const teacher = { userId: 'tea', displayName: 'Tea', role: 'moderator' } as const

/** BigBlueButton's own callbacks, as its fake sends them, through the API to their effect. */
describe('BigBlueButton calls back', () => {
  let clock: ManualClock
  let fake: FakeBbb
  let inbox: Awaited<ReturnType<typeof collect>>
  let store: Store
  let conferencing: Conferencing
  let api: FetchHandler
  let id: string

  beforeEach(async () => {
    clock = new ManualClock()
    fake = new FakeBbb({ secret, clock })
    inbox = await collect()
    store = await openStore('sqlite::memory:')
    const client = new BbbClient({ url: (await fake.serve()).url, secret })
    conferencing = createConferencing({
      providers: {
        bbb: bbbProvider({
          client,
          callbacks: { url: `${inbox.origin}/api/v1/classes/bbb-webhook/9f2c4e`, secrets: secret },
          clock,
        }),
      },
      store,
      clock,
      roster: () => [{ userId: 'ana', displayName: 'Ana' }],
    })
    api = createHttpApi({
      conferencing,
      authenticate: () => null,
      lms: { courseTitle: () => null, teaches: () => false, enrolled: () => false },
      clock,
    })
    const course = { courseId: 'physics', teacherId: 'tea', title: 'Waves', description: '' }
    const startsAt = new Date(clock.now())
    id = (await conferencing.createClass({ ...course, startsAt, durationMinutes: 60, record: true })).id
    await conferencing.startClass(id, teacher)
  })
  afterEach(async () => {
    await conferencing.stop()
    await Promise.all([fake.close(), inbox.close(), store.close()])
  })

  const meetingId = (): string => `lms-${id}`

  async function holdClass(): Promise<readonly CallbackRequest[]> {
    const ana = fake.simulate.join(meetingId(), { userID: 'ana', fullName: 'Ana', role: 'VIEWER' })
    await clock.advance(20 * minutes)
    fake.simulate.raiseHand(ana)
    await clock.advance(40 * minutes)
    fake.simulate.endMeeting(meetingId())
    await clock.advance(120 * minutes)
    await fake.idle()
    return inbox.take()
  }

  const give = ({ method, target, headers, body }: CallbackRequest): Promise<Response> =>
    api(
      new Request(`https://lms.example${target}`, {
        method,
        headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
        ...(method !== 'GET' && { body: Buffer.from(body) }),
      }),
    )

  it('a report alone gives attendance, a score with what was done, and the end of the class', async () => {
    const [report] = (await holdClass()).filter(({ target }) => target.includes('/bbb-analytics/'))
    if (!report) throw new Error('there was no report')
    for (let times = 0; times < 3; times++) expect((await give(report)).status).toBe(200)
    await conferencing.rounds.callbacks()
    const { liveClass, report: rows } = await conferencing.attendance(id)
    expect(liveClass.status).toBe('completed')
    expect(rows.rows[0]).toMatchObject({ person: 'ana', status: 'present', minutes: 60, provenance: ['report'] })
    expect(rows.rows[0]).toMatchObject({ participationBasis: 'attendance+activity' })
  })

  it('T44 an end is asked for before it is believed', async () => {
    const [hint] = (await holdClass()).filter(({ target }) => target.includes('/bbb-meeting-ended/'))
    if (!hint) throw new Error('there was no end callback')
    // The room is open again: the callback of a run that is over closes nothing.
    await conferencing.startClass(id, teacher)
    fake.simulate.join(meetingId(), { userID: 'ana', fullName: 'Ana', role: 'VIEWER' })
    expect((await give(hint)).status).toBe(200)
    await conferencing.rounds.callbacks()
    expect((await conferencing.getClass(id)).status).toBe('live')
    fake.simulate.endMeeting(meetingId())
    const forged = { ...hint, target: hint.target.replace(/bbb-meeting-ended\/..../, 'bbb-meeting-ended/AAAA') }
    expect((await give(forged)).status).toBe(401)
    expect((await conferencing.getClass(id)).status).toBe('live')
  })

  it('T39 a recording that is ready is read from the server, and shown once', async () => {
    const callbacks = await holdClass()
    const ready = callbacks.filter(({ target }) => target.includes('/bbb-recording-ready/'))
    expect(ready.length).toBeGreaterThan(0)
    for (const callback of [...ready, ...ready]) expect((await give(callback)).status).toBe(200)
    await conferencing.rounds.callbacks()
    expect((await conferencing.getClass(id)).hasRecording).toBe(true)
    expect(await conferencing.recordings(id)).toHaveLength(1)
  })

  it('T41 every route has its method, and refuses the rest with 401', async () => {
    for (const [route, good, bad] of [
      ['bbb-webhook/9f2c4e', 'POST', 'GET'],
      ['bbb-recording-ready/x', 'POST', 'GET'],
      ['bbb-analytics/x', 'POST', 'PUT'],
      ['bbb-meeting-ended/x', 'GET', 'POST'],
    ] as const) {
      const target = `https://lms.example/api/v1/classes/${route}`
      expect((await api(new Request(target, { method: bad }))).status, route).toBe(405)
      expect((await api(new Request(target, { method: good }))).status, route).toBe(401)
    }
  })
})
