import { expect, test } from 'vitest'
import { ConferencingError } from '../../src/errors.ts'
import type { EventSource } from '../../src/inbox/index.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import { jsonProvider } from './json-provider.ts'
import { attendance, type Bench, callbackOf, eventsOf, insertClasses, joined, setUp, statesOf } from './support.ts'

const poison = joined('meeting-class-1', 'poison')

/** Refuses whatever mentions poison, until it is mended. */
function fragileProvider(error: () => Error): EventSource & { isBroken: boolean } {
  return {
    isBroken: true,
    events(callback) {
      if (this.isBroken && new TextDecoder().decode(callback.body).includes('poison')) throw error()
      return jsonProvider.events(callback)
    },
  }
}

/** Lets time pass from one try to the next until none is left; answers the pauses. */
async function runOut({ inbox, clock, store }: Bench): Promise<number[]> {
  const pauses: number[] = []
  for (;;) {
    await inbox.drain()
    const due = await store.read(tx => tx.nextInboxDue('school'))
    if (!due) return pauses
    const pause = due.getTime() - clock.now()
    pauses.push(pause)
    clock.advance(pause - 1)
    await inbox.drain()
    expect(await store.read(tx => tx.nextInboxDue('school'))).toEqual(due)
    clock.advance(1)
  }
}

test('F12 a poison callback is tried 8 times with growing pauses, then waits for a person; nobody waits for it', async () => {
  const provider = fragileProvider(() => new ConferencingError('INVALID', 'The callback is odd.'))
  const bench = await setUp({ providers: { json: provider } })
  const { store, inbox, send, log } = bench
  await insertClasses(store, sampleClass(), sampleClass({ id: 'class-2' }))
  await send(poison)
  await send(joined('meeting-class-2', 'other meeting'))
  await send(joined('meeting-class-1', 'same meeting'))
  await inbox.drain()
  expect(await statesOf(store)).toEqual(['new: INVALID: The callback is odd.', 'applied', 'applied'])

  const pauses = await runOut(bench)
  expect(pauses).toHaveLength(7)
  expect(pauses).toEqual(pauses.toSorted((a, b) => a - b))
  expect(new Set(pauses.slice(0, 6)).size).toBe(6)
  expect(await statesOf(store)).toEqual(['dead: INVALID: The callback is odd.', 'applied', 'applied'])
  expect(log.filter(message => message.includes('waits for a person'))).toHaveLength(1)
  expect(await store.read(tx => tx.listInbox({ tenantId: 'school', state: 'dead', limit: 10 }))).toMatchObject([
    { attempts: 8 },
  ])

  provider.isBroken = false
  expect(await inbox.replay({ state: 'dead' })).toBe(1)
  await inbox.drain()
  const healthy = await setUp()
  await insertClasses(healthy.store, sampleClass())
  await healthy.send(joined('meeting-class-1', 'same meeting'))
  await healthy.send(poison)
  await healthy.inbox.drain()
  expect(await eventsOf(store)).toEqual(await eventsOf(healthy.store))
  expect(await statesOf(store)).toEqual(['applied', 'applied', 'applied'])
})

test('T52 replaying all twice is the same as once, and one alone can be replayed', async () => {
  const provider = fragileProvider(() => new Error('odd'))
  const bench = await setUp({ providers: { json: provider }, maxAttempts: 1 })
  const { store, inbox, send } = bench
  await insertClasses(store, sampleClass())
  await send(poison)
  await send(poison, joined('meeting-class-1', 's'))
  await inbox.drain()
  expect(await statesOf(store)).toEqual(['dead: Error', 'dead: Error'])
  const [first] = await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 1 }))
  expect(await inbox.replay({ seq: first?.seq ?? 0 })).toBe(1)
  await inbox.drain()
  expect(await statesOf(store)).toEqual(['dead: Error', 'dead: Error'])
  provider.isBroken = false
  expect(await inbox.replay({ state: 'dead' })).toBe(2)
  await inbox.drain()
  expect(await inbox.replay({ state: 'dead' })).toBe(0)
  expect(await inbox.replay({ seq: first?.seq ?? 0 })).toBe(1)
  await inbox.drain()
  expect(await statesOf(store)).toEqual(['applied', 'applied'])
  expect(await eventsOf(store)).toHaveLength(2)
})

test('F12 a callback that breaks its transaction is found among its neighbours', async () => {
  const bench = await setUp()
  const { store, inbox, send } = bench
  await insertClasses(store, sampleClass())
  await send(joined('meeting-class-1', 'a'))
  // Text that the provider lets through and the store refuses.
  await send(
    joined('meeting-class-1', 'b'),
    attendance('meeting-class-1', { type: 'started', instance: 'a\0b', at: 1 }),
  )
  await send(joined('meeting-class-1', 'c'))
  await inbox.drain()
  expect(await statesOf(store)).toEqual(['applied', expect.stringMatching(/^new: INVALID: /), 'applied'])
  // Nothing of the broken one is there, not even its good half.
  expect(await eventsOf(store)).toHaveLength(2)
  await runOut(bench)
  expect(await statesOf(store)).toEqual(['applied', expect.stringMatching(/^dead: INVALID: /), 'applied'])
})

test('F12 two processes that fail together count one failure', async () => {
  const one = await setUp()
  const two = await setUp({ store: one.store })
  await insertClasses(one.store, sampleClass())
  await one.send(attendance('meeting-class-1', { type: 'started', instance: 'a\0b', at: 1 }))
  await Promise.all([one.inbox.drain(), two.inbox.drain()])
  expect(await one.store.read(tx => tx.listInbox({ tenantId: 'school', limit: 10 }))).toMatchObject([{ attempts: 1 }])
})

test('T36 a dead callback still comes back for the other meeting it waits for', async () => {
  const provider = fragileProvider(() => new Error('odd'))
  provider.isBroken = false
  const { store, inbox, send } = await setUp({ providers: { json: provider }, maxAttempts: 1 })
  await send(joined('a', 'poison'), joined('b', 'poison'))
  await inbox.drain()
  provider.isBroken = true
  await insertClasses(store, sampleClass({ id: 'a', meetingId: 'a' }))
  await inbox.drain()
  expect(await statesOf(store)).toEqual(['dead: Error'])
  provider.isBroken = false
  await insertClasses(store, sampleClass({ id: 'b', meetingId: 'b' }))
  await inbox.drain()
  expect(await statesOf(store)).toEqual(['applied'])
})

test('T24 the reason of a failure tells our own words, and of other errors only their name', async () => {
  const provider = fragileProvider(() => new RangeError('secret-canary'))
  const { store, inbox, send, log } = await setUp({ providers: { json: provider }, maxAttempts: 2 })
  await send(poison)
  await inbox.receive(callbackOf('no list'))
  await inbox.drain()
  expect(await statesOf(store)).toEqual(['new: RangeError', 'new: INVALID: The callback is no list.'])
  expect(log.join()).not.toContain('canary')
})

test('F12 the applier wakes by itself when a failed callback is due', async () => {
  const applied = Promise.withResolvers<void>()
  const provider = fragileProvider(() => new Error('odd'))
  const options = { providers: { json: provider }, pollMs: 1_000_000_000, onApplied: () => applied.resolve() }
  const { store, inbox, send, clock } = await setUp(options)
  await insertClasses(store, sampleClass())
  inbox.start()
  await send(poison)
  await inbox.drain()
  provider.isBroken = false
  const due = await store.read(tx => tx.nextInboxDue('school'))
  expect(clock.nextAt).toBe(due?.getTime())
  clock.advance((clock.nextAt ?? 0) - clock.now())
  await applied.promise
  expect(await statesOf(store)).toEqual(['applied'])
})

test('pauses are spread by chance', async () => {
  const waits: number[] = []
  for (const chance of [0, 0.5, 0.999]) {
    const provider = fragileProvider(() => new Error('odd'))
    const { store, inbox, send, clock } = await setUp({ providers: { json: provider }, random: () => chance })
    await send(poison)
    await inbox.drain()
    const due = await store.read(tx => tx.nextInboxDue('school'))
    waits.push((due?.getTime() ?? 0) - clock.now())
  }
  expect(new Set(waits).size).toBe(3)
  for (const wait of waits) expect(wait).toBeGreaterThan(0)
})
