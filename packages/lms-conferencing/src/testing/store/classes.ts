import { expect } from 'vitest'
import { nameOf, sampleClass, sampleRow } from './samples.ts'
import type { StoreTest } from './suite.ts'

/** Text that breaks out of quotes, comments, encodings or formats where any of them is made by hand. */
const hostileTexts = [
  "'; drop table conferencing_classes; --",
  '" or ""="',
  "\\'; select 1; /*",
  '%_[]?:name$1@p',
  '{"a":[null]}',
  'Nguyễn 李 👩‍🏫 O’Brien \u202E\u200B',
  '\r\n\t\u0001\u007f',
  ' ',
  'x'.repeat(100_000),
]

export function describeClasses(test: StoreTest): void {
  test('a class comes back as it went in', async store => {
    const full = sampleClass({
      startedAt: new Date('2026-01-05T10:00:01.001Z'),
      endedAt: new Date('2026-01-05T11:00:00Z'),
      provisioning: 'pending',
      provisioningReason: 'The server does not answer.',
      hasRecording: true,
      record: false,
    })
    const bare = sampleClass({ id: 'class-2', meetingId: '' }, { meetingKey: '', details: {} })
    await store.transaction(async tx => {
      await tx.insertClass(full)
      await tx.insertClass(bare)
    })
    expect(await store.read(tx => tx.getClass('school', 'class-1'))).toEqual(full)
    expect(await store.read(tx => tx.getClass('school', 'class-2'))).toEqual(bare)
    expect(await store.read(tx => tx.getClass('school', 'class-3'))).toBeNull()
  })

  test('T46 hostile text comes back unchanged from every text field', async store => {
    for (const [index, text] of hostileTexts.entries()) {
      // No index holds keys of any length.
      const key = text.slice(0, 255)
      const id = `${index}${key}`
      const row = sampleClass(
        {
          id,
          tenantId: key,
          courseId: key,
          teacherId: text,
          title: text,
          description: text,
          provisioningReason: text,
        },
        {
          provider: key,
          serverId: key,
          meetingId: text,
          meetingKey: key,
          moderatorPassword: text,
          details: { [text]: text },
        },
      )
      const same = { ...row, liveClass: { ...row.liveClass, provider: key, meetingId: text } }
      await store.transaction(tx => tx.insertClass(same))
      expect(await store.read(tx => tx.getClass(key, id))).toEqual(same)
      expect(await store.read(tx => tx.findClassByMeetingKey(nameOf(same)))).toEqual(same)
      expect(await store.read(tx => tx.listClasses({ tenantId: key, courseIds: [key] }))).toEqual([same])
    }
  })

  test('T21 text that no database keeps is refused, and nothing is written', async store => {
    for (const title of ['a\0b', 'half a pair \uD83D', '\uDE00']) {
      await expect(store.transaction(tx => tx.insertClass(sampleClass({ title })))).rejects.toMatchObject({
        code: 'INVALID',
      })
    }
    const startsAt = new Date(Number.NaN)
    await expect(store.transaction(tx => tx.insertClass(sampleClass({ startsAt })))).rejects.toMatchObject({
      code: 'INVALID',
    })
    expect(await store.read(tx => tx.listClasses({ tenantId: 'school' }))).toEqual([])
  })

  test('an id or meeting key that is taken is a conflict', async store => {
    await store.transaction(tx => tx.insertClass(sampleClass()))
    const sameId = sampleClass({ meetingId: 'other' })
    const sameMeeting = sampleClass({ id: 'class-2', meetingId: 'meeting-class-1' })
    for (const row of [sameId, sameMeeting]) {
      await expect(store.transaction(tx => tx.insertClass(row))).rejects.toMatchObject({ code: 'CONFLICT' })
    }
    const unnamed = (id: string) => sampleClass({ id, meetingId: '' }, { meetingKey: '' })
    await store.transaction(tx => tx.insertClass(unnamed('class-3')))
    await store.transaction(tx => tx.insertClass(unnamed('class-4')))
    expect(await store.read(tx => tx.findClassByMeetingKey(nameOf(unnamed('class-3'))))).toBeNull()
  })

  test('many classes at once: those that are there stay, those that share a meeting are all found, one has its key', async store => {
    const there = sampleClass({ id: 'there', title: 'As it was' })
    await store.transaction(tx => tx.insertClass(there))
    const weekly = (id: string, day: number) =>
      sampleClass({ id, meetingId: 'weekly', startsAt: new Date(Date.UTC(2026, 0, day, 10)), status: 'completed' })
    const rows = [
      sampleClass({ id: 'there', title: 'Another' }),
      weekly('w2', 12),
      weekly('w1', 5),
      sampleClass({
        id: 'w1',
        title: 'Twice in one call: the last of them',
        meetingId: 'weekly',
        startsAt: new Date(Date.UTC(2026, 0, 5, 10)),
        status: 'completed',
      }),
      sampleClass({ id: 'same meeting as one that is there', meetingId: 'meeting-there' }),
      sampleClass({ id: 'elsewhere', meetingId: 'weekly' }, { serverId: 'server-2' }),
      ...Array.from({ length: 250 }, (_, index) => sampleClass({ id: `n${index}` })),
    ]
    const result = await store.transaction(tx => tx.insertClasses('school', rows))
    expect(result.inserted).toHaveLength(254)
    expect(result.inserted).not.toContain('there')
    expect(result.shared).toBe(2)
    expect(await store.transaction(tx => tx.insertClasses('school', rows))).toEqual({ inserted: [], shared: 0 })
    expect(await store.transaction(tx => tx.insertClasses('school', []))).toEqual({ inserted: [], shared: 0 })
    expect(await store.read(tx => tx.getClass('school', 'there'))).toEqual(there)
    expect(await store.read(tx => tx.getClass('school', 'n249'))).toEqual(sampleClass({ id: 'n249' }))
    const asked = ['there', 'w1', 'nobody', ...Array.from({ length: 150 }, (_, index) => `n${index}`)]
    expect(await store.read(tx => tx.knownClasses('school', asked))).toHaveLength(152)
    expect(await store.read(tx => tx.knownClasses('academy', asked))).toEqual([])
    const sharing = await store.read(tx =>
      tx.listClasses({ tenantId: 'school', provider: 'json', serverId: 'server-1', meetingId: 'weekly' }),
    )
    expect(sharing.map(({ liveClass, meeting }) => [liveClass.id, meeting.meetingKey])).toEqual([
      ['w1', ''],
      ['w2', 'weekly'],
    ])
    expect(await store.read(tx => tx.listStaleResults({ tenantId: 'school', by: 'facts', limit: 9 }))).toEqual([
      'w1',
      'w2',
    ])
    await expect(
      store.transaction(tx => tx.insertClasses('school', [sampleClass({ id: 'bad', title: 'a\0b' })])),
    ).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('callbacks that waited for a meeting come back when its class is one of many', async store => {
    await store.receive([sampleRow('early')])
    await store.transaction(async tx => {
      const [row] = await tx.dueInbox('school', new Date(), 1)
      if (row) await tx.markInbox(row, { state: 'ignored', attempts: 0, waitingFor: ['meeting-class-1'] })
    })
    expect(await store.read(tx => tx.countInbox('school'))).toMatchObject({ new: 0, ignored: 1 })
    await store.transaction(tx => tx.insertClasses('school', [sampleClass({ id: 'class-0' }), sampleClass()]))
    expect(await store.read(tx => tx.countInbox('school'))).toMatchObject({ new: 1, ignored: 0 })
  })

  test('the key of a shared meeting goes to another class when the one that has it goes elsewhere', async store => {
    const weekly = (id: string, day: number, key = '') =>
      sampleClass({ id, meetingId: 'weekly', startsAt: new Date(Date.UTC(2026, 0, day, 10)) }, { meetingKey: key })
    const first = weekly('w1', 5, 'weekly')
    await store.transaction(async tx => {
      for (const row of [first, weekly('w3', 19), weekly('w2', 12)]) await tx.insertClass(row)
    })
    const holder = () => store.read(tx => tx.findClassByMeetingKey(nameOf(first)))
    const sharing = async () => {
      const found = await store.read(tx => tx.findClassesByMeetingKeys(nameOf(first), ['weekly', 'other']))
      return [...found].map(([key, rows]) => [key, rows.map(({ liveClass }) => liveClass.id)])
    }
    expect(await sharing()).toEqual([['weekly', ['w1', 'w2', 'w3']]])
    const meeting = { ...first.meeting, provider: 'other', meetingId: 'new', meetingKey: 'new' }
    await store.transaction(tx => tx.updateClass(first, { title: 'Same meeting' }, new Date(0)))
    expect((await holder())?.liveClass.id).toBe('w1')
    await store.transaction(tx => tx.updateClass({ ...first, version: 2 }, { meeting, meetingId: 'new' }, new Date(0)))
    expect((await holder())?.liveClass.id).toBe('w2')
    expect(await sharing()).toEqual([['weekly', ['w2', 'w3']]])
    await store.transaction(tx => tx.deleteClass('school', 'w2'))
    expect((await holder())?.liveClass.id).toBe('w3')
    await store.transaction(tx => tx.deleteClass('school', 'w3'))
    expect(await holder()).toBeNull()
  })

  test('T53 tenants and servers with identical ids never meet', async store => {
    const here = sampleClass()
    const there = sampleClass({ tenantId: 'academy', title: 'There' })
    const otherServer = sampleClass({ id: 'class-2', meetingId: 'meeting-class-1' }, { serverId: 'server-2' })
    await store.transaction(async tx => {
      for (const row of [here, there, otherServer]) await tx.insertClass(row)
    })
    expect(await store.read(tx => tx.getClass('academy', 'class-1'))).toEqual(there)
    expect(await store.read(tx => tx.listClasses({ tenantId: 'academy' }))).toEqual([there])
    for (const row of [here, there, otherServer]) {
      expect(await store.read(tx => tx.findClassByMeetingKey(nameOf(row)))).toEqual(row)
      const keys = ['', 'nobody', row.meeting.meetingKey, row.meeting.meetingKey]
      const found = await store.read(tx => tx.findClassesByMeetingKeys(nameOf(row), keys))
      expect([...found]).toEqual([[row.meeting.meetingKey, [row]]])
      expect((await store.read(tx => tx.findClassesByMeetingKeys(nameOf(row), []))).size).toBe(0)
    }
    await store.transaction(tx => tx.updateClass(there, { title: 'Changed' }, new Date(0)))
    await store.transaction(tx => tx.deleteClass('academy', 'class-1'))
    expect(await store.read(tx => tx.listClasses({ tenantId: 'school' }))).toEqual([here, otherServer])
  })

  test('lists are filtered, in order and in pages', async store => {
    const at = (hour: number) => new Date(Date.UTC(2026, 0, 5, hour))
    const rows = [
      sampleClass({ id: 'a', startsAt: at(12), courseId: 'x', status: 'completed', endedAt: at(13) }),
      sampleClass({ id: 'c', startsAt: at(10), courseId: 'y', status: 'live' }),
      sampleClass({ id: 'b', startsAt: at(10), courseId: 'x', provisioning: 'pending' }),
      sampleClass({ id: 'd', startsAt: at(9), courseId: 'z', status: 'completed', endedAt: at(10) }),
    ]
    await store.transaction(async tx => {
      for (const row of rows) await tx.insertClass(row)
    })
    const ids = async (filter: object) => {
      const list = await store.read(tx => tx.listClasses({ tenantId: 'school', ...filter }))
      const isPage = 'limit' in filter || 'offset' in filter
      if (!isPage) expect(await store.read(tx => tx.countClasses({ tenantId: 'school', ...filter }))).toBe(list.length)
      return list.map(({ liveClass }) => liveClass.id).join('')
    }
    expect(await ids({})).toBe('dbca')
    expect(await ids({ courseIds: ['x', 'z'] })).toBe('dba')
    expect(await ids({ courseIds: [] })).toBe('')
    expect(await ids({ status: 'completed' })).toBe('da')
    expect(await ids({ status: 'completed', endedSince: at(11) })).toBe('a')
    expect(await ids({ provisioning: 'pending' })).toBe('b')
    expect(await ids({ limit: 2 })).toBe('db')
    expect(await ids({ offset: 3 })).toBe('a')
    expect(await ids({ limit: 2, offset: 1 })).toBe('bc')
    expect(await ids({ limit: 2, after: { startsAt: at(10), id: 'b' } })).toBe('ca')
    expect(await ids({ after: { startsAt: at(12), id: 'a' } })).toBe('')
    expect(await ids({ provider: 'json', meetingId: 'meeting-c' })).toBe('c')
    expect(await ids({ provider: 'other' })).toBe('')
  })

  test('an update changes what it names, once per version', async store => {
    const row = sampleClass()
    await store.transaction(tx => tx.insertClass(row))
    const now = new Date('2026-01-05T10:00:00.500Z')
    const first = await store.transaction(tx => tx.updateClass(row, { status: 'live', startedAt: now }, now))
    expect(first).toEqual({
      ...row,
      liveClass: { ...row.liveClass, status: 'live', startedAt: now, updatedAt: now },
      version: 2,
    })
    expect(await store.transaction(tx => tx.updateClass(row, { title: 'Too late' }, now))).toBeNull()
    expect(await store.read(tx => tx.getClass('school', 'class-1'))).toEqual(first)
    expect(await store.transaction(tx => tx.updateClass(sampleClass({ id: 'nobody' }), {}, now))).toBeNull()

    const meeting = { ...row.meeting, serverId: 'server-2', meetingId: 'new', meetingKey: 'new', details: {} }
    const moved = first && (await store.transaction(tx => tx.updateClass(first, { meeting, startedAt: null }, now)))
    expect(moved?.meeting).toEqual(meeting)
    expect(moved?.liveClass).toMatchObject({ meetingId: 'new', startedAt: null, status: 'live' })
  })

  test('a deleted class takes its facts and recordings along', async store => {
    await store.transaction(async tx => {
      await tx.insertClass(sampleClass())
      await tx.addEvents('school', 'class-1', [
        { event: { type: 'started', instance: 'i', at: 1 }, provenance: 'webhook' },
      ])
      await tx.deleteClass('school', 'class-1')
      await tx.deleteClass('school', 'class-1')
      await tx.insertClass(sampleClass())
    })
    expect(await store.read(tx => tx.listEvents('school', 'class-1'))).toEqual([])
  })
}
