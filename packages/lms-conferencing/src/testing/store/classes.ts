import { expect } from 'vitest'
import { nameOf, sampleClass } from './samples.ts'
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
