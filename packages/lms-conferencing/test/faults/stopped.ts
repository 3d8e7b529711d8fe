import { setTimeout as pause } from 'node:timers/promises'
import { openStore } from 'lms-conferencing/sql'
import { startPostgres } from '../support/postgres-server.ts'
import { startProxy } from '../support/proxy.ts'
import { compare } from './support/oracle.ts'
import { allApplied, Receiver } from './support/receiver.ts'
import { must, scenario, untypedIn } from './support/scenario.ts'
import { Sender } from './support/sender.ts'
import { insertWorkload, makeWorkload } from './support/workload.ts'

interface Size {
  readonly callbacks: number
  readonly stops: number
  readonly freezes: number
  readonly moves: number
  /** How long a lock is waited for, in milliseconds: with it goes the wait for a silent server. */
  readonly lockWaitMs: number
}

export const stopped = scenario<Size>({
  fault: 'F3',
  title: 'the server stopped hard, packets that vanish, a new address, all in mid-burst',
  databases: ['PostgreSQL'],
  sizes: {
    small: { callbacks: 2000, stops: 2, freezes: 1, moves: 1, lockWaitMs: 300 },
    full: { callbacks: 50_000, stops: 20, freezes: 10, moves: 5, lockWaitMs: 3000 },
  },
  async run(_database, { callbacks, stops, freezes, moves, lockWaitMs }, tools) {
    const server = await startPostgres()
    tools.cleanup(() => server.stop())
    const workload = makeWorkload({ callbacks })
    const setup = await openStore(server.url)
    await insertWorkload(setup, workload)
    await setup.close()
    // Two ways to the same server: changing over is a new address.
    const ways = [await startProxy(server.port, tools.cleanup), await startProxy(server.port, tools.cleanup)] as const
    const front = await startProxy(ways[0].port, tools.cleanup)
    const url = server.url.replace(`:${server.port}/`, `:${front.port}/`)
    const receiver = await Receiver.start({ url, lockWaitMs, pollMs: 100 }, tools)
    if (!receiver) throw new Error('the receiver did not start')
    let hasEnded = false
    void receiver.ended.then(() => {
      hasEnded = true
    })
    const sender = new Sender(workload, tools)

    let way = 0
    const kinds: readonly { readonly times: number; readonly fault: Fault }[] = [
      {
        times: stops,
        async fault() {
          await server.kill()
          return () => server.start()
        },
      },
      {
        times: freezes,
        async fault() {
          front.freeze()
          return () => front.thaw()
        },
      },
      {
        times: moves,
        async fault() {
          // The old address is dead before the new one is known.
          front.moveTo(1)
          way = 1 - way
          return () => front.moveTo(ways[way]?.port ?? 0)
        },
      },
    ]
    const faults = spread(kinds)
    const recoveries: number[] = []
    for (const [number, fault] of faults.entries()) {
      tools.signal.throwIfAborted()
      await sender.send([receiver.port], { most: Math.floor(sender.waiting / (faults.length - number + 1)) })
      const refusals = (): number => sender.answers.refused.get(503) ?? 0
      const before = refusals()
      let isServed = false
      const sending = sender.send([receiver.port], { isOver: () => isServed || hasEnded })
      const cure = await fault()
      await until(() => refusals() > before || hasEnded)
      await cure()
      const [cured, acked] = [performance.now(), sender.acked]
      await until(() => sender.acked > acked || hasEnded)
      recoveries.push(performance.now() - cured)
      isServed = true
      await sending
      must(!hasEnded, 'the receiver lives on')
      tools.progress(`${number + 1} of ${faults.length} faults, ${sender.acked} callbacks acknowledged`)
    }
    await sender.send([receiver.port])
    const store = await openStore(server.url)
    tools.cleanup(() => store.close())
    await allApplied(store, tools)
    must((await receiver.stop()) === 0, 'the receiver ends well, never restarted')
    const { refused, slowestRefusal } = sender.answers
    return {
      ...(await compare(store, workload, sender.answers.acked)),
      faults: faults.length,
      events: workload.size,
      untyped: untypedIn(sender.answers),
      notes: [
        `${stops} × stopped hard, ${freezes} × packets vanish, ${moves} × new address`,
        `refused with 503 ${refused.get(503) ?? 0} times, the slowest after ${Math.round(slowestRefusal)} ms; unanswered ${refused.get(0) ?? 0} times`,
        `served again at most ${Math.round(Math.max(...recoveries))} ms after the database was back`,
      ],
    }
  },
})

/** Breaks the way to the database, or the database; answers what mends it. */
type Fault = () => Promise<() => unknown>

/** Each kind spread evenly over the whole. */
const spread = (kinds: readonly { readonly times: number; readonly fault: Fault }[]): readonly Fault[] =>
  kinds
    .flatMap(({ times, fault }) => Array.from({ length: times }, (_, turn) => ({ fault, at: (turn + 0.5) / times })))
    .sort((a, b) => a.at - b.at)
    .map(({ fault }) => fault)

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await pause(5)
}
