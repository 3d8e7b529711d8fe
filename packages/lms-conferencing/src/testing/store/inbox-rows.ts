import { expect } from 'vitest'
import type { InboxOutcome, InboxRow, Store } from '../../store.ts'
import { sampleClass, sampleRow } from './samples.ts'
import type { StoreTest } from './suite.ts'

const now = new Date('2026-01-05T10:00:00Z')
const later = new Date('2026-01-05T10:05:00Z')

const insert = (store: Store, digests: readonly string[]): Promise<number> =>
  store.receive(digests.map(digest => sampleRow(digest)))

const list = (store: Store, tenantId = 'school'): Promise<readonly InboxRow[]> =>
  store.read(tx => tx.listInbox({ tenantId, limit: 100 }))

const digests = (rows: readonly InboxRow[]): string => rows.map(({ digest }) => digest).join('')

async function rowOf(store: Store, digest: string): Promise<InboxRow> {
  const row = (await list(store)).find(one => one.digest === digest)
  if (!row) throw new Error(`no row ${digest}`)
  return row
}

export function describeInboxRows(test: StoreTest): void {
  test('rows come back as they went in, once for each digest', async store => {
    const body = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    const row = sampleRow('a', { body })
    expect(await store.receive([row, sampleRow('b'), row])).toBe(2)
    expect(await store.receive([row, sampleRow('c', { body: new Uint8Array() })])).toBe(1)
    const rows = await list(store)
    expect(digests(rows)).toBe('abc')
    const fresh = {
      state: 'new',
      attempts: 0,
      nextAttemptAt: new Date(0),
      reason: null,
      isStripped: false,
      waitingFor: [],
    }
    expect(rows[0]).toEqual({ ...row, ...fresh, seq: rows[0]?.seq, body })
    expect(rows[2]?.body).toEqual(new Uint8Array())
    expect(await store.read(tx => tx.getInbox('school', rows[0]?.seq ?? 0))).toEqual(rows[0])
  })

  test('T53 tenants do not see or touch each other’s rows', async store => {
    await store.receive([sampleRow('a'), sampleRow('a', { tenantId: 'academy' })])
    const theirs = (await list(store, 'academy'))[0]?.seq ?? 0
    expect(digests(await list(store))).toBe('a')
    expect(await store.read(tx => tx.getInbox('school', theirs))).toBeNull()
    expect(await store.read(tx => tx.countInbox('nobody'))).toEqual({
      new: 0,
      applied: 0,
      ignored: 0,
      stale: 0,
      dead: 0,
    })
    expect(await store.transaction(tx => tx.requeueInbox('school', { seq: theirs }))).toBe(0)
    expect(await store.read(tx => tx.dueInbox('school', now, 10))).toHaveLength(1)
    expect(await store.read(tx => tx.nextInboxDue('nobody'))).toBeNull()
  })

  test('due rows come oldest first, failed ones when their time has come', async store => {
    await insert(store, ['a', 'b', 'c'])
    const failed = { state: 'new', attempts: 1, nextAttemptAt: later, reason: 'INVALID: no' } as const
    const first = await rowOf(store, 'a')
    await store.transaction(tx => tx.markInbox(first, failed))
    const due = async (time: Date, limit = 10) => digests(await store.read(tx => tx.dueInbox('school', time, limit)))
    expect(await due(now)).toBe('bc')
    expect(await due(later)).toBe('abc')
    expect(await due(later, 2)).toBe('ab')
    expect(await store.read(tx => tx.nextInboxDue('school'))).toEqual(new Date(0))
    for (const digest of ['b', 'c']) {
      const row = await rowOf(store, digest)
      await store.transaction(tx => tx.markInbox(row, { state: 'applied', attempts: 0 }))
    }
    expect(await store.read(tx => tx.nextInboxDue('school'))).toEqual(later)
    expect(await rowOf(store, 'a')).toMatchObject(failed)
  })

  test('a clock set back delays no fresh row', async store => {
    await insert(store, ['a'])
    expect(await store.read(tx => tx.dueInbox('school', new Date('1999-12-31'), 10))).toHaveLength(1)
  })

  test('rows are counted and listed by state, in pages', async store => {
    await insert(store, ['a', 'b', 'c', 'd', 'e'])
    const states = { a: 'applied', b: 'dead', c: 'ignored', d: 'dead' } as const
    for (const [digest, state] of Object.entries(states)) {
      const row = await rowOf(store, digest)
      await store.transaction(tx => tx.markInbox(row, { state, attempts: 8, reason: 'why' }))
    }
    expect(await store.read(tx => tx.countInbox('school'))).toEqual({
      new: 1,
      applied: 1,
      ignored: 1,
      stale: 0,
      dead: 2,
    })
    const page = async (filter: object) =>
      digests(await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 2, ...filter })))
    expect(await page({})).toBe('ab')
    expect(await page({ state: 'dead' })).toBe('bd')
    expect(await page({ afterSeq: (await rowOf(store, 'b')).seq })).toBe('cd')
    expect(await page({ state: 'dead', afterSeq: (await rowOf(store, 'b')).seq })).toBe('d')
  })

  test('dead rows come back together, any row alone', async store => {
    await insert(store, ['a', 'b', 'c'])
    for (const digest of ['a', 'b']) {
      const row = await rowOf(store, digest)
      await store.transaction(tx =>
        tx.markInbox(row, { state: 'dead', attempts: 8, nextAttemptAt: later, reason: 'why' }),
      )
    }
    const applied = await rowOf(store, 'c')
    await store.transaction(tx => tx.markInbox(applied, { state: 'applied', attempts: 2 }))
    expect(await store.transaction(tx => tx.requeueInbox('school', { state: 'dead' }))).toBe(2)
    expect(await rowOf(store, 'a')).toMatchObject({
      state: 'new',
      attempts: 0,
      nextAttemptAt: new Date(0),
      reason: null,
    })
    expect(await store.transaction(tx => tx.requeueInbox('school', { state: 'dead' }))).toBe(0)
    expect(await store.transaction(tx => tx.requeueInbox('school', { seq: applied.seq }))).toBe(1)
    expect(await rowOf(store, 'c')).toMatchObject({ state: 'new', attempts: 0 })
  })

  test('many rows are marked at once, each with its own outcome', async store => {
    await store.receive([sampleRow('theirs', { tenantId: 'academy' }), sampleRow('left')])
    await store.receive(Array.from({ length: 1_200 }, (_, index) => sampleRow(`row-${index}`)))
    const rows = (await store.read(tx => tx.dueInbox('school', now, 2_000))).slice(1)
    const failed = { state: 'new', attempts: 3, nextAttemptAt: later, reason: 'INVALID: no' } as const
    const outcomeOf = (index: number): InboxOutcome => {
      if (index % 100 === 1) return failed
      if (index % 3 === 0) return { state: 'applied', attempts: 0 }
      const waitingFor = index % 2 ? ['x'] : ['y', 'x', 'y']
      return { state: 'ignored', attempts: 0, reason: 'unknown_meeting', waitingFor }
    }
    const marks = rows.map((row, index) => ({ row, outcome: outcomeOf(index) }))
    await store.transaction(tx => tx.markInboxRows(marks))
    await store.transaction(tx => tx.markInboxRows([]))
    const all = () => store.read(tx => tx.listInbox({ tenantId: 'school', limit: 2_000 }))
    expect(await all()).toEqual([
      expect.objectContaining({ digest: 'left', state: 'new', attempts: 0 }),
      ...marks.map(({ row, outcome }) => ({
        ...row,
        state: outcome.state,
        attempts: outcome.attempts,
        nextAttemptAt: outcome.nextAttemptAt ?? new Date(0),
        reason: outcome.reason ?? null,
        waitingFor: [...new Set(outcome.waitingFor)].sort(),
      })),
    ])
    expect(await store.read(tx => tx.countInbox('academy'))).toMatchObject({ new: 1 })

    // What they waited for before is forgotten, and all that wait for a meeting come back together.
    const waiting = (await all()).filter(row => row.waitingFor.includes('y'))
    const again = waiting.map(row => ({ row, outcome: { state: 'ignored', attempts: 1, waitingFor: ['x'] } as const }))
    await store.transaction(tx => tx.markInboxRows(again))
    const waited = (await all()).filter(row => row.waitingFor.length > 0)
    expect(waited.length).toBeGreaterThan(500)
    expect(new Set(waited.flatMap(row => row.waitingFor))).toEqual(new Set(['x']))
    await store.transaction(tx => tx.insertClass(sampleClass({ meetingId: 'x' })))
    const back = new Map((await all()).map(row => [row.seq, row]))
    for (const { seq } of waited) {
      expect(back.get(seq)).toMatchObject({ state: 'new', attempts: 0, reason: null, waitingFor: [] })
    }
    expect(await store.read(tx => tx.countInbox('school'))).toMatchObject({ applied: 396, ignored: 0 })
  })

  test('T36 a row that waits for a meeting comes back with its class, its alias or its new key, and with no other', async store => {
    await insert(store, ['a'])
    const wait = async (...waitingFor: readonly string[]) => {
      const row = await rowOf(store, 'a')
      const outcome = { state: 'ignored', attempts: 0, reason: 'unknown_meeting', waitingFor } as const
      await store.transaction(tx => tx.markInbox(row, outcome))
      expect(await rowOf(store, 'a')).toMatchObject({
        state: 'ignored',
        reason: 'unknown_meeting',
        waitingFor: [...waitingFor],
      })
    }
    await wait('x')
    await store.transaction(async tx => {
      await tx.insertClass(sampleClass({ id: 'other', meetingId: 'y' }))
      await tx.insertClass(sampleClass({ tenantId: 'academy', meetingId: 'x' }))
      await tx.insertClass(sampleClass({ id: 'moved', meetingId: 'x' }, { serverId: 'server-2' }))
      await tx.insertClass(sampleClass({ id: 'foreign', meetingId: 'x', provider: 'other' }))
    })
    expect(await rowOf(store, 'a')).toMatchObject({ state: 'ignored' })
    const fresh = { state: 'new', attempts: 0, reason: null, waitingFor: [] }
    const later = sampleClass({ id: 'later', meetingId: '' }, { meetingKey: '' })
    await store.transaction(tx => tx.insertClass(later))
    const named = { ...later.meeting, meetingId: 'x', meetingKey: 'x' }
    await store.transaction(tx => tx.updateClass(later, { meeting: named }, now))
    expect(await rowOf(store, 'a')).toMatchObject(fresh)

    await wait('p', 'q')
    await store.transaction(tx => tx.insertClass(sampleClass({ id: 'p', meetingId: 'p' })))
    expect(await rowOf(store, 'a')).toMatchObject({ ...fresh, waitingFor: ['q'] })

    await wait('room')
    const alias = { tenantId: 'school', provider: 'json', serverId: 'server-1', meetingKey: 'room' } as const
    await store.transaction(tx => tx.addAlias({ ...alias, parentKey: 'p', parentInstance: 'i', room: 'breakout:room' }))
    expect(await rowOf(store, 'a')).toMatchObject(fresh)
  })
}
