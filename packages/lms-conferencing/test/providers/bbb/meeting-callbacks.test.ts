import { createHmac } from 'node:crypto'
import { BbbClient } from 'bbb-client'
import { FakeBbb, ManualClock } from 'bbb-client/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { attendance } from '../../../src/attendance/index.ts'
import { ConferencingError } from '../../../src/errors.ts'
import type { ConferenceEvent, Meeting, MeetingSpec } from '../../../src/model.ts'
import type { CallbackRequest } from '../../../src/provider.ts'
import { bbbProvider } from '../../../src/providers/bbb/index.ts'
import { collect } from '../../support/collector.ts'

const secret = 'a-secret-of-thirty-two-characters'
const newSecret = 'another-secret-of-the-same-server'
const minutes = 60_000

const spec: MeetingSpec = {
  classId: 'c1',
  courseId: 'physics',
  title: 'Waves',
  description: '',
  startsAt: new Date('2026-11-23T09:00:00Z'),
  durationMinutes: 60,
  record: true,
}

/** A class on a real fake server that calls back over sockets: what came in, by the route it came to. */
describe('BBB callbacks of one meeting', () => {
  let clock: ManualClock
  let fake: FakeBbb
  let inbox: Awaited<ReturnType<typeof collect>>
  let provider: ReturnType<typeof bbbProvider>
  let meeting: Meeting

  beforeEach(async () => {
    clock = new ManualClock()
    fake = new FakeBbb({ secret, clock })
    inbox = await collect()
    const { url } = await fake.serve()
    const client = new BbbClient({ url, secret })
    provider = bbbProvider({
      client,
      callbacks: { url: `${inbox.origin}/api/v1/classes/bbb-webhook/9f2c4e`, secrets: [newSecret, secret] },
      clock,
    })
    meeting = await provider.openMeeting(provider.planMeeting(spec), spec)
  })
  afterEach(async () => {
    await Promise.all([fake.close(), inbox.close()])
  })

  /** Ana is there for the hour, from minute 20 on with a phone, too; Bob for half of it. */
  async function holdClass(): Promise<readonly CallbackRequest[]> {
    const ana = fake.simulate.join(meeting.meetingId, { userID: 'ana', fullName: 'Ana', role: 'VIEWER' })
    const bob = fake.simulate.join(meeting.meetingId, { userID: 'bob', fullName: 'Bob', role: 'VIEWER' })
    fake.simulate.join(meeting.meetingId, { fullName: 'A guest', role: 'VIEWER' })
    await clock.advance(20 * minutes)
    fake.simulate.join(meeting.meetingId, { userID: 'ana', fullName: 'Ana', role: 'VIEWER' })
    fake.simulate.raiseHand(ana)
    await clock.advance(10 * minutes)
    fake.simulate.leave(bob)
    await clock.advance(30 * minutes)
    await provider.endMeeting(meeting)
    await clock.advance(2_000)
    await fake.idle()
    return inbox.take()
  }

  const arrivedAt = (callbacks: readonly CallbackRequest[], route: string): CallbackRequest => {
    const found = callbacks.find(({ target }) => target.includes(`/${route}/`))
    if (found) return found
    throw new Error(`nothing came to ${route}`)
  }
  const eventsOf = (callback: CallbackRequest): readonly ConferenceEvent[] => provider.events(provider.verify(callback))
  const refusal = (callback: CallbackRequest): ConferencingError => {
    try {
      provider.verify(callback)
    } catch (error) {
      if (error instanceof ConferencingError) return error
    }
    throw new Error('it was not refused')
  }

  it('the report of a meeting gives the same attendance as its callbacks, and what everybody did', async () => {
    const events = eventsOf(arrivedAt(await holdClass(), 'bbb-analytics'))
    const facts = events.flatMap(event => (event.kind === 'attendance' ? event : []))
    expect(new Set(facts.map(({ provenance }) => provenance))).toEqual(new Set(['report']))
    expect(new Set(facts.map(({ meetingKey }) => meetingKey))).toEqual(new Set([meeting.meetingKey]))
    const startedAt = clock.now() - 2_000 - 60 * minutes
    const activity = events.find(event => event.kind === 'activity')
    expect(activity?.people.find(({ person }) => person === 'ana')?.activity.raisedHands).toBe(1)
    expect(activity?.people.map(({ person }) => person)).toEqual(['ana', 'bob'])
    const { people } = attendance({
      class: { scheduledStart: startedAt, plannedMs: 60 * minutes, startedAt, endedAt: startedAt + 60 * minutes },
      roster: ['ana', 'bob'],
      events: facts.map(({ event }) => event),
    })
    expect(people.ana).toMatchObject({ status: 'present', minutes: 60, confidence: 'exact' })
    expect(people.bob).toMatchObject({ status: 'partial', minutes: 30, confidence: 'exact' })
    // The guest came without our user id: nobody's.
    expect(Object.keys(people)).toEqual(['ana', 'bob'])
  })

  it('T48 keeps no names, questions or metadata of a report', async () => {
    fake.simulate.join(meeting.meetingId, { userID: 'eva', fullName: 'Eva Canary', role: 'VIEWER' })
    const callback = arrivedAt(await holdClass(), 'bbb-analytics')
    expect(Buffer.from(callback.body).toString('utf8')).toContain('Eva Canary')
    const kept = Buffer.from(provider.verify(callback).body).toString('utf8')
    expect(kept).toContain('"ext_user_id":"eva"')
    expect(kept).not.toMatch(/Canary|Waves|lms_class_id|eyJ/)
  })

  it('T44 an end that nobody signed is a question to the server, for the one meeting its address was made for', async () => {
    const callback = arrivedAt(await holdClass(), 'bbb-meeting-ended')
    expect(callback).toMatchObject({ method: 'GET', body: Buffer.alloc(0) })
    expect(eventsOf(callback)).toEqual([{ kind: 'maybe-ended', meetingKey: meeting.meetingKey }])
    const forged = [
      callback.target.replace(/meetingID=[^&]*/, 'meetingID=lms-c2'),
      callback.target.replace(/meetingID=[^&]*/, ''),
      `${callback.target}&meetingID=lms-c2`,
      callback.target.replace(/bbb-meeting-ended\/./, 'bbb-meeting-ended/_'),
      callback.target.replace('bbb-meeting-ended', 'bbb-analytics'),
    ]
    for (const target of forged) expect(refusal({ ...callback, target }).code).toBe('CALLBACK_REJECTED')
    expect(refusal({ ...callback, method: 'POST' }).details.reason).toBe('method')
  })

  it('T34 a report is believed for the one meeting its address was made for: its token does not cover it', async () => {
    const callback = arrivedAt(await holdClass(), 'bbb-analytics')
    const body = (change: (text: string) => string): Uint8Array =>
      Buffer.from(change(Buffer.from(callback.body).toString('utf8')))
    const other = { ...callback, body: body(text => text.replaceAll('lms-c1', 'lms-c2')) }
    expect(refusal(other).details.reason).toBe('mismatch')
    const unsigned = { ...callback, headers: { 'content-type': 'application/json' } }
    expect(refusal(unsigned).details.reason).toBe('missing')
    await clock.advance(25 * 60 * minutes)
    expect(refusal(callback).details.reason).toBe('expired')
  })

  it('T39 a recording that is ready is a hint to ask for it, however often it comes', async () => {
    await holdClass()
    await clock.advance(60 * minutes)
    await fake.idle()
    const callback = arrivedAt(inbox.take(), 'bbb-recording-ready')
    const [event] = eventsOf(callback)
    expect(event).toMatchObject({ kind: 'recording', meetingKey: meeting.meetingKey })
    expect(provider.verify(callback)).toEqual(provider.verify(callback))
    expect(Buffer.from(provider.verify(callback).body).toString('utf8')).not.toContain('eyJ')
    const forge = (header: object, claims: object, key: string): Uint8Array => {
      const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
      const signed = `${part(header)}.${part(claims)}`
      const signature = createHmac('sha256', key).update(signed).digest('base64url')
      return Buffer.from(`signed_parameters=${signed}.${signature}`)
    }
    const claims = { meeting_id: 'lms-c1', record_id: 'x-1' }
    const forged = [
      forge({ alg: 'HS256' }, claims, 'a-key-that-somebody-made-up-just-now'),
      forge({ alg: 'none' }, claims, secret),
      forge({ alg: 'HS512' }, claims, secret),
      // Genuine, for another meeting.
      forge({ alg: 'HS256' }, { ...claims, meeting_id: 'lms-c2' }, secret),
    ]
    for (const body of forged) expect(refusal({ ...callback, body }).code).toBe('CALLBACK_REJECTED')
  })

  it('T26 addresses made under the old secret hold while it does', async () => {
    const client = new BbbClient({ url: 'http://127.0.0.1:9', secret: newSecret })
    const url = `${inbox.origin}/api/v1/classes/bbb-webhook/9f2c4e`
    const callback = arrivedAt(await holdClass(), 'bbb-meeting-ended')
    const after = bbbProvider({ client, callbacks: { url, secrets: [secret, newSecret] }, clock })
    expect(after.verify(callback).kind).toBe('meeting-ended')
    const later = bbbProvider({ client, callbacks: { url, secrets: secret }, clock })
    expect(() => later.verify(callback)).toThrow(ConferencingError)
  })

  it('a server that is asked by https: is not told to report by http:, and other layouts say where', async () => {
    const created = async (callbacks: object): Promise<string> => {
      const asked: string[] = []
      const client = new BbbClient({
        url: 'https://bbb.example.org',
        secret,
        fetch: async url => {
          asked.push(decodeURIComponent(String(url)))
          throw new Error('nobody is there')
        },
      })
      const one = bbbProvider({ client, callbacks: { url: '', secrets: secret, ...callbacks } })
      await one.openMeeting(one.planMeeting(spec), spec, { deadlineMs: 50 }).catch(() => undefined)
      return asked[0] ?? ''
    }
    const hook = 'lms.example/api/v1/classes/bbb-webhook/9f2c4e'
    expect(await created({ url: `http://${hook}` })).not.toContain('callback')
    expect(await created({ url: `https://${hook}` })).toContain('=https://lms.example/api/v1/classes/bbb-analytics/')
    expect(await created({ url: `https://${hook}`, baseUrl: null })).not.toContain('bbb-analytics')
    expect(await created({ url: 'https://lms.example/h', baseUrl: 'https://lms.example/c/' })).toContain(
      'https://lms.example/c/bbb-meeting-ended/',
    )
  })
})
