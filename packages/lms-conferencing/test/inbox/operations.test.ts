import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openStore } from 'lms-conferencing/sql'
import { expect, onTestFinished, test } from 'vitest'
import { ConferencingError } from '../../src/errors.ts'
import { createInbox } from '../../src/inbox/index.ts'
import type { Store } from '../../src/store.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import { temporaryDirectory } from '../sql/support.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { jsonProvider } from './json-provider.ts'
import { breakout, callbackOf, eventsOf, insertClasses, joined, setUp, statesOf } from './support.ts'

const away = (): ConferencingError => new ConferencingError('STORE_UNAVAILABLE', 'Away.')

/** Counts what is asked of the store, and lets one of it fail: before it began, or after it was committed. */
function failing(store: Store, at: number, when: 'before' | 'after'): { store: Store; asked: () => number } {
  let asked = 0
  async function act<T>(work: () => Promise<T>): Promise<T> {
    const isThis = asked++ === at
    if (isThis && when === 'before') throw away()
    const answer = await work()
    if (isThis) throw away()
    return answer
  }
  return {
    asked: () => asked,
    store: {
      transaction: work => act(() => store.transaction(work)),
      read: work => act(() => store.read(work)),
      receive: rows => act(() => store.receive(rows)),
      onChange: listener => store.onChange(listener),
      scrub: () => store.scrub(),
      refreshStatistics: () => store.refreshStatistics(),
      close: () => store.close(),
    },
  }
}

/** A small class: people, a breakout room announced after its first guest, a callback that cannot be read. */
const callbacks = [
  callbackOf([joined('room', 'early', 1)]),
  callbackOf([joined('meeting-class-1', 'a', 2), joined('meeting-class-1', 'b', 3)]),
  callbackOf({ not: 'a list' }),
  callbackOf([breakout('room', 'meeting-class-1')]),
  callbackOf([joined('room', 'late', 4)]),
]

async function play(at: number, when: 'before' | 'after') {
  const memory = await openStore('sqlite::memory:')
  onTestFinished(() => memory.close())
  await insertClasses(memory, sampleClass())
  const { store, asked } = failing(memory, at, when)
  const clock = new ManualClock('2026-01-05T09:00:00Z')
  const random = () => 0.5
  const inbox = createInbox({ tenantId: 'school', store, providers: { json: jsonProvider }, clock, random })
  for (const callback of callbacks) {
    // A sender repeats what was not acknowledged.
    await inbox.receive(callback).catch(() => inbox.receive(callback))
    await inbox.drain().catch(() => {})
  }
  for (let tries = 0; tries < 10; tries++) {
    clock.advance(300_000)
    await inbox.drain().catch(() => {})
  }
  await inbox.stop()
  return { asked: asked(), states: await statesOf(memory), events: await eventsOf(memory) }
}

test('F30 whichever operation of the store fails, before or after it took effect: the same end', async () => {
  const calm = await play(-1, 'before')
  expect(calm.events).toHaveLength(4)
  expect(calm.states.filter(state => state.startsWith('dead'))).toHaveLength(1)
  expect(calm.asked).toBeGreaterThan(20)
  for (let at = 0; at < calm.asked; at++) {
    for (const when of ['before', 'after'] as const) {
      const { states, events } = await play(at, when)
      expect({ at, when, states, events }).toEqual({ at, when, states: calm.states, events: calm.events })
    }
  }
})

test('F29 a backup is restored, and what came since is delivered again: as if nothing had happened', async () => {
  const path = join(temporaryDirectory(), 'lms.db')
  const url = `sqlite:${path}`
  const first = await setUp({ store: await openStore(url) })
  await insertClasses(first.store, sampleClass())
  const all = Array.from({ length: 60 }, (_, index) => joined('meeting-class-1', `s${index}`, index))
  for (const event of all.slice(0, 30)) await first.send(event)
  await first.inbox.drain()
  // Received, not yet applied.
  for (const event of all.slice(30, 40)) await first.send(event)
  const copying = new DatabaseSync(path)
  copying.exec(`vacuum into '${path}.backup'`)
  copying.close()
  for (const event of all.slice(40)) await first.send(event)
  await first.inbox.drain()
  const before = await eventsOf(first.store)
  await first.inbox.stop()
  await first.store.close()

  const restored = `${path}.restored`
  writeFileSync(restored, readFileSync(`${path}.backup`), { mode: 0o600 })
  const second = await setUp({ store: await openStore(`sqlite:${restored}`) })
  for (const event of all.slice(20)) await second.send(event)
  await second.inbox.drain()
  expect(await eventsOf(second.store)).toEqual(before)
  expect(await statesOf(second.store)).toEqual(all.map(() => 'applied'))
})
