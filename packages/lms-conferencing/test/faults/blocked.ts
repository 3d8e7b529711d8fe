import { setImmediate } from 'node:timers/promises'
import { openStore } from 'lms-conferencing/sql'
import { compare, notStored } from './support/oracle.ts'
import { allApplied, Receiver } from './support/receiver.ts'
import { must, scenario, untypedIn } from './support/scenario.ts'
import { Sender } from './support/sender.ts'
import { insertWorkload, makeWorkload } from './support/workload.ts'

interface Size {
  readonly callbacks: number
  readonly blocks: number
  readonly blockMs: number
  /** Some senders give up before the block is over, some do not. */
  readonly patienceMs: readonly number[]
}

export const blocked = scenario<Size>({
  fault: 'F32',
  title: 'the host application blocks the event loop, then the process is killed',
  sizes: {
    small: { callbacks: 1000, blocks: 2, blockMs: 300, patienceMs: [100, 5000] },
    full: { callbacks: 20_000, blocks: 10, blockMs: 2000, patienceMs: [500, 5000] },
  },
  async run(database, { callbacks, blocks, blockMs, patienceMs }, tools) {
    const url = await database.open()
    const workload = makeWorkload({ callbacks })
    const store = await openStore(url)
    tools.cleanup(() => store.close())
    await insertWorkload(store, workload)
    const senders = patienceMs.map(patience => new Sender(workload, tools, { patienceMs: patience }))

    for (let round = 0; round < blocks; round++) {
      tools.signal.throwIfAborted()
      const receiver = await Receiver.start({ url }, tools)
      if (!receiver) throw new Error('the receiver did not start')
      const most = Math.ceil(callbacks / blocks / 2)
      const total = (): number => senders.reduce((sum, sender) => sum + sender.acked, 0)
      const inTheMiddle = total() + most / 2
      const sending = senders.map(sender => sender.send([receiver.port], { most }))
      while (total() < inTheMiddle && !tools.signal.aborted) await setImmediate()
      receiver.block(blockMs)
      await Promise.all(sending)
      // Had it acknowledged anything that was only on its way to the disk, that would be gone now.
      await receiver.kill()
      must((await notStored(store, workload, ackedBy(senders))) === 0, 'what is acknowledged is on the disk')
      tools.progress(`${round + 1} of ${blocks} blocks, ${total()} acknowledgements acknowledged`)
    }
    const last = await Receiver.start({ url }, tools)
    if (!last) throw new Error('the receiver did not start')
    for (const sender of senders) await sender.send([last.port])
    await allApplied(store, tools)
    must((await last.stop()) === 0, 'a receiver nobody kills ends well')
    const gaveUp = senders.reduce((sum, { answers }) => sum + (answers.refused.get(0) ?? 0), 0)
    must(gaveUp > 0, 'some senders gave up and came again')
    return {
      ...(await compare(store, workload, ackedBy(senders))),
      faults: blocks,
      events: workload.size,
      untyped: senders.reduce((sum, { answers }) => sum + untypedIn(answers), 0),
      notes: [`each callback by ${senders.length} senders; they gave up ${gaveUp} times and came again`],
    }
  },
})

const ackedBy = (senders: readonly Sender[]): ReadonlySet<number> =>
  new Set(senders.flatMap(({ answers }) => [...answers.acked]))
