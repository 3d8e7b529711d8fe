import { expect } from 'vitest'
import type { InboxState, NewRefusedRequest, Store } from '../../store.ts'
import { sampleClass, sampleRow } from './samples.ts'
import type { StoreTest } from './suite.ts'

const day = (number: number): Date => new Date(Date.UTC(2026, 0, number))

const refused = (digest: string, request: Partial<NewRefusedRequest> = {}): NewRefusedRequest => ({
  tenantId: 'school',
  provider: 'json',
  method: 'POST',
  target: '/callback?checksum=1',
  headers: { 'content-type': 'application/json' },
  body: new TextEncoder().encode(digest),
  reason: 'mismatch',
  digest,
  receivedAt: day(1),
  ...request,
})

async function insert(store: Store, digest: string, state: InboxState, received: number): Promise<void> {
  await store.receive([sampleRow(digest, { receivedAt: day(received) })])
  const row = (await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 100 }))).find(
    one => one.digest === digest,
  )
  if (row && state !== 'new') await store.transaction(tx => tx.markInbox(row, { state, attempts: 0 }))
}

const rows = async (store: Store): Promise<string[]> =>
  (await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 100 }))).map(
    ({ digest, state, isStripped, body }) => `${digest} ${state}${isStripped && body.length === 0 ? ' stripped' : ''}`,
  )

export function describeKeeping(test: StoreTest): void {
  test('T49 what is old is forgotten, bodies first, and never what waits to be applied', async store => {
    await insert(store, 'a', 'applied', 1)
    await insert(store, 'b', 'dead', 1)
    await insert(store, 'c', 'new', 1)
    await insert(store, 'd', 'ignored', 10)
    await insert(store, 'e', 'dead', 10)
    await insert(store, 'f', 'applied', 20)
    await store.receive([sampleRow('a', { tenantId: 'academy', receivedAt: day(1) })])
    await store.transaction(tx => tx.addRefused([refused('old')], { rows: 10, bytes: 1000 }))
    await store.transaction(tx => tx.addRefused([refused('fresh', { receivedAt: day(20) })], { rows: 10, bytes: 1000 }))
    const before = { bodies: day(15), rows: day(5), refused: day(15) }
    const counts = { bodies: 1, rows: 2, refused: 1 }
    expect(await store.read(tx => tx.countPurgeable('school', before))).toEqual(counts)
    expect(await store.transaction(tx => tx.purge('school', before, 100))).toEqual(counts)
    expect(await store.transaction(tx => tx.purge('school', before, 100))).toEqual({ bodies: 0, rows: 0, refused: 0 })
    expect(await rows(store)).toEqual(['c new', 'd ignored stripped', 'e dead', 'f applied'])
    expect(await store.read(tx => tx.listRefused({ tenantId: 'school', limit: 10 }))).toMatchObject([
      { digest: 'fresh' },
    ])
    expect(await store.read(tx => tx.listInbox({ tenantId: 'academy', limit: 10 }))).toHaveLength(1)
  })

  test('purging keeps to its limit', async store => {
    for (const digest of ['a', 'b', 'c']) await insert(store, digest, 'applied', 1)
    const before = { bodies: day(5), rows: day(1), refused: day(5) }
    const counts: number[] = []
    for (let round = 0; round < 3; round++) {
      counts.push((await store.transaction(tx => tx.purge('school', before, 2))).bodies)
    }
    expect(counts).toEqual([2, 1, 0])
  })

  test('T35 a callback whose body is forgotten stays known, and cannot be replayed', async store => {
    await insert(store, 'a', 'applied', 1)
    await insert(store, 'b', 'dead', 1)
    const [first, second] = await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 10 }))
    const seqs = [first?.seq ?? 0, second?.seq ?? 0]
    await store.transaction(tx => tx.eraseBodies('school', seqs))
    expect(await rows(store)).toEqual(['a applied stripped', 'b ignored stripped'])
    expect(await store.receive([sampleRow('a'), sampleRow('b')])).toBe(0)
    for (const seq of seqs) expect(await store.transaction(tx => tx.requeueInbox('school', { seq }))).toBe(0)
    await store.transaction(tx => tx.eraseBodies('academy', seqs))
    expect(await rows(store)).toEqual(['a applied stripped', 'b ignored stripped'])
  })

  test('T36 a class made late does not bring back a callback whose body is forgotten', async store => {
    await insert(store, 'a', 'new', 1)
    const [row] = await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 10 }))
    if (!row) throw new Error('no row')
    await store.transaction(async tx => {
      await tx.markInbox(row, { state: 'ignored', attempts: 0, waitingFor: ['late'] })
      await tx.eraseBodies('school', [row.seq])
      await tx.insertClass(sampleClass({ meetingId: 'late' }))
    })
    expect(await rows(store)).toEqual(['a ignored stripped'])
  })

  test('T49 another name in place of a person’s leaves facts and their number as they were', async store => {
    const joined = { type: 'joined', instance: 'i', session: 's', person: 'a_%!"', at: 1 } as const
    const snapshot = {
      type: 'snapshot',
      instance: 'i',
      present: [
        { session: 's', person: 'a_%!"' },
        { session: 't', person: 'axx!"' },
      ],
      at: 2,
    } as const
    const other = { ...joined, person: 'axx!"', session: 't' } as const
    await store.transaction(async tx => {
      for (const tenantId of ['school', 'academy']) {
        await tx.insertClass(sampleClass({ tenantId }))
        const events = [joined, snapshot, other].map(event => ({ event, provenance: 'webhook' as const }))
        await tx.addEvents(tenantId, 'class-1', events)
      }
    })
    expect(await store.transaction(tx => tx.renamePerson('school', 'a_%!"', 'erased-1'))).toBe(2)
    expect(await store.transaction(tx => tx.renamePerson('school', 'a_%!"', 'erased-1'))).toBe(0)
    const events = (await store.read(tx => tx.listEvents('school', 'class-1'))).map(({ event }) => event)
    expect(events).toEqual(
      expect.arrayContaining([
        { ...joined, person: 'erased-1' },
        other,
        {
          ...snapshot,
          present: [
            { session: 's', person: 'erased-1' },
            { session: 't', person: 'axx!"' },
          ],
        },
      ]),
    )
    expect(events).toHaveLength(3)
    // What is told again under the new name is no new fact.
    const again = { event: { ...joined, person: 'erased-1' }, provenance: 'webhook' } as const
    expect(await store.transaction(tx => tx.addEvents('school', 'class-1', [again]))).toBe(0)
    expect(JSON.stringify(await store.read(tx => tx.listEvents('academy', 'class-1')))).not.toContain('erased-1')
  })

  test('T37 refused requests are kept once, and within limits for each provider', async store => {
    const limits = { rows: 3, bytes: 1000 }
    const add = (digest: string, request: Partial<NewRefusedRequest> = {}) =>
      store.transaction(tx => tx.addRefused([refused(digest, request)], limits))
    const kept = async () =>
      (await store.read(tx => tx.listRefused({ tenantId: 'school', limit: 10 }))).map(({ digest }) => digest).join('')
    expect(await add('a')).toBe(0)
    expect(await add('a')).toBe(0)
    expect(await add('x', { provider: 'other' })).toBe(0)
    await add('b')
    await add('c')
    expect(await kept()).toBe('axbc')
    expect(await add('d')).toBe(1)
    expect(await kept()).toBe('xbcd')
    expect(await add('e', { body: new Uint8Array(880) })).toBe(2)
    expect(await kept()).toBe('xde')
    const [first] = await store.read(tx => tx.listRefused({ tenantId: 'school', limit: 1 }))
    expect(first).toEqual({ ...refused('x', { provider: 'other' }), id: first?.id })
    await store.transaction(tx => tx.deleteRefused('academy', first?.id ?? 0))
    await store.transaction(tx => tx.deleteRefused('school', first?.id ?? 0))
    expect(await kept()).toBe('de')
    expect(await store.read(tx => tx.countRefused('school'))).toBe(2)
    expect(await store.read(tx => tx.countRefused('academy'))).toBe(0)
    const [kept1] = await store.read(tx => tx.listRefused({ tenantId: 'school', limit: 10 }))
    const ids = [kept1?.id ?? 0, 987_654]
    expect(await store.read(tx => tx.listRefused({ tenantId: 'school', limit: 10, ids }))).toEqual([kept1])
  })

  test('T37 many refused requests at once are bounded like one after the other', async store => {
    const limits = { rows: 3, bytes: 1000 }
    const many = ['a', 'b', 'c', 'd', 'e', 'a'].map(digest => refused(digest))
    const others = [refused('x', { provider: 'other' }), refused('y', { tenantId: 'academy' })]
    expect(await store.transaction(tx => tx.addRefused([...many, ...others], limits))).toBe(2)
    const kept = await store.read(tx => tx.listRefused({ tenantId: 'school', limit: 10 }))
    expect(kept.map(({ digest }) => digest).join('')).toBe('cdex')
    expect(await store.transaction(tx => tx.addRefused([], limits))).toBe(0)
  })

  test('T35 a callback of doubtful age comes in as stale, is not due, and is put back by a person', async store => {
    await store.receive([sampleRow('a', { isStale: true }), sampleRow('b')])
    // It came in time first: the repetition says nothing new.
    await store.receive([sampleRow('b', { isStale: true })])
    expect(await store.read(tx => tx.countInbox('school'))).toMatchObject({ new: 1, stale: 1 })
    const due = await store.read(tx => tx.dueInbox('school', day(30), 10))
    expect(due.map(({ digest }) => digest)).toEqual(['b'])
    expect(await store.transaction(tx => tx.requeueInbox('school', { state: 'stale' }))).toBe(1)
    expect(await store.transaction(tx => tx.requeueInbox('school', { state: 'stale' }))).toBe(0)
    expect(await store.read(tx => tx.countInbox('school'))).toMatchObject({ new: 2, stale: 0 })
  })

  test('T52 several callbacks, or all that have their body, are put back at once', async store => {
    for (const digest of ['a', 'b', 'c']) await insert(store, digest, 'applied', 1)
    await insert(store, 'd', 'dead', 1)
    const list = await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 10 }))
    const seqs = list.slice(0, 2).map(({ seq }) => seq)
    expect(await store.transaction(tx => tx.requeueInbox('academy', { seqs }))).toBe(0)
    expect(await store.transaction(tx => tx.requeueInbox('school', { seqs }))).toBe(2)
    expect(await rows(store)).toEqual(['a new', 'b new', 'c applied', 'd dead'])
    await store.transaction(tx =>
      tx.eraseBodies(
        'school',
        list.slice(2, 3).map(({ seq }) => seq),
      ),
    )
    expect(await store.transaction(tx => tx.requeueInbox('school', { state: 'any' }))).toBe(3)
    expect(await rows(store)).toEqual(['a new', 'b new', 'c applied stripped', 'd new'])
  })

  test('T52 what people did is noted, the latest first', async store => {
    const operation = { tenantId: 'school', at: day(1), who: 'root', what: 'purge', count: 3 }
    await store.transaction(tx => tx.addOperation(operation))
    await store.transaction(tx => tx.addOperation({ ...operation, what: 'erase', at: day(2) }))
    const list = (tenantId: string, limit = 10) => store.read(tx => tx.listOperations(tenantId, limit))
    expect(await list('school')).toEqual([{ ...operation, what: 'erase', at: day(2) }, operation])
    expect(await list('school', 1)).toHaveLength(1)
    expect(await list('academy')).toEqual([])
  })

  test('scrubbing changes nothing that is kept, whatever goes on meanwhile', async store => {
    await store.transaction(tx => tx.insertClass(sampleClass()))
    const scrubbing = store.scrub()
    const writing = store.transaction(async tx => {
      await tx.insertClass(sampleClass({ id: 'class-2' }))
      await null
      await tx.insertClass(sampleClass({ id: 'class-3' }))
    })
    await Promise.all([scrubbing, writing, store.scrub(), store.refreshStatistics()])
    expect(await store.read(tx => tx.listClasses({ tenantId: 'school' }))).toHaveLength(3)
  })
}
