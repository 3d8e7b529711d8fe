import { openStore } from 'lms-conferencing/sql'
import { compare } from './support/oracle.ts'
import { allApplied, startReceivers } from './support/receiver.ts'
import { must, scenario, untypedIn } from './support/scenario.ts'
import { quantile, Sender } from './support/sender.ts'
import { insertWorkload, makeWorkload } from './support/workload.ts'

export interface BurstSize {
  /** `null`: as fast as they are taken. */
  readonly perSecond: number | null
  readonly callbacks: number
  /** How many processes receive: on SQLite one, or as many as given here. */
  readonly processes: number
}

export const burst = scenario<BurstSize>({
  fault: 'F31',
  title: 'a burst, every callback on the disk before it is acknowledged',
  sizes: {
    small: { perSecond: null, callbacks: 2000, processes: 2 },
    full: { perSecond: 2000, callbacks: 120_000, processes: 4 },
  },
  async run(database, { perSecond, callbacks, processes }, tools) {
    const url = await database.open()
    const workload = makeWorkload({ callbacks })
    const store = await openStore(url)
    tools.cleanup(() => store.close())
    await insertWorkload(store, workload)
    const receivers = await startReceivers(database.name === 'SQLite' ? 1 : processes, { url }, tools)
    const ports = receivers.map(({ port }) => port)
    const sender = new Sender(workload)
    tools.cleanup(() => sender.close())

    const start = performance.now()
    if (perSecond === null) await sender.send(ports, { atOnce: 100 })
    else await sender.sendAtRate(ports, { perSecond, signal: tools.signal })
    const seconds = (performance.now() - start) / 1000
    await allApplied(store, tools)
    const appliedAfter = (performance.now() - start) / 1000 - seconds
    for (const receiver of receivers) must((await receiver.stop()) === 0, 'every process ends well')
    must(sender.acked === workload.size, 'all is acknowledged')
    const { waits, refused } = sender.answers
    const [p50, p99, longest] = [0.5, 0.99, 1].map(share => Math.round(quantile(waits, share)))
    return {
      ...(await compare(store, workload, sender.answers.acked)),
      faults: 0,
      events: workload.size,
      untyped: untypedIn(sender.answers),
      notes: [
        `${receivers.length} receiving; ${Math.round(workload.size / seconds)}/s; acknowledged after p50 ${p50} ms, p99 ${p99} ms, longest ${longest} ms`,
        `all applied ${appliedAfter.toFixed(1)} s after the last acknowledgement`,
        ...(refused.size > 0 ? [`refused, by status: ${JSON.stringify(Object.fromEntries(refused))}`] : []),
      ],
    }
  },
})
