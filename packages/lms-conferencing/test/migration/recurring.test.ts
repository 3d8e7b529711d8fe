import { expect, onTestFinished, test } from 'vitest'
import { createConferencing } from '../../src/conferencing.ts'
import { adoptClasses, expandTable, importHistory, moveClasses, runMigration } from '../../src/migration/index.ts'
import type { LiveClass } from '../../src/model.ts'
import { openStore } from '../../src/sql/index.ts'
import { onEachDatabase } from '../support/databases.ts'
import { PlainProvider } from '../support/plain-provider.ts'
import { host, timePassing, zoomWorld } from '../support/zoom-under-test.ts'
import { corpus } from './corpus.ts'
import { lmsWith } from './support.ts'

const WEEK_MS = 7 * 86_400_000
const HOUR_MS = 3_600_000

/** A course that is held in one recurring meeting of Zoom, six weeks long; the third week was called off by nobody and never held. */
async function course(open: () => Promise<string>) {
  const zoom = zoomWorld({ reportDelayMs: 0 }, { settings: { registration: false } })
  const { clock, fake, provider, callbacks } = zoom
  onTestFinished(() => fake.close())
  const begin = clock.now() + HOUR_MS
  const meetingId = fake.plan(host, {
    ...{
      type: 8,
      topic: 'Algebra, every week',
      duration: 60,
      start_time: new Date(begin).toISOString().replace(/\.\d+/, ''),
    },
    settings: { join_before_host: true },
  })
  await fake.subscribe('https://lms.example/zoom')
  const startsAt = (week: number): number => begin + week * WEEK_MS
  const rows = [...corpus(6)].map(({ old, expected }, week) => ({
    expected,
    old: {
      ...old,
      id: `0000000${week}-0000-4000-8000-000000000000`,
      title: `Week ${week}`,
      scheduled_at: new Date(startsAt(week)).toISOString(),
      status: week < 4 ? 'completed' : 'scheduled',
      zoom_meeting_id: meetingId,
      ...{ join_url: null, start_url: null, recording_url: null, password: null, duration_minutes: 60 },
    },
  }))
  const { options } = await lmsWith(await open(), rows)
  const store = await openStore(await open())
  onTestFinished(() => store.close())

  const letTimePass = timePassing(clock)
  /** The teacher and one student, for 40 minutes; the teacher opens five minutes early, and records at last. */
  const hold = async (week: number): Promise<void> => {
    await clock.advance(startsAt(week) - 300_000 - clock.now())
    const link = `https://school.zoom.us/j/${meetingId}?pwd=${Buffer.from(`${meetingId}:`).toString('base64url')}`
    fake.visit(link, { name: 'Teacher' })
    await clock.advance(300_000)
    fake.visit(link, { name: `Student of week ${week}` })
    await clock.advance(2_400_000)
    fake.end(meetingId)
    fake.finishRecording(meetingId)
    await clock.advance(60_000)
  }
  const class_ = (week: number): string => rows[week]?.old.id ?? ''
  const facts = async (week: number) => store.read(tx => tx.listEvents('default', class_(week)))
  const recordings = async (week: number) => store.read(tx => tx.listRecordings('default', class_(week)))
  return {
    ...zoom,
    options,
    store,
    hold,
    letTimePass,
    class_,
    facts,
    recordings,
    meetingId,
    startsAt,
    provider,
    callbacks,
  }
}

onEachDatabase(({ open }) => {
  test('T60 six classes in one recurring meeting: each has the runs, reports and recordings of its own week, and no other', async () => {
    const world = await course(open)
    const { options, store, provider, clock, fake, hold, letTimePass, facts, recordings, startsAt } = world
    for (const week of [0, 1, 3]) await hold(week)
    await expandTable(options)
    await runMigration(options)
    expect(await adoptClasses({ ...options, store })).toMatchObject({ adopted: 6, shared: 5 })

    const asked = fake.requests.length
    const result = await letTimePass(
      importHistory({ store, provider, clock, who: 'ada', wait: async ms => void (await clock.advance(ms)) }),
    )
    expect(result).toMatchObject({ isComplete: true, imported: 3, empty: 1, recordings: 3 })
    for (const week of [0, 1, 3]) {
      const found = await facts(week)
      expect(new Set(found.map(({ event }) => event.instance)).size).toBe(1)
      expect(found.every(({ event }) => Math.abs(event.at - startsAt(week)) < HOUR_MS)).toBe(true)
      expect(found).toHaveLength(6)
      expect(await recordings(week)).toHaveLength(1)
    }
    // Nobody is given the attendance of another week.
    expect(await facts(2)).toEqual([])
    expect(await recordings(2)).toEqual([])
    // The report of a run is heavy: it is asked for once, by the class it belongs to.
    const reports = fake.requests.slice(asked).filter(call => call.startsWith('GET /report/meetings/'))
    expect(reports).toHaveLength(3)
  })

  test('T62 callbacks of a recurring meeting reach the class of their own week, also when the first of them is on BigBlueButton by then', async () => {
    const world = await course(open)
    const { options, store, provider, clock, fake, hold, letTimePass, facts, callbacks, class_ } = world
    await expandTable(options)
    await runMigration(options)
    await adoptClasses({ ...options, store })
    const bbb = new PlainProvider()
    const conferencing = createConferencing({
      providers: { zoom: provider, bbb },
      store,
      clock,
      chooseProvider: () => 'bbb',
    })
    onTestFinished(() => conferencing.stop())
    const receive = async (): Promise<void> => {
      await fake.idle()
      for (const callback of callbacks.splice(0)) await conferencing.receiveCallback('zoom', callback)
      await letTimePass(conferencing.rounds.callbacks())
    }
    await hold(4)
    await receive()
    expect(await facts(4)).toHaveLength(6)
    for (const week of [0, 1, 2, 3, 5]) expect(await facts(week)).toEqual([])

    // Whoever has the meeting's name goes elsewhere, and the others are found all the same.
    const [holder] = (await store.read(tx => tx.listClasses({ tenantId: 'default' }))).filter(
      ({ meeting }) => meeting.meetingKey !== '',
    )
    if (!holder) throw new Error('no class has the key')
    const meeting = { ...holder.meeting, provider: 'bbb', meetingId: 'elsewhere', meetingKey: 'elsewhere' }
    await store.transaction(tx => tx.updateClass(holder, { meeting, meetingId: 'elsewhere' }, new Date(0)))
    await hold(5)
    await receive()
    const week = holder.liveClass.id === class_(5) ? 4 : 5
    expect((await facts(week)).length).toBeGreaterThanOrEqual(6)
    expect(await facts(0)).toEqual([])
  })

  test('a recurring meeting stays its owner’s: starting a class changes nothing about it, and it is cancelled with its last class', async () => {
    const world = await course(open)
    const { options, store, provider, clock, fake, letTimePass, class_, meetingId, startsAt } = world
    await expandTable(options)
    await runMigration(options)
    await adoptClasses({ ...options, store })
    const before = fake.meeting(meetingId)
    const bbb = new PlainProvider()
    const conferencing = createConferencing({
      providers: { zoom: provider, bbb },
      store,
      clock,
      chooseProvider: () => 'bbb',
    })
    onTestFinished(() => conferencing.stop())
    await clock.advance(startsAt(4) - 600_000 - clock.now())
    const teacher = { userId: 't', displayName: 'T', role: 'moderator' } as const
    const { joinUrl } = await letTimePass(conferencing.startClass(class_(4), teacher))
    expect(joinUrl).toContain(meetingId)
    await letTimePass(conferencing.endClass(class_(4)))
    expect(fake.meeting(meetingId)).toMatchObject({
      topic: before.topic,
      agenda: before.agenda,
      startAt: before.startAt,
    })

    const move = { store, from: provider, to: bbb, clock, who: 'ada' }
    expect(await letTimePass(moveClasses(move))).toMatchObject({ isComplete: true, moved: 1, cancelled: 1, shared: 0 })
    expect(fake.meetings).toBe(0)
    const [last] = await store.read(tx =>
      tx.listClasses({ tenantId: 'default', courseIds: undefined, status: 'scheduled' }),
    )
    expect<LiveClass | undefined>(last?.liveClass).toMatchObject({ provider: 'bbb', title: 'Week 5' })
  })
})
