import { BbbClient } from 'bbb-client'
import { describe, expect, it } from 'vitest'
import { createConferencing } from '../../src/conferencing.ts'
import { bbbProvider } from '../../src/providers/bbb/index.ts'
import { openStore } from '../../src/sql/index.ts'
import type { PlainProvider } from '../support/plain-provider.ts'
import { createWorld, type World } from '../support/world.ts'

const day = 86_400_000

async function receiveOne({
  conferencing,
  provider,
}: {
  conferencing: World['conferencing']
  provider: PlainProvider
}) {
  await conferencing.receiveCallback('bbb', provider.callbackOf([{ kind: 'other', meetingKey: null, name: 'noise' }]))
  await conferencing.receiveCallback('bbb', { ...provider.callbackOf([]), headers: {} }).catch(() => {})
  await conferencing.rounds.callbacks()
  // Writes what waits to be quarantined.
  await conferencing.inbox.requeue({ who: 'test', dryRun: true })
}

describe('retention', () => {
  it('T48 T49 forgets bodies and refused requests after 30 days, callbacks after 120, and notes it', async () => {
    const world = await createWorld()
    const { conferencing, clock } = world
    await receiveOne(world)
    clock.advance(30 * day)
    expect(await conferencing.rounds.retention()).toBe(0)
    clock.advance(1)
    expect(await conferencing.rounds.retention()).toBe(2)
    expect(await conferencing.inbox.list()).toMatchObject([{ isStripped: true, bytes: 0 }])
    expect(await conferencing.inbox.refused()).toEqual([])
    clock.advance(90 * day)
    expect(await conferencing.rounds.retention()).toBe(1)
    expect(await conferencing.inbox.list()).toEqual([])
    expect(await conferencing.rounds.retention()).toBe(0)
    expect(await conferencing.inbox.operations()).toMatchObject([
      { who: 'retention', what: 'purge', count: 1 },
      { who: 'retention', what: 'purge', count: 2 },
    ])
  })

  it('keeps for as long as it is told, or until somebody purges', async () => {
    const short = await createWorld({ retention: { keepBodiesDays: 1, keepRowsDays: 30 } })
    await receiveOne(short)
    short.clock.advance(day + 1)
    expect(await short.conferencing.rounds.retention()).toBe(2)

    const never = await createWorld({ retention: false })
    await receiveOne(never)
    never.clock.advance(1000 * day)
    expect(await never.conferencing.rounds.retention()).toBe(0)
    expect(await never.conferencing.inbox.purge({ who: 'ada', dryRun: true })).toEqual({
      bodies: 0,
      rows: 1,
      refused: 1,
    })
    expect(await never.conferencing.inbox.purge({ who: 'ada' })).toEqual({ bodies: 0, rows: 1, refused: 1 })
  })

  it('T35 refuses to forget callbacks so early that a repetition would count again, or to accept ones so old', async () => {
    const store = await openStore('sqlite::memory:')
    const client = new BbbClient({ url: 'https://bbb.example', secret: 'a-secret-of-thirty-two-characters' })
    const open = (retention: object, maxAgeSeconds?: number) => () =>
      createConferencing({
        providers: {
          bbb: bbbProvider({
            client,
            callbacks: {
              url: 'https://lms.example/hook/1',
              secrets: 'a-secret-of-thirty-two-characters',
              maxAgeSeconds,
            },
          }),
        },
        store,
        retention,
      })
    expect(open({ keepRowsDays: 29 })).toThrow(new TypeError('retention.keepRowsDays: must be 30 or more'))
    expect(open({ keepBodiesDays: 121 })).toThrow(
      new TypeError('retention.keepBodiesDays: must be from 1 to keepRowsDays'),
    )
    expect(open({}, 30 * 86_400)).toThrow(new TypeError('callbacks.maxAgeSeconds: must be above 0 and at most 648000'))
    await store.close()
  })

  it('T49 makes a person nobody in what was refused, too', async () => {
    const { conferencing, provider, store } = await createWorld()
    const said = provider.callbackOf([{ kind: 'other', meetingKey: null, name: 'student-17' }])
    await conferencing.receiveCallback('bbb', { ...said, headers: {} }).catch(() => {})
    await conferencing.inbox.requeue({ who: 'test', dryRun: true })
    expect(await conferencing.inbox.erase('student-17', { who: 'ada', dryRun: true })).toMatchObject({ refused: 1 })
    expect(await conferencing.inbox.erase('student-17', { who: 'ada' })).toMatchObject({ refused: 1 })
    expect(await conferencing.inbox.erase('student-17', { who: 'ada' })).toMatchObject({ refused: 0 })
    expect(await store.read(tx => tx.countRefused('default'))).toBe(0)
  })
})
