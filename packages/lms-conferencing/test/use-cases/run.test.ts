import { describe, expect, it } from 'vitest'
import { createConferencing, type Store } from '../../src/index.ts'
import { shared } from '../../src/use-cases/context.ts'
import { mayBecome } from '../../src/use-cases/status.ts'
import { unavailable } from '../support/plain-provider.ts'
import { createWorld, student, teacher } from '../support/world.ts'

describe('the status of a class', () => {
  const all = ['scheduled', 'live', 'completed', 'cancelled'] as const

  it('moves only from scheduled to live to completed, or from scheduled to cancelled', () => {
    const moves = all.flatMap(from => all.filter(to => from !== to && mayBecome(from, to)).map(to => `${from} → ${to}`))
    expect(moves).toEqual(['scheduled → live', 'scheduled → cancelled', 'live → completed'])
  })
})

describe('starting a class', () => {
  it('opens the room again, makes the class live, and lets the teacher in as moderator', async () => {
    const { conferencing, provider, clock, plan, notices } = await createWorld()
    const { id } = await plan()
    clock.advance(30 * 60_000)
    const { liveClass, joinUrl } = await conferencing.startClass(id, teacher)
    expect(provider.calls).toEqual(['openMeeting', 'openMeeting', 'joinLink'])
    expect(liveClass).toMatchObject({ status: 'live', startedAt: new Date('2027-03-01T09:00:00Z') })
    expect(new URL(joinUrl).searchParams.get('role')).toBe('moderator')
    expect(new URL(joinUrl).searchParams.get('userId')).toBe('tea')
    expect(notices.map(({ type }) => type)).toEqual(['class-started'])
  })

  it('makes one room for two teachers who press start at once, and both get in', async () => {
    const { conferencing, provider, plan, notices } = await createWorld()
    const { id } = await plan()
    const second = { ...teacher, userId: 'tom', displayName: 'Tom' }
    const [one, two] = await Promise.all([conferencing.startClass(id, teacher), conferencing.startClass(id, second)])
    expect(provider.rooms.size).toBe(1)
    expect(one.liveClass.status).toBe('live')
    expect(two.liveClass.startedAt).toEqual(one.liveClass.startedAt)
    expect(new URL(two.joinUrl).searchParams.get('userId')).toBe('tom')
    expect(notices.map(({ type }) => type)).toEqual(['class-started'])
  })

  it('makes one room for two processes on one database', async () => {
    const { conferencing, provider, plan, store, clock } = await createWorld()
    const other = createConferencing({ providers: { bbb: provider }, store, clock })
    const { id } = await plan()
    const started = await Promise.all([conferencing.startClass(id, teacher), other.startClass(id, teacher)])
    expect(provider.rooms.size).toBe(1)
    expect(started.map(({ liveClass }) => liveClass.status)).toEqual(['live', 'live'])
  })

  it('again keeps the first start and opens a room that closed', async () => {
    const { conferencing, provider, clock, plan } = await createWorld()
    const { id } = await plan()
    const first = await conferencing.startClass(id, teacher)
    provider.rooms.clear()
    clock.advance(5 * 60_000)
    const again = await conferencing.startClass(id, teacher)
    expect(again.liveClass.startedAt).toEqual(first.liveClass.startedAt)
    expect(provider.rooms.size).toBe(1)
  })

  it('changes nothing while the provider is down, and works by itself afterwards', async () => {
    const { conferencing, provider, plan } = await createWorld()
    const { id } = await plan()
    provider.failNext('openMeeting', unavailable())
    await expect(conferencing.startClass(id, teacher)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      userMessage: 'The video service does not answer. Please try again in a minute.',
    })
    expect((await conferencing.getClass(id)).status).toBe('scheduled')
    expect((await conferencing.startClass(id, teacher)).liveClass.status).toBe('live')
  })

  it('makes a class ready whose meeting was never made', async () => {
    const { conferencing, provider, plan } = await createWorld()
    provider.failNext('openMeeting', unavailable())
    const { id } = await plan()
    const { liveClass } = await conferencing.startClass(id, teacher)
    expect(liveClass).toMatchObject({ status: 'live', provisioning: 'ready', provisioningReason: null })
  })

  it('is refused once the class is over, naming both ends', async () => {
    const { conferencing, plan } = await createWorld()
    const { id } = await plan()
    await conferencing.startClass(id, teacher)
    await conferencing.endClass(id)
    await expect(conferencing.startClass(id, teacher)).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { from: 'completed', to: 'live' },
    })
  })

  it('gives no link when the class was ended while its room was being opened', async () => {
    const { conferencing, provider, plan } = await createWorld()
    const { id } = await plan()
    await conferencing.startClass(id, teacher)
    provider.failNext('openMeeting', async () => void (await conferencing.endClass(id)))
    await expect(conferencing.startClass(id, teacher)).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})

describe('a class that another writer changes at the same moment', () => {
  /** A store in which somebody else is faster, so many times. */
  function contested(store: Store, times: number): Store {
    const transaction: Store['transaction'] = work =>
      store.transaction(tx =>
        work({ ...tx, updateClass: async (...args) => (times-- > 0 ? null : tx.updateClass(...args)) }),
      )
    return new Proxy(store, {
      get(target, name) {
        if (name === 'transaction') return transaction
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  it('is changed on the next try, against its newest version', async () => {
    const { provider, plan, store, clock } = await createWorld()
    const { id } = await plan()
    const conferencing = createConferencing({ providers: { bbb: provider }, store: contested(store, 3), clock })
    expect((await conferencing.startClass(id, teacher)).liveClass.status).toBe('live')
  })

  it('is left alone when others always win', async () => {
    const { provider, plan, store, clock } = await createWorld()
    const { id } = await plan()
    const conferencing = createConferencing({ providers: { bbb: provider }, store: contested(store, 1000), clock })
    await expect(conferencing.startClass(id, teacher)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect((await conferencing.getClass(id)).status).toBe('scheduled')
  })
})

describe('joining a class', () => {
  it('is refused before the start, with a reason for each role', async () => {
    const { conferencing, provider, plan } = await createWorld()
    const { id } = await plan()
    expect(await conferencing.joinInfo(id, student)).toMatchObject({
      canJoin: false,
      canStart: false,
      joinUrl: null,
      meetingRunning: false,
      reason: 'The class has not started yet. Come back when your teacher has opened it.',
    })
    expect(await conferencing.joinInfo(id, teacher)).toMatchObject({ canJoin: false, canStart: true, joinUrl: null })
    expect(provider.calls).not.toContain('joinLink')
  })

  it('gives each person a link of their own while the class is live', async () => {
    const { conferencing, plan } = await createWorld()
    const { id } = await plan()
    await conferencing.startClass(id, teacher)
    const info = await conferencing.joinInfo(id, student)
    expect(info).toMatchObject({ canJoin: true, meetingRunning: true, role: 'attendee', reason: null, canStart: false })
    const link = new URL(info.joinUrl ?? '')
    expect(Object.fromEntries(link.searchParams)).toMatchObject({ role: 'attendee', userId: 'ana', name: 'Ana Ñ' })
  })

  it('waits for the teacher when the room has closed, and the teacher may open it again', async () => {
    const { conferencing, clock, plan } = await createWorld()
    const { id } = await plan()
    await conferencing.startClass(id, teacher)
    clock.advance(3 * 60_000)
    expect(await conferencing.joinInfo(id, student)).toMatchObject({ canJoin: false, meetingRunning: false })
    expect(await conferencing.joinInfo(id, teacher)).toMatchObject({ canJoin: false, canStart: true })
    await conferencing.startClass(id, teacher)
    expect(await conferencing.joinInfo(id, student)).toMatchObject({ canJoin: true })
  })

  it('believes the LMS when the provider does not answer', async () => {
    const { conferencing, provider, clock, plan } = await createWorld()
    const { id } = await plan()
    await conferencing.startClass(id, teacher)
    clock.advance(3 * 60_000)
    provider.failNext('isRunning', unavailable())
    expect(await conferencing.joinInfo(id, student)).toMatchObject({ canJoin: true })
  })

  it('asks once for all who ask while the answer is on its way', async () => {
    const checking = shared<number>()
    const answer = Promise.withResolvers<number>()
    let asked = 0
    const ask = (): Promise<number> => {
      asked++
      return answer.promise
    }
    const crowd = Array.from({ length: 20 }, () => checking('class', ask))
    const elsewhere = checking('other class', async () => 2)
    answer.resolve(1)
    expect(await Promise.all(crowd)).toEqual(Array.from({ length: 20 }, () => 1))
    expect([asked, await elsewhere]).toEqual([1, 2])
    await checking('class', ask)
    expect(asked).toBe(2)
  })

  it('is over when the class is', async () => {
    const { conferencing, plan } = await createWorld()
    const { id } = await plan()
    await conferencing.startClass(id, teacher)
    await conferencing.endClass(id)
    expect(await conferencing.joinInfo(id, student)).toMatchObject({ canJoin: false, reason: 'This class is over.' })
    expect(await conferencing.joinInfo(id, teacher)).toMatchObject({ canJoin: false, canStart: false })
  })
})

describe('ending a class', () => {
  it('ends the meeting, then the class; ending twice changes nothing', async () => {
    const { conferencing, provider, clock, plan, notices } = await createWorld()
    const { id } = await plan()
    await conferencing.startClass(id, teacher)
    clock.advance(60 * 60_000)
    const ended = await conferencing.endClass(id)
    expect(ended).toMatchObject({ status: 'completed', endedAt: new Date('2027-03-01T09:30:00Z') })
    clock.advance(60_000)
    expect(await conferencing.endClass(id)).toEqual(ended)
    expect(provider.rooms.size).toBe(0)
    expect(notices.map(({ type }) => type)).toEqual(['class-started', 'class-ended'])
  })

  it('is refused for a class that never started', async () => {
    const { conferencing, plan } = await createWorld()
    const { id } = await plan()
    await expect(conferencing.endClass(id)).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { from: 'scheduled', to: 'completed' },
    })
  })

  it('F20 looks before it reports a failure when the answer is lost', async () => {
    const { conferencing, provider, plan } = await createWorld()
    const { id, meetingId } = await plan()
    await conferencing.startClass(id, teacher)
    provider.rooms.get(meetingId)?.people.add('ana')
    provider.failNext('endMeeting', unavailable('unknown'), () => {
      provider.rooms.delete(meetingId)
      unavailable('unknown')()
    })
    await expect(conferencing.endClass(id)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect((await conferencing.getClass(id)).status).toBe('live')
    expect((await conferencing.endClass(id)).status).toBe('completed')
    expect(provider.calls.filter(call => call === 'endMeeting')).toHaveLength(2)
  })
})
