import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { FakeBbb, FakeWebhooksOptions, WebhooksVersion } from '../../src/testing/index.ts'
import {
  ask,
  conformanceData,
  eventIds,
  eventsOf,
  newFake,
  newReceiver,
  type PostedEvent,
  query,
  type Receiver,
  secret,
  send,
  signedTarget,
} from './support.ts'

const opened: { fake: FakeBbb; receiver: Receiver }[] = []

afterEach(async () => {
  for (const { fake, receiver } of opened.splice(0)) {
    await fake.close()
    await receiver.close()
  }
})

async function setUp(webhooks: FakeWebhooksOptions = {}) {
  const { fake, clock } = newFake({ webhooks: { inOrder: true, ...webhooks }, publicUrl: 'https://bbb.test' })
  const receiver = await newReceiver()
  opened.push({ fake, receiver })
  await send(fake, signedTarget('hooks/create', query({ callbackURL: `${receiver.url}/cb` }), secret, 'sha1'))
  const events = async () => {
    await fake.idle()
    return receiver.received.flatMap(eventsOf)
  }
  return { fake, clock, receiver, events }
}

/** A class in which everything happens that the fake can play. */
async function fullLife(webhooks: FakeWebhooksOptions) {
  const { fake, clock, receiver, events } = await setUp(webhooks)
  const parameters = {
    meetingID: 'room-1',
    name: 'Algebra',
    record: true,
    meta_course: 7,
    'meta_x-y': '',
    duration: 90,
  }
  await ask(fake, 'create', query(parameters))
  const ada = fake.simulate.join('room-1', {
    fullName: 'Ada',
    role: 'MODERATOR',
    userID: 'u-1',
    userdata: { bbb_auto_join_audio: 'true' },
    client: { ipAddress: '203.0.113.9', userAgent: 'Firefox', referer: 'https://lms.test/' },
  })
  const bob = fake.simulate.join('room-1', { fullName: 'Bob', userID: 'u-2', guest: true })
  fake.simulate.join('room-1', { fullName: 'Chandra', userID: 'u-3' })
  fake.simulate.startRecording('room-1')
  fake.simulate.talk(ada)
  fake.simulate.talk(ada, false)
  fake.simulate.camera(ada)
  fake.simulate.camera(ada, false)
  fake.simulate.screenshare(ada)
  fake.simulate.screenshare(ada, false)
  fake.simulate.chat(bob, 'héllo <b>all</b>')
  fake.simulate.emoji(bob, '👍')
  fake.simulate.raiseHand(bob)
  fake.simulate.vote(bob, fake.simulate.poll(ada, 'Ready?', ['Yes', 'No']), 'Yes')
  const slides =
    '<modules><module name="presentation"><document url="https://x/a.pdf" current="true"/></module></modules>'
  await ask(fake, 'insertDocument', 'meetingID=room-1', {
    method: 'POST',
    body: slides,
    contentType: 'application/xml',
  })
  fake.simulate.leaveAudio(ada)
  fake.simulate.makePresenter(bob)
  fake.simulate.stopRecording('room-1')
  fake.simulate.leave(bob)
  await clock.advance(60_000)
  fake.simulate.endMeeting('room-1')
  await clock.advance(60_000)
  const recording = await ask(fake, 'getRecordings')
  const recordID = recording.text('recordID') ?? ''
  await ask(fake, 'publishRecordings', query({ recordID, publish: false }))
  await ask(fake, 'publishRecordings', query({ recordID, publish: true }))
  await ask(fake, 'deleteRecordings', query({ recordID }))
  return { fake, clock, receiver, posted: await events() }
}

/** The three that bbb-web and the scripts both send were not captured from both in each release. */
const pool = ({ data }: PostedEvent) => data.id.replace(/^rap-(un)?published$|^rap-deleted$/, 'rap-state')

/** Sent only where BigBlueButton supplies them. */
const optional = /\.(ip-address|user-agent|referer|session-token|userdata|extensions)$/

/** Paths of all keys, lists marked, free keys (metadata) and optional ones left out. */
function keyPaths(value: unknown, path = ''): string[] {
  if (optional.test(path)) return []
  if (path.endsWith('.metadata')) return [path]
  if (Array.isArray(value)) return [`${path}[]`]
  if (typeof value !== 'object' || value === null) return [`${path}:${typeof value}`]
  return Object.entries(value).flatMap(([key, one]) => keyPaths(one, `${path}.${key}`))
}

const series: Readonly<Record<WebhooksVersion, RegExp>> = {
  '3.5.0': /^v34-(sha256-query|sha1-plain|sha256-recordings|sha256-reconnects)\.jsonl$/,
  '3.3.1': /^v33-.*\.jsonl$/,
  '2.6.1': /^v2-sha1-plain\.jsonl$/,
}

function captured(version: WebhooksVersion): PostedEvent[] {
  const folder = join(conformanceData ?? '', 'bbb/webhook-captures')
  return readdirSync(folder)
    .filter(file => series[version].test(file))
    .flatMap(file => readFileSync(join(folder, file), 'utf8').trim().split('\n'))
    .flatMap(line => JSON.parse(new URLSearchParams(JSON.parse(line).bodyText).get('event') ?? '[]'))
}

describe.skipIf(!conformanceData)('events beside those captured from the real service', () => {
  it.each<WebhooksVersion>(['3.5.0', '3.3.1', '2.6.1'])(
    '%s: same fields, same types, nothing of its own',
    async version => {
      const { posted } = await fullLife({ version })
      const known = new Map<string, Set<string>>()
      for (const event of captured(version)) {
        const shapes = known.get(event.data.id) ?? new Set()
        known.set(event.data.id, shapes.add(keyPaths(event).join('\n')))
      }
      const compared = new Set<string>()
      for (const event of posted) {
        const shapes = known.get(pool(event))
        if (!shapes) continue
        compared.add(event.data.id)
        const own = keyPaths(event).join('\n')
        expect(shapes.has(own) ? own : [...shapes].at(-1)).toBe(own)
      }
      expect(compared.size).toBeGreaterThanOrEqual(Math.min(known.size, 8))
    },
  )
})

describe('the events of a class', () => {
  it('come in this order from 3.5.0, the recording scripts last', async () => {
    const { posted } = await fullLife({})
    expect(posted.map(({ data }) => data.id)).toEqual([
      'meeting-created',
      'user-joined',
      'user-presenter-assigned',
      'user-joined',
      'user-joined',
      'meeting-recording-started',
      'user-audio-voice-enabled',
      'user-audio-unmuted',
      'user-audio-muted',
      'user-cam-broadcast-start',
      'user-cam-broadcast-end',
      'meeting-screenshare-started',
      'meeting-screenshare-stopped',
      'chat-group-message-sent',
      'user-emoji-changed',
      'user-raise-hand-changed',
      'poll-started',
      'poll-responded',
      'meeting-presentation-changed',
      'user-audio-voice-disabled',
      'user-presenter-unassigned',
      'user-presenter-assigned',
      'meeting-recording-stopped',
      'user-presenter-unassigned',
      'user-left',
      'user-left',
      'user-left',
      'meeting-ended',
      'rap-archive-started',
      'rap-archive-ended',
      'rap-sanity-started',
      'rap-sanity-ended',
      'rap-process-started',
      'rap-process-ended',
      'rap-publish-started',
      'rap-publish-ended',
      'rap-post-publish-started',
      'rap-post-publish-ended',
      'rap-unpublished',
      'rap-published',
      'rap-deleted',
    ])
  })

  it('2.6.1 knows fewer of them, and makes up no departures', async () => {
    const { posted } = await fullLife({ version: '2.6.1' })
    const ids = posted.map(({ data }) => data.id)
    expect(ids.filter(id => id === 'user-left')).toHaveLength(1)
    expect(ids).not.toContain('user-raise-hand-changed')
    expect(ids).not.toContain('poll-started')
  })

  it('meeting-created carries metadata and what was asked for', async () => {
    const { posted } = await fullLife({})
    expect(posted[0]?.data.attributes.meeting).toMatchObject({
      'external-meeting-id': 'room-1',
      name: 'Algebra',
      duration: 90,
      record: true,
      'is-breakout': false,
      'parent-id': 'bbb-none',
      'create-date': 'Mon Jan 05 09:00:00 UTC 2026',
      metadata: { course: '7', 'x-y': '' },
    })
  })

  it('recording scripts speak in seconds, everything else in milliseconds', async () => {
    const { posted } = await fullLife({})
    for (const { data } of posted) {
      const fromScripts = /^rap-.*-(started|ended)$/.test(data.id)
      expect([data.id, data.event.ts < 1e11]).toEqual([data.id, fromScripts])
    }
  })

  it('the external id goes with the meeting: missing on rap-archive-started and rap-published', async () => {
    const { posted } = await fullLife({})
    const named = new Map(posted.map(({ data }) => [data.id, data.attributes.meeting?.['external-meeting-id']]))
    expect(named.get('rap-archive-started')).toBeUndefined()
    expect(named.get('rap-published')).toBeUndefined()
    expect(named.get('rap-archive-ended')).toBe('room-1')
    expect(named.get('meeting-ended')).toBe('room-1')
  })

  it('made-up departures carry the whole join record', async () => {
    const { posted } = await fullLife({})
    const left = posted.filter(({ data }) => data.id === 'user-left').map(({ data }) => data.attributes.user)
    expect(left[0]).toEqual({ 'internal-user-id': expect.any(String), 'external-user-id': 'u-2', guest: true })
    expect(left[1]).toMatchObject({
      'external-user-id': 'u-1',
      name: 'Ada',
      role: 'MODERATOR',
      userdata: { bbb_auto_join_audio: 'true' },
    })
  })

  it('a second departure, where asked for, has no names left', async () => {
    const { fake, events } = await setUp({ secondUserLeft: true })
    await ask(fake, 'create', 'meetingID=room-1&name=Algebra')
    fake.simulate.join('room-1', { fullName: 'Ada', userID: 'u-1' })
    fake.simulate.endMeeting('room-1')
    const posted = await events()
    expect(posted.map(({ data }) => data.id)).toEqual([
      'meeting-created',
      'user-joined',
      'user-left',
      'meeting-ended',
      'user-left',
    ])
    const { meeting, user } = posted.at(-1)?.data.attributes ?? {}
    expect(meeting).not.toHaveProperty('external-meeting-id')
    expect(user).toEqual({ 'internal-user-id': expect.any(String), 'external-user-id': '', guest: false })
  })

  it('texts of digits and empty texts change their type in rap-publish-ended', async () => {
    const { fake, clock, events } = await setUp()
    const odd = { meetingID: '4711', name: '2024', record: true, meta_zip: '01234', meta_count: 7, meta_empty: '' }
    await ask(fake, 'create', query(odd))
    fake.simulate.join('4711', { fullName: 'Ada' })
    fake.simulate.endMeeting('4711')
    await clock.advance(60_000)
    const published = (await events()).find(({ data }) => data.id === 'rap-publish-ended')
    expect(published?.data.attributes.recording).toMatchObject({
      name: 2024,
      'is-breakout': 'false',
      metadata: { meetingId: 4711, meetingName: 2024, zip: '01234', count: 7, empty: {} },
      playback: {
        format: 'presentation',
        link: expect.stringContaining('https://bbb.test/playback/presentation/2.3/'),
      },
    })
  })
})

describe('coming, going and coming back', () => {
  async function withAda(options: { graceMs?: number } = {}) {
    const { fake, clock } = newFake({ webhooks: { inOrder: true }, reconnectGraceMs: options.graceMs })
    const receiver = await newReceiver()
    opened.push({ fake, receiver })
    await send(fake, signedTarget('hooks/create', query({ callbackURL: `${receiver.url}/cb` })))
    await ask(fake, 'create', 'meetingID=room-1&name=Algebra&meetingExpireWhenLastUserLeftInMinutes=0')
    const ada = fake.simulate.join('room-1', { fullName: 'Ada', userID: 'u-1' })
    return { fake, clock, receiver, ada }
  }

  it('a short loss says nothing, a long one user-left and user-joined under the same internal id', async () => {
    const { fake, clock, receiver, ada } = await withAda({ graceMs: 30_000 })
    fake.simulate.drop(ada)
    await clock.advance(29_999)
    fake.simulate.reconnect(ada)
    await clock.advance(60_000)
    expect(eventIds(receiver.received)).toEqual(['meeting-created', 'user-joined'])
    fake.simulate.drop(ada)
    await clock.advance(30_000)
    fake.simulate.reconnect(ada)
    await fake.idle()
    expect(eventIds(receiver.received).slice(2)).toEqual(['user-left', 'user-joined'])
    const users = receiver.received
      .flatMap(eventsOf)
      .slice(1)
      .map(({ data }) => data.attributes.user?.['internal-user-id'])
    expect(new Set(users)).toEqual(new Set([ada.internalUserID]))
  })

  it('who is lost still counts as present', async () => {
    const { fake, clock, ada } = await withAda()
    fake.simulate.drop(ada)
    await clock.advance(59_999)
    expect((await ask(fake, 'isMeetingRunning', 'meetingID=room-1')).text('running')).toBe('true')
    await clock.advance(1)
    expect((await ask(fake, 'isMeetingRunning', 'meetingID=room-1')).text('running')).toBe('false')
  })

  it('a second tab is a new internal id of the same person', async () => {
    const { fake, receiver, ada } = await withAda()
    const tab = fake.simulate.join('room-1', { fullName: 'Ada', userID: 'u-1' })
    await fake.idle()
    expect(tab.internalUserID).not.toBe(ada.internalUserID)
    expect([tab.externalUserID, ada.externalUserID]).toEqual(['u-1', 'u-1'])
    expect(eventIds(receiver.received)).toEqual(['meeting-created', 'user-joined', 'user-joined'])
  })

  it('a hand does not stay up, and a listener cannot talk', async () => {
    const { fake, receiver, ada } = await withAda()
    fake.simulate.raiseHand(ada)
    fake.simulate.leave(ada)
    fake.simulate.reconnect(ada)
    expect(fake.meeting('room-1')?.attendees[0]?.handRaised).toBe(false)
    await fake.idle()
    const before = receiver.received.length
    fake.simulate.joinAudio(ada, true)
    fake.simulate.joinAudio(ada)
    fake.simulate.talk(ada)
    fake.simulate.leaveAudio(ada)
    fake.simulate.talk(ada)
    fake.simulate.talk(ada)
    fake.simulate.talk(ada, false)
    fake.simulate.talk(ada, false)
    await fake.idle()
    expect(eventIds(receiver.received.slice(before))).toEqual([
      'user-audio-voice-enabled',
      'user-audio-voice-disabled',
      'user-audio-voice-enabled',
      'user-audio-unmuted',
      'user-audio-muted',
    ])
  })

  it('says what the audio of a person is', async () => {
    const { fake, receiver, ada } = await withAda()
    fake.simulate.joinAudio(ada)
    fake.simulate.leaveAudio(ada)
    fake.simulate.joinAudio(ada, true)
    await fake.idle()
    const users = receiver.received
      .flatMap(eventsOf)
      .slice(2)
      .map(({ data }) => data.attributes.user)
    expect(users).toMatchObject([
      { 'listening-only': false, 'sharing-mic': true, muted: true },
      { 'listening-only': false, 'sharing-mic': false, muted: true },
      { 'listening-only': true, 'sharing-mic': false, muted: true },
    ])
  })

  it('who had to make room for a fourth session does not come back', async () => {
    const { fake, ada } = await withAda()
    for (let count = 0; count < 3; count++) fake.simulate.join('room-1', { fullName: 'Ada', userID: 'u-1' })
    fake.simulate.reconnect(ada)
    const sessions = fake.meeting('room-1')?.attendees.map(({ status }) => status)
    expect(sessions).toEqual(['left', 'present', 'present', 'present'])
  })

  it.each([
    ['3.5.0', { 'internal-user-id': null, name: 'System' }],
    ['3.3.1', { 'internal-user-id': 'SYSTEM_MESSAGE', name: 'System' }],
    ['2.6.1', { 'internal-user-id': 'SYSTEM_MESSAGE', 'external-user-id': 'System' }],
  ] as const)('%s: the sender of a message from the server', async (version, sender) => {
    const { fake, events } = await setUp({ version })
    await ask(fake, 'create', 'meetingID=room-1&name=Algebra')
    fake.simulate.join('room-1', { fullName: 'Ada' })
    await ask(fake, 'sendChatMessage', 'meetingID=room-1&message=hello')
    const message = (await events()).at(-1)?.data.attributes['chat-message']
    expect(message?.sender).toEqual({ ...sender, time: expect.any(Number) })
  })

  it('nothing happens twice, and nothing after the end', async () => {
    const { fake, clock, receiver, ada } = await withAda()
    fake.simulate.raiseHand(ada, false)
    fake.simulate.reconnect(ada)
    fake.simulate.drop(ada)
    fake.simulate.endMeeting('room-1')
    fake.simulate.reconnect(ada)
    fake.simulate.leave(ada)
    fake.simulate.talk(ada)
    await clock.advance(600_000)
    await fake.idle()
    expect(eventIds(receiver.received)).toEqual(['meeting-created', 'user-joined', 'user-left', 'meeting-ended'])
    expect(clock.pending).toBe(0)
  })

  it('says clearly what it cannot play', async () => {
    const { fake } = newFake()
    expect(() => fake.simulate.join('none', { fullName: 'Ada' })).toThrow('no live meeting none')
    const { fake: other, ada } = await withAda()
    expect(other).not.toBe(fake)
    expect(() => fake.simulate.leave(ada)).toThrow(TypeError)
  })
})
