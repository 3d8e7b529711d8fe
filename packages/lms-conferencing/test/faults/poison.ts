import { openInProcess } from './support/in-process.ts'
import { compare } from './support/oracle.ts'
import { must, scenario } from './support/scenario.ts'
import { allOf } from './support/sender.ts'
import { insertWorkload, isPoison, makeWorkload, tenantId } from './support/workload.ts'

export const poison = scenario<{ readonly callbacks: number }>({
  fault: 'F12',
  title: 'callbacks that can never be applied, until the fault is mended',
  sizes: { small: { callbacks: 300 }, full: { callbacks: 20_000 } },
  async run(database, { callbacks }, tools) {
    const workload = makeWorkload({ callbacks, poisoned: 2 })
    let isMended = false
    const { store, inbox, clock, deliver } = await openInProcess(await database.open(), tools, {
      isMended: () => isMended,
    })
    await insertWorkload(store, workload)
    const all = allOf(workload)
    const poisonous = all.filter(index => isPoison(workload.happening(index)))
    for (const index of all) await deliver(workload, index)
    await inbox.drain()
    // All others are through before the clock has moved at all, those of the same meetings too.
    const counts = await store.read(tx => tx.countInbox(tenantId))
    must(counts.applied === all.length - poisonous.length, 'nobody waits for a poison callback')
    const pauses: number[] = []
    for (;;) {
      tools.signal.throwIfAborted()
      const due = await store.read(tx => tx.nextInboxDue(tenantId))
      if (!due) break
      pauses.push(due.getTime() - clock.now())
      clock.advance(due.getTime() - clock.now())
      await inbox.drain()
      tools.progress(`try ${pauses.length + 1} of 8`)
    }
    must(pauses.length === 7, 'a poison callback is tried eight times')
    must(
      pauses.every((pause, index) => index === 0 || pause >= (pauses[index - 1] ?? 0)),
      'its pauses grow',
    )
    const { dead } = await store.read(tx => tx.countInbox(tenantId))
    must(dead === poisonous.length, 'then it waits for a person')
    isMended = true
    must((await inbox.replay({ state: 'dead' })) === dead, 'all of them can be put back')
    await inbox.drain()
    return {
      ...(await compare(store, workload, new Set(all))),
      faults: poisonous.length,
      events: workload.size,
      untyped: 0,
      notes: [`${dead} dead after pauses of ${pauses.map(pause => `${pause / 1000} s`).join(', ')}`],
    }
  },
})
