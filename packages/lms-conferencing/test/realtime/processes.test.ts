import { setImmediate } from 'node:timers/promises'
import { createAdapter } from '@socket.io/postgres-adapter'
import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { openStore } from '../../src/sql/index.ts'
import { createApiWorld } from '../http/support.ts'
import { onEachDatabase } from '../support/databases.ts'
import { PlainProvider } from '../support/plain-provider.ts'
import { startProxy } from '../support/proxy.ts'
import { came, createWorld } from '../support/world.ts'
import { isLive, openDoor, openPage } from './support.ts'

onEachDatabase(({ name, open }) => {
  /** The application twice on one database, each with its own store, sockets and pages; only the first does background work. */
  async function createTwo(url: string, prepare?: Parameters<typeof openDoor>[0]['prepare']) {
    const { ports } = await createApiWorld()
    const provider = new PlainProvider()
    const one = async () => {
      const store = await openStore(url)
      const { conferencing } = await createWorld({ store, providers: { bbb: provider } })
      onTestFinished(() => store.close())
      return { store, conferencing, ...(await openDoor({ ...ports, conferencing, prepare })) }
    }
    return { provider, first: await one(), second: await one() }
  }

  it('an event received by one process reaches a page connected to another', async () => {
    const { provider, first, second } = await createTwo(await open())
    const startsAt = new Date('2027-03-01T09:00:00Z')
    const { id } = await first.conferencing.createClass({
      courseId: 'course-1',
      teacherId: 'tea',
      title: 'x',
      startsAt,
    })
    const [near, far] = [openPage(first.url, 'ana', { classes: [id] }), openPage(second.url, 'ana', { classes: [id] })]
    for (const page of [near, far]) await isLive(page)
    await first.conferencing.receiveCallback(
      'bbb',
      provider.callback({ meetingKey: `meeting-${id}` }, came('ana', -30)),
    )
    await first.conferencing.rounds.callbacks()
    for (const page of [near, far]) {
      await page.until(() => page.messages.some(one => one.type === 'attendance' && one.record?.in_class_now === true))
    }
    expect(far.messages).toEqual(near.messages)
  })

  it('whoever reads the log while several processes write to it sees every entry, in order', async () => {
    const url = await open()
    const stores = await Promise.all([openStore(url), openStore(url), openStore(url)])
    onTestFinished(async () => void (await Promise.all(stores.map(store => store.close()))))
    const [reader, ...writers] = stores
    const writing = writers.map(async (store, writer) => {
      for (let index = 0; index < 100; index++) {
        await store.transaction(async tx => {
          await tx.addAccessChange('default', `course-${writer}-${index}`)
          // Some take longer between their number and their commit.
          if (index % 3 === 0) await tx.lastChange()
          if (index % 10 === 0) await tx.addAccessChange('default', `course-${writer}-${index}-more`)
        })
      }
    })
    const seen: { readonly seq: number; readonly courseId: string }[] = []
    let isOver = false
    const written = Promise.all(writing).then(() => {
      isOver = true
    })
    for (let last = false; !last; ) {
      last = isOver
      const page = await reader?.read(tx => tx.listChanges('default', seen.at(-1)?.seq ?? 0))
      seen.push(...(page?.changes ?? []))
      await setImmediate()
    }
    await written
    expect(new Set(seen.map(({ courseId }) => courseId)).size).toBe(220)
    expect(seen).toHaveLength(220)
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map(({ seq }) => seq).toSorted((a, b) => a - b))
  })

  it('a page may come back to another process than the one it left, and misses nothing', async () => {
    const { first, second } = await createTwo(await open())
    const startsAt = new Date('2027-03-01T09:00:00Z')
    const { id } = await first.conferencing.createClass({
      courseId: 'course-1',
      teacherId: 'tea',
      title: 'x',
      startsAt,
    })
    const doors = [first, second]
    const proxy = await startProxy(first.port, onTestFinished)
    const page = openPage(`http://127.0.0.1:${proxy.port}`, 'ana', { classes: [id] })
    await isLive(page)
    const { reloads } = page
    for (let index = 1; index <= 6; index++) {
      const door = doors[index % 2]
      proxy.moveTo(door?.port ?? 0)
      const event = came(`guest-${index}`, -40)
      await first.store.transaction(tx => tx.addEvents('default', id, [{ event, provenance: 'webhook' }]))
      await page.until(() => page.messages.some(one => one.type === 'people' && one.people_now === index))
    }
    expect(page.reloads).toBe(reloads)
  })

  it.skipIf(name !== 'PostgreSQL')("an application's own Postgres adapter doubles nothing", async () => {
    const url = await open()
    const pool = new pg.Pool({ connectionString: url })
    // The last of all: the adapter listens on it.
    onTestFinished(() => pool.end())
    await pool.query(
      'create table socket_io_attachments (id bigserial unique, created_at timestamptz default now(), payload bytea)',
    )
    const { first, second } = await createTwo(url, io => io.adapter(createAdapter(pool)))
    const startsAt = new Date('2027-03-01T09:00:00Z')
    const { id } = await first.conferencing.createClass({
      courseId: 'course-1',
      teacherId: 'tea',
      title: 'x',
      startsAt,
    })
    const [near, far] = [openPage(first.url, 'tea', { classes: [id] }), openPage(second.url, 'tea', { classes: [id] })]
    for (const page of [near, far]) await isLive(page)
    // The adapter does its own work: it carries the application's messages from one process to the other.
    const heard = Promise.withResolvers<string>()
    second.io.on('greeting', heard.resolve)
    for (;;) {
      first.io.serverSideEmit('greeting', 'hello')
      if (await Promise.race([heard.promise, setImmediate()])) break
    }
    for (let people = 1; people <= 5; people++) {
      const event = came(`guest-${people}`, -40)
      await first.store.transaction(tx => tx.addEvents('default', id, [{ event, provenance: 'webhook' }]))
      for (const page of [near, far]) {
        await page.until(() => page.messages.some(one => one.type === 'people' && one.people_now === people))
      }
    }
    for (const { messages } of [near, far]) {
      const counts = messages.flatMap(one => (one.type === 'people' ? [one.people_now] : []))
      expect(counts).toEqual([1, 2, 3, 4, 5])
    }
  })
})
