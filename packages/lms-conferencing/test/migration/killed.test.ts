import { expect, onTestFinished, test } from 'vitest'
import {
  adoptClasses,
  expandTable,
  importHistory,
  type MoveOptions,
  moveClasses,
  runMigration,
  undoMoves,
} from '../../src/migration/index.ts'
import type { ConferenceProvider } from '../../src/provider.ts'
import { openStore } from '../../src/sql/index.ts'
import type { Store } from '../../src/store.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import { onEachDatabase } from '../support/databases.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { PlainProvider } from '../support/plain-provider.ts'
import { corpus, kindNames } from './corpus.ts'
import { lmsWith } from './support.ts'

/** A process that dies at its n-th step: just before it, or when the step is done and nobody has heard of it. */
class Life {
  readonly #dieAt: number
  readonly #isDone: boolean
  steps = 0

  constructor(dieAt: number, isDone: boolean) {
    this.#dieAt = dieAt
    this.#isDone = isDone
  }

  async step<T>(work: () => Promise<T>): Promise<T> {
    const isLast = ++this.steps === this.#dieAt
    // A dead process takes no further step, whatever it would have caught.
    if (this.steps > this.#dieAt || (isLast && !this.#isDone)) throw new Error('dead')
    const result = await work()
    if (isLast) throw new Error('dead')
    return result
  }

  store = (store: Store): Store =>
    new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        const call = (...given: unknown[]): unknown => Reflect.apply(member, target, given)
        return name === 'transaction' ? (...given: unknown[]) => this.step(async () => call(...given)) : call
      },
    })

  provider = (provider: ConferenceProvider): ConferenceProvider =>
    new Proxy(provider, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function' || name === 'planMeeting') return member
        return (...given: unknown[]) => this.step(async () => Reflect.apply(member, target, given))
      },
    })
}

/** Lets `live` die at every step there is, in both ways, each time in a world of its own; then lives on, and looks. */
async function diesEverywhere<World>(
  { make, every }: { readonly make: () => Promise<World>; readonly every: number },
  live: (world: World, life: Life) => Promise<unknown>,
  look: (world: World) => Promise<void>,
): Promise<number> {
  let deaths = 0
  for (let dieAt = 1; ; dieAt += every) {
    let isReached = false
    for (const isDone of [false, true]) {
      const world = await make()
      const life = new Life(dieAt, isDone)
      // Some deaths are taken for a provider's refusal: what counts is that the step was reached.
      await live(world, life).catch(() => {})
      if (life.steps < dieAt) continue
      isReached = true
      deaths++
      await live(world, new Life(Number.POSITIVE_INFINITY, false))
      await look(world)
    }
    if (!isReached) return deaths
  }
}

const now = '2026-01-04T10:00:00Z'

onEachDatabase(({ name, open }) => {
  // A database of one's own for each death takes a server its time.
  const every = name === 'PostgreSQL' ? 4 : 1

  async function platform() {
    const store = await openStore(await open())
    onTestFinished(() => store.close())
    const from = new PlainProvider({ name: 'zoom' })
    const to = new PlainProvider({ name: 'bbb' })
    // What makes no second room for the same class, as both providers do.
    for (const provider of [from, to])
      for (const id of ['c0', 'c1', 'c2', 'c3'])
        if (provider === from) from.rooms.set(`zoom-${id}`, { instance: id, people: new Set() })
    for (const [index, id] of ['c0', 'c1', 'c2', 'c3'].entries()) {
      // The last two share a meeting.
      const meetingId = index < 2 ? `zoom-${id}` : 'zoom-c2'
      const row = sampleClass(
        { id, tenantId: 'default', provider: 'zoom', meetingId },
        { meetingKey: index === 3 ? '' : meetingId },
      )
      await store.transaction(tx => tx.insertClass(row))
    }
    from.rooms.delete('zoom-c3')
    const options: MoveOptions = { store, from, to, clock: new ManualClock(now), who: 'ada' }
    const classes = () => store.read(tx => tx.listClasses({ tenantId: 'default' }))
    return { store, from, to, options, classes }
  }
  type Platform = Awaited<ReturnType<typeof platform>>
  const as = ({ options, store, from, to }: Platform, life: Life): MoveOptions => ({
    ...options,
    ...{ store: life.store(store), from: life.provider(from), to: life.provider(to) },
  })

  test('F26 a move that dies at any step goes on: one room for each class, the old meetings gone, nothing twice', async () => {
    const deaths = await diesEverywhere(
      { make: platform, every },
      (world, life) => moveClasses(as(world, life)),
      async ({ classes, from, to, options }) => {
        expect(
          (await classes()).map(({ liveClass }) => [liveClass.provider, liveClass.meetingId, liveClass.status]),
        ).toEqual(['c0', 'c1', 'c2', 'c3'].map(id => ['bbb', `meeting-${id}`, 'scheduled']))
        expect([...to.rooms.keys()].sort()).toEqual(['meeting-c0', 'meeting-c1', 'meeting-c2', 'meeting-c3'])
        expect(from.rooms.size).toBe(0)
        expect(await moveClasses(options)).toMatchObject({ isComplete: true, moved: 0, cancelled: 0 })
      },
    )
    expect(deaths).toBeGreaterThan(30 / every)
  })

  test('F26 a move back that dies at any step goes on: every class on the old provider, none without a room', async () => {
    const moved = async () => {
      const world = await platform()
      await moveClasses(world.options)
      return world
    }
    const deaths = await diesEverywhere(
      { make: moved, every },
      (world, life) => undoMoves(as(world, life)),
      async ({ classes, from, to, options }) => {
        for (const { liveClass } of await classes()) {
          expect(liveClass).toMatchObject({ provider: 'zoom', status: 'scheduled' })
          expect(from.rooms.has(liveClass.meetingId)).toBe(true)
        }
        // What is left over is a room that nobody has a link to: it closes by itself.
        expect(to.rooms.size).toBeLessThanOrEqual(1)
        expect(await undoMoves(options)).toMatchObject({ isComplete: true, sameMeeting: 0, newMeeting: 0 })
      },
    )
    expect(deaths).toBeGreaterThan(15 / every)
  })

  test('F26 adopting and the history, dying at any step, go on: every class once, every fact once', async () => {
    const ready = async () => {
      const { options } = await lmsWith(await open(), corpus(kindNames.length))
      await expandTable(options)
      await runMigration(options)
      const store = await openStore(await open())
      onTestFinished(() => store.close())
      const zoom = new PlainProvider({ name: 'zoom' })
      zoom.report = async ({ meetingId }) => [
        { type: 'started', instance: `run of ${meetingId}`, at: Date.UTC(2026, 2, 1, 12) },
        { type: 'ended', instance: `run of ${meetingId}`, at: Date.UTC(2026, 2, 1, 13) },
      ]
      return { options, store, zoom }
    }
    const over = [...corpus(kindNames.length)].filter(
      ({ old, expected }) => expected.provider === 'zoom' && old.status === 'completed',
    )
    const adopted = [...corpus(kindNames.length)].filter(({ expected }) => expected.outcome !== 'rejected')
    const deaths = await diesEverywhere(
      { make: ready, every },
      async ({ options, store, zoom }, life) => {
        const own = life.store(store)
        await adoptClasses({ ...options, store: own, batchSize: 10 })
        const result = await importHistory({
          store: own,
          provider: life.provider(zoom),
          clock: options.clock,
          who: 'ada',
        })
        if (!result.isComplete) throw new Error('not complete')
      },
      async ({ store }) => {
        expect(await store.read(tx => tx.countClasses({ tenantId: 'default' }))).toBe(adopted.length)
        for (const { old } of over) expect(await store.read(tx => tx.listEvents('default', old.id))).toHaveLength(2)
      },
    )
    expect(deaths).toBeGreaterThan(10 / every)
  })
})
