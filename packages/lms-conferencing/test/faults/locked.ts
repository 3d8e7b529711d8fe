import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { openStore } from 'lms-conferencing/sql'
import pg from 'pg'
import { compare } from './support/oracle.ts'
import { allApplied, Receiver } from './support/receiver.ts'
import { type Database, must, scenario, untypedIn } from './support/scenario.ts'
import { Sender } from './support/sender.ts'
import { insertWorkload, makeWorkload } from './support/workload.ts'

interface Size {
  /** How long each lock is held, in milliseconds; `null`: until a callback is refused because of it. */
  readonly locks: readonly (number | null)[]
  readonly lockWaitMs: number
  readonly perLock: number
}

export const locked = scenario<Size>({
  fault: 'F4',
  title: 'another writer holds the database',
  sizes: {
    small: { locks: [0, null], lockWaitMs: 200, perLock: 300 },
    full: { locks: [100, 2000, 4000, 30_000], lockWaitMs: 3000, perLock: 3000 },
  },
  async run(database, { locks, lockWaitMs, perLock }, tools) {
    const url = await database.open()
    const workload = makeWorkload({ callbacks: perLock * (locks.length + 1) })
    const store = await openStore(url)
    tools.cleanup(() => store.close())
    await insertWorkload(store, workload)
    const receiver = await Receiver.start({ url, lockWaitMs }, tools)
    if (!receiver) throw new Error('the receiver did not start')
    const sender = new Sender(workload, tools)
    const refusals = (): number => sender.answers.refused.get(503) ?? 0
    const notes: string[] = []
    for (const ms of locks) {
      await sender.send([receiver.port], { most: perLock / 2 })
      const before = refusals()
      let isOver = false
      const sending = sender.send([receiver.port], { most: perLock / 2, isOver: () => isOver })
      const release = await lock(database, url)
      const start = performance.now()
      while (ms === null ? refusals() === before : performance.now() - start < ms) {
        await pause(5, undefined, { signal: tools.signal })
      }
      await release()
      const [released, acked] = [performance.now(), sender.acked]
      while (sender.acked === acked && sender.waiting > 0) await pause(5, undefined, { signal: tools.signal })
      await sending
      isOver = true
      await allApplied(store, tools)
      const caughtUp = Math.round(performance.now() - released)
      const held = ms === null ? 'until a refusal' : `${ms / 1000} s`
      notes.push(`held ${held}: ${refusals() - before} refused, all caught up ${caughtUp} ms after its release`)
      tools.progress(notes.at(-1) ?? '')
    }
    await sender.send([receiver.port])
    await allApplied(store, tools)
    must((await receiver.stop()) === 0, 'the receiver ends well, never restarted')
    return {
      ...(await compare(store, workload, sender.answers.acked)),
      faults: locks.length,
      events: workload.size,
      untyped: untypedIn(sender.answers) + (sender.answers.refused.get(0) ?? 0),
      notes: [...notes, `the slowest refusal after ${Math.round(sender.answers.slowestRefusal)} ms`],
    }
  },
})

/** Takes the lock that every writer needs; answers how to let it go. */
async function lock({ name }: Database, url: string): Promise<() => Promise<void>> {
  if (name === 'SQLite') {
    const other = new DatabaseSync(url.slice('sqlite:'.length), { timeout: 10_000 })
    other.exec('begin immediate')
    return async () => {
      other.exec('rollback')
      other.close()
    }
  }
  const other = new pg.Client({ connectionString: url })
  await other.connect()
  await other.query('begin')
  // Callbacks are stored without the lock of the other writers, so the table itself has to be taken.
  await other.query('lock table conferencing_inbox in exclusive mode')
  return async () => {
    await other.query('rollback')
    await other.end()
  }
}
