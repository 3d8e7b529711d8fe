import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { LiveMessage } from '../../src/browser.ts'
import { createApiWorld } from '../http/support.ts'
import { listedRecording } from '../support/plain-provider.ts'
import { startProxy } from '../support/proxy.ts'
import { came, went } from '../support/world.ts'
import { isLive, openDoor, openPage, type Page } from './support.ts'

/** What a page that keeps itself up to date shows: the latest of each kind, for each class. */
function shownBy(page: Page): Readonly<Record<string, LiveMessage>> {
  const shown: Record<string, LiveMessage> = {}
  for (const message of page.messages) {
    if (message.type === 'denied') continue
    const id = message.type === 'class' ? message.live_class.id : message.class_id
    shown[`${message.type === 'class_removed' ? 'class' : message.type} ${id}`] = message
  }
  return shown
}

const people = ['ana', 'bob', 'cem', 'dot'] as const

const step = fc.oneof(
  fc.record({ does: fc.constant<'come'>('come'), who: fc.constantFrom(...people), minute: fc.nat(20) }),
  fc.record({ does: fc.constant<'go'>('go'), who: fc.constantFrom(...people), minute: fc.nat(20) }),
  fc.record({ does: fc.constant<'rename'>('rename'), title: fc.constantFrom('A', 'B', 'C') }),
  // Where in the stream of bytes a cut falls is for the network to say.
  fc.record({
    does: fc.constantFrom<('start' | 'record' | 'plan' | 'cut' | 'turn' | 'wait')[]>(
      'start',
      'record',
      'plan',
      'cut',
      'cut',
      'turn',
    ),
  }),
)

describe('a page that reconnects', () => {
  it('misses nothing: cut at any moment, it shows what an uninterrupted one shows, and loads nothing again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async steps => {
        const { conferencing, provider, ports, ask, newClass } = await createApiWorld()
        const { url, port } = await openDoor({ ...ports, conferencing })
        const proxy = await startProxy(port, onTestFinished)
        const id = await newClass()
        const topics = { courses: ['course-1'], classes: [id] }
        const steady = openPage(url, 'tea', topics)
        const cut = openPage(`http://127.0.0.1:${proxy.port}`, 'tea', topics)
        for (const page of [steady, cut]) await isLive(page)
        const loaded = cut.reloads

        for (const one of steps) {
          if (one.does === 'cut') proxy.moveTo(port)
          else if (one.does === 'turn') await new Promise(resolve => setImmediate(resolve))
          else if (one.does === 'wait') await isLive(cut)
          else if (one.does === 'rename') await ask('tea', 'PATCH', `courses/live-classes/${id}/`, { title: one.title })
          else if (one.does === 'start') await ask('tea', 'POST', `courses/live-classes/${id}/start_class/`)
          else if (one.does === 'plan') await newClass()
          else if (one.does === 'record') {
            provider.recorded.set(`meeting-${id}`, [listedRecording({ recordId: `record-${steps.indexOf(one)}` })])
            await conferencing.rounds.recordings()
          } else if ('who' in one) {
            const fact = one.does === 'come' ? came(one.who, one.minute - 50) : went(one.who, one.minute - 50)
            await conferencing.receiveCallback('bbb', provider.callback({ meetingKey: `meeting-${id}` }, fact))
            await conferencing.rounds.callbacks()
          }
        }
        const last = await newClass({ title: 'the last one' })
        for (const page of [steady, cut]) await page.until(() => shownBy(page)[`class ${last}`] !== undefined)
        expect(shownBy(cut)).toEqual(shownBy(steady))
        expect(cut.reloads).toBe(loaded)
        for (const page of [steady, cut]) page.close()
      }),
      { numRuns: 15, endOnFailure: true },
    )
  })

  it('hears of every single change, whether it was there, just cut off, or away', async () => {
    const { conferencing, ports, store, newClass, ask } = await createApiWorld()
    const { port } = await openDoor({ ...ports, conferencing })
    const proxy = await startProxy(port, onTestFinished)
    const id = await newClass()
    await ask('tea', 'POST', `courses/live-classes/${id}/start_class/`)
    const page = openPage(`http://127.0.0.1:${proxy.port}`, 'tea', { classes: [id] })
    await isLive(page)
    const loaded = page.reloads
    const ways = ['there', 'there', 'cut off', 'away', 'there', 'away', 'cut off', 'cut off', 'away', 'there'] as const
    for (const [index, way] of ways.entries()) {
      // Nobody listens at that other port.
      if (way !== 'there') proxy.moveTo(way === 'away' ? 1 : port)
      if (way === 'away') await page.until(() => page.states.at(-1) === 'polling')
      // One entry of the log, and nothing after it that would make up for it.
      const before = await conferencing.changes.position()
      const event = came(`guest-${index}`, -40)
      await store.transaction(tx => tx.addEvents('default', id, [{ event, provenance: 'webhook' }]))
      expect((await conferencing.changes.position()) - before).toBe(1)
      if (way === 'away') proxy.moveTo(port)
      await page.until(() => page.messages.some(one => one.type === 'people' && one.people_now === index + 1))
    }
    expect(page.reloads).toBe(loaded)
  })

  it('hears what happened while its connection was dead without a word, when both ends have noticed', async () => {
    const { conferencing, ports, ask, newClass } = await createApiWorld()
    const { url, port } = await openDoor({ ...ports, conferencing, io: { pingInterval: 100, pingTimeout: 100 } })
    const proxy = await startProxy(port, onTestFinished)
    const id = await newClass()
    const [steady, frozen] = [
      openPage(url, 'tea', { classes: [id] }),
      openPage(`http://127.0.0.1:${proxy.port}`, 'tea', { classes: [id] }),
    ]
    for (const page of [steady, frozen]) await isLive(page)
    const loaded = frozen.reloads
    proxy.freeze()
    await ask('tea', 'PATCH', `courses/live-classes/${id}/`, { title: 'unheard' })
    await steady.until(() => steady.messages.length === 1)
    await frozen.until(() => frozen.states.at(-1) === 'polling')
    proxy.thaw()
    await frozen.until(() => frozen.messages.length > 0)
    expect(shownBy(frozen)).toEqual(shownBy(steady))
    expect(frozen.reloads).toBe(loaded)
  })

  it('loads again when it was away for longer than the log goes back, or knows a log from elsewhere', async () => {
    const { conferencing, ports, store, newClass } = await createApiWorld()
    const { url, port } = await openDoor({ ...ports, conferencing })
    const proxy = await startProxy(port, onTestFinished)
    const id = await newClass()
    const page = openPage(`http://127.0.0.1:${proxy.port}`, 'tea', { classes: [id] })
    await isLive(page)
    const loaded = page.reloads
    // Nobody listens there: the page stays away.
    proxy.moveTo(1)
    await page.until(() => page.states.at(-1) === 'polling')
    for (let batch = 0; batch < 53; batch++) {
      await store.transaction(async tx => {
        for (let index = 0; index < 1_000; index++) await tx.addAccessChange('default', `other-${batch}-${index}`)
      })
    }
    proxy.moveTo(port)
    await page.until(() => page.reloads === loaded + 1)
    await isLive(page)
    expect(page.messages).toEqual([])

    // Another database behind the same address, restored from a copy of last night.
    const other = await createApiWorld()
    const elsewhere = await openDoor({ ...other.ports, conferencing: other.conferencing })
    await other.conferencing.createClass({ courseId: 'course-1', teacherId: 'tea', title: 'x', startsAt: new Date() })
    proxy.moveTo(elsewhere.port)
    await page.until(() => page.reloads === loaded + 2)
    expect(url).not.toBe(elsewhere.url)
  })
})
