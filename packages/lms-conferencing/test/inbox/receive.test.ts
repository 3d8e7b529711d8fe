import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { openStore } from 'lms-conferencing/sql'
import { expect, test } from 'vitest'
import { ConferencingError } from '../../src/errors.ts'
import { callbackDigest } from '../../src/inbox/digest.ts'
import { createInbox } from '../../src/inbox/index.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import { temporaryDirectory } from '../sql/support.ts'
import { jsonProvider } from './json-provider.ts'
import { callbackOf, eventsOf, insertClasses, intercept, joined, setUp, statesOf } from './support.ts'

const refusal = (reason: string) => ({ code: 'STORE_UNAVAILABLE', details: { reason } })
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

test('callbacks that arrive together are stored by one transaction', async () => {
  let transactions = 0
  const store = intercept(await openStore('sqlite::memory:'), () => {
    transactions++
  })
  const { inbox } = await setUp({ store })
  await Promise.all(many(200, index => inbox.receive(callbackOf(index))))
  expect(transactions).toBe(1)
  expect(await statesOf(store)).toHaveLength(200)
})

test('a callback is acknowledged only once it is stored', async () => {
  const gate = Promise.withResolvers<void>()
  const store = intercept(await openStore('sqlite::memory:'), () => gate.promise)
  const { inbox } = await setUp({ store })
  let acknowledged = 0
  const receiving = many(3, async index => {
    await inbox.receive(callbackOf(index))
    acknowledged++
    // Whoever was told so finds the row.
    expect((await statesOf(store)).length).toBe(3)
  })
  expect(acknowledged).toBe(0)
  expect(await statesOf(store)).toEqual([])
  expect(acknowledged).toBe(0)
  gate.resolve()
  await Promise.all(receiving)
  expect(acknowledged).toBe(3)
})

test('T35 the same callback a thousand times at once has one effect, and still one after a restart', async () => {
  const url = `sqlite:${join(temporaryDirectory(), 'lms.db')}`
  for (const round of [1, 2]) {
    const { store, send, inbox } = await setUp({ store: await openStore(url) })
    if (round === 1) await insertClasses(store, sampleClass())
    await Promise.all(many(1000, () => send(joined('meeting-class-1', 's'))))
    await inbox.drain()
    expect(await statesOf(store)).toEqual(['applied'])
    expect(await eventsOf(store)).toHaveLength(1)
  }
})

test('a full queue refuses, and takes more when there is room again', async () => {
  const gate = Promise.withResolvers<void>()
  const store = intercept(await openStore('sqlite::memory:'), () => gate.promise)
  const { inbox } = await setUp({ store, queueLimit: 3 })
  const waiting = many(3, index => inbox.receive(callbackOf(index)))
  await expect(inbox.receive(callbackOf('one too many'))).rejects.toMatchObject(refusal('queue_full'))
  gate.resolve()
  await Promise.all(waiting)
  await inbox.receive(callbackOf('room again'))
  expect(await statesOf(store)).toHaveLength(4)
})

test('a queue that is full of bytes refuses', async () => {
  const gate = Promise.withResolvers<void>()
  const store = intercept(await openStore('sqlite::memory:'), () => gate.promise)
  const { inbox } = await setUp({ store, queueBytes: 1000 })
  const waiting = inbox.receive(callbackOf('x'.repeat(900)))
  await expect(inbox.receive(callbackOf('y'.repeat(200)))).rejects.toMatchObject(refusal('queue_full'))
  gate.resolve()
  await waiting
  await inbox.receive(callbackOf('y'.repeat(200)))
  expect(await statesOf(store)).toHaveLength(2)
})

test('F3 F4 a store that stays silent is answered for after 3.5 seconds, and what it stored late is not doubled', async () => {
  const gate = Promise.withResolvers<void>()
  const store = intercept(await openStore('sqlite::memory:'), () => gate.promise)
  const { inbox, clock } = await setUp({ store })
  const inFlight = inbox.receive(callbackOf('in flight'))
  await setImmediate()
  const behind = inbox.receive(callbackOf('behind'))
  clock.advance(3500)
  await expect(inFlight).rejects.toMatchObject(refusal('slow'))
  await expect(behind).rejects.toMatchObject(refusal('slow'))
  gate.resolve()
  await Promise.all([inbox.receive(callbackOf('in flight')), inbox.receive(callbackOf('behind'))])
  expect(await statesOf(store)).toHaveLength(2)
})

test('F4 a store that cannot serve refuses all who wait at once, and serves again without a restart', async () => {
  let isDown = true
  let tries = 0
  const store = intercept(await openStore('sqlite::memory:'), () => {
    tries++
    if (isDown) throw new ConferencingError('STORE_UNAVAILABLE', 'locked', { details: { reason: 'locked' } })
  })
  const { inbox } = await setUp({ store })
  // More than one group.
  const outcomes = await Promise.allSettled(many(1200, index => inbox.receive(callbackOf(index))))
  for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: refusal('locked') })
  expect(tries).toBe(1)
  isDown = false
  await Promise.all(many(1200, index => inbox.receive(callbackOf(index))))
  expect(await statesOf(store)).toHaveLength(1200)
})

test('a callback that can never be stored does not take the others of its group along', async () => {
  const { inbox, store } = await setUp()
  const bad = { provider: 'json', callback: { serverId: 'server-1', kind: 'half \uD83D', body: new Uint8Array() } }
  const outcomes = await Promise.allSettled([
    inbox.receive(callbackOf(1)),
    inbox.receive(bad),
    inbox.receive(callbackOf(2)),
  ])
  expect(outcomes).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: { code: 'INVALID' } },
    { status: 'fulfilled' },
  ])
  expect(await statesOf(store)).toHaveLength(2)
})

test('F24 a stopped inbox stores what it has and refuses the rest', async () => {
  const { inbox, store } = await setUp()
  const waiting = many(10, index => inbox.receive(callbackOf(index)))
  const stopping = inbox.stop()
  await expect(inbox.receive(callbackOf('late'))).rejects.toMatchObject(refusal('closed'))
  await stopping
  expect(await statesOf(store)).toHaveLength(10)
  await Promise.all(waiting)
})

test('T53 each tenant has its own inbox, whatever the callbacks', async () => {
  const { inbox, store, send } = await setUp()
  const other = createInbox({ tenantId: 'academy', store, providers: { json: jsonProvider } })
  await insertClasses(store, sampleClass(), sampleClass({ tenantId: 'academy' }))
  await send(joined('meeting-class-1', 's'))
  await other.drain()
  expect(await eventsOf(store)).toEqual([])
  await other.receive(callbackOf([joined('meeting-class-1', 's')]))
  await inbox.drain()
  expect(await eventsOf(store)).toHaveLength(1)
  expect(await eventsOf(store, 'class-1', 'academy')).toEqual([])
  await other.drain()
  expect(await eventsOf(store, 'class-1', 'academy')).toHaveLength(1)
  await other.stop()
})

test('the digest tells every field from its neighbour', () => {
  const identity = { tenantId: 'a', provider: 'b', serverId: 'c', kind: 'd', body: new TextEncoder().encode('e') }
  const variants = [
    identity,
    { ...identity, tenantId: 'ab', provider: '' },
    { ...identity, tenantId: '', provider: 'ab' },
    { ...identity, serverId: 'cd', kind: '' },
    { ...identity, kind: 'de', body: new Uint8Array() },
    { ...identity, body: new TextEncoder().encode('ee') },
    { ...identity, tenantId: 'a","b' },
  ]
  const digests = variants.map(callbackDigest)
  expect(new Set(digests).size).toBe(variants.length)
  expect(digests[0]).toBe(callbackDigest({ ...identity }))
  expect(digests[0]).toMatch(/^[0-9a-f]{64}$/)
})
