import { openStore } from 'lms-conferencing/sql'
import { expect, onTestFinished, test } from 'vitest'
import { createInbox, type Inbox } from '../../src/inbox/index.ts'
import type { Store } from '../../src/store.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import { onEachDatabase } from '../support/databases.ts'
import { jsonProvider } from './json-provider.ts'
import { callbackOf, eventsOf, insertClasses, joined, statesOf } from './support.ts'

const CALLBACKS = 300
const APPLIERS = 4

onEachDatabase(({ open }) => {
  /** As many inboxes as processes would have, each with connections of its own. */
  async function inboxes(told: string[]): Promise<{ stores: Store[]; all: Inbox[] }> {
    const url = await open()
    const stores = await Promise.all(Array.from({ length: APPLIERS }, () => openStore(url)))
    const all = stores.map(store =>
      createInbox({
        tenantId: 'school',
        store,
        providers: { json: jsonProvider },
        pollMs: 5,
        onApplied: changes => {
          for (const { newFacts, stored } of changes) {
            for (let fact = 0; fact < newFacts; fact++) told.push(stored.liveClass.id)
          }
        },
      }),
    )
    onTestFinished(async () => {
      for (const inbox of all) await inbox.stop()
      for (const store of stores) await store.close()
    })
    return { stores, all }
  }

  test('F7 F25 callbacks delivered 1 to 5 times through four receivers and four appliers have one effect each', async () => {
    const told: string[] = []
    const { stores, all } = await inboxes(told)
    const [store] = stores
    if (!store) throw new Error('no store')
    await insertClasses(store, sampleClass(), sampleClass({ id: 'class-2' }))
    for (const inbox of all) inbox.start()
    const deliveries = Array.from({ length: CALLBACKS }, (_, index) => {
      const callback = callbackOf([joined(`meeting-class-${1 + (index % 2)}`, `session ${index}`, index)])
      const times = 1 + (index % 5)
      return Promise.all(Array.from({ length: times }, (_, time) => all[(index + time) % APPLIERS]?.receive(callback)))
    })
    await Promise.all(deliveries)
    for (const inbox of all) await inbox.drain()
    expect(await statesOf(store)).toEqual(Array.from({ length: CALLBACKS }, () => 'applied'))
    const sessions = [...(await eventsOf(store)), ...(await eventsOf(store, 'class-2'))].map(({ at }) => at)
    expect(sessions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: CALLBACKS }, (_, index) => index))
    // Who applied what is chance; that each was told once is not.
    for (const inbox of all) await inbox.stop()
    expect(told.toSorted()).toEqual(Array.from({ length: CALLBACKS }, (_, index) => `class-${1 + (index % 2)}`).sort())
  })

  test('T36 a class made while its callbacks are applied elsewhere misses none of them', async () => {
    const { stores, all } = await inboxes([])
    for (const inbox of all) inbox.start()
    const [store] = stores
    if (!store) throw new Error('no store')
    for (let round = 0; round < 20; round++) {
      const id = `made-${round}`
      await Promise.all([
        ...all.map((inbox, index) => inbox.receive(callbackOf([joined(`meeting-${id}`, `session ${index}`, index)]))),
        ...stores.slice(1, 2).map(other => insertClasses(other, sampleClass({ id }))),
      ])
    }
    for (const inbox of all) await inbox.drain()
    for (let round = 0; round < 20; round++) expect(await eventsOf(store, `made-${round}`)).toHaveLength(APPLIERS)
  })
})
