import { afterEach, describe, expect, it } from 'vitest'
import type { Delivery, FakeBbb, FakeBbbOptions, FakeWebhooksOptions } from '../../src/testing/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import {
  ask,
  eventIds,
  eventsOf,
  newFake,
  newReceiver,
  provenScheme,
  query,
  type Receiver,
  secret,
  send,
  signedTarget,
  status,
} from './support.ts'

const opened: { fake: FakeBbb; receiver: Receiver }[] = []
const waits = [100, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 30_000, 60_000, 60_000, 60_000, 60_000]

async function setUp(webhooks: FakeWebhooksOptions = {}, options: Partial<FakeBbbOptions> = {}) {
  const { fake, clock } = newFake({ webhooks, ...options })
  const receiver = await newReceiver()
  opened.push({ fake, receiver })
  const register = async (callbackURL: string, more: Record<string, string> = {}) => {
    const algorithm = webhooks.version === '2.6.1' ? 'sha1' : 'sha256'
    await send(fake, signedTarget('hooks/create', query({ callbackURL, ...more }), secret, algorithm))
    return callbackURL
  }
  const room = (meetingID = 'room-1') =>
    ask(fake, 'create', query({ meetingID, name: 'Algèbre (a+b)*c! ~', meetingExpireIfNoUserJoinedInMinutes: 0 }))
  return { fake, clock, receiver, register, room }
}

afterEach(async () => {
  for (const { fake, receiver } of opened.splice(0)) {
    await fake.close()
    await receiver.close()
  }
})

describe('what a callback looks like', () => {
  it.each<[string, FakeWebhooksOptions, string, number]>([
    ['3.5.0, as shipped', {}, 'url+body', 40],
    ['3.5.0, SHA-256', { algorithm: 'sha256' }, 'url+body', 64],
    ['3.5.0, SHA-384', { algorithm: 'sha384' }, 'url+body', 96],
    ['3.5.0, SHA-512', { algorithm: 'sha512' }, 'url+body', 128],
    ['3.3.1', { version: '3.3.1', algorithm: 'sha256' }, 'url+braces', 64],
    ['2.6.1', { version: '2.6.1', algorithm: 'sha256' }, 'url+json', 40],
    ['3.5.0, Debian package', { auth: 'bearer' }, 'bearer', 0],
    ['2.6.1, Debian package', { version: '2.6.1', auth: 'bearer' }, 'bearer', 0],
  ])('%s is proven by an independent verifier', async (_, webhooks, scheme, length) => {
    const { fake, receiver, register, room } = await setUp(webhooks)
    for (const path of ['/plain', '/query?tenant=acme&room=7', '/bare?', '/enc?next=%2Fa%20b&x=%c3%a9&plus=a+b&']) {
      await register(receiver.url + path)
    }
    await room()
    await fake.idle()
    expect(receiver.received).toHaveLength(4)
    for (const one of receiver.received) {
      const registered = receiver.url + one.target.replace(/[?&]checksum=[0-9a-f]+$/, '')
      expect(provenScheme(one, registered)).toBe(scheme)
      expect(/checksum=([0-9a-f]*)/.exec(one.target)?.[1]?.length ?? 0).toBe(length)
      expect(one.headers.authorization === undefined).toBe(scheme !== 'bearer')
    }
    const marks = receiver.received.map(({ target }) => target.replace(/checksum=.*/, '')).sort()
    const appended = length === 0 ? ['', '', '', ''] : ['&', '&', '?', '&']
    const plain = ['/bare?', '/enc?next=%2Fa%20b&x=%c3%a9&plus=a+b&', '/plain', '/query?tenant=acme&room=7']
    expect(marks).toEqual(plain.map((path, index) => path + appended[index]))
  })

  it('T34 only the body-blind scheme survives a changed body', async () => {
    const verdicts = new Map<string, string | undefined>()
    for (const version of ['3.5.0', '3.3.1', '2.6.1'] as const) {
      const { fake, receiver, register, room } = await setUp({ version })
      const callbackURL = await register(`${receiver.url}/cb`)
      await room()
      await fake.idle()
      const [one] = receiver.received
      if (!one) throw new Error('nothing received')
      expect(provenScheme(one, callbackURL)).toBeDefined()
      verdicts.set(version, provenScheme({ ...one, body: one.body.replace('room-1', 'room-2') }, callbackURL))
    }
    expect(verdicts).toEqual(
      new Map([
        ['3.5.0', undefined],
        ['3.3.1', 'url+braces'],
        ['2.6.1', undefined],
      ]),
    )
  })

  it.each([
    [
      '3.5.0',
      'domain event timestamp',
      'application/x-www-form-urlencoded;charset=UTF-8',
      'node-fetch',
      '%28a%2Bb%29*c%21+%7E',
    ],
    ['2.6.1', 'event timestamp domain', 'application/x-www-form-urlencoded', undefined, '%28a%2Bb%29%2Ac%21%20~'],
  ] as const)('%s: fields, encoding, headers', async (version, fields, contentType, userAgent, encoded) => {
    const { fake, clock, receiver, register, room } = await setUp({ version, domain: 'bbb.school.test' })
    await register(`${receiver.url}/cb`)
    await room()
    await fake.idle()
    const [one] = receiver.received
    const form = new URLSearchParams(one?.body)
    expect([...form.keys()].join(' ')).toBe(fields)
    expect([form.get('domain'), form.get('timestamp')]).toEqual(['bbb.school.test', String(clock.now())])
    expect(one?.headers['content-type']).toBe(contentType)
    expect(one?.headers['user-agent']).toBe(userAgent)
    expect(one?.headers['content-length']).toBe(String(one?.body.length))
    expect(one?.body).toContain(encoded)
    expect(one && eventsOf(one)).toHaveLength(1)
  })

  it.each([
    ['', '/?checksum='],
    ['/a b?x=1 2', '/a%20b?x=1%202&checksum='],
    ['/é?ü=ö', '/%C3%A9?%C3%BC=%C3%B6&checksum='],
    ['/a/../b/./c', '/b/c?checksum='],
    ['/f#part', '/f'],
    ['/c?checksum=mine&z=1', '/c?checksum=mine&z=1&checksum='],
  ])('an odd URL %j arrives as %s, signed as it was registered', async (path, start) => {
    const { fake, receiver, register, room } = await setUp()
    const callbackURL = await register(receiver.url + path)
    await room()
    await fake.idle()
    const [one] = receiver.received
    expect(one?.target.startsWith(start)).toBe(true)
    if (!path.includes('#')) expect(one && provenScheme(one, callbackURL)).toBe('url+body')
    else expect(one?.target).toBe('/f')
  })

  it('never reaches a URL with credentials, or none at all', async () => {
    const { fake, receiver, register, room } = await setUp()
    await register(receiver.url.replace('http://', 'http://user:pw@'))
    await register(receiver.url.replace('http://', 'http://user@'))
    await register('no url')
    await room()
    await fake.idle()
    expect(receiver.received).toEqual([])
    expect(fake.deliveries.map(({ outcome }) => outcome)).toEqual(['retrying', 'retrying', 'retrying'])
  })
})

describe('trying again', () => {
  it('waits 100 ms to 60 s between thirteen tries, each the same request', async () => {
    const { fake, clock, receiver, register, room } = await setUp()
    await register(`${receiver.url}/cb`)
    receiver.answers.push(...waits.map(() => status(503)), status(503))
    const start = clock.now()
    await room()
    await clock.advance(400_000)
    const due = [0]
    for (const wait of waits) due.push((due.at(-1) ?? 0) + wait)
    expect(fake.deliveries.map(({ at }) => at - start)).toEqual(due)
    expect(fake.deliveries.map(({ attempt }) => attempt)).toEqual(due.map((_, index) => index + 1))
    expect(fake.deliveries.at(-1)?.outcome).toBe('failed')
    expect(new Set(receiver.received.map(({ target, body }) => target + body)).size).toBe(1)
  })

  it.each<[number, Delivery['outcome'], number]>([
    [200, 'delivered', 1],
    [204, 'delivered', 1],
    [401, 'refused', 1],
    [304, 'retrying', 2],
    [400, 'retrying', 2],
    [403, 'retrying', 2],
    [404, 'retrying', 2],
    [410, 'retrying', 2],
    [429, 'retrying', 2],
    [500, 'retrying', 2],
  ])('T41 an answer %i is %s', async (code, outcome, tries) => {
    const { fake, clock, receiver, register, room } = await setUp()
    await register(`${receiver.url}/cb`)
    receiver.answers.push(status(code, { 'retry-after': '3600' }))
    await room()
    await clock.advance(1_000)
    expect(fake.deliveries.map(delivery => delivery.outcome)).toEqual([outcome, 'delivered'].slice(0, tries))
    expect(fake.deliveries[0]?.status).toBe(code)
  })

  it('tries again after a dropped connection, and when no answer comes in time', async () => {
    const clock = new ManualClock({ patienceMs: 20 })
    const { fake, receiver, register, room } = await setUp({}, { clock })
    await register(`${receiver.url}/cb`)
    receiver.answers.push(
      response => response.destroy(),
      () => undefined,
    )
    const start = clock.now()
    await room()
    await clock.advance(10_000)
    await fake.idle()
    expect(fake.deliveries.map(({ status: code, outcome, at }) => [code, outcome, at - start])).toEqual([
      [undefined, 'retrying', 0],
      [undefined, 'retrying', 100],
      [200, 'delivered', 100 + 5_000 + 500],
    ])
  })

  it('events during retries go out at once in 3.x, and wait their turn in 2.x', async () => {
    const order = new Map<string, string[]>()
    for (const version of ['3.5.0', '2.6.1'] as const) {
      const { fake, clock, receiver, register, room } = await setUp({ version })
      await register(`${receiver.url}/cb`)
      receiver.answers.push(status(503))
      await room()
      await fake.idle()
      fake.simulate.join('room-1', { fullName: 'Ada' })
      await fake.idle()
      await clock.advance(1_000)
      order.set(version, eventIds(receiver.received))
    }
    expect(order.get('3.5.0')).toEqual(['meeting-created', 'user-joined', 'meeting-created'])
    expect(order.get('2.6.1')).toEqual(['meeting-created', 'meeting-created', 'user-joined'])
  })

  it('2.x can put several queued events into one callback', async () => {
    const { fake, clock, receiver, register, room } = await setUp({ version: '2.6.1', multiEvent: 4 })
    await register(`${receiver.url}/cb`)
    receiver.answers.push(status(503))
    await room()
    for (const fullName of ['A', 'B', 'C', 'D', 'E']) fake.simulate.join('room-1', { fullName })
    await clock.advance(1_000)
    await fake.idle()
    expect(receiver.received.map(one => eventsOf(one).length)).toEqual([1, 1, 4, 1])
    expect(
      provenScheme(receiver.received[2] ?? { method: '', target: '', headers: {}, body: '' }, `${receiver.url}/cb`),
    ).toBe('url+json')
  })

  it('3.x in order, where its queue is on', async () => {
    const { fake, receiver, register, room } = await setUp({ inOrder: true })
    await register(`${receiver.url}/cb`)
    const held: (() => void)[] = []
    receiver.answers.push(response => held.push(() => response.end()))
    await room()
    fake.simulate.join('room-1', { fullName: 'Ada' })
    await expect.poll(() => held.length).toBe(1)
    expect(receiver.received).toHaveLength(1)
    held[0]?.()
    await fake.idle()
    expect(eventIds(receiver.received)).toEqual(['meeting-created', 'user-joined'])
  })

  it.each<[FakeWebhooksOptions, boolean, boolean]>([
    [{ version: '3.5.0' }, true, false],
    [{ version: '2.6.1' }, false, false],
    [{ version: '3.5.0', failedHooksGo: 'at-once' }, false, false],
    [{ version: '3.5.0', permanentUrls: ['PERMANENT'] }, true, true],
  ])('F10 after thirteen failures %o: still called %s, after a restart %s', async (webhooks, called, afterRestart) => {
    const receiver = await newReceiver()
    const url = `${receiver.url}/cb`
    const permanent = webhooks.permanentUrls !== undefined
    const options = permanent ? { ...webhooks, permanentUrls: [url] } : webhooks
    const { fake, clock, register, room } = await setUp(options)
    opened.push({ fake, receiver })
    if (!permanent) await register(url)
    receiver.answers.push(...Array.from({ length: 13 }, () => status(500)))
    await room()
    await clock.advance(300_000)
    const before = receiver.received.length
    fake.simulate.join('room-1', { fullName: 'Ada' })
    await fake.idle()
    expect(receiver.received.length > before).toBe(called)
    fake.simulate.restartWebhooks()
    const restarted = receiver.received.length
    fake.simulate.join('room-1', { fullName: 'Bob' })
    await fake.idle()
    expect(receiver.received.length > restarted).toBe(afterRestart)
  })

  it('a permanent hook is tried every minute for ever', async () => {
    const receiver = await newReceiver()
    const { fake, clock, room } = await setUp({ permanentUrls: [`${receiver.url}/cb`] })
    opened.push({ fake, receiver })
    receiver.answers.push(...Array.from({ length: 40 }, () => status(500)))
    await room()
    await clock.advance(2 * 3_600_000)
    await fake.idle()
    expect(fake.deliveries.at(-1)).toMatchObject({ outcome: 'delivered', attempt: 41 })
  })
})

describe('redirects', () => {
  it.each([301, 302, 303])('3.x follows %i with a GET without body: the event is lost', async code => {
    const { fake, receiver, register, room } = await setUp({ auth: 'bearer' })
    await register(`${receiver.url}/cb`)
    receiver.answers.push(status(code, { location: '/moved' }))
    await room()
    await fake.idle()
    expect(receiver.received.map(({ method, target, body }) => [method, target, body === ''])).toEqual([
      ['POST', '/cb', false],
      ['GET', '/moved', true],
    ])
    expect(receiver.received[1]?.headers.authorization).toBe(`Bearer ${secret}`)
    expect(fake.deliveries.map(({ outcome }) => outcome)).toEqual(['delivered'])
  })

  it.each([307, 308])('3.x repeats the request at the target of %i, without the checksum', async code => {
    const { fake, receiver, register, room } = await setUp()
    await register(`${receiver.url}/cb`)
    receiver.answers.push(status(code, { location: '/moved' }))
    await room()
    await fake.idle()
    expect(receiver.received.map(({ method, target }) => `${method} ${target.split('?')[0]}`)).toEqual([
      'POST /cb',
      'POST /moved',
    ])
    expect(receiver.received[1]?.target).not.toContain('checksum')
    expect(receiver.received[1]?.body).toBe(receiver.received[0]?.body)
  })

  it('3.x gives the bearer to no other host, 2.x follows nowhere', async () => {
    const other = await newReceiver()
    const { fake, receiver, register, room } = await setUp({ auth: 'bearer' })
    opened.push({ fake, receiver: other })
    await register(`${receiver.url}/cb`)
    receiver.answers.push(status(307, { location: `${other.url}/moved` }))
    await room()
    await fake.idle()
    expect(other.received.map(({ headers }) => headers.authorization)).toEqual([undefined])

    const old = await setUp({ version: '2.6.1' })
    await old.register(`${old.receiver.url}/cb`)
    old.receiver.answers.push(status(302, { location: '/moved' }))
    await old.room()
    await old.fake.idle()
    expect(old.fake.deliveries.map(({ outcome, status: code }) => [outcome, code])).toEqual([['retrying', 302]])
  })

  it('gives up on a loop', async () => {
    const { fake, receiver, register, room } = await setUp()
    await register(`${receiver.url}/cb`)
    receiver.answers.push(...Array.from({ length: 21 }, () => status(307, { location: '/again' })))
    await room()
    await fake.idle()
    expect(fake.deliveries.map(({ outcome, status: code }) => [outcome, code])).toEqual([['retrying', undefined]])
  })
})

describe('what is seen of deliveries', () => {
  it('each attempt, in a list and by callback, without checksum', async () => {
    const seen: Delivery[] = []
    const { fake, receiver, register, room } = await setUp({}, { onDelivery: delivery => seen.push(delivery) })
    await register(`${receiver.url}/cb?m=1`)
    await room()
    await fake.idle()
    expect(seen).toEqual(fake.deliveries)
    expect(seen).toEqual([
      {
        kind: 'hook',
        events: ['meeting-created'],
        hookID: expect.any(String),
        url: `${receiver.url}/cb?m=1`,
        attempt: 1,
        at: expect.any(Number),
        status: 200,
        outcome: 'delivered',
      },
    ])
  })

  it('close() ends what is on the wire and what waits', async () => {
    const { fake, clock, receiver, register, room } = await setUp()
    await register(`${receiver.url}/cb`)
    const held: unknown[] = []
    receiver.answers.push(status(500), response => held.push(response))
    await room()
    await fake.idle()
    fake.simulate.join('room-1', { fullName: 'Ada' })
    await expect.poll(() => held.length).toBe(1)
    await fake.close()
    await clock.advance(600_000)
    expect(clock.pending).toBe(0)
    expect(receiver.received).toHaveLength(2)
    expect(fake.deliveries.map(({ outcome }) => outcome)).toEqual(['retrying', 'abandoned'])
  })
})
