import { expect } from 'vitest'
import type { AttendanceEvent } from '../../model.ts'
import type { Gap, GapFilter, StoredReconciliation } from '../../store.ts'
import { sampleClass, sampleRow } from './samples.ts'
import type { StoreTest } from './suite.ts'

const start = Date.parse('2026-01-05T10:00:00Z')
const minute = (minutes: number): number => start + minutes * 60_000

const gap = (changes: Partial<Gap> = {}): Gap => ({
  tenantId: 'school',
  provider: 'json',
  serverId: 'server-1',
  from: minute(20),
  to: minute(40),
  cause: 'hook_lost',
  foundAt: new Date(minute(41)),
  ...changes,
})

const filter = (changes: Partial<GapFilter> = {}): GapFilter => ({
  tenantId: 'school',
  provider: 'json',
  serverId: 'server-1',
  from: minute(0),
  to: minute(60),
  ...changes,
})

const reconciliation = (changes: Partial<StoredReconciliation> = {}): StoredReconciliation => ({
  tenantId: 'school',
  classId: 'class-1',
  state: 'done',
  attempts: 1,
  nextAt: null,
  at: new Date(minute(90)),
  hasReport: true,
  added: 3,
  watched: [[minute(0), minute(60)]],
  ...changes,
})

/** Lost callbacks, and what tells of the time instead. */
export function describeGaps(test: StoreTest): void {
  test('a gap is found once, and concerns its server or all servers of its provider', async store => {
    const all = [
      gap({ serverId: null, from: minute(5), to: minute(10), cause: 'receiver_down' }),
      gap(),
      gap({ cause: 'something_else' }),
    ]
    await store.transaction(async tx => {
      for (const one of all.toReversed()) expect(await tx.addGap(one)).toBe(true)
      expect(await tx.addGap(gap({ to: minute(45), foundAt: new Date(minute(50)) }))).toBe(false)
      expect(await tx.addGap(gap({ serverId: 'server-2', from: minute(1) }))).toBe(true)
      expect(await tx.addGap(gap({ provider: 'other', from: minute(1) }))).toBe(true)
      expect(await tx.addGap(gap({ tenantId: 'academy', from: minute(1) }))).toBe(true)
    })
    const list = (changes: Partial<GapFilter> = {}) => store.read(tx => tx.listGaps(filter(changes)))
    expect(await list()).toEqual(all)
    expect(await list({ from: minute(40), to: minute(60) })).toEqual([])
    expect(await list({ from: minute(39), to: minute(60) })).toEqual([all[1], all[2]])
    expect(await list({ from: minute(0), to: minute(5) })).toEqual([])
    expect((await list({ serverId: 'server-2' })).map(({ from }) => from)).toEqual([minute(1), minute(5)])
  })

  test('when something was last well is remembered by name and tenant', async store => {
    const read = (tenantId: string, what: string) => store.read(tx => tx.getLastWell(tenantId, what))
    expect(await read('school', 'a')).toBeNull()
    await store.transaction(async tx => {
      await tx.setLastWell('school', 'a', new Date(minute(1)))
      await tx.setLastWell('school', 'b', new Date(minute(2)))
      await tx.setLastWell('academy', 'a', new Date(minute(3)))
      await tx.setLastWell('school', 'a', new Date(minute(4)))
    })
    expect(await read('school', 'a')).toEqual(new Date(minute(4)))
    expect(await read('school', 'b')).toEqual(new Date(minute(2)))
    expect(await read('academy', 'a')).toEqual(new Date(minute(3)))
  })

  test('the newest callback of a server is that of this server', async store => {
    const last = (serverId: string) => store.read(tx => tx.lastReceived('school', 'json', serverId))
    expect(await last('server-1')).toBeNull()
    await store.receive([
      sampleRow('a', { receivedAt: new Date(minute(1)) }),
      sampleRow('b', { receivedAt: new Date(minute(2)) }),
      sampleRow('c', { receivedAt: new Date(minute(3)), serverId: 'server-2' }),
      sampleRow('d', { receivedAt: new Date(minute(4)), tenantId: 'academy' }),
      sampleRow('e', { receivedAt: new Date(minute(5)), provider: 'other' }),
    ])
    expect(await last('server-1')).toEqual(new Date(minute(2)))
    expect(await last('server-2')).toEqual(new Date(minute(3)))
  })

  test('snapshots can be forgotten, and no other fact', async store => {
    const snapshot = (at: number, instance = 'i'): AttendanceEvent => ({
      type: 'snapshot',
      instance,
      at,
      present: [{ session: '~1', person: 'p' }],
    })
    const joined: AttendanceEvent = { type: 'joined', instance: 'i', session: 's', person: 'p', at: 1 }
    await store.transaction(async tx => {
      for (const id of ['class-1', 'class-2']) {
        await tx.insertClass(sampleClass({ id }))
        await tx.addEvents(
          'school',
          id,
          [joined, snapshot(1), snapshot(2), snapshot(1, 'j')].map(event => ({ event, provenance: 'snapshot' })),
        )
      }
      expect(await tx.dropSnapshots('school', 'class-1', [{ instance: 'i', at: 1 }])).toBe(1)
      expect(await tx.dropSnapshots('school', 'class-1', [])).toBe(0)
      expect(await tx.dropSnapshots('academy', 'class-1', [{ instance: 'i', at: 2 }])).toBe(0)
    })
    const events = async (id: string) => (await store.read(tx => tx.listEvents('school', id))).map(({ event }) => event)
    expect(await events('class-1')).toHaveLength(3)
    expect(await events('class-1')).toEqual(expect.arrayContaining([joined, snapshot(2), snapshot(1, 'j')]))
    expect(await events('class-2')).toHaveLength(4)
  })

  test('what was reconciled is kept beside the class, and goes with it', async store => {
    await store.transaction(async tx => {
      await tx.insertClass(sampleClass())
      await tx.putReconciliation(reconciliation({ state: 'waiting', nextAt: new Date(minute(95)), at: null }))
    })
    const read = () => store.read(tx => tx.getReconciliation('school', 'class-1'))
    expect(await read()).toEqual(reconciliation({ state: 'waiting', nextAt: new Date(minute(95)), at: null }))
    await store.transaction(tx => tx.putReconciliation(reconciliation()))
    expect(await read()).toEqual(reconciliation())
    await store.transaction(tx => tx.deleteClass('school', 'class-1'))
    expect(await read()).toBeNull()
    await expect(store.transaction(tx => tx.putReconciliation(reconciliation()))).rejects.toMatchObject({
      code: 'CLASS_NOT_FOUND',
    })
  })

  test('classes are to be reconciled that are over and whose turn it is, the earliest first', async store => {
    const over = (id: string, ended: number) =>
      sampleClass({ id, status: 'completed', startedAt: new Date(minute(0)), endedAt: new Date(minute(ended)) })
    await store.transaction(async tx => {
      for (const row of [over('b', 61), over('a', 60), over('early', 10), over('late', 120), over('done', 60)])
        await tx.insertClass(row)
      for (const row of [over('waits', 60), over('due', 62), sampleClass({ id: 'live', status: 'live' })])
        await tx.insertClass(row)
      await tx.insertClass({ ...over('x', 60), liveClass: { ...over('x', 60).liveClass, tenantId: 'academy' } })
      await tx.putReconciliation(reconciliation({ classId: 'done' }))
      await tx.putReconciliation(
        reconciliation({ classId: 'waits', state: 'waiting', nextAt: new Date(minute(101)), watched: [] }),
      )
      await tx.putReconciliation(
        reconciliation({ classId: 'due', state: 'waiting', nextAt: new Date(minute(100)), watched: [] }),
      )
    })
    const due = (limit: number) =>
      store.read(tx =>
        tx.classesToReconcile({
          tenantId: 'school',
          endedSince: new Date(minute(30)),
          endedBefore: new Date(minute(95)),
          now: new Date(minute(100)),
          limit,
        }),
      )
    expect((await due(10)).map(({ liveClass }) => liveClass.id)).toEqual(['a', 'b', 'due'])
    expect((await due(2)).map(({ liveClass }) => liveClass.id)).toEqual(['a', 'b'])
  })
}
