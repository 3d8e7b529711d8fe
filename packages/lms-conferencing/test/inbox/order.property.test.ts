import fc from 'fast-check'
import { openStore } from 'lms-conferencing/sql'
import { expect, test } from 'vitest'
import { createInbox } from '../../src/inbox/index.ts'
import type { AttendanceEvent, ConferenceEvent } from '../../src/model.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import { jsonProvider } from './json-provider.ts'
import { attendance, breakout, callbackOf, eventsOf, insertClasses } from './support.ts'

const keys = ['meeting-class-1', 'meeting-class-2', 'room', 'nobody']
const small = fc.constantFrom('a', 'b')

const event: fc.Arbitrary<AttendanceEvent> = fc.oneof(
  fc.record({ type: fc.constantFrom('started', 'ended'), instance: small, at: fc.nat(3) }),
  fc.record(
    {
      type: fc.constantFrom('joined', 'left'),
      instance: small,
      session: small,
      person: small,
      room: fc.constantFrom('main', 'waiting', 'breakout:x'),
      at: fc.nat(3),
    },
    { requiredKeys: ['type', 'instance', 'session', 'at'] },
  ),
  fc.record({
    type: fc.constant('snapshot'),
    instance: small,
    present: fc.array(fc.record({ session: small, person: small }, { requiredKeys: ['session'] }), { maxLength: 3 }),
    at: fc.nat(3),
  }),
)
const happening: fc.Arbitrary<ConferenceEvent> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom(...keys), event).map(([key, one]) => attendance(key, one)) },
  { weight: 1, arbitrary: fc.constant(breakout('room', 'meeting-class-2')) },
  { weight: 1, arbitrary: fc.constant<ConferenceEvent>({ kind: 'recording', meetingKey: 'room', recordId: 'r' }) },
)
const callbacks = fc.array(fc.array(happening, { maxLength: 4 }), { maxLength: 8 })

/** Delivers in this order, applying now and then; the second class is made somewhere on the way. */
async function factsAfter(deliveries: readonly (readonly ConferenceEvent[])[], madeAfter: number): Promise<unknown> {
  const store = await openStore('sqlite::memory:')
  try {
    const inbox = createInbox({ tenantId: 'school', store, providers: { json: jsonProvider } })
    await insertClasses(store, sampleClass())
    const second = sampleClass({ id: 'class-2' })
    for (const [index, events] of deliveries.entries()) {
      if (index === madeAfter) await insertClasses(store, second)
      await inbox.receive(callbackOf(events))
      if (index % 2) await inbox.drain()
    }
    if (madeAfter >= deliveries.length) await insertClasses(store, second)
    await inbox.drain()
    const waiting = await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 1000 }))
    return {
      facts: [await eventsOf(store, 'class-1'), await eventsOf(store, 'class-2')],
      waitingFor: waiting.map(({ digest, waitingFor }) => `${digest} ${waitingFor}`).sort(),
    }
  } finally {
    await store.close()
  }
}

test('F7 F8 any order of callbacks, each 1 to 5 times, before or after their class, gives the same facts', async () => {
  const deliveries = callbacks.chain(list =>
    fc.record({
      list: fc.constant(list),
      copies: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: list.length, maxLength: list.length }),
      seed: fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
      madeAfter: fc.nat(10),
    }),
  )
  await fc.assert(
    fc.asyncProperty(deliveries, async ({ list, copies, seed, madeAfter }) => {
      const repeated = list.flatMap((one, index) => Array.from({ length: copies[index] ?? 1 }, () => one))
      const shuffled = repeated
        .map((one, index) => ({ one, key: seed[index] ?? 0 }))
        .sort((a, b) => a.key - b.key)
        .map(({ one }) => one)
      const plain = await factsAfter(list, 0)
      expect(await factsAfter(shuffled, madeAfter)).toEqual(plain)
      expect(await factsAfter(list.toReversed(), list.length)).toEqual(plain)
    }),
    { numRuns: 60 },
  )
})
