import { openStore } from 'lms-conferencing/sql'
import { compare } from './support/oracle.ts'
import { allApplied, startReceivers } from './support/receiver.ts'
import { must, scenario, untypedIn } from './support/scenario.ts'
import { Sender } from './support/sender.ts'
import { insertWorkload, makeWorkload } from './support/workload.ts'

interface Size {
  readonly callbacks: number
  /** How often a process stands still. */
  readonly pauses: number
  /** For how long, in milliseconds: the database ends a silent transaction after 2.4 s. */
  readonly pauseMs: number
}

/** What a process that stood still has begun must not come to its end beside what others did meanwhile. */
export const paused = scenario<Size>({
  fault: 'F25',
  title: 'several processes apply callbacks, one after the other stands still for longer than its lock lives',
  sizes: {
    small: { callbacks: 1500, pauses: 3, pauseMs: 3_000 },
    full: { callbacks: 100_000, pauses: 20, pauseMs: 60_000 },
  },
  async run(database, { callbacks, pauses, pauseMs }, tools) {
    const url = await database.open()
    const workload = makeWorkload({ callbacks })
    const store = await openStore(url)
    tools.cleanup(() => store.close())
    await insertWorkload(store, workload)
    const receivers = await startReceivers(database.name === 'SQLite' ? 2 : 4, { url, pollMs: 20 }, tools)
    const ports = receivers.map(({ port }) => port)
    const sender = new Sender(workload, tools)

    for (let pause = 0; pause < pauses; pause++) {
      tools.progress(`${pause} of ${pauses} pauses`)
      // In the middle of what it stores and applies, each time at another point.
      const most = Math.floor(callbacks / (pauses + 1)) - (pause % 7)
      await sender.send(ports, { most })
      const stopped = receivers[pause % receivers.length]
      const going = ports.filter(port => port !== stopped?.port)
      const goOn = stopped?.standStill(pauseMs, tools)
      let isOver = false
      await Promise.all([
        goOn?.then(() => {
          isOver = true
        }),
        // Those that go on may have to wait for its lock.
        sender.send(going, { most: Math.floor(most / 2), isOver: () => isOver }),
      ])
    }
    while (sender.waiting > 0) await sender.send(ports)

    await allApplied(store, tools)
    const told = (await Promise.all(receivers.map(receiver => receiver.stats()))).map(({ applied }) => applied)
    for (const receiver of receivers) must((await receiver.stop()) === 0, 'every process ends well')
    must(told.reduce((sum, count) => sum + count) === workload.size, 'each effect is told once, by one process')
    return {
      ...(await compare(store, workload, sender.answers.acked)),
      faults: pauses,
      events: workload.size,
      untyped: untypedIn(sender.answers),
      notes: [`applied by each process: ${told.join(', ')}`],
    }
  },
})
