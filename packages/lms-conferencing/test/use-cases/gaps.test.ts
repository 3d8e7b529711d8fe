import { describe, expect, it } from 'vitest'
import { createConferencing } from '../../src/conferencing.ts'
import type { AttendanceEvent, LiveClass } from '../../src/model.ts'
import type { ConferencingOptions } from '../../src/options.ts'
import { unavailable } from '../support/plain-provider.ts'
import { came, closed, createWorld, minute, opened, teacher, type World, went } from '../support/world.ts'

/** A class that is live at its planned start, with callbacks that are applied as they come. */
async function lesson(options: Partial<ConferencingOptions> = {}) {
  const world = await createWorld(options)
  const { id } = await world.plan()
  goTo(world, 0)
  await world.conferencing.rounds.heartbeat()
  await world.conferencing.rounds.keepCallbacks()
  await world.conferencing.startClass(id, teacher)
  return { ...world, id }
}

function goTo({ clock }: Pick<World, 'clock'>, minutes: number): void {
  clock.advance(minute(minutes) - clock.now())
}

async function receive(world: World & { readonly id: string }, ...events: AttendanceEvent[]): Promise<void> {
  const row = await world.store.read(tx => tx.getClass('default', world.id))
  if (!row) throw new Error('no such class')
  await world.conferencing.receiveCallback('bbb', world.provider.callback(row.meeting, ...events))
  await world.conferencing.rounds.callbacks()
}

/** Minute by minute: the heart beats, and rooms are looked at where `looks`. */
async function minutes(world: World, from: number, to: number, looks = false): Promise<void> {
  for (let at = from; at <= to; at++) {
    goTo(world, at)
    await world.conferencing.rounds.heartbeat()
    if (looks) await world.conferencing.rounds.snapshots()
  }
}

const gapsOf = async ({ conferencing, id }: World & { readonly id: string }) =>
  (await conferencing.attendance(id)).report.gaps.map(({ from, to, ...gap }) => ({
    from: (from - minute(0)) / 60_000,
    to: (to - minute(0)) / 60_000,
    ...gap,
  }))

const room = ({ provider }: World, ...people: readonly string[]): void => {
  for (const one of provider.rooms.values()) {
    one.people.clear()
    for (const person of people) one.people.add(person)
  }
}

describe('F10 the registration of callbacks', () => {
  it('that is there, or was never there before, is no gap', async () => {
    const world = await createWorld()
    world.provider.registered = 'created'
    await world.conferencing.rounds.keepCallbacks()
    await world.conferencing.rounds.keepCallbacks()
    expect(
      await world.store.read(tx =>
        tx.listGaps({ tenantId: 'default', provider: 'bbb', serverId: 'plain-1', from: 0, to: minute(60) }),
      ),
    ).toEqual([])
  })

  it.each(['created', 'restored'] as const)(
    'that was lost (%s) is a gap since the last callback that came',
    async state => {
      const world = await lesson()
      await receive(world, opened(0), came('ana', 1))
      goTo(world, 5)
      await world.conferencing.rounds.keepCallbacks()
      goTo(world, 7)
      await receive(world, came('bob', 7))
      goTo(world, 10)
      world.provider.registered = state
      expect(await world.conferencing.rounds.keepCallbacks()).toBe(1)
      expect(await gapsOf(world)).toMatchObject([
        { from: 7, to: 10, cause: 'hook_lost', state: 'open', repairedBy: [] },
      ])
      const notice = world.notices.find(({ type }) => type === 'gap-found')
      expect(notice).toMatchObject({ liveClass: { id: world.id }, gap: { from: minute(7), to: minute(10) } })
      // It is there again, and stays.
      goTo(world, 15)
      await world.conferencing.rounds.keepCallbacks()
      expect(await gapsOf(world)).toHaveLength(1)
    },
  )

  it('that two processes find lost is one gap', async () => {
    const world = await lesson()
    const other = createConferencing({ providers: { bbb: world.provider }, store: world.store, clock: world.clock })
    goTo(world, 10)
    // The second asks before the first has written down what it found, and gets its answer later.
    const secondAsked = Promise.withResolvers<void>()
    const firstDone = Promise.withResolvers<void>()
    world.provider.failNext('keepCallbacks', async () => {
      await secondAsked.promise
      world.provider.registered = 'created'
    })
    world.provider.failNext('keepCallbacks', async () => {
      secondAsked.resolve()
      await firstDone.promise
      world.clock.advance(1_500)
      world.provider.registered = 'created'
    })
    const first = world.conferencing.rounds.keepCallbacks()
    const second = other.rounds.keepCallbacks()
    await first
    firstDone.resolve()
    await second
    expect(await gapsOf(world)).toHaveLength(1)
  })

  it('that nobody answers for is not known to be lost', async () => {
    const world = await lesson()
    goTo(world, 10)
    world.provider.failNext('keepCallbacks', unavailable())
    expect(await world.conferencing.rounds.keepCallbacks()).toBe(0)
    goTo(world, 15)
    await world.conferencing.rounds.keepCallbacks()
    expect(await gapsOf(world)).toEqual([])
  })

  it('lost between two classes concerns neither', async () => {
    const world = await lesson()
    await receive(world, opened(0), came('ana', 0), went('ana', 60), closed(60))
    goTo(world, 61)
    await world.conferencing.rounds.close()
    await world.conferencing.rounds.keepCallbacks()
    goTo(world, 90)
    world.provider.registered = 'created'
    await world.conferencing.rounds.keepCallbacks()
    expect(await gapsOf(world)).toEqual([])
    expect(world.notices.map(({ type }) => type)).not.toContain('gap-found')
  })
})

describe('F10 a receiver that was down', () => {
  it('for a restart is no gap; minute by minute neither', async () => {
    const world = await lesson()
    await receive(world, opened(0), came('ana', 0))
    await minutes(world, 1, 10)
    goTo(world, 12)
    await world.conferencing.rounds.heartbeat()
    expect(await gapsOf(world)).toEqual([])
  })

  it('for as long as the service repeats is no gap: it calls again', async () => {
    const provider = { redeliveryMs: 295_600 }
    const world = await lesson()
    Object.assign(world.provider.capabilities, provider)
    await minutes(world, 1, 10)
    goTo(world, 14)
    expect(await world.conferencing.rounds.heartbeat()).toBe(0)
    expect(await gapsOf(world)).toEqual([])
  })

  it('for longer is a gap that ends where the service still calls again', async () => {
    const world = await lesson()
    Object.assign(world.provider.capabilities, { redeliveryMs: 5 * 60_000 })
    await receive(world, opened(0), came('ana', 0), came('bob', 0))
    await minutes(world, 1, 10)
    goTo(world, 40)
    expect(await world.conferencing.rounds.heartbeat()).toBe(1)
    expect(await gapsOf(world)).toMatchObject([{ from: 10, to: 35, cause: 'receiver_down', state: 'open' }])
    // What the service sends again now is no word of the registration, which is gone since the gap.
    await receive(world, went('bob', 36))
    world.provider.registered = 'created'
    goTo(world, 41)
    await world.conferencing.rounds.keepCallbacks()
    expect(await gapsOf(world)).toMatchObject([
      { from: 10, to: 35, cause: 'receiver_down' },
      { from: 35, to: 41, cause: 'hook_lost' },
    ])
    const { result } = await world.conferencing.attendance(world.id)
    expect(result.blindMs).toBe(31 * 60_000)
    expect(result.people.ana).toMatchObject({ status: 'present', creditedMs: 10 * 60_000 })
  })

  it('a store that refuses is one: the mark does not move', async () => {
    const world = await lesson()
    await minutes(world, 1, 10)
    goTo(world, 20)
    const refusing = new Proxy(world.store, {
      get: (target, name) => {
        if (name === 'transaction') return async () => Promise.reject(new Error('locked'))
        const member: unknown = Reflect.get(target, name)
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
    const down = createConferencing({ providers: { bbb: world.provider }, store: refusing, clock: world.clock })
    await expect(down.rounds.heartbeat()).rejects.toThrow('locked')
    await world.conferencing.rounds.heartbeat()
    expect(await gapsOf(world)).toMatchObject([{ from: 10, to: 20, cause: 'receiver_down' }])
  })

  it('is found by the next process, which knows only the store', async () => {
    const world = await lesson()
    await minutes(world, 1, 10)
    goTo(world, 190)
    const next = createConferencing({ providers: { bbb: world.provider }, store: world.store, clock: world.clock })
    expect(await next.rounds.heartbeat()).toBe(1)
    expect(await gapsOf(world)).toMatchObject([{ from: 10, to: 190 }])
  })
})

describe('looks at the room', () => {
  it('cost one query while nothing runs, and ask no provider that cannot tell', async () => {
    const { conferencing, provider, plan, clock } = await createWorld()
    await plan()
    expect(await conferencing.rounds.snapshots()).toBe(0)
    expect(provider.calls).not.toContain('snapshot')
    const { id } = await plan()
    clock.advance(30 * 60_000)
    await conferencing.startClass(id, teacher)
    Object.assign(provider.capabilities, { snapshots: false })
    expect(await conferencing.rounds.snapshots()).toBe(0)
  })

  it('are evidence of people whom no callback announced (F11)', async () => {
    const world = await lesson()
    await receive(world, opened(0), came('ana', 0))
    await minutes(world, 1, 9)
    room(world, 'ana', 'bob')
    await minutes(world, 10, 20, true)
    room(world, 'ana')
    await minutes(world, 21, 22, true)
    await minutes(world, 23, 60)
    await receive(world, went('ana', 60), closed(60))
    goTo(world, 61)
    await world.conferencing.rounds.close()
    const { report } = await world.conferencing.attendance(world.id)
    expect(report.rows).toMatchObject([
      { person: 'ana', minutes: 60, provenance: ['snapshot', 'webhook'] },
      { person: 'bob', minutes: 10, provenance: ['snapshot'], confidence: 'exact' },
    ])
  })

  it('ask a server that is silent once in a round, and others all the same', async () => {
    const world = await lesson()
    const more: LiveClass[] = []
    for (const title of ['Two', 'Three']) {
      const liveClass = await world.plan({ title })
      await world.conferencing.startClass(liveClass.id, teacher)
      more.push(liveClass)
    }
    world.provider.failNext('snapshot', unavailable())
    world.provider.calls.length = 0
    expect(await world.conferencing.rounds.snapshots()).toBe(0)
    expect(world.provider.calls).toEqual(['snapshot'])
    expect(await world.conferencing.rounds.snapshots()).toBe(3)
  })

  it('are made by what runs in the background, as are the heartbeat and the keeping of callbacks', async () => {
    const world = await lesson()
    const done = ['snapshot', 'keepCallbacks'].map(call => {
      const asked = Promise.withResolvers<void>()
      world.provider.failNext(call, () => asked.resolve())
      return asked.promise
    })
    goTo(world, 1)
    world.conferencing.start()
    await Promise.all(done)
    await world.conferencing.stop()
    const beaten = await world.store.read(tx => tx.getLastWell('default', 'heartbeat'))
    expect(beaten).toEqual(new Date(minute(1)))
  })

  it('an empty room is one that was looked at, and no beginning of a run', async () => {
    const world = await lesson()
    await minutes(world, 1, 2, true)
    const looks = async () =>
      (await world.store.read(tx => tx.listEvents('default', world.id))).filter(
        ({ event }) => event.type === 'snapshot',
      )
    expect(await looks()).toEqual([])
    await receive(world, opened(0))
    await minutes(world, 3, 5, true)
    expect(await looks()).toHaveLength(3)
    // Nobody comes: over by plan, and not at the last look.
    await minutes(world, 6, 75, true)
    await world.conferencing.rounds.close()
    expect((await world.conferencing.getClass(world.id)).endedAt).toEqual(new Date(minute(60)))
  })

  it('a class whose end nobody heard of is over when its room was seen empty', async () => {
    const world = await lesson()
    await receive(world, opened(0), came('ana', 0))
    room(world, 'ana')
    await minutes(world, 1, 40, true)
    world.provider.rooms.clear()
    await minutes(world, 41, 55, true)
    await world.conferencing.rounds.close()
    expect((await world.conferencing.getClass(world.id)).endedAt).toEqual(new Date(minute(41)))
    const { report } = await world.conferencing.attendance(world.id)
    expect(report.rows[0]).toMatchObject({ person: 'ana', status: 'present', minutes: 40, confidence: 'exact' })
  })
})
