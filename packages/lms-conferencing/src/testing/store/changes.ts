import { expect } from 'vitest'
import type { Store, StoredEvent } from '../../store.ts'
import { sampleClass, sampleRecording } from './samples.ts'
import type { StoreTest } from './suite.ts'

const joined = (session: string): StoredEvent => ({
  event: { type: 'joined', instance: 'i', session, at: 1 },
  provenance: 'webhook',
})

/** Whether something changed after this one, without its numbers. */
async function since(store: Store, seq: number) {
  const { changes } = await store.read(tx => tx.listChanges('school', seq))
  return changes.map(({ kind, classId, courseId }) => `${kind} ${classId} of ${courseId}`)
}

const last = (store: Store): Promise<number> => store.read(tx => tx.lastChange())

export function describeChanges(test: StoreTest): void {
  test('the log tells of all that changes, in order, and of nothing else', async store => {
    expect(await last(store)).toBe(0)
    expect(await store.read(tx => tx.listChanges('school', 0))).toEqual({ changes: [], firstSeq: 0, lastSeq: 0 })
    await store.transaction(tx => tx.insertClass(sampleClass()))
    expect(await since(store, 0)).toEqual(['class class-1 of course-1'])

    let seen = await last(store)
    const steps: readonly [string[], () => Promise<unknown>][] = [
      [[], () => store.transaction(tx => tx.getClass('school', 'class-1'))],
      [
        ['attendance class-1 of course-1'],
        () => store.transaction(tx => tx.addEvents('school', 'class-1', [joined('a'), joined('b')])),
      ],
      [[], () => store.transaction(tx => tx.addEvents('school', 'class-1', [joined('a')]))],
      [[], () => store.transaction(tx => tx.addEvents('school', 'class-1', []))],
      [
        ['recordings class-1 of course-1'],
        () => store.transaction(tx => tx.upsertRecordings('school', [sampleRecording(), sampleRecording()])),
      ],
      [[], () => store.transaction(tx => tx.upsertRecordings('school', [sampleRecording()]))],
      [
        ['recordings class-1 of course-1'],
        () => store.transaction(tx => tx.upsertRecordings('school', [sampleRecording({ published: false })])),
      ],
      [['access null of course-9'], () => store.transaction(tx => tx.addAccessChange('school', 'course-9'))],
      [
        ['class class-1 of course-1'],
        () =>
          store.transaction(async tx => {
            const row = await tx.getClass('school', 'class-1')
            if (row) await tx.updateClass(row, { status: 'live' }, new Date(0))
          }),
      ],
      [
        [],
        () => store.transaction(tx => tx.updateClass({ ...sampleClass(), version: 7 }, { title: 'x' }, new Date(0))),
      ],
      [['class class-1 of course-1'], () => store.transaction(tx => tx.deleteClass('school', 'class-1'))],
      [[], () => store.transaction(tx => tx.deleteClass('school', 'class-1'))],
    ]
    for (const [expected, step] of steps) {
      await step()
      expect(await since(store, seen)).toEqual(expected)
      expect(await last(store)).toBeGreaterThanOrEqual(seen)
      seen = await last(store)
    }
  })

  test('F8 a change counts from its commit on: what is rolled back is not in the log', async store => {
    let told = 0
    const end = store.onChange(() => told++)
    await expect(
      store.transaction(async tx => {
        await tx.insertClass(sampleClass())
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    expect([told, await last(store)]).toEqual([0, 0])
    await store.transaction(tx => tx.insertClass(sampleClass()))
    await store.transaction(tx => tx.getClass('school', 'class-1'))
    expect(told).toBe(1)
    end()
    await store.transaction(tx => tx.deleteClass('school', 'class-1'))
    expect(told).toBe(1)
  })

  test('several changes of one kind in one class are the latest of them, for each tenant alone', async store => {
    await store.transaction(async tx => {
      for (const id of ['one', 'two']) await tx.insertClass(sampleClass({ id }))
      await tx.insertClass(sampleClass({ id: 'one', tenantId: 'other' }))
    })
    const start = await last(store)
    for (const [id, session] of ['one', 'two', 'one'].entries()) {
      await store.transaction(tx => tx.addEvents('school', session, [joined(String(id))]))
    }
    await store.transaction(tx => tx.addEvents('other', 'one', [joined('a')]))
    const { changes, lastSeq } = await store.read(tx => tx.listChanges('school', start))
    expect(changes.map(({ classId }) => classId)).toEqual(['two', 'one'])
    expect(changes.map(({ seq }) => seq)).toEqual([lastSeq - 2, lastSeq - 1])
    expect(await since(store, lastSeq)).toEqual([])
  })

  test('erasing a person changes attendance', async store => {
    const event = { type: 'joined', instance: 'i', session: 's', person: 'ana', at: 1 } as const
    await store.transaction(async tx => {
      await tx.insertClass(sampleClass())
      await tx.addEvents('school', 'class-1', [{ event, provenance: 'webhook' }])
    })
    const start = await last(store)
    await store.transaction(tx => tx.renamePerson('school', 'ana', 'erased-1'))
    expect(await since(store, start)).toEqual(['attendance class-1 of course-1'])
  })

  test('F23 the log keeps its bound by itself, and says where it begins', async store => {
    // One class a transaction would be one change: as many courses as it takes.
    for (let batch = 0; batch < 53; batch++) {
      await store.transaction(async tx => {
        for (let index = 0; index < 1_000; index++) await tx.addAccessChange('school', `course-${batch}-${index}`)
      })
    }
    const { firstSeq, lastSeq, changes } = await store.read(tx => tx.listChanges('school', 0))
    expect(lastSeq).toBe(53_000)
    expect(firstSeq).toBeGreaterThan(1)
    expect(changes.length).toBe(lastSeq - firstSeq + 1)
    expect(changes.length).toBeLessThan(51_100)
  })

  test('a person has one calendar token, known by its digest until it is replaced or revoked', async store => {
    const token = { tenantId: 'school', userId: 'ana', digest: 'd1', createdAt: new Date(0) }
    await store.transaction(async tx => {
      await tx.setCalendarToken(token)
      await tx.setCalendarToken({ ...token, userId: 'bob', digest: 'd2' })
      await tx.setCalendarToken({ ...token, tenantId: 'other', digest: 'd1' })
    })
    const find = (tenantId: string, digest: string) => store.read(tx => tx.findCalendarToken(tenantId, digest))
    expect([await find('school', 'd1'), await find('school', 'd2'), await find('school', '')]).toEqual([
      'ana',
      'bob',
      null,
    ])
    await store.transaction(tx => tx.setCalendarToken({ ...token, digest: 'd3' }))
    expect([await find('school', 'd1'), await find('school', 'd3')]).toEqual([null, 'ana'])
    expect(await store.transaction(tx => tx.deleteCalendarToken('school', 'ana'))).toBe(true)
    expect(await store.transaction(tx => tx.deleteCalendarToken('school', 'ana'))).toBe(false)
    expect([await find('school', 'd3'), await find('other', 'd1')]).toEqual([null, 'ana'])
  })
}
