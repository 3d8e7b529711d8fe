import { createHash } from 'node:crypto'
import { BbbClient } from 'bbb-client'
import { FakeBbb, type FakeBbbServer } from 'bbb-client/testing'
import { signWebhook } from 'bbb-client/webhooks'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { ConferencingError } from '../../../src/errors.ts'
import type { Meeting, MeetingSpec } from '../../../src/model.ts'
import { bbbProvider } from '../../../src/providers/bbb/index.ts'

const secret = 'a-secret-of-thirty-two-characters'
const callbackUrl = 'http://127.0.0.1:9/api/v1/classes/bbb-webhook/9f2c4e'

const spec: MeetingSpec = {
  classId: 'c1',
  courseId: 'physics',
  title: "Newton's laws & <more>",
  description: 'Bring a calculator\n& a pen',
  startsAt: new Date('2026-11-23T09:00:00Z'),
  durationMinutes: 60,
  record: true,
}

const teacher = { userId: 'u-ada', displayName: 'Ada', role: 'moderator' } as const
const student = { userId: 'u-bob', displayName: "Bob O'Neil 🚀", role: 'attendee' } as const

const failure = async (work: Promise<unknown>): Promise<ConferencingError> => {
  const error: unknown = await work.then(
    () => undefined,
    reason => reason,
  )
  if (!(error instanceof ConferencingError)) throw new Error('expected a ConferencingError')
  return error
}

describe('BBB provider on a running server', () => {
  let server: FakeBbbServer
  let provider: ReturnType<typeof bbbProvider>
  let meeting: Meeting

  beforeEach(async () => {
    server = await new FakeBbb({ secret }).serve({ port: 0 })
    const client = new BbbClient({ url: server.url, secret })
    provider = bbbProvider({
      client,
      callbacks: { url: callbackUrl, secrets: secret },
      settings: { muteOnStart: true },
    })
    meeting = provider.planMeeting(spec)
  })
  afterEach(() => server.close())

  it('plans a meeting without asking anybody, with passwords of at least 128 bit (T9)', () => {
    expect(meeting).toMatchObject({ provider: 'bbb', serverId: 'default', meetingId: 'lms-c1' })
    expect(meeting.meetingKey).toBe(createHash('sha1').update('lms-c1').digest('hex'))
    const passwords = Array.from({ length: 2000 }, () => provider.planMeeting(spec).moderatorPassword)
    expect(new Set(passwords).size).toBe(2000)
    for (const password of passwords) expect(password).toMatch(/^[A-Za-z0-9_-]{24}$/)
    expect(meeting.moderatorPassword).not.toBe(meeting.attendeePassword)
  })

  it('opens the same room again, with the same identity (T22)', async () => {
    const first = await provider.openMeeting(meeting, spec)
    const again = await provider.openMeeting(meeting, spec)
    expect(first.details.createTime).toMatch(/^\d{13}$/)
    expect(again).toEqual(first)
    expect(first.meetingKey).toBe(meeting.meetingKey)
  })

  it('says who is there, once somebody is', async () => {
    const open = await provider.openMeeting(meeting, spec)
    expect(await provider.isRunning(open)).toBe(false)
    expect(await provider.snapshot(open)).toMatchObject({ instance: open.details.instance, present: [] })
    server.fake.simulate.join(open.meetingId, { userID: 'u-bob', fullName: 'Bob', role: 'VIEWER' })
    expect(await provider.isRunning(open)).toBe(true)
    expect((await provider.snapshot(open))?.present).toEqual([{ session: null, person: 'u-bob' }])
  })

  it('makes links the server follows, by role, with our user id (T8, T45)', async () => {
    const open = await provider.openMeeting(meeting, spec)
    for (const [person, role] of [
      [teacher, 'MODERATOR'],
      [student, 'VIEWER'],
    ] as const) {
      const link = await provider.joinLink(open, person)
      const response = await fetch(link, { redirect: 'manual' })
      expect(response.status).toBe(302)
      const room = new URL(response.headers.get('location') ?? '', link)
      expect(room.searchParams.has('errors')).toBe(false)
      await fetch(room)
      const info = await new BbbClient({ url: server.url, secret }).getMeetingInfo({ meetingID: open.meetingId })
      expect(info?.attendees).toContainEqual(
        expect.objectContaining({ userID: person.userId, fullName: person.displayName, role }),
      )
    }
    expect(await provider.joinLink(open, student)).not.toContain(open.moderatorPassword)
  })

  it('a link of an earlier run is refused in the next one (T9)', async () => {
    const open = await provider.openMeeting(meeting, spec)
    const link = await provider.joinLink(open, student)
    await provider.endMeeting(open)
    await provider.openMeeting(meeting, spec)
    // The fake server may have made both runs in one millisecond; then there is nothing to tell apart.
    const rerun = await provider.openMeeting(meeting, spec)
    const response = await fetch(link, { redirect: 'manual' })
    const refused = (response.headers.get('location') ?? '').includes('mismatchCreateTimeParam')
    expect(refused).toBe(rerun.details.createTime !== open.details.createTime)
  })

  it('T45 somebody who came without our user id is a connection and no person', async () => {
    const open = await provider.openMeeting(meeting, spec)
    const guest = server.fake.simulate.join(open.meetingId, { fullName: 'Guest' })
    server.fake.simulate.join(open.meetingId, { fullName: 'Bob', userID: 'u-bob' })
    expect(await provider.snapshot(open)).toEqual({
      instance: open.details.instance,
      present: [
        { session: guest.internalUserID, person: null },
        { session: null, person: 'u-bob' },
      ],
    })
  })

  it('ends a meeting, and ending none is no error', async () => {
    const open = await provider.openMeeting(meeting, spec)
    await provider.endMeeting(open)
    await provider.endMeeting(open)
    expect(await provider.snapshot(open)).toBeNull()
  })

  it('keeps its hook: creates, keeps, repairs', async () => {
    const kept = (state: string, found: string) => ({ serverId: 'default', state, found })
    expect(await provider.keepCallbacks?.('default')).toEqual(kept('created', 'hook created'))
    expect(await provider.keepCallbacks?.('default')).toEqual(kept('kept', 'hook kept'))
    const client = new BbbClient({ url: server.url, secret })
    const [hook] = await client.hooks.list()
    await client.hooks.destroy({ hookID: hook?.hookID ?? '' })
    await client.hooks.create({ callbackURL: callbackUrl })
    // It brought more than was asked for: nothing is lost.
    expect(await provider.keepCallbacks?.('default')).toEqual(kept('kept', 'hook repaired: eventID'))
    const [wide] = await client.hooks.list()
    await client.hooks.destroy({ hookID: wide?.hookID ?? '' })
    await client.hooks.create({ callbackURL: callbackUrl, eventID: ['user-joined', 'user-left'] })
    expect(await provider.keepCallbacks?.('default')).toEqual(kept('restored', 'hook repaired: eventID'))
  })

  it('keeps the hooks of old servers, too: a class may still run there', async () => {
    const old = await new FakeBbb({ secret }).serve({ port: 0 })
    onTestFinished(() => old.close())
    const client = new BbbClient({ url: server.url, secret })
    const both = bbbProvider({
      client,
      callbacks: { url: callbackUrl, secrets: secret },
      oldServers: {
        old: {
          client: new BbbClient({ url: old.url, secret }),
          callbacks: { url: `${callbackUrl}-old`, secrets: secret },
        },
        archive: { client },
      },
    })
    expect(both.callbackServers).toEqual(['default', 'old'])
    expect(await both.keepCallbacks?.('old')).toEqual({ serverId: 'old', state: 'created', found: 'hook created' })
    expect(await new BbbClient({ url: old.url, secret }).hooks.list()).toHaveLength(1)
    expect(await client.hooks.list()).toHaveLength(0)
    expect(await failure(both.keepCallbacks?.('archive') ?? Promise.resolve())).toMatchObject({ code: 'UNSUPPORTED' })
  })

  it.each([
    [
      'a wrong secret',
      () => new BbbClient({ url: server.url, secret: 'another-secret-of-the-same-length' }),
      'UNAUTHORIZED',
      'refused',
    ],
    [
      'a server that is not there',
      () => new BbbClient({ url: 'http://127.0.0.1:9', secret, retry: { attempts: 1 } }),
      'UNAVAILABLE',
      'not-sent',
    ],
  ])('%s is a typed error without a secret (T24)', async (_title, client, code, outcome) => {
    const broken = bbbProvider({ client: client() })
    const error = await failure(broken.openMeeting(meeting, spec))
    expect(error).toMatchObject({ code, outcome, provider: 'bbb' })
    const shown = [error.message, error.userMessage, JSON.stringify(error), String(error.stack)].join('\n')
    expect(shown).not.toContain(meeting.moderatorPassword)
    expect(shown).not.toMatch(/[0-9a-f]{40}/)
  })

  it('refuses a class of a server that is not configured any more', async () => {
    expect(await failure(provider.joinLink({ ...meeting, serverId: 'gone' }, student))).toMatchObject({
      code: 'UNSUPPORTED',
    })
  })
})

describe('BBB provider and callbacks', () => {
  const client = new BbbClient({ url: 'http://127.0.0.1:9', secret })
  const provider = bbbProvider({
    client,
    callbacks: { url: callbackUrl, secrets: secret, accept: ['url+body', 'url+braces'] },
  })
  const instance = `${createHash('sha1').update('lms-c1').digest('hex')}-1795370308115`

  const event = (id: string, attributes: object, ts = 1795370308177) => ({
    data: { type: 'event', id, attributes, event: { ts } },
  })
  const meeting = { 'internal-meeting-id': instance, 'external-meeting-id': 'lms-c1' }
  const callback = (events: readonly object[], scheme: 'url+body' | 'url+braces' = 'url+body') => {
    const signed = signWebhook({ callbackUrl, secret, events, scheme, algorithm: 'sha256' })
    return { method: 'POST', target: signed.target, headers: signed.headers, body: Buffer.from(signed.body) }
  }

  it.each([
    ['meeting-created', { meeting: { ...meeting, name: 'x' } }, { type: 'started' }],
    ['meeting-ended', { meeting }, { type: 'ended' }],
    [
      'user-joined',
      { meeting, user: { 'internal-user-id': 'w_1', 'external-user-id': 'u-bob', name: 'Bob', role: 'VIEWER' } },
      { type: 'joined', session: 'w_1', person: 'u-bob' },
    ],
    [
      'user-left',
      { meeting, user: { 'internal-user-id': 'w_1', 'external-user-id': '' } },
      { type: 'left', session: 'w_1' },
    ],
    [
      'user-left',
      { meeting, user: { 'internal-user-id': 'w_1', 'external-user-id': 'w_1' } },
      { type: 'left', session: 'w_1' },
    ],
  ])('%s becomes a fact with the time of the sender', (id, attributes, fact) => {
    const verified = provider.verify(callback([event(id, attributes)]))
    expect(verified).toMatchObject({ serverId: 'default', kind: 'hook' })
    expect(provider.events(verified)).toEqual([
      {
        kind: 'attendance',
        meetingKey: instance.split('-')[0],
        runStartedAt: 1795370308115,
        event: { ...fact, instance, at: 1795370308177 },
      },
    ])
  })

  it('a breakout room counts for its parent', () => {
    const own = `${'b'.repeat(40)}-1795370308999`
    const created = event('meeting-created', {
      meeting: {
        'internal-meeting-id': own,
        'external-meeting-id': 'x',
        name: 'Room 1',
        'is-breakout': true,
        'parent-id': instance,
      },
    })
    expect(provider.events(provider.verify(callback([created])))).toEqual([
      {
        kind: 'breakout',
        meetingKey: 'b'.repeat(40),
        parentKey: instance.split('-')[0],
        parentInstance: instance,
        room: `breakout:${own}`,
      },
    ])
  })

  it('passwords, tokens and addresses are gone before anything is stored (T48)', () => {
    const joined = event('user-joined', {
      meeting: { ...meeting, 'moderator-pass': 'canary-mp', 'viewer-pass': 'canary-vp' },
      user: {
        'internal-user-id': 'w_1',
        'external-user-id': 'u',
        name: 'Bob',
        role: 'VIEWER',
        'session-token': ['canary-st'],
        'ip-address': 'canary-ip',
        'user-agent': 'canary-ua',
        referer: 'canary-rf',
      },
    })
    const { body } = provider.verify(callback([joined]))
    expect(Buffer.from(body).toString()).not.toContain('canary')
    expect(provider.events({ serverId: 'default', kind: 'hook', body })).toMatchObject([{ kind: 'attendance' }])
  })

  it('a checksum that does not cover the body makes hints only (T34)', () => {
    const joined = event('user-joined', {
      meeting,
      user: { 'internal-user-id': 'w_1', 'external-user-id': 'u', name: 'B', role: 'VIEWER' },
    })
    const verified = provider.verify(callback([joined], 'url+braces'))
    expect(verified.kind).toBe('hint')
    expect(provider.events(verified)).toEqual([{ kind: 'other', meetingKey: instance.split('-')[0], name: 'hint' }])
  })

  it('refuses a forged callback with a reason and without the signature (T29)', () => {
    const good = callback([event('meeting-ended', { meeting })])
    const forged = { ...good, body: Buffer.concat([good.body, Buffer.from('&x=1')]) }
    expect(() => provider.verify(forged)).toThrow(
      expect.objectContaining({ code: 'CALLBACK_REJECTED', details: { reason: 'mismatch' } }),
    )
  })

  it('a callback signed by one server on the route of another is refused (T36)', () => {
    const otherUrl = 'http://127.0.0.1:9/api/v1/classes/bbb-webhook/77aa11'
    const both = bbbProvider({
      client,
      callbacks: { url: callbackUrl, secrets: secret },
      oldServers: { old: { client, callbacks: { url: otherUrl, secrets: 'the-old-servers-own-secret' } } },
    })
    const good = callback([event('meeting-ended', { meeting })])
    expect(both.verify(good).serverId).toBe('default')
    const query = good.target.slice(good.target.indexOf('?'))
    expect(() => both.verify({ ...good, target: new URL(otherUrl).pathname + query })).toThrow(ConferencingError)
    expect(() => both.verify({ ...good, target: `/elsewhere${query}` })).toThrow(
      expect.objectContaining({ code: 'CALLBACK_REJECTED' }),
    )
  })

  it('a verified callback nobody can read is a poison event, not a refusal', () => {
    const signed = signWebhook({
      callbackUrl,
      secret,
      events: [{ data: { type: 'event', id: 'user-joined', attributes: {}, event: { ts: 1795370308177 } } }],
    })
    const verified = provider.verify({
      method: 'POST',
      target: signed.target,
      headers: signed.headers,
      body: Buffer.from(signed.body),
    })
    expect(() => provider.events(verified)).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })
})
