import { openStore } from 'lms-conferencing/sql'
import { compare } from './support/oracle.ts'
import { allApplied, startReceivers } from './support/receiver.ts'
import { must, scenario, untypedIn } from './support/scenario.ts'
import { Sender } from './support/sender.ts'
import { insertWorkload, makeWorkload } from './support/workload.ts'

interface Size {
  readonly callbacks: number
  readonly processes: number
}

export const several = scenario<Size>({
  fault: 'F7',
  title: 'each callback 1 to 5 times at once through four processes',
  sizes: { small: { callbacks: 500, processes: 4 }, full: { callbacks: 50_000, processes: 4 } },
  async run(database, { callbacks, processes }, tools) {
    const url = await database.open()
    const workload = makeWorkload({ callbacks })
    const store = await openStore(url)
    tools.cleanup(() => store.close())
    await insertWorkload(store, workload)
    const receivers = await startReceivers(processes, { url, pollMs: 20 }, tools)
    const ports = receivers.map(({ port }) => port)
    const sender = new Sender(workload, tools)

    let next = 0
    let deliveries = 0
    const sendCopies = async (): Promise<void> => {
      while (next < workload.size && !tools.signal.aborted) {
        const index = next++
        const copies = 1 + (index % 5)
        deliveries += copies
        if (index % 5000 === 0) tools.progress(`${index} of ${workload.size} callbacks`)
        // All copies leave before the first is answered.
        await Promise.all(
          Array.from({ length: copies }, async (_, copy) => {
            while (!(await sender.post(index, ports[(index + copy) % ports.length] ?? 0))) tools.signal.throwIfAborted()
          }),
        )
      }
    }
    await Promise.all(Array.from({ length: 20 }, sendCopies))

    await allApplied(store, tools)
    const told = (await Promise.all(receivers.map(receiver => receiver.stats()))).map(({ applied }) => applied)
    for (const receiver of receivers) must((await receiver.stop()) === 0, 'every process ends well')
    const verdict = await compare(store, workload, sender.answers.acked)
    must(sender.acked === workload.size, 'all is acknowledged')
    must(told.reduce((sum, count) => sum + count) === workload.size, 'each effect is told once, by one process')
    return {
      ...verdict,
      faults: 0,
      events: workload.size,
      untyped: untypedIn(sender.answers),
      notes: [`${deliveries} deliveries; applied by each process: ${told.join(', ')}`],
    }
  },
})
