import { type Conferencing, createConferencing } from 'lms-conferencing'
import { openStore } from 'lms-conferencing/sql'
import type { Store } from '../../src/store.ts'
import { SetClock } from './support/in-process.ts'
import { compare, type Verdict } from './support/oracle.ts'
import { type Database, must, scenario, type Tools } from './support/scenario.ts'
import { allOf } from './support/sender.ts'
import { bbb, insertWorkload, makeWorkload, requestOf, sentAtOf, tenantId, type Workload } from './support/workload.ts'

const HOUR = 3_600_000
/** In the night in which Europe's clocks go forward, an hour before they do. */
const springForward = Date.UTC(2026, 2, 29, 0, 30)

interface Case {
  readonly name: string
  /** When the first class begins by the sender's clock; by ours it always begins at {@link springForward}. */
  readonly startsAt: number
  /** What our clock is off by while the callback of this number arrives. */
  readonly stepMs: (index: number) => number
  /**
   * `applied` by itself; `flagged`: some wait for a person, because a clock must be wrong; `dead`: no such time can be
   * meant, and nothing of it may come among the others.
   */
  readonly end: 'applied' | 'flagged' | 'dead'
}

const steady = (): number => 0
const cases: readonly Case[] = [
  { name: 'right clocks', startsAt: springForward, stepMs: steady, end: 'applied' },
  { name: 'sender an hour behind', startsAt: springForward - HOUR, stepMs: steady, end: 'applied' },
  { name: 'sender an hour ahead', startsAt: springForward + HOUR, stepMs: steady, end: 'flagged' },
  { name: 'sender a day behind', startsAt: springForward - 24 * HOUR, stepMs: steady, end: 'applied' },
  { name: 'sender a day ahead', startsAt: springForward + 24 * HOUR, stepMs: steady, end: 'flagged' },
  { name: 'sender in 1970', startsAt: 1000, stepMs: steady, end: 'dead' },
  { name: 'sender in 2099', startsAt: Date.UTC(2099, 0, 1), stepMs: steady, end: 'flagged' },
  { name: 'receiver an hour ahead now and then', startsAt: springForward, stepMs: step(HOUR), end: 'applied' },
  { name: 'receiver an hour back now and then', startsAt: springForward, stepMs: step(-HOUR), end: 'flagged' },
]

function step(ms: number): (index: number) => number {
  return index => (index % 40 < 20 ? 0 : ms)
}

export const clocks = scenario<{ readonly callbacks: number }>({
  fault: 'F21',
  title: 'wrong clocks on either side, in the night of summer time',
  sizes: { small: { callbacks: 100 }, full: { callbacks: 5000 } },
  async run(database, { callbacks }, tools) {
    const zone = process.env.TZ
    tools.cleanup(() => {
      if (zone === undefined) delete process.env.TZ
      else process.env.TZ = zone
    })
    process.env.TZ = 'Europe/Madrid'
    const total = { lost: 0, doubled: 0, wrong: 0, events: 0 }
    const notes: string[] = []
    for (const one of cases) {
      tools.signal.throwIfAborted()
      tools.progress(one.name)
      const { verdict, events, stale } = await play(one, database, callbacks, tools)
      total.lost += verdict.lost
      total.doubled += verdict.doubled
      total.wrong += verdict.wrong
      total.events += events
      if (stale > 0) {
        const end = one.end === 'dead' ? 'kept as dead letters' : 'right once put back'
        notes.push(`${one.name}: flagged ${stale} of ${events}, ${end}`)
      }
    }
    return { ...total, faults: cases.length, untyped: 0, notes }
  },
})

async function play(
  { name, startsAt, stepMs, end }: Case,
  database: Database,
  callbacks: number,
  tools: Tools,
): Promise<{ readonly verdict: Verdict; readonly events: number; readonly stale: number }> {
  const workload = makeWorkload({ callbacks, startsAt })
  const store = await openStore(await database.open())
  await insertWorkload(store, workload)
  const clock = new SetClock(springForward)
  const alerts: string[] = []
  const conferencing = createConferencing({
    tenantId,
    store,
    clock,
    providers: { bbb: bbb(undefined, { clock }) },
    alert: ({ alert }) => void alerts.push(alert.type),
  })
  try {
    for (const index of allOf(workload)) {
      tools.signal.throwIfAborted()
      const happenedAt = sentAtOf(workload.happening(index)) - startsAt + springForward
      clock.set(happenedAt + stepMs(index))
      await conferencing.receiveCallback('bbb', requestOf(workload.delivery(index)))
      if (index % 50 === 0) await conferencing.rounds.callbacks()
    }
    await conferencing.rounds.callbacks()
    const isFlagged = end !== 'applied'
    must(alerts.includes('callbacks-stale') === isFlagged, `a clock that is wrong is told of, a right one not: ${name}`)
    const { stale } = await conferencing.inbox.requeue({ who: 'admin' })
    must(stale > 0 === isFlagged, `only what a wrong clock makes doubtful waits for a person: ${name}`)
    await conferencing.rounds.callbacks()
    if (end === 'dead') {
      await checkDead(workload, { conferencing, store, clock })
      return { verdict: { lost: 0, doubled: 0, wrong: 0 }, events: workload.size, stale }
    }
    const verdict = await compare(store, workload, new Set(allOf(workload)))
    return { verdict, events: workload.size, stale }
  } finally {
    await conferencing.stop()
    await store.close()
  }
}

/** Kept for a person to see, and without any effect. */
async function checkDead(
  { classes, size }: Workload,
  { conferencing, store, clock }: { conferencing: Conferencing; store: Store; clock: SetClock },
): Promise<void> {
  for (let tries = 1; tries < 8; tries++) {
    clock.set(clock.now() + HOUR)
    await conferencing.rounds.callbacks()
  }
  must((await store.read(tx => tx.countInbox(tenantId))).dead === size, 'all of it is kept')
  for (const { liveClass } of classes) {
    const events = await store.read(tx => tx.listEvents(tenantId, liveClass.id))
    must(events.length === 0, 'no impossible time comes among the others')
  }
}
