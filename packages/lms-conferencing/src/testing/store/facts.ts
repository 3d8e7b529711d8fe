import { expect } from 'vitest'
import type { AttendanceEvent, Provenance } from '../../model.ts'
import type { MeetingAlias, StoredEvent } from '../../store.ts'
import { sampleClass, sampleRecording } from './samples.ts'
import type { StoreTest } from './suite.ts'

const fact = (event: AttendanceEvent, provenance: Provenance = 'webhook'): StoredEvent => ({ event, provenance })

export function describeFacts(test: StoreTest): void {
  test('a fact equal in all its fields is one, however often and in whatever order it comes', async store => {
    const joined = { type: 'joined', instance: 'i', session: 's', at: 2 } as const
    const facts: readonly AttendanceEvent[] = [
      { type: 'started', instance: 'i', at: 1 },
      { type: 'ended', instance: 'i', at: 1 },
      { type: 'started', instance: 'j', at: 1 },
      joined,
      { ...joined, type: 'left' },
      { ...joined, at: 3 },
      { ...joined, session: '' },
      { ...joined, person: '' },
      { ...joined, person: 'p' },
      { ...joined, room: 'main' },
      { ...joined, room: 'breakout:s' },
      { type: 'snapshot', instance: 'i', present: [], at: 2 },
      { type: 'snapshot', instance: 'i', present: [{ session: 'a' }, { session: 'b', person: 'p' }], at: 2 },
      {
        type: 'snapshot',
        instance: 'i',
        present: [
          { session: 'a', person: '' },
          { session: 'b', person: 'p' },
        ],
        at: 2,
      },
    ]
    const lists: (readonly StoredEvent[])[] = []
    for (const id of ['forward', 'backward']) {
      const events = (id === 'forward' ? facts : facts.toReversed()).map(event => fact(event))
      await store.transaction(async tx => {
        await tx.insertClass(sampleClass({ id }))
        expect(await tx.addEvents('school', id, [...events, ...events])).toBe(facts.length)
        expect(await tx.addEvents('school', id, events)).toBe(0)
      })
      lists.push(await store.read(tx => tx.listEvents('school', id)))
    }
    expect(lists[0]).toEqual(lists[1])
    expect(lists[0]?.map(({ event }) => event)).toEqual(expect.arrayContaining([...facts]))
    expect(lists[0]?.map(({ event }) => event.at)).toEqual(facts.map(({ at }) => at).sort())
  })

  test('absent fields are absent, and a list of who was there is a set', async store => {
    await store.transaction(async tx => {
      await tx.insertClass(sampleClass())
      const a = { session: 'a', person: undefined }
      const b = { session: 'b', person: 'p' }
      const snapshot = { type: 'snapshot', instance: 'i', at: 1 } as const
      await tx.addEvents('school', 'class-1', [fact({ ...snapshot, present: [b, a] })])
      expect(await tx.addEvents('school', 'class-1', [fact({ ...snapshot, present: [a, b, b] })])).toBe(0)
      const left = { type: 'left', instance: 'i', session: 's', at: 2 } as const
      await tx.addEvents('school', 'class-1', [fact({ ...left, person: undefined, room: undefined })])
      expect(await tx.addEvents('school', 'class-1', [fact(left)])).toBe(0)
    })
    const list = await store.read(tx => tx.listEvents('school', 'class-1'))
    expect(list.map(({ event }) => event)).toStrictEqual([
      { type: 'snapshot', instance: 'i', present: [{ session: 'a' }, { session: 'b', person: 'p' }], at: 1 },
      { type: 'left', instance: 'i', session: 's', at: 2 },
    ])
  })

  test('a fact reported by several sources keeps all, and which is the strongest, whichever came first', async store => {
    const event: AttendanceEvent = { type: 'started', instance: 'i', at: 1 }
    const orders: readonly (readonly Provenance[])[] = [
      ['lms', 'snapshot', 'report', 'webhook'],
      ['webhook', 'report', 'snapshot', 'lms'],
      ['report', 'webhook', 'lms'],
    ]
    for (const [index, order] of orders.entries()) {
      const id = `class-${index}`
      await store.transaction(tx => tx.insertClass(sampleClass({ id })))
      for (const provenance of order)
        await store.transaction(tx => tx.addEvents('school', id, [fact(event, provenance)]))
      const sources = [...order].sort()
      expect(await store.read(tx => tx.listEvents('school', id))).toEqual([{ ...fact(event, 'webhook'), sources }])
    }
  })

  const joinedAt = (at: number): AttendanceEvent => ({ type: 'joined', instance: 'i', session: `s${at}`, at })
  const times = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

  test('many facts in one call: new ones among known ones, the same twice, and other sources of either', async store => {
    const add = (events: readonly StoredEvent[]) => store.transaction(tx => tx.addEvents('school', 'class-1', events))
    await store.transaction(tx => tx.insertClass(sampleClass()))
    expect(await add(times(0, 600).map(at => fact(joinedAt(at), 'report')))).toBe(600)
    const many = [
      ...times(300, 900).map(at => fact(joinedAt(at), 'lms')),
      ...times(800, 1000).map(at => fact(joinedAt(at), 'webhook')),
      ...times(500, 900).map(at => fact(joinedAt(at), 'report')),
    ]
    expect(await add(many)).toBe(400)
    const list = await store.read(tx => tx.listEvents('school', 'class-1'))
    expect(list).toEqual([
      ...times(0, 300).map(at => fact(joinedAt(at), 'report')),
      ...times(300, 800).map(at => ({ ...fact(joinedAt(at), 'report'), sources: ['lms', 'report'] })),
      ...times(800, 900).map(at => ({ ...fact(joinedAt(at), 'webhook'), sources: ['lms', 'report', 'webhook'] })),
      ...times(900, 1000).map(at => fact(joinedAt(at), 'webhook')),
    ])
    expect(await add(many.toReversed())).toBe(0)
    expect(await store.read(tx => tx.listEvents('school', 'class-1'))).toEqual(list)
  })

  test('facts of several classes in one call are what they are one by one', async store => {
    const ids = ['news', 'stronger', 'known', 'untouched']
    await store.transaction(async tx => {
      for (const id of ids) await tx.insertClass(sampleClass({ id, status: 'completed' }))
      for (const id of ids.slice(1)) await tx.addEvents('school', id, [fact(joinedAt(1), 'report')])
      await tx.addEvents('school', 'stronger', [fact(joinedAt(2), 'report')])
    })
    const versions = (): Promise<readonly number[]> =>
      store.read(async tx => {
        const states: number[] = []
        for (const id of ids) states.push((await tx.getResultsState('school', id))?.factsVersion ?? -1)
        return states
      })
    const before = await versions()
    const seen = await store.read(tx => tx.lastChange())
    const added = await store.transaction(tx =>
      tx.addEventsByClass(
        'school',
        new Map([
          ['news', [fact(joinedAt(1)), fact(joinedAt(2)), fact(joinedAt(1))]],
          ['stronger', [fact(joinedAt(2))]],
          ['known', [fact(joinedAt(1), 'report')]],
          ['untouched', []],
        ]),
      ),
    )
    expect([...added]).toEqual([['news', 2]])
    // The fact of the same key that another class has keeps its own sources.
    expect(await store.read(tx => tx.listEvents('school', 'stronger'))).toEqual([
      fact(joinedAt(1), 'report'),
      { ...fact(joinedAt(2), 'webhook'), sources: ['report', 'webhook'] },
    ])
    expect(await store.read(tx => tx.listEvents('school', 'known'))).toEqual([fact(joinedAt(1), 'report')])
    expect((await versions()).map((version, index) => version - (before[index] ?? 0))).toEqual([1, 1, 0, 0])
    const { changes } = await store.read(tx => tx.listChanges('school', seen))
    expect(changes).toMatchObject([{ classId: 'news', kind: 'attendance' }])
    expect(changes).toHaveLength(1)

    const withStranger = new Map([
      ['news', [fact(joinedAt(3))]],
      ['nobody', [fact(joinedAt(3))]],
    ])
    await expect(store.transaction(tx => tx.addEventsByClass('school', withStranger))).rejects.toMatchObject({
      code: 'CLASS_NOT_FOUND',
    })
    expect(await store.read(tx => tx.listEvents('school', 'news'))).toHaveLength(2)
    expect(await store.transaction(tx => tx.addEventsByClass('school', new Map()))).toEqual(new Map())
  })

  test('T53 facts and recordings belong to one class of one tenant', async store => {
    const event = fact({ type: 'started', instance: 'i', at: 1 })
    await store.transaction(async tx => {
      for (const tenantId of ['school', 'academy']) {
        await tx.insertClass(sampleClass({ tenantId }))
        await tx.insertClass(sampleClass({ tenantId, id: 'class-2' }))
      }
      expect(await tx.addEvents('school', 'class-1', [event])).toBe(1)
      expect(await tx.addEvents('academy', 'class-1', [event])).toBe(1)
      await tx.upsertRecordings('school', [sampleRecording()])
    })
    expect(await store.read(tx => tx.listEvents('school', 'class-2'))).toEqual([])
    expect(await store.read(tx => tx.listEvents('academy', 'class-2'))).toEqual([])
    expect(await store.read(tx => tx.listRecordings('academy', 'class-1'))).toEqual([])
    expect(await store.read(tx => tx.listRecordings('school', 'class-2'))).toEqual([])
  })

  test('facts and recordings without their class are refused', async store => {
    const event = fact({ type: 'started', instance: 'i', at: 1 })
    const failure = { code: 'CLASS_NOT_FOUND' }
    await expect(store.transaction(tx => tx.addEvents('school', 'nobody', [event]))).rejects.toMatchObject(failure)
    await expect(store.transaction(tx => tx.upsertRecordings('school', [sampleRecording()]))).rejects.toMatchObject(
      failure,
    )
  })

  test('a recording is replaced by a newer look at it', async store => {
    const early = sampleRecording({
      recordId: 'b',
      state: 'processing',
      published: false,
      sizeBytes: null,
      playback: [],
    })
    const unknown = sampleRecording({ recordId: 'a', startedAt: null, endedAt: null, durationSeconds: null })
    await store.transaction(async tx => {
      await tx.insertClass(sampleClass())
      await tx.upsertRecordings('school', [early, unknown])
      await tx.upsertRecordings('school', [])
    })
    const list = () => store.read(tx => tx.listRecordings('school', 'class-1'))
    expect(await list()).toEqual([unknown, early])
    const later = sampleRecording({ recordId: 'b' })
    await store.transaction(tx => tx.upsertRecordings('school', [later]))
    expect(await list()).toEqual([unknown, later])
  })

  test('the first alias of a name stays', async store => {
    const alias: MeetingAlias = {
      tenantId: 'school',
      provider: 'json',
      serverId: 'server-1',
      meetingKey: 'room-1',
      parentKey: 'meeting-class-1',
      parentInstance: 'i',
      room: 'breakout:room-1',
    }
    await store.transaction(async tx => {
      await tx.addAlias(alias)
      await tx.addAlias({ ...alias, parentKey: 'somebody-else' })
      await tx.addAlias({ ...alias, tenantId: 'academy', parentInstance: 'j' })
    })
    expect(await store.read(tx => tx.findAlias(alias))).toEqual(alias)
    expect(await store.read(tx => tx.findAlias({ ...alias, tenantId: 'academy' }))).toMatchObject({
      parentInstance: 'j',
    })
    for (const other of [
      { serverId: 'server-2' },
      { provider: 'other' },
      { meetingKey: 'room-2' },
      { tenantId: 'x' },
    ]) {
      expect(await store.read(tx => tx.findAlias({ ...alias, ...other }))).toBeNull()
    }
  })
}
