import { openStore } from 'lms-conferencing/sql'
import { ConferencingError } from '../../src/errors.ts'
import { createInbox } from '../../src/inbox/index.ts'
import { purgeInbox } from '../../src/inbox/keeping.ts'
import type { Store } from '../../src/store.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { startProxy } from '../support/proxy.ts'
import { ask } from './support/databases.ts'
import { compare, type Verdict } from './support/oracle.ts'
import { type Database, must, scenario, type Tools } from './support/scenario.ts'
import { allOf } from './support/sender.ts'
import { observeStatements, type Statement } from './support/statements.ts'
import { bbb, firstDay, insertWorkload, makeWorkload, requestOf, tenantId, type Workload } from './support/workload.ts'

/**
 * `throw`: the database refuses the statement. `hang`: it stays silent, which for SQLite is another program's lock.
 * `lost`: the connection breaks, before the statement or after it has had its effect.
 */
const modes = ['throw', 'hang', 'lost before', 'lost after'] as const
type Mode = (typeof modes)[number]

interface Size {
  /** Of how many operations one has a fault. */
  readonly every: Readonly<Record<Database['name'], number>>
  /** How many kinds of fault it has, by turns. */
  readonly kinds: number
}

const LOCK_WAIT_MS = 100

export const nthOperation = scenario<Size>({
  fault: 'F30',
  title: 'a fault at the N-th database operation, for every N',
  sizes: {
    small: { every: { SQLite: 1, PostgreSQL: 9 }, kinds: 1 },
    full: { every: { SQLite: 1, PostgreSQL: 1 }, kinds: modes.length },
  },
  async run(database, { every, kinds }, tools) {
    const stage = await setStage(database, tools)
    const calm = await stage.play(-1, 'throw')
    must(isRight(calm.verdict), 'without a fault all is right')
    const total = { lost: 0, doubled: 0, wrong: 0, untyped: 0, faults: 0, events: 0 }
    for (let at = 0; at < calm.statements; at += every[database.name]) {
      for (let kind = 0; kind < kinds; kind++) {
        const mode = modes[(at + kind) % modes.length] ?? 'throw'
        tools.signal.throwIfAborted()
        const { verdict, untyped, events } = await stage.play(at, mode)
        if (!isRight(verdict)) tools.progress(`operation ${at}, ${mode}: ${JSON.stringify(verdict)}`)
        total.lost += verdict.lost
        total.doubled += verdict.doubled
        total.wrong += verdict.wrong
        total.untyped += untyped
        total.events += events
        total.faults++
      }
      tools.progress(`operation ${at + 1} of ${calm.statements}`)
    }
    return { ...total, notes: [`${calm.statements} operations in the scenario`] }
  },
})

const isRight = ({ lost, doubled, wrong }: Verdict): boolean => lost + doubled + wrong === 0

interface Played {
  readonly verdict: Verdict
  readonly statements: number
  readonly events: number
  readonly untyped: number
}

interface Stage {
  /** Plays the scenario with a fault at the operation of this number; -1: without one. */
  play(at: number, mode: Mode): Promise<Played>
}

async function setStage(database: Database, tools: Tools): Promise<Stage> {
  const url = await database.open()
  if (database.name === 'SQLite') {
    return { play: (at, mode) => playOn('sqlite::memory:', at, mode, () => false) }
  }
  await (await openStore(url)).close()
  const port = Number(new URL(url).port)
  const proxy = await startProxy(port, tools.cleanup)
  return {
    async play(at, mode) {
      await ask(url, 'delete from conferencing_inbox; delete from conferencing_classes')
      return playOn(url.replace(/:\d+\//, `:${proxy.port}/`), at, mode, () => {
        if (mode === 'hang') {
          // What is connected stays silent for ever; who connects again is served.
          proxy.freeze()
          proxy.thaw()
        } else if (mode === 'lost before') proxy.moveTo(port)
        else return false
        return true
      })
    },
  }
}

/** `breakWay` breaks the way to the database; answers false when the statement shall fail by itself. */
async function playOn(url: string, at: number, mode: Mode, breakWay: () => boolean): Promise<Played> {
  const store = await openStore(url, { lockWaitMs: LOCK_WAIT_MS })
  const people = ['', 'person-0', 'person-1']
  const workload = makeWorkload({ callbacks: 1, poisoned: 1 })
  const indexes = allOf(workload).filter(index => people.includes(workload.happening(index).person))
  await insertWorkload(store, workload)
  let statements = 0
  let broken: Statement | undefined
  const stop = observeStatements({
    before(statement) {
      if (statements++ !== at) return
      broken = statement
      if (mode !== 'lost after' && !breakWay()) throw breakage(url, mode)
    },
    after(statement) {
      if (statement === broken && mode === 'lost after') throw breakage(url, mode)
    },
  })
  const untyped = await perform(store, workload, indexes)
    .finally(stop)
    .catch(error => {
      throw new Error(`after a fault at operation ${at} (${mode}: ${broken?.sql})`, { cause: error })
    })
  const verdict = await compare(store, workload, new Set(indexes))
  await store.close()
  return { verdict, statements, events: indexes.length, untyped }
}

/** As the driver would tell it. */
function breakage(url: string, mode: Mode): Error {
  if (url.startsWith('sqlite:')) {
    // https://www.sqlite.org/rescode.html: busy, or an I/O error
    return Object.assign(new Error('a fault'), { code: 'ERR_SQLITE_ERROR', errcode: mode === 'hang' ? 5 : 10 })
  }
  // https://www.postgresql.org/docs/current/errcodes-appendix.html: internal_error
  if (mode === 'throw') return Object.assign(new Error('a fault'), { severity: 'ERROR', code: 'XX000' })
  return Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' })
}

/**
 * Callbacks come in, are applied, one becomes a dead letter, is put back and applied, old ones are forgotten; whoever is
 * refused comes again. Answers how many errors were none of ours.
 */
async function perform(store: Store, workload: Workload, indexes: readonly number[]): Promise<number> {
  let untyped = 0
  let isMended = false
  const clock = new ManualClock(new Date(firstDay))
  const provider = bbb(() => isMended)
  const inbox = createInbox({ tenantId, store, providers: { bbb: provider }, clock, random: () => 0.5, maxAttempts: 2 })
  const untilDone = async (work: () => Promise<unknown>): Promise<void> => {
    for (let tries = 0; tries < 10; tries++) {
      try {
        await work()
        return
      } catch (error) {
        if (!(error instanceof ConferencingError)) untyped++
      }
    }
    throw new Error('one fault is followed by ten')
  }
  const groups = [indexes.slice(0, 4), indexes.slice(4, 5), indexes.slice(5)]
  for (const group of groups) {
    const receive = (index: number): Promise<void> =>
      inbox.receive({ provider: 'bbb', callback: provider.verify(requestOf(workload.delivery(index))) })
    await Promise.all(group.map(index => untilDone(() => receive(index))))
    await untilDone(() => inbox.drain())
  }
  for (let tries = 0; tries < 3; tries++) {
    clock.advance(300_000)
    await untilDone(() => inbox.drain())
  }
  isMended = true
  await untilDone(() => inbox.replay({ state: 'dead' }))
  await untilDone(() => inbox.drain())
  await untilDone(() => purgeInbox({ store, tenantId, who: 'retention', clock }))
  await inbox.stop()
  return untyped
}
