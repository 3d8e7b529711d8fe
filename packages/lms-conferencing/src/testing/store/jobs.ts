import { expect } from 'vitest'
import type { Job } from '../../jobs/job.ts'
import type { Store } from '../../store.ts'
import { sampleClass } from './samples.ts'
import type { StoreTest } from './suite.ts'

const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 5, 10, minute))
const job = (key: string, minute: number, name = 'provision'): Job => ({ name, key, dueAt: at(minute) })
const put = (store: Store, ...jobs: readonly Job[]): Promise<void> =>
  store.transaction(async tx => {
    for (const one of jobs) await tx.putJob('school', one)
  })
/** Under a token that says when it was taken; for ten minutes. */
const take = (store: Store, minute: number, name = 'provision') =>
  store.transaction(tx => tx.takeJob('school', name, at(minute), { token: `minute ${minute}`, until: at(minute + 10) }))
const lease = (key: string, minute: number) => ({ name: 'provision', key, token: `minute ${minute}` })
const jobsOf = (store: Store) => store.read(tx => tx.listJobs('school'))

export function describeJobs(test: StoreTest): void {
  test('a job is taken when it is due, the one that waits longest first, and by one only', async store => {
    await put(store, job('later', 30), job('second', 2), job('first', 1), job('other', 0, 'remind'))
    expect(await store.read(tx => tx.dueJobs('school', at(5)))).toEqual(['provision', 'remind'])
    expect(await take(store, 5)).toEqual({
      ...job('first', 1),
      tries: 1,
      failures: 0,
      leasedUntil: at(15),
      reason: null,
      isDead: false,
    })
    expect((await take(store, 6))?.key).toBe('second')
    expect(await take(store, 7)).toBeNull()
    expect(await store.read(tx => tx.dueJobs('school', at(7)))).toEqual(['remind'])
  })

  test('there is one job of each name and key: putting it again is a fresh start, adding it changes nothing', async store => {
    await put(store, job('a', 5))
    await store.transaction(tx => tx.addJob('school', job('a', 1)))
    expect(await jobsOf(store)).toMatchObject([job('a', 5)])
    await take(store, 6)
    await store.transaction(tx =>
      tx.settleJob('school', lease('a', 6), { state: 'failed', dueAt: at(9), reason: 'no answer' }),
    )
    expect(await jobsOf(store)).toMatchObject([{ ...job('a', 9), tries: 1, failures: 1, reason: 'no answer' }])
    await put(store, job('a', 7))
    expect(await jobsOf(store)).toMatchObject([{ ...job('a', 7), tries: 0, failures: 0, reason: null }])
  })

  test('what is done is gone, what is tried again waits, and its failures in a row are counted', async store => {
    await put(store, job('a', 1))
    const settle = async (
      minute: number,
      settlement: Parameters<Parameters<Parameters<Store['transaction']>[0]>[0]['settleJob']>[2],
    ) => {
      const taken = await take(store, minute)
      await store.transaction(tx => tx.settleJob('school', lease('a', minute), settlement))
      return taken
    }
    await settle(1, { state: 'failed', dueAt: at(2), reason: 'no answer' })
    expect(await settle(2, { state: 'failed', dueAt: at(3), reason: 'no answer' })).toMatchObject({ failures: 1 })
    expect(await settle(3, { state: 'again', dueAt: at(4) })).toMatchObject({ failures: 2, tries: 3 })
    expect(await settle(4, { state: 'done' })).toMatchObject({ failures: 0, tries: 4 })
    expect(await jobsOf(store)).toEqual([])
  })

  test('F25 a lease that ended is nobody’s: the job is taken over, and the late holder writes nothing', async store => {
    await put(store, job('a', 1))
    await take(store, 1)
    expect(await take(store, 10)).toBeNull()
    expect(await take(store, 11)).toMatchObject({ key: 'a', tries: 2, failures: 1 })
    await store.transaction(async tx => {
      expect(await tx.holdJob('school', lease('a', 1), at(30))).toBe(false)
      expect(await tx.settleJob('school', lease('a', 1), { state: 'done' })).toBe(false)
      expect(await tx.settleJob('school', lease('a', 1), { state: 'dead', reason: 'late' })).toBe(false)
    })
    expect(await jobsOf(store)).toMatchObject([{ key: 'a', leasedUntil: at(21), isDead: false }])
    await store.transaction(async tx => {
      expect(await tx.holdJob('school', lease('a', 11), at(40))).toBe(true)
    })
    expect(await take(store, 39)).toBeNull()
  })

  test('a job put while somebody has it runs again, after that one and not beside it', async store => {
    await put(store, job('a', 1))
    await take(store, 1)
    await put(store, job('a', 2))
    expect(await take(store, 3)).toBeNull()
    await store.transaction(tx => tx.settleJob('school', lease('a', 1), { state: 'done' }))
    expect(await take(store, 3)).toMatchObject({ ...job('a', 2), tries: 1, failures: 0 })
    await store.transaction(tx => tx.settleJob('school', lease('a', 3), { state: 'done' }))
    expect(await jobsOf(store)).toEqual([])
  })

  test('a dead job rests until it is put again, or all are revived', async store => {
    await put(store, job('a', 1), job('b', 1))
    for (const key of ['a', 'b']) {
      await take(store, key === 'a' ? 1 : 2)
      await store.transaction(tx =>
        tx.settleJob('school', lease(key, key === 'a' ? 1 : 2), { state: 'dead', reason: 'INVALID: no' }),
      )
    }
    await store.transaction(tx => tx.addJob('school', job('a', 3)))
    expect(await take(store, 59)).toBeNull()
    expect(await jobsOf(store)).toMatchObject([
      { key: 'a', isDead: true, failures: 1, reason: 'INVALID: no', leasedUntil: null },
      { key: 'b', isDead: true },
    ])
    await put(store, job('b', 4))
    expect(await take(store, 5)).toMatchObject({ key: 'b', isDead: false })
    expect(await store.transaction(tx => tx.reviveJobs('school', at(6)))).toBe(1)
    expect(await take(store, 6)).toMatchObject({ key: 'a', tries: 1, failures: 0 })
  })

  test('T53 jobs are those of one tenant', async store => {
    await put(store, job('a', 1))
    await store.transaction(async tx => {
      await tx.putJob('other', job('a', 1))
      expect(await tx.takeJob('other', 'provision', at(1), { token: 'theirs', until: at(2) })).not.toBeNull()
      expect(await tx.settleJob('school', { ...lease('a', 1), token: 'theirs' }, { state: 'done' })).toBe(false)
      expect(await tx.reviveJobs('third', at(1))).toBe(0)
    })
    expect(await take(store, 1)).toMatchObject({ key: 'a' })
    expect(await store.read(tx => tx.dueJobs('third', at(9)))).toEqual([])
  })

  test('jobs come and go with the transaction they are put in', async store => {
    const failing = store.transaction(async tx => {
      await tx.putJob('school', job('a', 1))
      throw new Error('undone')
    })
    await expect(failing).rejects.toThrow('undone')
    expect(await jobsOf(store)).toEqual([])
  })

  test('a class is announced once for each start, and forgotten with the class', async store => {
    await store.transaction(async tx => {
      await tx.insertClass(sampleClass())
      expect(await tx.addReminder('school', 'class-1', at(0))).toBe(true)
      expect(await tx.addReminder('school', 'class-1', at(0))).toBe(false)
      expect(await tx.addReminder('school', 'class-1', at(30))).toBe(true)
      await tx.deleteClass('school', 'class-1')
      await tx.insertClass(sampleClass())
      expect(await tx.addReminder('school', 'class-1', at(0))).toBe(true)
    })
  })

  test('classes are found by their start', async store => {
    await store.transaction(async tx => {
      for (const minute of [10, 20, 30]) await tx.insertClass(sampleClass({ id: `at-${minute}`, startsAt: at(minute) }))
    })
    const found = await store.read(tx =>
      tx.listClasses({ tenantId: 'school', startsSince: at(20), startsBefore: at(30) }),
    )
    expect(found.map(({ liveClass }) => liveClass.id)).toEqual(['at-20'])
  })
}
