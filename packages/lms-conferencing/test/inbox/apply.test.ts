import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { openStore } from 'lms-conferencing/sql'
import { describe, expect, test } from 'vitest'
import { ConferencingError } from '../../src/errors.ts'
import type { ClassChange } from '../../src/inbox/index.ts'
import type { Store } from '../../src/store.ts'
import { storeUnavailable } from '../../src/store-faults.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import { temporaryDirectory } from '../sql/support.ts'
import {
  attendance,
  breakout,
  callbackOf,
  eventsOf,
  insertClasses,
  intercept,
  joined,
  setUp,
  statesOf,
} from './support.ts'

const started = { type: 'started', instance: 'i', at: 1 } as const
const ended = { type: 'ended', instance: 'i', at: 9 } as const

describe('what callbacks do', () => {
  test('facts are stored, and their changes told by class once they are', async () => {
    const told: ClassChange[][] = []
    const { store, inbox, send } = await setUp({
      onApplied: async changes => {
        told.push([...changes])
        expect(await statesOf(store)).not.toContain('new')
      },
    })
    await insertClasses(store, sampleClass(), sampleClass({ id: 'class-2' }))
    await send(attendance('meeting-class-1', started), joined('meeting-class-1', 's'), joined('meeting-class-2', 's'))
    await send(attendance('meeting-class-1', ended))
    await inbox.drain()
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject([
      { stored: { liveClass: { id: 'class-1' } }, newFacts: 3, started: [started], ended: [ended], recordings: [] },
      { stored: { liveClass: { id: 'class-2' } }, newFacts: 1, started: [], ended: [] },
    ])
    expect(await eventsOf(store)).toHaveLength(3)
    expect(await eventsOf(store, 'class-2')).toHaveLength(1)
    expect(await statesOf(store)).toEqual(['applied', 'applied'])
  })

  test('the class itself is left to the use cases', async () => {
    const { store, inbox, send } = await setUp()
    await insertClasses(store, sampleClass({ status: 'live' }))
    await send(attendance('meeting-class-1', ended), {
      kind: 'recording',
      meetingKey: 'meeting-class-1',
      recordId: 'r',
    })
    await inbox.drain()
    expect(await store.read(tx => tx.getClass('school', 'class-1'))).toEqual(sampleClass({ status: 'live' }))
    expect(await store.read(tx => tx.listRecordings('school', 'class-1'))).toEqual([])
  })

  test('a recording is a hint that is passed on', async () => {
    const told: (readonly (string | null)[])[] = []
    const { store, inbox, send } = await setUp({
      onApplied: changes => void told.push(...changes.map(one => one.recordings)),
    })
    await insertClasses(store, sampleClass())
    const hint = { kind: 'recording', meetingKey: 'meeting-class-1' } as const
    await send({ ...hint, recordId: 'r' })
    await send({ ...hint, recordId: 'r' }, { ...hint, recordId: null })
    await inbox.drain()
    expect(told).toEqual([['r', null]])
  })

  test('applied together, each callback has its own end', async () => {
    const told: ClassChange[] = []
    const { store, inbox, send } = await setUp({ onApplied: changes => void told.push(...changes) })
    const there = sampleClass({ id: 'there', meetingId: 'meeting-class-1' }, { serverId: 'server-2' })
    await insertClasses(store, sampleClass(), there)
    const recording = { kind: 'recording', meetingKey: 'meeting-class-1', recordId: 'r' } as const
    await send(joined('meeting-class-1', 'a'))
    await inbox.receive(callbackOf([joined('meeting-class-1', 'a')], 'server-2'))
    await send(joined('meeting-class-1', 'a'), attendance('meeting-class-1', started))
    await send(joined('nobody', 'a'))
    await inbox.receive(callbackOf('no list'))
    await send({ kind: 'other', meetingKey: 'meeting-class-1', name: 'chat' })
    await send(joined('nobody', 'b'), recording)
    await send(breakout('room', 'nobody'), recording, attendance('meeting-class-1', ended))
    await inbox.drain()
    expect(await statesOf(store)).toEqual([
      'applied',
      'applied',
      'applied',
      'ignored: unknown_meeting',
      'new: INVALID: The callback is no list.',
      'ignored: no_effect',
      'applied: unknown_meeting',
      'applied: unknown_meeting',
    ])
    expect(told).toMatchObject([
      { stored: sampleClass(), newFacts: 3, started: [started], ended: [ended], recordings: ['r'], maybeEnded: false },
      { stored: there, newFacts: 1, started: [], ended: [], recordings: [] },
    ])
    const rows = await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 10 }))
    expect(rows.map(({ waitingFor }) => waitingFor.join())).toEqual(['', '', '', 'nobody', '', '', 'nobody', 'nobody'])
  })

  test('a batch takes as many statements as it would with a tenth of its callbacks', async () => {
    let statements = 0
    const store = await openStore('sqlite::memory:', { onStatement: () => statements++ })
    const { inbox, send } = await setUp({ store })
    const classes = Array.from({ length: 10 }, (_, index) => sampleClass({ id: `class-${index}` }))
    await insertClasses(store, ...classes)
    const counts: number[] = []
    for (const each of [1, 10]) {
      for (let turn = 0; turn < each; turn++) {
        for (const { meeting } of classes) await send(joined(meeting.meetingKey, `session-${each}-${turn}`))
      }
      statements = 0
      await inbox.drain()
      counts.push(statements)
    }
    expect(counts[1]).toBe(counts[0])
    expect(await store.read(tx => tx.countInbox('school'))).toMatchObject({ applied: 110 })
  })

  test('T43 what has no consequence is kept as ignored', async () => {
    const { store, inbox, send } = await setUp()
    await send({ kind: 'other', meetingKey: 'nobody', name: 'chat' })
    await send()
    await inbox.drain()
    expect(await statesOf(store)).toEqual(['ignored: no_effect', 'ignored: no_effect'])
  })
})

describe('T36 a callback for a meeting nobody knows', () => {
  test('touches no other class, and takes effect when its class is made', async () => {
    const { store, inbox, send } = await setUp()
    const here = sampleClass()
    const elsewhere = sampleClass({ id: 'elsewhere', meetingId: 'later' }, { serverId: 'server-2' })
    const theirs = sampleClass({ id: 'theirs', tenantId: 'academy', meetingId: 'later' })
    await insertClasses(store, here, elsewhere, theirs)
    await send(joined('later', 's'))
    await inbox.drain()
    expect(await statesOf(store)).toEqual(['ignored: unknown_meeting'])
    await insertClasses(store, sampleClass({ id: 'later', meetingId: 'later' }))
    await inbox.drain()
    expect(await statesOf(store)).toEqual(['applied'])
    expect(await eventsOf(store, 'later')).toHaveLength(1)
    expect(await eventsOf(store)).toEqual([])
    expect(await eventsOf(store, 'elsewhere')).toEqual([])
    expect(await eventsOf(store, 'theirs', 'academy')).toEqual([])
  })

  test('among others does its part at once and the rest later, whichever class comes first', async () => {
    for (const order of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const { store, inbox, send } = await setUp()
      await insertClasses(store, sampleClass())
      await send(joined('a', 's'), joined('meeting-class-1', 's'), joined('b', 's'))
      await inbox.drain()
      expect(await statesOf(store)).toEqual(['applied: unknown_meeting'])
      expect(await eventsOf(store)).toHaveLength(1)
      for (const id of order) {
        await insertClasses(store, sampleClass({ id, meetingId: id }))
        await inbox.drain()
        expect(await eventsOf(store, id)).toHaveLength(1)
      }
      expect(await statesOf(store)).toEqual(['applied'])
    }
  })
})

describe('a breakout room', () => {
  const inRoom = [
    attendance('room', { type: 'started', instance: 'own run', at: 1 }),
    attendance('room', { type: 'joined', instance: 'own run', session: 's', person: 'p', at: 2 }),
    attendance('room', { type: 'left', instance: 'own run', session: 's', at: 3 }),
    attendance('room', { type: 'snapshot', instance: 'own run', present: [{ session: 's' }], at: 3 }),
    attendance('room', { type: 'ended', instance: 'own run', at: 4 }),
    { kind: 'recording', meetingKey: 'room', recordId: 'r' },
  ] as const
  const announcement = breakout('room', 'meeting-class-1')
  const filed = [
    { type: 'joined', instance: 'run of meeting-class-1', session: 's', person: 'p', room: 'breakout:room', at: 2 },
    { type: 'left', instance: 'run of meeting-class-1', session: 's', room: 'breakout:room', at: 3 },
  ]

  test('counts for its parent: who came and went, not that the room opened and closed', async () => {
    const { store, inbox, send } = await setUp({
      onApplied: changes => expect(changes).toMatchObject([{ started: [], ended: [], recordings: [] }]),
    })
    await insertClasses(store, sampleClass())
    await send(announcement)
    for (const event of inRoom) await send(event)
    await inbox.drain()
    expect(await eventsOf(store)).toEqual(filed)
    const nothing = 'ignored: no_effect'
    expect(await statesOf(store)).toEqual(['applied', nothing, 'applied', 'applied', nothing, nothing, nothing])
  })

  test('comes out the same when its callbacks come before the announcement, and both before the class', async () => {
    const { store, inbox, send } = await setUp()
    for (const event of inRoom) await send(event)
    await inbox.drain()
    await send(announcement)
    await inbox.drain()
    expect(new Set(await statesOf(store))).toEqual(new Set(['ignored: unknown_meeting']))
    await insertClasses(store, sampleClass())
    await inbox.drain()
    expect(await eventsOf(store)).toEqual(filed)
    expect(await statesOf(store)).not.toContain('ignored: unknown_meeting')
  })

  test('comes out the same when all of it is applied together, whatever came first', async () => {
    const { store, inbox, send } = await setUp()
    await insertClasses(store, sampleClass())
    for (const event of inRoom) await send(event)
    await send(announcement)
    await inbox.drain()
    expect(await eventsOf(store)).toEqual(filed)
    const nothing = 'ignored: no_effect'
    expect(await statesOf(store)).toEqual([nothing, 'applied', 'applied', nothing, nothing, nothing, 'applied'])
  })

  test('may be announced in the same callback, after what happened in it', async () => {
    const { store, inbox, send } = await setUp()
    await insertClasses(store, sampleClass())
    await send(...inRoom, announcement)
    await inbox.drain()
    expect(await eventsOf(store)).toEqual(filed)
  })

  test('T36 cannot draw away the callbacks of a class', async () => {
    const { store, inbox, send } = await setUp()
    await insertClasses(store, sampleClass(), sampleClass({ id: 'class-2' }))
    await send(breakout('meeting-class-1', 'meeting-class-2'))
    await send(joined('meeting-class-1', 's'))
    await inbox.drain()
    expect(await eventsOf(store)).toHaveLength(1)
    expect(await eventsOf(store, 'class-2')).toEqual([])
  })
})

describe('the applier', () => {
  test('is woken by what is received, and picks up what was there before it started', async () => {
    const applied = Promise.withResolvers<void>()
    let count = 0
    const { store, inbox, send } = await setUp({
      onApplied: changes => {
        for (const { newFacts } of changes) count += newFacts
        if (count === 2) applied.resolve()
      },
    })
    await insertClasses(store, sampleClass())
    await send(joined('meeting-class-1', 'before'))
    inbox.start()
    inbox.start()
    await send(joined('meeting-class-1', 'after'))
    await applied.promise
    expect(await eventsOf(store)).toHaveLength(2)
  })

  test('does nothing before it is started or after it is stopped', async () => {
    const { store, inbox, send } = await setUp()
    await insertClasses(store, sampleClass())
    await send(joined('meeting-class-1', 's'))
    inbox.wake()
    await inbox.stop()
    inbox.wake()
    expect(await statesOf(store)).toEqual(['new'])
  })

  test('finds what another process stored when it looks again', async () => {
    const applied = Promise.withResolvers<void>()
    const { store, inbox, clock } = await setUp({ onApplied: () => applied.resolve() })
    await insertClasses(store, sampleClass())
    inbox.start()
    await inbox.drain()
    const { send } = await setUp({ store })
    await send(joined('meeting-class-1', 's'))
    expect(clock.nextAt).toBe(clock.now() + 1000)
    clock.advance(1000)
    await applied.promise
    expect(await statesOf(store)).toEqual(['applied'])
  })

  test('misses nothing that arrives while it looks for the last time', async () => {
    const applied = Promise.withResolvers<void>()
    const memory = await openStore('sqlite::memory:')
    let looks = 0
    const store: Store = {
      transaction: work => memory.transaction(work),
      receive: rows => memory.receive(rows),
      async read(work) {
        const answer = await memory.read(work)
        // The first look finds nothing due, the second asks when to wake up.
        if (++looks === 2) await send(joined('meeting-class-1', 's'))
        return answer
      },
      onChange: listener => memory.onChange(listener),
      scrub: () => memory.scrub(),
      refreshStatistics: () => memory.refreshStatistics(),
      close: () => memory.close(),
    }
    const { inbox, send } = await setUp({ store, onApplied: () => applied.resolve() })
    await insertClasses(store, sampleClass())
    inbox.start()
    await applied.promise
    expect(await statesOf(store)).toEqual(['applied'])
  })

  test('F4 waits while the store cannot serve, and goes on by itself', async () => {
    let isDown = false
    let tries = 0
    const memory = await openStore('sqlite::memory:')
    const store = intercept(memory, () => {
      tries++
      if (isDown) throw new ConferencingError('STORE_UNAVAILABLE', 'locked')
    })
    const applied = Promise.withResolvers<void>()
    const { inbox, send, clock, log } = await setUp({ store, onApplied: () => applied.resolve() })
    await insertClasses(store, sampleClass())
    await send(joined('meeting-class-1', 's'))
    isDown = true
    tries = 0
    inbox.start()
    await expect(inbox.drain()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    // One by the applier, one by drain.
    expect(tries).toBe(2)
    expect(log).toEqual(['Stored callbacks cannot be applied now; they wait.'])
    expect(await statesOf(store)).toEqual(['new'])
    isDown = false
    clock.advance((clock.nextAt ?? 0) - clock.now())
    await applied.promise
    expect(await statesOf(store)).toEqual(['applied'])
  })

  test('F25 finding another applier at work is no outage; a lock that stays is', async () => {
    const outages: unknown[] = []
    let isLocked = false
    const store = intercept(await openStore('sqlite::memory:'), () => {
      if (isLocked) throw storeUnavailable('locked')
    })
    const { inbox, send, clock, log } = await setUp({ store, onOutage: error => outages.push(error) })
    await send(joined('meeting-class-1', 's'))
    isLocked = true
    inbox.start()
    for (const told of [0, 1, 2]) {
      await expect(inbox.drain()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      expect([outages.length, log.length]).toEqual([told, told])
      clock.advance((clock.nextAt ?? 0) - clock.now())
    }
  })

  test('works off a long backlog in one go', async () => {
    const applied = Promise.withResolvers<void>()
    let left = 450
    const { store, inbox, send } = await setUp({
      onApplied: changes => {
        for (const { newFacts } of changes) left -= newFacts
        if (left === 0) applied.resolve()
      },
    })
    await insertClasses(store, sampleClass())
    await Promise.all(Array.from({ length: left }, (_, index) => send(joined('meeting-class-1', String(index)))))
    inbox.start()
    await applied.promise
    expect(await store.read(tx => tx.countInbox('school'))).toMatchObject({ new: 0, applied: 450 })
  })

  test('F7 two processes on one database do everything once', async () => {
    let newFacts = 0
    const onApplied = (changes: readonly ClassChange[]): void => {
      for (const change of changes) newFacts += change.newFacts
    }
    const url = `sqlite:${join(temporaryDirectory(), 'lms.db')}`
    const one = await setUp({ store: await openStore(url), onApplied })
    const two = await setUp({ store: await openStore(url), onApplied })
    await insertClasses(one.store, sampleClass())
    const sending = Array.from({ length: 300 }, (_, index) =>
      (index % 2 ? one : two).send(joined('meeting-class-1', String(index % 200))),
    )
    await Promise.all(sending)
    await Promise.all([one.inbox.drain(), two.inbox.drain(), one.inbox.drain()])
    expect(newFacts).toBe(200)
    expect(await statesOf(two.store)).toEqual(Array.from({ length: 200 }, () => 'applied'))
    expect(await eventsOf(one.store)).toHaveLength(200)
  })

  test('draining and stopping wait until whoever is told is done', async () => {
    for (const wait of ['drain', 'stop'] as const) {
      let isDone = false
      const { store, inbox, send } = await setUp({
        async onApplied() {
          for (let turn = 0; turn < 20; turn++) await setImmediate()
          isDone = true
        },
      })
      await insertClasses(store, sampleClass())
      inbox.start()
      await send(joined('meeting-class-1', 's'))
      await inbox[wait]()
      expect(isDone).toBe(true)
    }
  })

  test('an error of whoever is told is logged and undoes nothing', async () => {
    const { store, inbox, send, log } = await setUp({ onApplied: () => Promise.reject(new Error('mine')) })
    await insertClasses(store, sampleClass())
    await send(joined('meeting-class-1', 's'))
    await inbox.drain()
    expect(log).toEqual(['Changes are stored, but acting on them failed.'])
    expect(await statesOf(store)).toEqual(['applied'])
  })

  test('a provider that is not configured any more leaves its callbacks to be tried again', async () => {
    const { store, inbox, send } = await setUp({ providers: {} })
    await send()
    await inbox.receive({ ...callbackOf([]), provider: 'constructor' })
    await inbox.drain()
    expect(await statesOf(store)).toEqual([
      'new: UNSUPPORTED: No provider named "json" is configured.',
      'new: UNSUPPORTED: No provider named "constructor" is configured.',
    ])
  })
})
