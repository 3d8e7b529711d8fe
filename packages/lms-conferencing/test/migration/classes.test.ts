import { expect, onTestFinished, test } from 'vitest'
import { createConferencing } from '../../src/conferencing.ts'
import { type MoveOptions, moveClasses, undoMoves } from '../../src/migration/index.ts'
import { openStore } from '../../src/sql/index.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import type { Notice } from '../../src/use-cases/notice.ts'
import { onEachDatabase } from '../support/databases.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { PlainProvider, refusal, unavailable } from '../support/plain-provider.ts'

const now = '2026-01-04T10:00:00Z'

/** A store with classes on Zoom: `planned` of them, one over, one in progress, one that begins at once. */
async function platform(url: string, planned = 3) {
  const store = await openStore(url)
  onTestFinished(() => store.close())
  const from = new PlainProvider({ name: 'zoom' })
  const to = new PlainProvider({ name: 'bbb' })
  const clock = new ManualClock(now)
  const notices: Notice[] = []
  const insert = (id: string, changes: Parameters<typeof sampleClass>[0] = {}, meetingId = `zoom-${id}`) =>
    store.transaction(tx =>
      tx.insertClass(
        sampleClass(
          { id, tenantId: 'default', provider: 'zoom', meetingId, ...changes },
          { meetingKey: meetingId === 'zoom-shared' ? '' : meetingId },
        ),
      ),
    )
  for (let index = 0; index < planned; index++) {
    from.rooms.set(`zoom-c${index}`, { instance: 'i', people: new Set() })
    await insert(`c${index}`, { courseId: `course-${index % 2}` })
  }
  await insert('over', { status: 'completed' })
  await insert('running', { status: 'live' })
  await insert('soon', { startsAt: new Date('2026-01-04T10:05:00Z') })
  const options: MoveOptions = {
    store,
    from,
    to,
    clock,
    who: 'ada',
    notify: notice => void notices.push(notice),
  }
  const get = async (id: string) => {
    const row = await store.read(tx => tx.getClass('default', id))
    if (!row) throw new Error('no class')
    return row
  }
  return { store, from, to, clock, notices, options, insert, get }
}

onEachDatabase(({ open }) => {
  test('classes to come are moved: the new meeting first, the old one taken back after; calendars and teachers hear of it', async () => {
    const { options, from, to, notices, get, store } = await platform(await open())
    expect(await moveClasses({ ...options, dryRun: true })).toMatchObject({ wouldMove: 3, moved: 0 })
    expect([...from.calls, ...to.calls]).toEqual([])
    const result = await moveClasses(options)
    expect(result).toMatchObject({ isComplete: true, moved: 3, cancelled: 3, toCancel: 0, problems: [] })
    const moved = await get('c1')
    expect(moved).toMatchObject({
      liveClass: { provider: 'bbb', meetingId: 'meeting-c1', provisioning: 'ready', status: 'scheduled' },
      meeting: { provider: 'bbb', serverId: 'plain-1', moderatorPassword: 'moderators of c1' },
      version: 2,
    })
    expect(notices).toMatchObject(
      ['c0', 'c1', 'c2'].map(id => ({ type: 'class-changed', movedFrom: 'zoom', liveClass: { id, provider: 'bbb' } })),
    )
    // The calendar's SEQUENCE.
    const conferencing = createConferencing({ providers: { bbb: to }, store, clock: options.clock })
    expect(await conferencing.classRevision('c1')).toMatchObject({ revision: 1 })
    expect(from.rooms.size).toBe(0)
    for (const id of ['over', 'running', 'soon'])
      expect(await get(id)).toMatchObject({ liveClass: { provider: 'zoom' }, version: 1 })
    const [operation] = await store.read(tx => tx.listOperations('default', 1))
    expect(operation).toMatchObject({ who: 'ada', what: 'move', count: 3 })
    // Nothing is left to be done.
    expect(await moveClasses(options)).toMatchObject({ isComplete: true, moved: 0, cancelled: 0 })
  })

  test('course by course, and so many at a time', async () => {
    const { options, get } = await platform(await open(), 5)
    expect(await moveClasses({ ...options, courseIds: ['course-1'] })).toMatchObject({ moved: 2 })
    expect(await get('c0')).toMatchObject({ liveClass: { provider: 'zoom' } })
    expect(await moveClasses({ ...options, limit: 2 })).toMatchObject({ moved: 2 })
    expect(await moveClasses(options)).toMatchObject({ moved: 1 })
  })

  test('a class whose new meeting cannot be made stays where it was; the next call tries again, under the same identity', async () => {
    const { options, to, from, get } = await platform(await open())
    to.failNext('openMeeting', unavailable(), refusal)
    const first = await moveClasses(options)
    expect(first).toMatchObject({ isComplete: false, moved: 1, cancelled: 1 })
    expect(first.problems).toMatchObject([
      { classId: 'c0', code: 'UNAVAILABLE' },
      { classId: 'c1', code: 'REFUSED' },
    ])
    expect(await get('c0')).toMatchObject({ liveClass: { provider: 'zoom', meetingId: 'zoom-c0' } })
    expect(from.rooms.has('zoom-c0')).toBe(true)
    expect(await moveClasses(options)).toMatchObject({ isComplete: true, moved: 2 })
    expect(to.rooms.size).toBe(3)
  })

  test('an old meeting that could not be taken back is taken back by the next call', async () => {
    const { options, from } = await platform(await open())
    from.failNext('cancelMeeting', unavailable())
    expect(await moveClasses(options)).toMatchObject({ isComplete: false, moved: 3, cancelled: 2, toCancel: 1 })
    expect(from.rooms.size).toBe(1)
    expect(await moveClasses(options)).toMatchObject({ isComplete: true, moved: 0, cancelled: 1, toCancel: 0 })
    expect(from.rooms.size).toBe(0)
  })

  test('a meeting that several classes share is taken back with the last of them', async () => {
    const { options, from, insert } = await platform(await open(), 0)
    from.rooms.set('zoom-shared', { instance: 'i', people: new Set() })
    await insert('s1', {}, 'zoom-shared')
    await insert('s2', {}, 'zoom-shared')
    expect(await moveClasses({ ...options, limit: 1 })).toMatchObject({ moved: 1, shared: 1, cancelled: 0 })
    expect(from.rooms.has('zoom-shared')).toBe(true)
    expect(await moveClasses(options)).toMatchObject({ moved: 1, shared: 0, cancelled: 1 })
    expect(from.rooms.size).toBe(0)
  })

  test('a move is taken back: the old meeting where it is still there, a new one where it is not, and the report says which', async () => {
    const { options, from, to, get } = await platform(await open())
    from.failNext('cancelMeeting', unavailable())
    await moveClasses(options)
    expect(await undoMoves({ ...options, dryRun: true })).toMatchObject({ wouldUndo: 3 })
    // Zoom gives a new id where the old meeting is gone.
    const openMeeting = from.openMeeting.bind(from)
    from.openMeeting = async (meeting, spec) =>
      openMeeting(
        from.rooms.has(meeting.meetingId)
          ? meeting
          : { ...meeting, meetingId: 'zoom-new', meetingKey: `zoom-new-${spec.classId}` },
        spec,
      )
    const undone = await undoMoves({ ...options, limit: 2 })
    expect(undone).toMatchObject({ isComplete: true, sameMeeting: 1, newMeeting: 1 })
    expect(await get('c0')).toMatchObject({ liveClass: { provider: 'zoom', meetingId: 'zoom-c0' }, version: 3 })
    expect(await get('c1')).toMatchObject({ liveClass: { provider: 'zoom', meetingId: 'zoom-new' } })
    expect([...to.rooms.keys()]).toEqual(['meeting-c2'])
    // And there again.
    expect(await moveClasses(options)).toMatchObject({ isComplete: true, moved: 2 })
    expect(await get('c0')).toMatchObject({ liveClass: { provider: 'bbb' }, version: 4 })
  })

  test('a class that is started, cancelled or changed meanwhile is not overwritten', async () => {
    const { options, store, to, get } = await platform(await open(), 2)
    const openMeeting = to.openMeeting.bind(to)
    to.openMeeting = async (meeting, spec) => {
      const row = await get(spec.classId)
      await store.transaction(tx =>
        tx.updateClass(row, spec.classId === 'c0' ? { status: 'live' } : { title: 'Another' }, new Date(0)),
      )
      return openMeeting(meeting, spec)
    }
    expect(await moveClasses(options)).toMatchObject({ moved: 1 })
    expect(await get('c0')).toMatchObject({ liveClass: { provider: 'zoom', status: 'live' } })
    expect(await get('c1')).toMatchObject({ liveClass: { provider: 'bbb', title: 'Another' } })
  })

  test('a signal stops it after the class of the moment', async () => {
    const { options } = await platform(await open())
    const stop = new AbortController()
    const stopped = await moveClasses({ ...options, signal: stop.signal, onProgress: () => stop.abort() })
    expect(stopped).toMatchObject({ isComplete: false, moved: 1, cancelled: 1 })
    expect(await moveClasses(options)).toMatchObject({ isComplete: true, moved: 2 })
  })

  test('T62 the same meeting id at both providers: a callback reaches the class of its own provider, before and after the move', async () => {
    const { store, from, to, options } = await platform(await open(), 0)
    const both = [
      sampleClass(
        { id: 'on-zoom', tenantId: 'default', provider: 'zoom', meetingId: 'same', status: 'live' },
        { serverId: 'plain-1' },
      ),
      sampleClass(
        { id: 'on-bbb', tenantId: 'default', provider: 'bbb', meetingId: 'same', status: 'live' },
        { serverId: 'plain-1' },
      ),
    ]
    for (const row of both) await store.transaction(tx => tx.insertClass(row))
    const conferencing = createConferencing({
      providers: { zoom: from, bbb: to },
      store,
      clock: options.clock,
      chooseProvider: () => 'bbb',
    })
    onTestFinished(() => conferencing.stop())
    const at = Date.parse(now)
    const facts = async (id: string) =>
      (await store.read(tx => tx.listEvents('default', id))).map(({ event }) => event.instance)
    await conferencing.receiveCallback(
      'zoom',
      from.callback({ meetingKey: 'same' }, { type: 'started', instance: 'of zoom', at }),
    )
    await conferencing.receiveCallback(
      'bbb',
      to.callback({ meetingKey: 'same' }, { type: 'started', instance: 'of bbb', at }),
    )
    await conferencing.rounds.callbacks()
    expect(await facts('on-zoom')).toEqual(['of zoom'])
    expect(await facts('on-bbb')).toEqual(['of bbb'])
    // Ending the one leaves the other's room alone.
    for (const provider of [from, to]) provider.rooms.set('same', { instance: 'i', people: new Set() })
    await conferencing.endClass('on-zoom')
    expect([from.rooms.has('same'), to.rooms.has('same')]).toEqual([false, true])
  })
})
