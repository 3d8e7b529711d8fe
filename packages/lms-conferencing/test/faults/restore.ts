import { chmodSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { ask } from './support/databases.ts'
import { openInProcess } from './support/in-process.ts'
import { compare } from './support/oracle.ts'
import { type Database, scenario } from './support/scenario.ts'
import { allOf } from './support/sender.ts'
import { insertWorkload, makeWorkload } from './support/workload.ts'

export const restore = scenario<{ readonly callbacks: number }>({
  fault: 'F29',
  title: 'a backup is restored, and what came since is delivered again',
  sizes: { small: { callbacks: 600 }, full: { callbacks: 50_000 } },
  async run(database, { callbacks }, tools) {
    const url = await database.open()
    const workload = makeWorkload({ callbacks })
    const first = await openInProcess(url, tools)
    await insertWorkload(first.store, workload)
    const all = allOf(workload)
    const part = (from: number, to: number): readonly number[] =>
      all.slice(Math.floor(all.length * from), Math.floor(all.length * to))
    const deliver = async ({ deliver }: typeof first, indexes: readonly number[]): Promise<void> => {
      for (let begin = 0; begin < indexes.length; begin += 200) {
        tools.signal.throwIfAborted()
        await Promise.all(indexes.slice(begin, begin + 200).map(index => deliver(workload, index)))
      }
    }
    await deliver(first, part(0, 0.5))
    await first.inbox.drain()
    // In the backup, but not applied when it is made.
    await deliver(first, part(0.5, 0.6))
    const restored = await backUp(database, url, async () => {
      await deliver(first, part(0.6, 1))
      await first.inbox.drain()
      await first.close()
    })
    const second = await openInProcess(restored, tools)
    // The sender repeats an hour, a part of which the backup has.
    await deliver(second, part(0.4, 1))
    await second.inbox.drain()
    return {
      ...(await compare(second.store, workload, new Set(all))),
      faults: 1,
      events: workload.size,
      untyped: 0,
      notes: [`${part(0.6, 1).length} callbacks were acknowledged after the backup was made`],
    }
  },
})

/** Makes a backup, lets the rest happen, and answers the address of what is restored from it. */
async function backUp({ name }: Database, url: string, rest: () => Promise<void>): Promise<string> {
  if (name === 'SQLite') {
    const path = url.slice('sqlite:'.length)
    const copying = new DatabaseSync(path)
    copying.exec(`vacuum into '${path}.backup'`)
    copying.close()
    await rest()
    chmodSync(`${path}.backup`, 0o600)
    return `${url}.backup`
  }
  // As a dump would be: one consistent state, copied while others write.
  const copy = `${url}_backup`
  const database = new URL(url).pathname.slice(1)
  await ask(
    url,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}' and pid <> pg_backend_pid()`,
  )
  await ask(url.replace(/[^/]*$/, 'postgres'), `create database ${database}_backup template ${database}`)
  await rest()
  return copy
}
