import { describe, expect, it } from 'vitest'
import { ConferencingError, createConferencing } from '../../src/index.ts'
import { listedRecording, unavailable } from '../support/plain-provider.ts'
import { came, closed, createWorld, minute, opened, retryAfterMs, teacher, type World, went } from '../support/world.ts'

/** A class that started on time, with its callbacks applied as they come. */
async function liveClass(world: World) {
  const { conferencing, clock, plan, provider } = world
  const { id, meetingId } = await plan()
  clock.advance(30 * 60_000)
  await conferencing.startClass(id, teacher)
  const receive = async (...events: Parameters<typeof provider.callback>[1][]): Promise<void> => {
    await conferencing.receiveCallback('bbb', provider.callback({ meetingKey: meetingId }, ...events))
    await conferencing.rounds.callbacks()
  }
  return { id, meetingId, receive }
}

describe('attendance', () => {
  it('follows the callbacks while the class runs, and is final after it', async () => {
    const world = await createWorld()
    const { conferencing, clock, notices } = world
    const { id, receive } = await liveClass(world)
    await receive(opened(0), came('tea', 0), came('ana', 0))
    clock.advance(30 * 60_000)
    const soFar = await conferencing.attendance(id)
    expect(soFar.result).toMatchObject({ final: false, heldMs: 30 * 60_000 })
    expect(soFar.report.rows.map(({ person, status }) => [person, status])).toEqual([
      ['ana', 'present'],
      ['bob', null],
      ['tea', null],
    ])
    clock.advance(30 * 60_000)
    await receive(went('ana', 50))
    await conferencing.endClass(id)
    const final = await conferencing.attendance(id)
    expect(final).toMatchObject({ result: { final: true, heldMs: 60 * 60_000 }, unattributedSessions: 0 })
    expect(final.report.rows).toMatchObject([
      { person: 'ana', name: 'Ana Ñ', status: 'present', minutes: 50, onRoster: true, provenance: ['webhook'] },
      { person: 'bob', name: 'Bob', status: 'absent', minutes: 0, onRoster: true, provenance: [] },
      { person: 'tea', name: null, status: null, minutes: 60, onRoster: false, provenance: ['webhook'] },
    ])
    expect(notices.filter(({ type }) => type === 'attendance-changed')).toHaveLength(2)
  })

  it('counts a callback that comes after the end, and one that comes twice once', async () => {
    const world = await createWorld()
    const { conferencing, clock, notices } = world
    const { id, receive } = await liveClass(world)
    await receive(opened(0), came('ana', 0))
    clock.advance(60 * 60_000)
    await conferencing.endClass(id)
    expect((await conferencing.attendance(id)).report.rows[0]).toMatchObject({ minutes: 60, confidence: 'imputed' })
    await receive(went('ana', 40), closed(60))
    await receive(went('ana', 40), closed(60))
    expect((await conferencing.attendance(id)).report.rows[0]).toMatchObject({ minutes: 40, confidence: 'exact' })
    expect(notices.filter(({ type }) => type === 'attendance-changed')).toHaveLength(2)
  })

  it('T45 lists apart the connections that nobody can be named for', async () => {
    const world = await createWorld()
    const { id, receive } = await liveClass(world)
    await receive(opened(0), { type: 'joined', instance: 'run-1', session: 'phone', at: minute(1) })
    const { report, unattributedSessions } = await world.conferencing.attendance(id)
    expect(unattributedSessions).toBe(1)
    expect(report.rows.map(({ person }) => person)).toEqual(['ana', 'bob'])
  })

  it('refuses a callback with a broken signature, and keeps nothing of it', async () => {
    const world = await createWorld()
    const { id, meetingId } = await liveClass(world)
    const request = world.provider.callback({ meetingKey: meetingId }, came('ana', 0))
    const forged = { ...request, body: Buffer.from(Buffer.from(request.body).toString().replace('ana', 'bob')) }
    await expect(world.conferencing.receiveCallback('bbb', forged)).rejects.toMatchObject({ code: 'CALLBACK_REJECTED' })
    await expect(world.conferencing.receiveCallback('zoom', request)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect((await world.conferencing.health()).inbox).toMatchObject({ new: 0, applied: 0 })
    expect((await world.conferencing.attendance(id)).report.rows[0]?.minutes).toBe(0)
  })
})

describe('a meeting that ends without the end button', () => {
  it('completes the class once its planned time is over, at the time the provider says', async () => {
    const world = await createWorld()
    const { conferencing, clock, provider } = world
    const { id, meetingId, receive } = await liveClass(world)
    await receive(opened(0), came('ana', 0))
    clock.advance(61 * 60_000)
    provider.rooms.delete(meetingId)
    await receive(closed(60))
    expect(await conferencing.getClass(id)).toMatchObject({ status: 'completed', endedAt: new Date(minute(60)) })
  })

  it('leaves the class live for ten minutes before that, so that the teacher may come back', async () => {
    const world = await createWorld()
    const { conferencing, clock, provider } = world
    const { id, meetingId, receive } = await liveClass(world)
    clock.advance(20 * 60_000)
    provider.rooms.delete(meetingId)
    await receive(opened(0), closed(20))
    expect((await conferencing.getClass(id)).status).toBe('live')
    clock.advance(9 * 60_000)
    expect(await conferencing.rounds.close()).toBe(0)
    clock.advance(60_000)
    expect(await conferencing.rounds.close()).toBe(1)
    expect(await conferencing.getClass(id)).toMatchObject({ status: 'completed', endedAt: new Date(minute(20)) })
  })

  it('goes on when the teacher opened the room again', async () => {
    const world = await createWorld()
    const { conferencing, clock, provider } = world
    const { id, meetingId, receive } = await liveClass(world)
    clock.advance(20 * 60_000)
    provider.rooms.delete(meetingId)
    await receive(opened(0), closed(20))
    clock.advance(5 * 60_000)
    await conferencing.startClass(id, teacher)
    clock.advance(6 * 60_000)
    expect(await conferencing.rounds.close()).toBe(0)
    await receive(opened(26, 'run-2'))
    provider.rooms.get(meetingId)?.people.add('tea')
    clock.advance(60 * 60_000)
    expect(await conferencing.rounds.close()).toBe(0)
    expect((await conferencing.getClass(id)).status).toBe('live')
  })

  it('T44 F11 is noticed without any callback, by asking, once the planned time is over', async () => {
    const world = await createWorld()
    const { conferencing, clock, provider } = world
    const { id, receive } = await liveClass(world)
    await receive(opened(0), came('ana', 1))
    clock.advance(75 * 60_000)
    provider.failNext('isRunning', unavailable())
    expect(await conferencing.rounds.close()).toBe(0)
    expect(await conferencing.rounds.close()).toBe(1)
    expect(await conferencing.getClass(id)).toMatchObject({ status: 'completed', endedAt: new Date(minute(60)) })
  })

  it('T44 is not believed while the provider says that people are inside', async () => {
    const world = await createWorld()
    const { conferencing, clock, provider } = world
    const { id, meetingId, receive } = await liveClass(world)
    provider.rooms.get(meetingId)?.people.add('ana')
    clock.advance(61 * 60_000)
    await receive(opened(0), closed(60))
    expect((await conferencing.getClass(id)).status).toBe('live')
  })
})

describe('recordings', () => {
  async function endedClass(world: World) {
    const found = await liveClass(world)
    world.clock.advance(60 * 60_000)
    await world.conferencing.endClass(found.id)
    return found
  }

  it('are read when a callback hints at one', async () => {
    const world = await createWorld()
    const { conferencing, provider, notices } = world
    const { id, meetingId } = await endedClass(world)
    provider.recorded.set(meetingId, [listedRecording()])
    const hint = [{ kind: 'recording' as const, meetingKey: meetingId, recordId: 'record-1' }]
    await conferencing.receiveCallback('bbb', provider.callbackOf(hint))
    await conferencing.rounds.callbacks()
    expect((await conferencing.getClass(id)).hasRecording).toBe(true)
    expect(notices.at(-1)).toMatchObject({ type: 'recording-ready', recording: { recordId: 'record-1', classId: id } })
    expect(await conferencing.recordings(id)).toMatchObject([{ recordId: 'record-1', published: true }])
  })

  it('T39 come from the list alone: a hint at one the provider does not know makes no row', async () => {
    const world = await createWorld()
    const { id, meetingId } = await endedClass(world)
    const hint = [{ kind: 'recording' as const, meetingKey: meetingId, recordId: 'invented' }]
    await world.conferencing.receiveCallback('bbb', world.provider.callbackOf(hint))
    await world.conferencing.rounds.callbacks()
    expect(await world.conferencing.recordings(id)).toEqual([])
    expect((await world.conferencing.getClass(id)).hasRecording).toBe(false)
  })

  it('are asked for with growing pauses after the end, until one is there', async () => {
    const world = await createWorld()
    const { conferencing, provider, clock } = world
    const { id, meetingId } = await endedClass(world)
    let found = 0
    for (let minutes = 0; minutes < 60 && found === 0; minutes++) {
      if (minutes === 30) provider.recorded.set(meetingId, [listedRecording()])
      found += await conferencing.rounds.recordings()
      clock.advance(60_000)
    }
    expect(found).toBe(1)
    const asked = provider.calls.filter(call => call === 'recordings').length
    expect(asked).toBeLessThan(20)
    clock.advance(600_000)
    await conferencing.rounds.recordings()
    expect(provider.calls.filter(call => call === 'recordings')).toHaveLength(asked)
    expect((await conferencing.getClass(id)).hasRecording).toBe(true)
  })

  it('are no longer asked for two days after the end', async () => {
    const world = await createWorld()
    await endedClass(world)
    world.clock.advance(49 * 3_600_000)
    await world.conferencing.rounds.recordings()
    expect(world.provider.calls).not.toContain('recordings')
  })

  it('stay listed when the provider is silent or its list came out short', async () => {
    const world = await createWorld()
    const { conferencing, provider, clock } = world
    const { id, meetingId } = await endedClass(world)
    provider.recorded.set(meetingId, [listedRecording()])
    expect(await conferencing.recordings(id)).toHaveLength(1)
    clock.advance(60_000)
    provider.failNext('recordings', unavailable())
    expect(await conferencing.recordings(id)).toHaveLength(1)
    clock.advance(60_000)
    provider.recorded.clear()
    expect(await conferencing.recordings(id)).toHaveLength(1)
    expect((await conferencing.getClass(id)).hasRecording).toBe(true)
  })

  it('are read once for a page that is reloaded', async () => {
    const world = await createWorld()
    const { id } = await endedClass(world)
    for (let times = 0; times < 5; times++) await world.conferencing.recordings(id)
    expect(world.provider.calls.filter(call => call === 'recordings')).toHaveLength(1)
  })
})

describe('the whole', () => {
  it('T9 leaves no join link and no password in the log, and no link in the store', async () => {
    const world = await createWorld()
    const { conferencing, provider, store, log } = world
    const { id, receive } = await liveClass(world)
    provider.failNext('isRunning', unavailable())
    await receive(opened(0), came('ana', 0))
    await conferencing.joinInfo(id, { userId: 'ana', displayName: 'Ana', role: 'attendee' })
    await conferencing.endClass(id)
    const stored = JSON.stringify(await store.read(tx => tx.getClass('default', id)))
    expect(stored).not.toContain('ticket=')
    expect(stored).not.toContain('/join?')
    expect(log.join('\n')).not.toMatch(/ticket|\/join|moderators of|attendees of/)
  })

  it('works in the background once started, and lets go of every timer when stopped', async () => {
    const world = await createWorld()
    const { conferencing, provider, clock, plan } = world
    provider.failNext('openMeeting', unavailable())
    const { id } = await plan()
    const told = Promise.withResolvers<void>()
    provider.failNext('openMeeting', () => told.resolve())
    clock.advance(retryAfterMs)
    conferencing.start()
    await told.promise
    await conferencing.stop()
    expect((await conferencing.getClass(id)).provisioning).toBe('ready')
    expect(clock.waiting).toBe(0)
  })

  it('F10 has each provider keep its callbacks, and goes on when one cannot', async () => {
    const { conferencing, provider, log } = await createWorld()
    provider.failNext('keepCallbacks', unavailable())
    expect(await conferencing.rounds.keepCallbacks()).toBe(0)
    expect(log.join('\n')).toContain('callbacks not kept')
    expect(await conferencing.rounds.keepCallbacks()).toBe(1)
  })

  it('says that it is well, and that it is not', async () => {
    const world = await createWorld()
    expect(await world.conferencing.health()).toEqual({
      ok: true,
      store: 'ok',
      storeFault: null,
      inbox: { new: 0, applied: 0, ignored: 0, stale: 0, dead: 0 },
      oldestWaitingMs: null,
      quarantined: 0,
      providers: [{ name: 'bbb', answeredAt: null, failing: null, callbacks: [] }],
    })
    await world.store.close()
    expect(await world.conferencing.health()).toMatchObject({
      ok: false,
      store: 'unavailable',
      storeFault: 'closed',
      inbox: null,
    })
  })

  it('goes on when whoever is told throws', async () => {
    const world = await createWorld({
      notify: () => {
        throw new ConferencingError('INVALID', 'not interested')
      },
    })
    const { id } = await liveClass(world)
    expect((await world.conferencing.getClass(id)).status).toBe('live')
    expect(world.log.join('\n')).toContain('notify failed')
  })

  it('T53 shows one tenant nothing of another', async () => {
    const one = await createWorld()
    const other = createConferencing({ providers: { bbb: one.provider }, store: one.store, tenantId: 'other' })
    const { id } = await one.plan()
    await expect(other.getClass(id)).rejects.toMatchObject({ code: 'CLASS_NOT_FOUND' })
    expect(await other.listClasses()).toEqual([])
  })

  it('names the option that cannot be', async () => {
    const { store, provider } = await createWorld()
    expect(() => createConferencing({ providers: {}, store })).toThrow(/providers/)
    expect(() => createConferencing({ providers: { zoom: provider }, store })).toThrow(/providers\.zoom/)
    expect(() => createConferencing({ providers: { bbb: provider }, store, deadlineMs: 0 })).toThrow(/deadlineMs/)
  })
})
