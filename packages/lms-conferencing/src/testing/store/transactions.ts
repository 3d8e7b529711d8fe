import { expect } from 'vitest'
import type { Store, StoreTransaction } from '../../store.ts'
import { sampleClass } from './samples.ts'
import type { StoreTest } from './suite.ts'

const count = async (store: Store): Promise<number> =>
  (await store.read(tx => tx.listClasses({ tenantId: 'school' }))).length

export function describeTransactions(test: StoreTest): void {
  test('all of a transaction happens or none, and its error arrives unchanged', async store => {
    const mine = new Error('mine')
    const failing = store.transaction(async tx => {
      await tx.insertClass(sampleClass())
      throw mine
    })
    await expect(failing).rejects.toBe(mine)
    expect(await count(store)).toBe(0)
    // The failure left nothing behind that stops the next one.
    expect(await store.transaction(async tx => tx.insertClass(sampleClass()).then(() => 'answer'))).toBe('answer')
    expect(await count(store)).toBe(1)
  })

  test('a transaction that caught a refused statement can still do the rest', async store => {
    await store.transaction(async tx => {
      await tx.insertClass(sampleClass())
      await expect(tx.insertClass(sampleClass())).rejects.toMatchObject({ code: 'CONFLICT' })
      await tx.insertClass(sampleClass({ id: 'class-2' }))
    })
    expect(await count(store)).toBe(2)
  })

  test('a read never sees half a transaction', async store => {
    const halfDone = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const writing = store.transaction(async tx => {
      await tx.insertClass(sampleClass())
      halfDone.resolve()
      await goOn.promise
      await tx.insertClass(sampleClass({ id: 'class-2' }))
    })
    await halfDone.promise
    const reading = count(store)
    goOn.resolve()
    expect([0, 2]).toContain(await reading)
    await writing
    expect(await count(store)).toBe(2)
  })

  test('two reads of one transaction see the same state', async store => {
    const once = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const reading = store.read(async tx => {
      const before = await tx.listClasses({ tenantId: 'school' })
      once.resolve()
      await goOn.promise
      return [before.length, (await tx.listClasses({ tenantId: 'school' })).length]
    })
    await once.promise
    const writing = store.transaction(tx => tx.insertClass(sampleClass()))
    goOn.resolve()
    expect(await reading).toEqual([0, 0])
    await writing
    expect(await count(store)).toBe(1)
  })

  test('concurrent writers lose nothing', async store => {
    await store.transaction(tx => tx.insertClass(sampleClass({ durationMinutes: 0 })))
    const addOne = async (tx: StoreTransaction): Promise<void> => {
      const row = await tx.getClass('school', 'class-1')
      if (!row) throw new Error('gone')
      const durationMinutes = row.liveClass.durationMinutes + 1
      expect(await tx.updateClass(row, { durationMinutes }, new Date(0))).not.toBeNull()
    }
    await Promise.all(Array.from({ length: 50 }, () => store.transaction(addOne)))
    const row = await store.read(tx => tx.getClass('school', 'class-1'))
    expect(row).toMatchObject({ liveClass: { durationMinutes: 50 }, version: 51 })
  })

  test('a statement after the end of its transaction is refused', async store => {
    const late: { write?: () => Promise<void> } = {}
    await store.transaction(async tx => {
      late.write = () => tx.insertClass(sampleClass())
    })
    await expect(late.write?.()).rejects.toThrow()
    expect(await count(store)).toBe(0)
  })

  test('statements that nobody waits for never run outside the transaction that is rolled back', async store => {
    // The failure comes at another moment each time, in the middle of one statement or between two.
    for (let steps = 0; steps < 40; steps++) {
      const pending: Promise<void>[] = []
      const failing = store.transaction(async tx => {
        for (const id of ['a', 'b', 'c', 'd', 'e']) pending.push(tx.insertClass(sampleClass({ id })))
        for (let step = 0; step < steps; step++) await null
        throw new Error('mine')
      })
      await expect(failing).rejects.toThrow('mine')
      await Promise.allSettled(pending)
      expect(await count(store)).toBe(0)
    }
  })

  test('a transaction inside a transaction is refused instead of waiting for ever', async store => {
    const nested = { code: 'INVALID' }
    const afterwards = Promise.withResolvers<void>()
    const later: { count?: Promise<number> } = {}
    await store.transaction(async tx => {
      await expect(store.transaction(async () => {})).rejects.toMatchObject(nested)
      await expect(count(store)).rejects.toMatchObject(nested)
      // What was only begun in there, and goes on when it is over, is free again.
      later.count = afterwards.promise.then(() => count(store))
      await tx.insertClass(sampleClass())
    })
    await store.read(() => expect(store.transaction(async () => {})).rejects.toMatchObject(nested))
    afterwards.resolve()
    expect(await later.count).toBe(1)
  })

  test('closing lets what runs end, and refuses the rest', async store => {
    const writing = store.transaction(tx => tx.insertClass(sampleClass()))
    const closing = store.close()
    await writing
    await closing
    const failure = { code: 'STORE_UNAVAILABLE', details: { reason: 'closed' } }
    await expect(store.read(tx => tx.getClass('school', 'class-1'))).rejects.toMatchObject(failure)
    await expect(store.transaction(async () => {})).rejects.toMatchObject(failure)
    await store.close()
  })
}
