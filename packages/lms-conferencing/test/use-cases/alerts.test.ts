import { describe, expect, it } from 'vitest'
import type { ToldAlert } from '../../src/alert.ts'
import { ConferencingError } from '../../src/errors.ts'
import { refusal, unavailable } from '../support/plain-provider.ts'
import { createWorld, opened } from '../support/world.ts'

const hour = 3_600_000

async function alertedWorld() {
  const told: ToldAlert[] = []
  const world = await createWorld({ alert: alert => void told.push(alert) })
  const types = () => told.map(({ alert }) => alert.type)
  return { ...world, told, types }
}

const unauthorized = (): never => {
  throw new ConferencingError('UNAUTHORIZED', 'plain: wrong signature', { outcome: 'refused' })
}

describe('alerts', () => {
  it('a server that does not answer three times in a row, again after an hour, with how many were swallowed', async () => {
    const { conferencing, provider, clock, plan, told, types } = await alertedWorld()
    const { id } = await plan()
    const fail = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) {
        provider.failNext('endMeeting', unavailable('not-sent'))
        await conferencing.endClass(id).catch(() => {})
      }
    }
    await conferencing.startClass(id, { userId: 'tea', displayName: 'Tea', role: 'moderator' })
    await fail(2)
    expect(types()).toEqual([])
    await fail(5)
    expect(told).toEqual([
      {
        alert: { type: 'server-unreachable', provider: 'bbb', call: 'endMeeting' },
        at: new Date(clock.now()),
        swallowed: 0,
        advice: expect.stringContaining('Nothing needs a restart'),
      },
    ])
    clock.advance(hour)
    await fail(1)
    expect(told[1]).toMatchObject({ alert: { type: 'server-unreachable' }, swallowed: 4 })
    expect((await conferencing.health()).providers).toMatchObject([{ failing: { count: 8, code: 'UNAVAILABLE' } }])
    await conferencing.endClass(id)
    expect((await conferencing.health()).providers).toMatchObject([
      { name: 'bbb', answeredAt: new Date(clock.now()), failing: null },
    ])
    await fail(2)
    expect(told).toHaveLength(2)
  })

  it('credentials that are refused three times in a row; a server that says no to something else has answered', async () => {
    const { conferencing, provider, plan, types } = await alertedWorld()
    const { id } = await plan({ startsAt: new Date('2027-03-02T09:00:00Z') })
    provider.rooms.clear()
    provider.failNext('openMeeting', unauthorized, unauthorized, refusal, unauthorized, unauthorized)
    for (let index = 0; index < 5; index++) {
      await conferencing.startClass(id, { userId: 'tea', displayName: 'Tea', role: 'moderator' }).catch(() => {})
    }
    expect(types()).toEqual([])
    provider.failNext('openMeeting', unauthorized)
    await conferencing.startClass(id, { userId: 'tea', displayName: 'Tea', role: 'moderator' }).catch(() => {})
    expect(types()).toEqual(['credentials-refused'])
  })

  it('a dead letter, once an hour for each provider', async () => {
    const { conferencing, provider, clock, told } = await alertedWorld()
    provider.events = () => {
      throw new ConferencingError('INVALID', 'This cannot be read.')
    }
    await conferencing.receiveCallback('bbb', provider.callback({ meetingKey: 'm' }, opened(0)))
    for (let attempt = 0; attempt < 8; attempt++) {
      await conferencing.rounds.callbacks()
      clock.advance(hour)
    }
    expect(told).toMatchObject([
      { alert: { type: 'dead-letter', provider: 'bbb', seq: 1, reason: expect.any(String) } },
    ])
  })

  it('callbacks that are refused ten times without one that passes, for each reason', async () => {
    const { conferencing, provider, types } = await alertedWorld()
    const good = provider.callbackOf([])
    const refuse = async (times: number): Promise<void> => {
      for (let index = 0; index < times; index++) {
        await conferencing.receiveCallback('bbb', { ...good, headers: {} }).catch(() => {})
      }
    }
    await refuse(9)
    await conferencing.receiveCallback('bbb', good)
    await refuse(9)
    expect(types()).toEqual([])
    await refuse(3)
    expect(types()).toEqual(['callbacks-refused'])
  })

  it('a hook that was lost, and the class it was lost for; the meeting that failed for good', async () => {
    const { conferencing, provider, clock, plan, told, types } = await alertedWorld()
    const { id } = await plan()
    await conferencing.startClass(id, { userId: 'tea', displayName: 'Tea', role: 'moderator' })
    await conferencing.rounds.keepCallbacks()
    expect(types()).toEqual([])
    clock.advance(120_000)
    provider.registered = 'created'
    await conferencing.rounds.keepCallbacks()
    expect(types()).toEqual(['hook-lost', 'gap-found'])
    expect(told[1]).toMatchObject({ alert: { classId: id, to: new Date(clock.now()) } })
    provider.failNext('openMeeting', unavailable('not-sent'), refusal)
    const failing = await plan()
    await conferencing.createMeeting(failing.id).catch(() => {})
    const metrics = await conferencing.metrics()
    expect(metrics).toContain('conferencing_attendance_gaps_total 1\n')
    expect(metrics).toContain('conferencing_result="pending"} 1\n')
    expect(metrics).toContain('conferencing_result="failed"} 1\n')
  })

  it('a store that does not serve; not one that was closed', async () => {
    const { conferencing, provider, store, types } = await alertedWorld()
    const full = new ConferencingError('STORE_UNAVAILABLE', 'Full.', { details: { reason: 'full' } })
    const receive = store.receive.bind(store)
    store.receive = () => Promise.reject(full)
    await expect(conferencing.receiveCallback('bbb', provider.callbackOf([]))).rejects.toBe(full)
    store.receive = receive
    expect(types()).toEqual(['store-unavailable'])
    await conferencing.receiveCallback('bbb', provider.callbackOf([]))
  })

  it('what a telling throws is logged and harms nobody; T24 no secret is in what is told or logged', async () => {
    const { conferencing, provider, log } = await createWorld({
      alert: () => {
        throw new Error('the mail server is down')
      },
    })
    const good = provider.callbackOf([], '/api/v1/classes/bbb-webhook/canary-token?checksum=canary-checksum')
    for (let index = 0; index < 12; index++) {
      const headers = { authorization: 'Bearer canary-secret', 'x-signature': 'canary-signature' }
      await conferencing.receiveCallback('bbb', { ...good, headers }).catch(() => {})
    }
    expect(log.join('\n')).toContain('telling an alert failed')
    expect(log.join('\n') + (await conferencing.metrics()) + JSON.stringify(await conferencing.health())).not.toContain(
      'canary',
    )
  })
})
