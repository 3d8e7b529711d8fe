import { describe, expect, it, onTestFinished } from 'vitest'
import { createConferencing } from '../../../src/conferencing.ts'
import { ConferencingError } from '../../../src/errors.ts'
import type { AttendanceEvent, Meeting, MeetingSpec, Participant } from '../../../src/model.ts'
import { zoomProvider } from '../../../src/providers/zoom/index.ts'
import { openStore } from '../../../src/sql/index.ts'
import { PlainProvider } from '../../support/plain-provider.ts'
import { account, host, memoryTransport, promptly, zoomWorld } from '../../support/zoom-under-test.ts'

type World = ReturnType<typeof zoomWorld>

const ada = { userId: 'u-ada', displayName: 'Ada', role: 'moderator' } as const
const bob = { userId: 'u-bob', displayName: 'Bob', role: 'attendee' } as const
const eve = { userId: 'u-eve', displayName: 'Bob', role: 'attendee' } as const

const specIn = ({ clock }: Pick<World, 'clock'>, changes: Partial<MeetingSpec> = {}): MeetingSpec => ({
  classId: 'c1',
  courseId: 'physics',
  title: 'Newton',
  description: 'Bring a pen',
  startsAt: new Date(clock.now() + 1_800_000),
  durationMinutes: 60,
  record: true,
  ...changes,
})

async function openIn(world: World, changes: Partial<MeetingSpec> = {}): Promise<Meeting> {
  if (world.fake.subscriptions === 0) await world.fake.subscribe('https://lms.example/zoom')
  const spec = specIn(world, changes)
  return world.provider.openMeeting(world.provider.planMeeting(spec), spec)
}

const follow = async ({ provider, fake }: World, meeting: Meeting, person: Participant) =>
  fake.visit(await provider.joinLink(meeting, person))

async function factsOf({ provider, fake, callbacks }: World): Promise<readonly AttendanceEvent[]> {
  await fake.idle()
  return callbacks
    .flatMap(callback => provider.events(provider.verify(callback)))
    .flatMap(event => (event.kind === 'attendance' ? event.event : []))
}

const inOrder = (facts: readonly AttendanceEvent[] | null): readonly string[] | undefined =>
  facts?.map(fact => JSON.stringify(Object.entries(fact).sort())).sort()

describe('opening', () => {
  it('a create that timed out is found again by its marker (F19)', async () => {
    const world = zoomWorld()
    const spec = specIn(world)
    const planned = world.provider.planMeeting(spec)
    world.fake.fail({ kind: 'drop-executed', call: 'POST /users/*/meetings' })
    await expect(world.provider.openMeeting(planned, spec)).rejects.toMatchObject({ outcome: 'unknown' })
    // Even after the class should have begun, when it is on another list.
    await world.clock.advance(3 * 3_600_000)
    expect(await world.provider.openMeeting(planned, spec)).toMatchObject({ meetingId: '85000000001' })
    expect(world.fake.meetings).toBe(1)
  })

  it('the marker of another class is another, however alike', async () => {
    const world = zoomWorld()
    const long = await openIn(world, { classId: 'c10', description: 'lms-class:c1' })
    const short = await openIn(world, { classId: 'c1', description: 'x'.repeat(5_000) })
    expect(short.meetingId).not.toBe(long.meetingId)
    expect((await openIn(world, { classId: 'c1', description: 'x'.repeat(5_000) })).meetingId).toBe(short.meetingId)
  })

  it('of two made by two processes at once, everybody takes the same', async () => {
    const world = zoomWorld()
    const first = await openIn(world)
    const second = zoomWorld({}, { transport: memoryTransport(world.fake), markerPrefix: 'other:' })
    await openIn(second)
    expect(world.fake.meetings).toBe(2)
    expect((await openIn(world)).meetingId).toBe(first.meetingId)
  })

  it('a plan that changed is changed at Zoom; one that did not costs no call', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    await world.provider.openMeeting(meeting, specIn(world))
    expect(world.fake.requests).not.toContain('PATCH /meetings/*')
    const changed = specIn(world, {
      title: 'Kepler',
      description: '',
      startsAt: new Date(world.clock.now() + 7_200_000),
    })
    await world.provider.openMeeting(meeting, changed)
    await world.provider.openMeeting(meeting, changed)
    expect(world.fake.requests.filter(call => call === 'PATCH /meetings/*')).toHaveLength(1)
    expect(world.fake.meeting(meeting.meetingId)).toMatchObject({ topic: 'Kepler', agenda: 'lms-class:c1' })
  })

  it('a class that runs is left as it is', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    await follow(world, meeting, ada)
    expect(await world.provider.openMeeting(meeting, specIn(world, { title: 'Kepler' }))).toEqual(meeting)
  })

  it('a meeting that somebody deleted at Zoom is made anew', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    world.fake.remove(meeting.meetingId)
    expect((await world.provider.openMeeting(meeting, specIn(world))).meetingId).not.toBe(meeting.meetingId)
  })

  it('settings arrive as Zoom calls them; records in the cloud only what is recorded', async () => {
    const world = zoomWorld({}, { settings: { muteUponEntry: true, waitingRoom: true, registration: false } })
    const kept = await openIn(world, { record: false })
    expect(world.fake.meeting(kept.meetingId).settings).toMatchObject({
      mute_upon_entry: true,
      waiting_room: true,
      approval_type: 2,
      auto_recording: 'none',
    })
    const recorded = await openIn(world, { classId: 'c2' })
    expect(world.fake.meeting(recorded.meetingId).settings).toMatchObject({ auto_recording: 'cloud' })
  })

  it('an id of a class that fits into no agenda is refused before anything is sent', () => {
    const world = zoomWorld()
    for (const classId of ['x'.repeat(300), 'two\nlines', 'é'])
      expect(() => world.provider.planMeeting(specIn(world, { classId }))).toThrow(
        expect.objectContaining({ code: 'INVALID', outcome: 'not-sent' }),
      )
  })
})

describe('ZOOM_SUPPORT_ENABLED=false', () => {
  it('refuses new meetings without a call, and keeps old ones usable and readable', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    const off = zoomProvider({
      ...account,
      host,
      enabled: false,
      clock: promptly(world.clock),
      transport: memoryTransport(world.fake),
    })
    const asked = world.fake.requests.length
    expect(() => off.planMeeting(specIn(world, { classId: 'c2' }))).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', outcome: 'not-sent' }),
    )
    await expect(off.openMeeting({ ...meeting, meetingId: '' }, specIn(world))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
    expect(world.fake.requests).toHaveLength(asked)

    expect(await off.openMeeting(meeting, specIn(world))).toEqual(meeting)
    world.fake.visit(await off.joinLink(meeting, ada))
    world.fake.visit(await off.joinLink(meeting, bob))
    await world.clock.advance(600_000)
    await off.endMeeting(meeting)
    await world.clock.advance(600_000)
    world.fake.finishRecording(meeting.meetingId)
    expect(await off.recordings(meeting)).toHaveLength(1)
    expect(await off.report(meeting)).toHaveLength(6)
    world.fake.remove(meeting.meetingId)
    await expect(off.openMeeting(meeting, specIn(world))).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})

describe('links', () => {
  it('a host’s link is made at the click, and good for two hours (T9)', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    const link = await world.provider.joinLink(meeting, ada)
    expect(await world.provider.joinLink(meeting, ada)).not.toBe(link)
    expect(JSON.stringify(meeting)).not.toContain('zak')
    await world.clock.advance(7_201_000)
    expect(() => world.fake.visit(link)).toThrow('not good')
  })

  it('nobody is registered twice: not at a second click, not by a second process', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    const links = await Promise.all([1, 2, 3].map(() => world.provider.joinLink(meeting, bob)))
    expect(new Set(links).size).toBe(1)
    const other = zoomWorld({}, { transport: memoryTransport(world.fake) })
    expect(await other.provider.joinLink(meeting, bob)).toBe(links[0])
    expect(world.fake.requests.filter(call => call === 'POST /meetings/*/registrants')).toHaveLength(1)
  })

  it('a registration that failed is tried again', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    world.fake.fail({ kind: 'status', status: 500, call: 'POST /meetings/*/registrants' })
    await expect(world.provider.joinLink(meeting, bob)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await world.provider.joinLink(meeting, bob)).toContain('/w/')
  })

  it('a meeting without registration has one link, and knows nobody by it (T45)', async () => {
    const world = zoomWorld({}, { settings: { registration: false } })
    const meeting = await openIn(world)
    await follow(world, meeting, ada)
    const link = await world.provider.joinLink(meeting, bob)
    expect(await world.provider.joinLink(meeting, eve)).toBe(link)
    world.fake.visit(link, { name: 'u-bob' })
    for (const fact of await factsOf(world)) expect(fact).not.toHaveProperty('person')
  })

  it('neither name nor address of a student reaches Zoom but the name to show', async () => {
    const world = zoomWorld()
    const bodies: string[] = []
    const provider = zoomProvider({
      ...account,
      host,
      clock: promptly(world.clock),
      transport: request => {
        if (request.path.endsWith('/registrants')) bodies.push(String(request.body))
        return memoryTransport(world.fake)(request)
      },
    })
    const meeting = await openIn(world)
    await provider.joinLink(meeting, { ...bob, userId: 'bob@school.example' })
    expect(bodies).toHaveLength(1)
    expect(bodies[0]).not.toContain('bob@school.example')
    expect(bodies[0]).toContain('@lms.invalid')
  })

  it('a user id too long for an address is refused, not cut', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    await expect(world.provider.joinLink(meeting, { ...bob, userId: 'x'.repeat(60) })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
  })
})

describe('ending', () => {
  it.each([204, 3000, 3001] as const)(
    'a meeting that does not run can be ended, whether Zoom says %s',
    async endWhenIdle => {
      const world = zoomWorld({ endWhenIdle })
      const meeting = await openIn(world)
      await world.provider.endMeeting(meeting)
    },
  )

  it('a refusal while it runs is a refusal', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    await follow(world, meeting, ada)
    world.fake.fail({ kind: 'problem', status: 400, code: 3000, message: 'no', call: 'PUT /meetings/*/status' })
    await expect(world.provider.endMeeting(meeting)).rejects.toMatchObject({ code: 'REFUSED' })
  })

  it('an end whose answer was lost is not repeated: a new run may have begun (F20)', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    await follow(world, meeting, ada)
    world.fake.fail({ kind: 'drop-executed', call: 'PUT /meetings/*/status' })
    await expect(world.provider.endMeeting(meeting)).rejects.toMatchObject({ outcome: 'unknown' })
    expect(world.fake.requests.filter(call => call === 'PUT /meetings/*/status')).toHaveLength(1)
    expect(await world.provider.isRunning(meeting)).toBe(false)
  })

  it('cancelling one that runs ends it first', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    await follow(world, meeting, ada)
    await world.provider.cancelMeeting(meeting)
    expect(world.fake.meetings).toBe(0)
  })
})

describe('reports', () => {
  it('a class with rejoins, a crash and an end that overtakes the last to leave: report and webhooks say the same', async () => {
    const world = zoomWorld({ uuids: 'slashes' })
    const meeting = await openIn(world)
    await follow(world, meeting, ada)
    const before = await follow(world, meeting, bob)
    await world.clock.advance(600_000)
    // The connection breaks; Bob is back before Zoom has noticed.
    before.crash(75_000)
    await world.clock.advance(43_000)
    await follow(world, meeting, bob)
    await world.clock.advance(900_000)
    world.fake.end(meeting.meetingId, 'ended-first')
    const told = await factsOf(world)
    await world.clock.advance(600_000)
    const report = await world.provider.report(meeting)
    expect(inOrder(report)).toEqual(inOrder(told))
    expect(told.filter(fact => 'person' in fact && fact.person === bob.userId)).toHaveLength(4)
  })

  it('uuid that starts with `/` reaches its own run, of two that a meeting had', async () => {
    const world = zoomWorld({ uuids: 'slashes' })
    const meeting = await openIn(world)
    for (const people of [
      [ada, bob],
      [ada, eve],
    ] as const) {
      for (const person of people) await follow(world, meeting, person)
      await world.clock.advance(600_000)
      await world.provider.endMeeting(meeting)
    }
    const told = await factsOf(world)
    await world.clock.advance(600_000)
    const report = await world.provider.report(meeting)
    expect(inOrder(report)).toEqual(inOrder(told))
    const instances = new Set(report?.map(({ instance }) => instance))
    expect(instances.size).toBe(2)
    for (const instance of instances) expect(instance).toMatch(/^\/.*\/\//)
  })

  it('`user_id` that restarts in the second run does not mix people up', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    for (const person of [bob, eve]) {
      await follow(world, meeting, ada)
      await follow(world, meeting, person)
      await world.clock.advance(600_000)
      await world.provider.endMeeting(meeting)
    }
    await world.clock.advance(600_000)
    const joins = (await world.provider.report(meeting))?.filter(fact => 'person' in fact && fact.type === 'joined')
    expect(joins).toMatchObject([
      { session: '16779264', person: bob.userId },
      { session: '16779264', person: eve.userId },
    ])
    expect(joins?.[0]?.instance).not.toBe(joins?.[1]?.instance)
  })

  it('waiting-room rows are no presence', async () => {
    const world = zoomWorld({}, { settings: { waitingRoom: true } })
    const meeting = await openIn(world)
    await follow(world, meeting, ada)
    const waiting = await follow(world, meeting, bob)
    await follow(world, meeting, eve)
    await world.clock.advance(300_000)
    const admittedAt = world.clock.now()
    waiting.admit()
    await world.clock.advance(600_000)
    await world.provider.endMeeting(meeting)
    await world.clock.advance(600_000)
    const report = await world.provider.report(meeting)
    const present = report?.filter(fact => 'person' in fact)
    expect(present?.map(fact => [fact.type, 'person' in fact && fact.person, fact.at])).toEqual([
      ['joined', bob.userId, admittedAt],
      ['left', bob.userId, admittedAt + 600_000],
    ])
  })

  it('breakout rooms are told apart', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    await follow(world, meeting, ada)
    const visit = await follow(world, meeting, bob)
    visit.breakout('room-1==').leave()
    await world.provider.endMeeting(meeting)
    const told = await factsOf(world)
    await world.clock.advance(600_000)
    const report = await world.provider.report(meeting)
    expect(report?.filter(fact => 'room' in fact)).toMatchObject([
      { type: 'joined', room: 'breakout:room-1==' },
      { type: 'left', room: 'breakout:room-1==' },
    ])
    expect(inOrder(report)).toEqual(inOrder(told))
  })

  it('is not there until Zoom has it, and then whole, page by page (F16)', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    await follow(world, meeting, ada)
    for (let n = 0; n < 9; n++) {
      await follow(world, meeting, { ...bob, userId: `u-${n}` })
      await world.clock.advance(1_000)
    }
    expect(await world.provider.report(meeting)).toBeNull()
    await world.provider.endMeeting(meeting)
    expect(await world.provider.report(meeting)).toBeNull()
    await world.clock.advance(600_000)
    world.fake.maxPageSize = 4
    expect(inOrder(await world.provider.report(meeting))).toEqual(inOrder(await factsOf(world)))
  })

  it('without names and addresses, registrations say who it was', async () => {
    const world = zoomWorld({ blankReports: true })
    const meeting = await openIn(world)
    await follow(world, meeting, ada)
    await follow(world, meeting, bob)
    await world.clock.advance(60_000)
    await world.provider.endMeeting(meeting)
    await world.clock.advance(600_000)
    expect(inOrder(await world.provider.report(meeting))).toEqual(inOrder(await factsOf(world)))
  })

  it('one participant alone has no rows, but the class was held', async () => {
    const world = zoomWorld()
    const meeting = await openIn(world)
    await follow(world, meeting, ada)
    await world.clock.advance(60_000)
    await world.provider.endMeeting(meeting)
    await world.clock.advance(600_000)
    expect(await world.provider.report(meeting)).toMatchObject([{ type: 'started' }, { type: 'ended' }])
  })
})

describe('recordings', () => {
  it('of every run, with their true length and a way in; told of twice, they are the same', async () => {
    const world = zoomWorld({ uuids: 'slashes' })
    const meeting = await openIn(world)
    for (let run = 0; run < 2; run++) {
      await follow(world, meeting, ada)
      await world.clock.advance(90_000)
      await world.provider.endMeeting(meeting)
      world.fake.finishRecording(meeting.meetingId)
    }
    await world.fake.idle()
    const verified = world.callbacks.map(callback => world.provider.verify(callback))
    const hints = verified.filter(callback => world.provider.events(callback).some(({ kind }) => kind === 'recording'))
    expect(hints).toHaveLength(4)
    // Other links and another token each time, none of which is kept: one row in the inbox.
    expect(new Set(hints.map(({ body }) => Buffer.from(body).toString())).size).toBe(2)

    const recordings = await world.provider.recordings(meeting)
    expect(recordings).toHaveLength(2)
    expect(recordings[0]).toMatchObject({ durationSeconds: 90, sizeBytes: 10_000_000, published: true })
    expect(recordings[0]?.playback).toMatchObject([
      { type: 'shared_screen_with_speaker_view', durationMinutes: 2 },
      { type: 'audio_only' },
    ])
    expect(recordings[0]?.playback[0]?.url).toContain('pwd=')
  })
})

describe('T62: two providers at once', () => {
  it('T62: the same ids in both never touch each other’s rows', async () => {
    const world = zoomWorld()
    await world.fake.subscribe('https://lms.example/zoom')
    const plain = new PlainProvider({ name: 'bbb' })
    const store = await openStore('sqlite::memory:')
    const conferencing = createConferencing({
      providers: { bbb: plain, zoom: world.provider },
      chooseProvider: ({ courseId }) => courseId,
      store,
      clock: promptly(world.clock),
      roster: () => [{ userId: bob.userId, displayName: 'Bob' }],
    })
    onTestFinished(async () => {
      await conferencing.stop()
      await store.close()
    })
    const plan = (courseId: string) =>
      conferencing.createClass({ courseId, teacherId: 'u-ada', title: courseId, startsAt: new Date(world.clock.now()) })
    // The other provider gives its room the very name that Zoom will give.
    const planMeeting = plain.planMeeting
    plain.planMeeting = spec => ({ ...planMeeting(spec), meetingId: '85000000001', meetingKey: '85000000001' })
    const onBbb = await plan('bbb')
    const onZoom = await plan('zoom')
    expect([onBbb.meetingId, onZoom.meetingId]).toEqual(['85000000001', '85000000001'])

    await conferencing.startClass(onBbb.id, ada)
    const { joinUrl } = await conferencing.startClass(onZoom.id, ada)
    world.fake.visit(joinUrl)
    world.fake.visit((await conferencing.joinInfo(onZoom.id, bob)).joinUrl ?? '')
    await world.clock.advance(600_000)
    await world.fake.idle()
    for (const callback of world.callbacks) await conferencing.receiveCallback('zoom', callback)
    await conferencing.rounds.callbacks()
    const creditedMs = async (id: string) =>
      (await conferencing.attendance(id)).report.rows.find(({ person }) => person === bob.userId)?.creditedMs
    expect(await creditedMs(onZoom.id)).toBe(600_000)
    expect(await creditedMs(onBbb.id)).toBe(0)
    // A webhook of Zoom's on the other's route is nobody's.
    const [callback] = world.callbacks
    if (!callback) throw new Error('no webhooks')
    await expect(conferencing.receiveCallback('bbb', callback)).rejects.toMatchObject({ code: 'CALLBACK_REJECTED' })

    await conferencing.endClass(onBbb.id)
    expect(world.fake.meeting('85000000001').running).toBe(true)
  })

  it('T62: a meeting of another provider is refused before anything is sent', async () => {
    const world = zoomWorld()
    const meeting = { ...(await openIn(world)), provider: 'bbb' }
    const asked = world.fake.requests.length
    for (const work of [
      world.provider.endMeeting(meeting),
      world.provider.report(meeting),
      world.provider.cancelMeeting(meeting),
    ])
      await expect(work).rejects.toBeInstanceOf(ConferencingError)
    expect(world.fake.requests).toHaveLength(asked)
  })
})
