import { setImmediate } from 'node:timers/promises'
import { type OpenStoreOptions, openStore } from 'lms-conferencing/sql'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Store } from '../../src/store.ts'
import { sampleClass, sampleRow } from '../../src/testing/store/samples.ts'
import { type PostgresServer, startPostgres, whyNoPostgres } from '../support/postgres-server.ts'
import { startProxy } from '../support/proxy.ts'

const reason = await whyNoPostgres()
const title = reason === null ? 'PostgreSQL with faults' : `PostgreSQL with faults (cannot run here: ${reason})`

const fault = (name: string) => ({ code: 'STORE_UNAVAILABLE', details: { reason: name } })

describe.skipIf(reason !== null)(title, () => {
  let server: PostgresServer
  let schemas = 0

  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.stop())

  /** The patience is short, so that nobody has to wait. */
  async function open(options: OpenStoreOptions & { port?: number } = {}): Promise<Store> {
    const { port = server.port, ...rest } = options
    const url = `postgres://lms@127.0.0.1:${port}/postgres`
    const store = await openStore(url, { schema: `f${++schemas}`, lockWaitMs: 1000, ...rest })
    onTestFinished(() => store.close())
    return store
  }

  const digestsOf = async (store: Store): Promise<string[]> =>
    (await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 100_000 }))).map(({ digest }) => digest)

  /** Tries until it works; fails with anything but the store being away. */
  async function untilServed<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
        await setImmediate()
      }
    }
  }

  test('F3 the server is stopped hard three times in a burst: refusals meanwhile, nothing acknowledged is lost', async () => {
    const store = await open()
    const acknowledged = new Set<string>()
    let next = 0
    for (let round = 0; round < 3; round++) {
      let isDown = false
      const send = async (): Promise<void> => {
        while (!isDown) {
          const digest = `row-${next++}`
          const rows = [sampleRow(digest), sampleRow(`${digest}-twin`)]
          await store.receive(rows).then(
            () => {
              for (const row of rows) acknowledged.add(row.digest)
            },
            () => {},
          )
        }
      }
      const burst = Array.from({ length: 8 }, send)
      const before = acknowledged.size
      while (acknowledged.size < before + 100) await setImmediate()
      await server.kill()
      await expect(store.receive([sampleRow('meanwhile')])).rejects.toMatchObject(fault('unreachable'))
      await expect(digestsOf(store)).rejects.toMatchObject(fault('unreachable'))
      isDown = true
      await Promise.all(burst)
      await server.start()
      await untilServed(() => store.receive([sampleRow(`after-${round}`)]))
      acknowledged.add(`after-${round}`)
    }
    const kept = await digestsOf(store)
    expect(kept).toEqual(expect.arrayContaining([...acknowledged]))
    expect(new Set(kept).size).toBe(kept.length)
  })

  test('F3 packets vanish: a refusal, never silence, and no dead connection is used twice when they flow again', async () => {
    const proxy = await startProxy(server.port, onTestFinished)
    const store = await open({ port: proxy.port })
    // Several connections, so that several are dead afterwards.
    await Promise.all(Array.from({ length: 5 }, (_, index) => store.receive([sampleRow(`before-${index}`)])))
    for (let round = 0; round < 3; round++) {
      proxy.freeze()
      await expect(store.receive([sampleRow('lost')])).rejects.toMatchObject(fault('unreachable'))
      proxy.thaw()
      expect(await store.receive([sampleRow(`after-${round}`)])).toBe(1)
    }
    expect(await digestsOf(store)).toHaveLength(8)
  })

  test('F3 fail-over to a new address', async () => {
    const proxy = await startProxy(server.port, onTestFinished)
    const schema = 'moved'
    const store = await open({ port: proxy.port, schema })
    await store.receive([sampleRow('old')])
    const other = await startPostgres()
    onTestFinished(() => other.stop())
    await (await openStore(other.url, { schema })).close()
    proxy.moveTo(other.port)
    await untilServed(() => store.receive([sampleRow('new')]))
    expect(await digestsOf(store)).toEqual(['new'])
  })

  test('F3 no server at the start: a clear refusal', async () => {
    await expect(openStore('postgres://lms@127.0.0.1:1/postgres')).rejects.toMatchObject(fault('unreachable'))
  })

  test('F4 another writer holds the lock: refused as locked, callbacks are stored all the same', async () => {
    const schema = 'locked'
    const [holder, waiter] = [await open({ schema, lockWaitMs: 60_000 }), await open({ schema })]
    const held = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const holding = holder.transaction(async tx => {
      await tx.getClass('school', 'nobody')
      held.resolve()
      await goOn.promise
    })
    await held.promise
    await expect(waiter.transaction(tx => tx.insertClass(sampleClass()))).rejects.toMatchObject(fault('locked'))
    expect(await waiter.receive([sampleRow('a')])).toBe(1)
    expect(await digestsOf(waiter)).toEqual(['a'])
    goOn.resolve()
    await holding
    await waiter.transaction(tx => tx.insertClass(sampleClass()))
  })

  test('F25 a process paused in its transaction loses the lock; its late write is fenced off', async () => {
    const schema = 'fenced'
    const [paused, other] = [await open({ schema, lockWaitMs: 2000 }), await open({ schema, lockWaitMs: 60_000 })]
    const held = Promise.withResolvers<void>()
    const resumed = Promise.withResolvers<void>()
    const late = paused.transaction(async tx => {
      await tx.getClass('school', 'class-1')
      held.resolve()
      await resumed.promise
      await tx.insertClass(sampleClass({ title: 'late' }))
    })
    await held.promise
    await other.transaction(tx => tx.insertClass(sampleClass({ title: 'in time' })))
    resumed.resolve()
    await expect(late).rejects.toMatchObject(fault('unreachable'))
    expect(await paused.read(tx => tx.listClasses({ tenantId: 'school' }))).toMatchObject([
      { liveClass: { title: 'in time' } },
    ])
  })

  test('F7 two processes store the same rows in opposite order at the same time: no deadlock, each row once', async () => {
    const schema = 'opposite'
    const stores = [await open({ schema }), await open({ schema })]
    const rows = Array.from({ length: 200 }, (_, index) => sampleRow(`row-${index}`, { body: new Uint8Array(1000) }))
    for (let round = 0; round < 5; round++) {
      const batch = rows.map(row => ({ ...row, digest: `${round}-${row.digest}` }))
      const counts = await Promise.all(
        stores.map((store, index) => store.receive(index === 0 ? batch : batch.toReversed())),
      )
      expect(counts.reduce((sum, count) => sum + count)).toBe(rows.length)
    }
    expect(await digestsOf(stores[0] ?? (await open()))).toHaveLength(1000)
  })

  test('F3 the server dies in the middle of a transaction: none of it happened, and nobody is told that it did', async () => {
    const store = await open()
    const failing = store.transaction(async tx => {
      await tx.insertClass(sampleClass())
      await server.kill()
    })
    await expect(failing).rejects.toMatchObject(fault('unreachable'))
    await server.start()
    expect(await untilServed(() => store.read(tx => tx.listClasses({ tenantId: 'school' })))).toEqual([])
  })
})
