import { expect } from 'vitest'
import { sampleClass } from './samples.ts'
import type { StoreTest } from './suite.ts'

const once = { classId: 'class-1', fingerprint: 'f' }

/** Requests that may come again. */
export function describeOnce(test: StoreTest): void {
  test('what was made under a key is found by it, for this school only, for as long as it is there', async store => {
    await store.transaction(async tx => {
      expect(await tx.findOnce('school', 'key')).toBe(null)
      await tx.insertClass(sampleClass())
      await tx.addOnce('school', 'key', once)
    })
    const found = (tenantId: string) => store.read(tx => tx.findOnce(tenantId, 'key'))
    expect([await found('school'), await found('other')]).toEqual([once, null])
    await store.transaction(tx => tx.deleteClass('school', 'class-1'))
    expect(await found('school')).toBe(null)
  })

  test('a key is used once', async store => {
    await store.transaction(async tx => {
      await tx.insertClass(sampleClass())
      await tx.insertClass(sampleClass({ id: 'class-2' }))
      await tx.addOnce('school', 'key', once)
    })
    const again = store.transaction(tx => tx.addOnce('school', 'key', { ...once, classId: 'class-2' }))
    await expect(again).rejects.toThrow()
    expect(await store.read(tx => tx.findOnce('school', 'key'))).toEqual(once)
  })
}
