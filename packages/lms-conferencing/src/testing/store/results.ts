import { expect } from 'vitest'
import type { ClassPatch, Store, StoredClass, StoredEvent } from '../../store.ts'
import type { AttendanceMark, NewResult, NewResults } from '../../store-results.ts'
import { sampleClass } from './samples.ts'
import type { StoreTest } from './suite.ts'

/** A result as good as any; what a test is about goes into the argument. */
export const sampleResult = (result: Partial<NewResult> = {}): NewResult => ({
  person: 'ana',
  status: 'present',
  creditedMs: 3_000_001,
  heldMs: 3_600_000,
  minutes: 50,
  percentage: 83.3,
  participationScore: 83,
  late: false,
  leftEarly: true,
  confidence: 'imputed',
  provenance: ['report', 'webhook'],
  onRoster: true,
  ...result,
})

const at = new Date('2026-01-05T11:00:00Z')
const results = (list: readonly NewResult[], change: Partial<NewResults> = {}): NewResults => ({
  factsVersion: 0,
  rules: 'rules',
  results: list,
  at,
  ...change,
})
const kept = (result: NewResult, isErased = false) => ({ ...result, isErased })
const over = { status: 'completed', startedAt: at, endedAt: at } as const

const fact = (at: number, provenance: StoredEvent['provenance'] = 'webhook'): StoredEvent => ({
  event: { type: 'started', instance: 'i', at },
  provenance,
})

async function patch(store: Store, change: ClassPatch): Promise<void> {
  await store.transaction(async tx => {
    const row: StoredClass | null = await tx.getClass('school', 'class-1')
    if (row) await tx.updateClass(row, change, at)
  })
}

export function describeResults(test: StoreTest): void {
  const save = (store: Store, list: readonly NewResult[], change: Partial<NewResults> = {}, id = 'class-1') =>
    store.transaction(tx => tx.saveResults('school', id, results(list, change)))
  const list = (store: Store, tenantId = 'school') => store.read(tx => tx.listResults(tenantId, 'class-1'))
  const state = (store: Store) => store.read(tx => tx.getResultsState('school', 'class-1'))
  const version = async (store: Store) => (await state(store))?.factsVersion

  test('results are kept of classes that are over, and of no others', async store => {
    await store.transaction(tx => tx.insertClass(sampleClass()))
    await patch(store, { status: 'live', startedAt: at })
    await store.transaction(tx => tx.addEvents('school', 'class-1', [fact(1)]))
    expect(await state(store)).toBeNull()
    expect(await save(store, [sampleResult()])).toBeNull()
    expect(await list(store)).toEqual([])
    await patch(store, over)
    expect(await state(store)).toMatchObject({ resultsVersion: -1, rules: null })
    expect(await save(store, [sampleResult()])).toEqual([])
    expect(await list(store)).toEqual([kept(sampleResult())])
    expect(await store.read(tx => tx.getResultsState('school', 'nobody'))).toBeNull()
  })

  test('whatever the figures rest on makes them stale, in the same transaction; nothing else does', async store => {
    await store.transaction(tx => tx.insertClass(sampleClass(over)))
    const grows = async (work: () => Promise<unknown>): Promise<boolean> => {
      const before = await version(store)
      await work()
      return (await version(store)) !== before
    }
    const add = (event: StoredEvent) => () => store.transaction(tx => tx.addEvents('school', 'class-1', [event]))
    expect(await grows(add(fact(1, 'report')))).toBe(true)
    expect(await grows(add(fact(1, 'report')))).toBe(false)
    expect(await grows(add(fact(1, 'webhook')))).toBe(true)
    expect(await grows(add(fact(1, 'report')))).toBe(false)
    for (const change of [{ durationMinutes: 90 }, { startsAt: new Date(0) }, { endedAt: new Date(0) }]) {
      expect(await grows(() => patch(store, change))).toBe(true)
    }
    expect(await grows(() => patch(store, { title: 'Other', hasRecording: true }))).toBe(false)
    const people = [{ person: 'ana', activity: { ...nothing, messages: 3 } }]
    const count = () =>
      store.transaction(tx => tx.putActivity('school', 'class-1', [{ instance: 'i', pollsPublished: 0, people }]))
    expect(await grows(count)).toBe(true)
    expect(await grows(count)).toBe(false)
    const undone = async () =>
      store.transaction(async tx => {
        await tx.addEvents('school', 'class-1', [fact(2)])
        throw new Error('undo')
      })
    expect(await grows(() => undone().catch(() => {}))).toBe(false)
  })

  test('newer results replace older ones, never the other way round', async store => {
    await store.transaction(tx => tx.insertClass(sampleClass(over)))
    await store.transaction(tx => tx.addEvents('school', 'class-1', [fact(1), fact(2)]))
    const first = [sampleResult(), sampleResult({ person: 'bob' }), sampleResult({ person: 'cid', status: null })]
    expect(await save(store, first, { factsVersion: 1 })).toEqual([])
    expect(await save(store, [], { factsVersion: 0 })).toBeNull()
    const second = [
      sampleResult({ person: 'bob', status: 'not_held', percentage: null, participationScore: null, provenance: [] }),
      sampleResult(),
    ]
    expect(await save(store, second, { factsVersion: 1, rules: 'others' })).toEqual(first.map(one => kept(one)))
    expect(await list(store)).toEqual(second.toReversed().map(one => kept(one)))
    expect(await state(store)).toEqual({ factsVersion: 1, resultsVersion: 1, rules: 'others' })
  })

  test('a class of hundreds is kept whole', async store => {
    await store.transaction(tx => tx.insertClass(sampleClass(over)))
    const many = Array.from({ length: 250 }, (_, index) =>
      sampleResult({ person: `p${String(index).padStart(3, '0')}` }),
    )
    await save(store, many)
    expect(await list(store)).toEqual(many.map(one => kept(one)))
  })

  test('stale classes are found, by facts or by rules, in pages', async store => {
    const ids = ['a', 'b', 'c', 'd']
    await store.transaction(async tx => {
      for (const id of ids) await tx.insertClass(sampleClass({ id, ...over }))
      await tx.insertClass(sampleClass({ id: 'e', status: 'live' }))
      await tx.insertClass(sampleClass({ id: 'f', tenantId: 'academy', ...over }))
    })
    const stale = (by: 'facts' | { rules: string }, limit = 10, afterClassId?: string) =>
      store.read(tx => tx.listStaleResults({ tenantId: 'school', by, limit, afterClassId }))
    expect(await stale('facts')).toEqual(ids)
    expect(await stale('facts', 2)).toEqual(['a', 'b'])
    expect(await stale('facts', 2, 'b')).toEqual(['c', 'd'])
    expect(await stale({ rules: 'new' })).toEqual([])
    for (const id of ids) await save(store, [], { rules: id === 'c' ? 'new' : 'old' }, id)
    expect(await stale('facts')).toEqual([])
    expect(await stale({ rules: 'new' })).toEqual(['a', 'b', 'd'])
    expect(await stale({ rules: 'old' })).toEqual(['c'])
    expect(await stale({ rules: 'new' }, 1, 'b')).toEqual(['d'])
    await store.transaction(tx => tx.addEvents('school', 'd', [fact(1)]))
    expect(await stale('facts')).toEqual(['d'])
  })

  test('a mark is one for each person, and stays whatever the figures become', async store => {
    const mark: AttendanceMark = { person: 'ana', mark: 'late', note: 'Bus', markedBy: 'tea', markedAt: at }
    const marks = (tenantId = 'school') => store.read(tx => tx.listAttendanceMarks(tenantId, 'class-1'))
    await expect(store.transaction(tx => tx.putAttendanceMark('school', 'class-1', mark))).rejects.toMatchObject({
      code: 'CLASS_NOT_FOUND',
    })
    await store.transaction(async tx => {
      await tx.insertClass(sampleClass(over))
      await tx.putAttendanceMark('school', 'class-1', { ...mark, person: 'bob' })
      await tx.putAttendanceMark('school', 'class-1', mark)
      await tx.putAttendanceMark('school', 'class-1', { ...mark, mark: 'excused', markedBy: 'tom' })
    })
    await save(store, [sampleResult()])
    await save(store, [])
    expect(await marks()).toEqual([
      { ...mark, mark: 'excused', markedBy: 'tom' },
      { ...mark, person: 'bob' },
    ])
    expect(await marks('academy')).toEqual([])
    const remove = (tenantId: string) => store.transaction(tx => tx.deleteAttendanceMark(tenantId, 'class-1', 'ana'))
    expect([await remove('academy'), await remove('school'), await remove('school')]).toEqual([false, true, false])
    expect(await marks()).toHaveLength(1)
  })

  test('T49 another name in place of a person’s leaves figures and marks as they were, and no note', async store => {
    const mark: AttendanceMark = { person: 'ana', mark: 'late', note: 'Ana had …', markedBy: 'tea', markedAt: at }
    await store.transaction(async tx => {
      await tx.insertClass(sampleClass(over))
      await tx.insertClass(sampleClass({ tenantId: 'academy', ...over }))
      await tx.saveResults('academy', 'class-1', results([sampleResult()]))
      await tx.putAttendanceMark('school', 'class-1', mark)
      await tx.putAttendanceMark('school', 'class-1', { ...mark, person: 'bob', note: 'Bus' })
    })
    await save(store, [sampleResult(), sampleResult({ person: 'anan' })])
    await store.transaction(tx => tx.renamePerson('school', 'ana', 'erased-1'))
    await store.transaction(tx => tx.renamePerson('school', 'tea', 'erased-2'))
    const now = [sampleResult({ person: 'anan' }), sampleResult({ person: 'erased-1' })]
    expect(await list(store)).toEqual(now.map(one => kept(one, one.person === 'erased-1')))
    expect(await store.read(tx => tx.listAttendanceMarks('school', 'class-1'))).toEqual([
      { ...mark, person: 'bob', note: 'Bus', markedBy: 'erased-2' },
      { ...mark, person: 'erased-1', note: '', markedBy: 'erased-2' },
    ])
    expect(await list(store, 'academy')).toEqual([kept(sampleResult())])
    // Newer results of the same person are still those of somebody erased.
    await save(store, now)
    expect(await list(store)).toMatchObject([{ isErased: false }, { isErased: true }])
    // The same again for somebody who has come back meanwhile: one row, to be computed anew.
    await save(store, [...now, sampleResult()])
    const before = await version(store)
    await store.transaction(tx => tx.renamePerson('school', 'ana', 'erased-1'))
    expect((await list(store)).map(({ person }) => person)).toEqual(['anan', 'erased-1'])
    expect(await version(store)).not.toBe(before)
  })

  test('what is kept of a class goes with it', async store => {
    await store.transaction(tx => tx.insertClass(sampleClass(over)))
    await save(store, [sampleResult()])
    await store.transaction(tx => tx.deleteClass('school', 'class-1'))
    expect([await list(store), await state(store)]).toEqual([[], null])
  })
}

const nothing = { talkMs: 0, messages: 0, raisedHands: 0, reactions: 0, pollAnswers: 0 }
