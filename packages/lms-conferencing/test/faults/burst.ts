import { openStore } from 'lms-conferencing/sql'
import { compare, type Verdict } from './support/oracle.ts'
import { allApplied, type ReceiverStats, startReceivers } from './support/receiver.ts'
import { type Database, must, scenario, type Tools, untypedIn } from './support/scenario.ts'
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
    small: { perSecond: null, callbacks: 1000, processes: 2 },
    full: { perSecond: 2000, callbacks: 120_000, processes: 4 },
  },
  async run(database, size, tools) {
    const { verdict, events, seconds, appliedAfter, sender, stats } = await playBurst(database, size, tools)
    const { waits, refused } = sender.answers
    const [p50, p99, longest] = [0.5, 0.99, 1].map(share => Math.round(quantile(waits, share)))
    return {
      ...verdict,
      faults: 0,
      events,
      untyped: untypedIn(sender.answers),
      notes: [
        `${stats.length} receiving; ${Math.round(events / seconds)}/s; acknowledged after p50 ${p50} ms, p99 ${p99} ms, longest ${longest} ms`,
        `all applied ${appliedAfter.toFixed(1)} s after the last acknowledgement`,
        ...(refused.size > 0 ? [`refused, by status: ${JSON.stringify(Object.fromEntries(refused))}`] : []),
      ],
    }
  },
})

export interface Burst {
  readonly verdict: Verdict
  readonly events: number
  /** From the first callback sent to the last acknowledged. */
  readonly seconds: number
  /** From there until all are applied, in seconds. */
  readonly appliedAfter: number
  readonly sender: Sender
  readonly stats: readonly ReceiverStats[]
}

export async function playBurst(database: Database, size: BurstSize, tools: Tools): Promise<Burst> {
  const { perSecond, callbacks, processes } = size
  const url = await database.open()
  const workload = makeWorkload({ callbacks })
  const store = await openStore(url)
  tools.cleanup(() => store.close())
  await insertWorkload(store, workload)
  const receivers = await startReceivers(database.name === 'SQLite' ? 1 : processes, { url }, tools)
  const ports = receivers.map(({ port }) => port)
  const sender = new Sender(workload, tools)

  const start = performance.now()
  if (perSecond === null) await sender.send(ports, { atOnce: 100 })
  else await sender.sendAtRate(ports, perSecond)
  const seconds = (performance.now() - start) / 1000
  await allApplied(store, tools)
  const appliedAfter = (performance.now() - start) / 1000 - seconds
  const stats = await Promise.all(receivers.map(receiver => receiver.stats()))
  for (const receiver of receivers) must((await receiver.stop()) === 0, 'every process ends well')
  must(sender.acked === workload.size, 'all is acknowledged')
  const verdict = await compare(store, workload, sender.answers.acked)
  return { verdict, events: workload.size, seconds, appliedAfter, sender, stats }
}
