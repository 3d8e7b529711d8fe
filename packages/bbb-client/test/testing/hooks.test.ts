import { afterEach, describe, expect, it } from 'vitest'
import type { FakeBbb, FakeWebhooksOptions, WebhooksVersion } from '../../src/testing/index.ts'
import {
  ask,
  eventIds,
  newFake,
  newReceiver,
  query,
  type Receiver,
  secret,
  send,
  sign,
  signedTarget,
} from './support.ts'

const versions: readonly WebhooksVersion[] = ['3.5.0', '3.3.1', '2.6.1']
const opened: { fake: FakeBbb; receiver: Receiver }[] = []

async function setUp(webhooks: FakeWebhooksOptions = {}) {
  const { fake, clock } = newFake({ webhooks })
  const receiver = await newReceiver()
  opened.push({ fake, receiver })
  const algorithm = webhooks.version === '2.6.1' ? 'sha1' : 'sha256'
  const hooks = (call: string, parameters: Record<string, string> = {}) =>
    send(fake, signedTarget(`hooks/${call}`, query(parameters), secret, algorithm))
  const create = (name: string, more: Record<string, string> = {}) =>
    hooks('create', { callbackURL: `${receiver.url}/${name}`, ...more })
  const room = (meetingID: string) => ask(fake, 'create', query({ meetingID, name: meetingID, record: true }))
  const receivedBy = (name: string) => receiver.received.filter(({ target }) => target.startsWith(`/${name}?`))
  return { fake, clock, receiver, hooks, create, room, receivedBy }
}

afterEach(async () => {
  for (const { fake, receiver } of opened.splice(0)) {
    await fake.close()
    await receiver.close()
  }
})

describe.each(versions)('the hooks API of bbb-webhooks %s', version => {
  it('creates, lists and destroys', async () => {
    const { hooks, create, receiver } = await setUp({ version })
    const made = await create('a', { eventID: 'USER-Joined, user-left' })
    const hookID = made.text('hookID') ?? ''
    expect(hookID).toMatch(
      version === '2.6.1' ? /^1$/ : /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    expect(made.body).toBe(
      `<response><returncode>SUCCESS</returncode><hookID>${hookID}</hookID><permanentHook>false</permanentHook><rawData>false</rawData></response>`,
    )
    expect((await hooks('list')).body).toBe(
      `<response><returncode>SUCCESS</returncode><hooks><hook><hookID>${hookID}</hookID><callbackURL><![CDATA[${receiver.url}/a]]></callbackURL><eventID>user-joined,user-left</eventID><permanentHook>false</permanentHook><rawData>false</rawData></hook></hooks></response>`,
    )
    expect((await hooks('destroy', { hookID })).body).toBe(
      '<response><returncode>SUCCESS</returncode><removed>true</removed></response>',
    )
    expect((await hooks('destroy', { hookID })).messageKey).toBe('destroyMissingHook')
  })

  it('knows a hook by its URL alone: another scope or filter changes nothing', async () => {
    const { hooks, create } = await setUp({ version })
    const first = await create('a')
    const second = await create('a', { meetingID: 'other', eventID: 'user-left', getRaw: 'true' })
    expect(second.body).toBe(
      `<response><returncode>SUCCESS</returncode><hookID>${first.text('hookID')}</hookID><messageKey>duplicateWarning</messageKey><message>There is already a hook for this callback URL.</message></response>`,
    )
    expect((await hooks('list')).body).not.toContain('<meetingID>')
  })

  it('takes GET only, knows four calls, and signs no ping', async () => {
    const { fake } = await setUp({ version })
    expect((await send(fake, signedTarget('hooks/list'), { method: 'POST' })).status).toBe(404)
    expect((await ask(fake, 'hooks/update')).status).toBe(404)
    const ping = await send(fake, '/bigbluebutton/api/hooks/ping')
    expect([ping.status, ping.body]).toEqual([200, version === '2.6.1' ? 'bbb-webhooks up!' : 'bbb-webhooks API up!'])
  })

  it('checks the checksum in its own way', async () => {
    const { fake } = await setUp({ version })
    const list = (checksum: string) => send(fake, `/bigbluebutton/api/hooks/list?checksum=${checksum}`)
    expect((await list(sign('hooks/list', '', secret, 'sha1'))).returncode).toBe('SUCCESS')
    expect((await list(sign('list', '', secret, 'sha1'))).messageKey).toBe('checksumError')
    expect((await list('')).messageKey).toBe('checksumError')
    expect((await list(sign('hooks/list', '', secret, 'sha1').toUpperCase())).messageKey).toBe('checksumError')
    expect((await list(sign('hooks/list', ''))).messageKey).toBe(version === '2.6.1' ? 'checksumError' : undefined)
    const odd = await list('abc')
    expect([odd.status, odd.messageKey]).toEqual(version === '2.6.1' ? [200, 'checksumError'] : [500, undefined])
  })

  it('does not get over getRaw=banana', async () => {
    const { fake } = await setUp({ version })
    const target = signedTarget('hooks/create', 'callbackURL=http%3A%2F%2Fx&getRaw=banana', secret, 'sha1')
    const answer = await fake.handle({ method: 'GET', target, headers: {} })
    if (version === '2.6.1') expect(answer.status).toBe(500)
    else expect(answer.damage).toEqual({ kind: 'hang' })
  })

  it('sends a scoped hook what its release thinks it should get', async () => {
    const { fake, create, room, receivedBy } = await setUp({ version })
    await create('global')
    await create('first', { meetingID: 'room-1' })
    await create('second', { meetingID: 'room-1' })
    await room('room-1')
    await room('room-2')
    await fake.idle()
    const counts = ['global', 'first', 'second'].map(name => receivedBy(name).length)
    expect(counts).toEqual({ '3.5.0': [2, 1, 0], '3.3.1': [2, 2, 2], '2.6.1': [2, 1, 1] }[version])
  })

  it('lists by meeting only where its release can', async () => {
    const { hooks, create } = await setUp({ version })
    await create('global')
    const before = await hooks('list', { meetingID: 'room-1' })
    await create('scoped', { meetingID: 'room-1' })
    const after = await hooks('list', { meetingID: 'room-1' })
    expect([before.messageKey, after.messageKey]).toEqual(
      {
        '3.5.0': ['listHookError', undefined],
        '3.3.1': ['listHookError', 'listHookError'],
        '2.6.1': [undefined, undefined],
      }[version],
    )
  })

  it('filters by event, and sends nothing when raw and filtered at once', async () => {
    const { fake, create, room, receivedBy } = await setUp({ version })
    await create('filtered', { eventID: 'USER-JOINED,user-left' })
    await create('raw-filtered', { getRaw: 'true', eventID: 'user-joined' })
    await room('room-1')
    fake.simulate.leave(fake.simulate.join('room-1', { fullName: 'Ada' }))
    await fake.idle()
    expect(eventIds(receivedBy('filtered')).sort()).toEqual(['user-joined', 'user-left'])
    expect(receivedBy('raw-filtered')).toEqual([])
  })

  it('forgets at a restart what its release forgets', async () => {
    const { fake, hooks, create } = await setUp({ version })
    await create('global')
    await create('scoped', { meetingID: 'room-1' })
    await create('filtered', { eventID: 'user-joined' })
    fake.simulate.restartWebhooks()
    const { body } = await hooks('list')
    const left = ['global', 'scoped', 'filtered'].filter(name => body.includes(`/${name}]]`))
    expect(left).toEqual(version === '2.6.1' ? ['global', 'scoped', 'filtered'] : ['global', 'scoped'])
    expect(body.includes('<meetingID>')).toBe(version === '2.6.1')
  })
})

describe('hooks beside the rules', () => {
  it('are a 404 page where the package is not installed', async () => {
    const { fake } = newFake({ webhooks: false })
    const answer = await ask(fake, 'hooks/list')
    expect([answer.status, answer.body.startsWith('<html>')]).toEqual([404, true])
    await ask(fake, 'create', 'meetingID=room-1&name=Algebra')
    expect(fake.deliveries).toEqual([])
  })

  it('take whatever callbackURL they are given', async () => {
    const { hooks } = await setUp()
    expect((await hooks('create', { callbackURL: 'no url at all' })).returncode).toBe('SUCCESS')
    expect((await hooks('create')).messageKey).toBe('missingParamCallbackURL')
  })

  it('of the server configuration stay, whatever happens', async () => {
    const { hooks } = await setUp({ permanentUrls: ['https://lms.test/permanent'] })
    const listed = await hooks('list')
    const hookID = listed.text('hookID') ?? ''
    expect(hookID).toBe('58f5957a-0884-508e-a41b-8714f726168a')
    expect(listed.text('permanentHook')).toBe('true')
    expect((await hooks('destroy', { hookID })).messageKey).toBe('destroyMissingHook')
  })

  it('with getRaw get the message behind the event', async () => {
    const { fake, clock, create, room, receivedBy } = await setUp()
    await create('raw', { getRaw: 'true' })
    await room('room-1')
    const ada = fake.simulate.join('room-1', { fullName: 'Ada', role: 'MODERATOR', userID: 'u-1' })
    fake.simulate.talk(ada)
    fake.simulate.talk(ada, false)
    fake.simulate.raiseHand(ada)
    fake.simulate.emoji(ada, '👍')
    fake.simulate.camera(ada)
    fake.simulate.chat(ada, 'hello')
    fake.simulate.vote(ada, fake.simulate.poll(ada, 'Ready?', ['Yes', 'No']), 'Yes')
    fake.simulate.screenshare(ada)
    fake.simulate.startRecording('room-1')
    fake.simulate.endMeeting('room-1')
    await clock.advance(20_000)
    await fake.idle()
    const posted = receivedBy('raw').flatMap(({ body }) => JSON.parse(new URLSearchParams(body).get('event') ?? '[]'))
    const akka = posted.filter(message => message.envelope)
    expect(akka.map(message => message.envelope.name)).toContain('UserJoinedMeetingEvtMsg')
    expect(akka.every(({ envelope, core }) => envelope.name === core.header.name && core.body)).toBe(true)
    const joined = akka.find(message => message.envelope.name === 'UserJoinedMeetingEvtMsg')
    expect(joined.core.body).toMatchObject({ extId: 'u-1', name: 'Ada', role: 'MODERATOR', guest: false, authed: true })
    const { envelope, core } = akka[0]
    expect([envelope.routing, core.header]).toEqual([{ sender: 'bbb-apps-akka' }, { name: 'MeetingCreatedEvtMsg' }])
    expect(core.body.props.meetingProp).toMatchObject({ extId: 'room-1', name: 'room-1', isBreakout: false })
    expect(core.body.props.breakoutProps).toEqual({ parentId: 'bbb-none', sequence: 0 })
    expect(akka.at(-1)).toMatchObject({
      envelope: { name: 'MeetingDestroyedEvtMsg' },
      core: { body: { meetingId: core.body.props.meetingProp.intId } },
    })
    const scripts = posted.filter(message => message.payload).map(message => message.header.name)
    expect(scripts).toContain('publish_ended')
    // The made-up user-left comes mapped even here.
    expect(posted.filter(message => message.data).map(message => message.data.id)).toEqual(['user-left'])
  })
})
