import { openStore } from 'lms-conferencing/sql'
import { compare } from './support/oracle.ts'
import { allApplied, startReceivers } from './support/receiver.ts'
import { must, scenario, untypedIn } from './support/scenario.ts'
import { allOf, quantile, Sender } from './support/sender.ts'
import { insertWorkload, isPoison, makeWorkload, tenantId } from './support/workload.ts'

interface Size {
  readonly dead: number
  /** Callbacks a second that come meanwhile; `null`: as fast as they are taken. */
  readonly perSecond: number | null
}

export const deadLetters = scenario<Size>({
  fault: 'F13',
  title: 'dead letters are replayed while callbacks come in',
  sizes: { small: { dead: 400, perSecond: null }, full: { dead: 10_000, perSecond: 200 } },
  async run(database, { dead, perSecond }, tools) {
    const url = await database.open()
    // Half of what these people send is poison.
    const workload = makeWorkload({ callbacks: dead * 2.04, poisoned: 25 })
    const store = await openStore(url)
    tools.cleanup(() => store.close())
    await insertWorkload(store, workload)
    const isDead = (index: number): boolean => isPoison(workload.happening(index))
    const dying = new Sender(workload, tools, { indexes: allOf(workload).filter(isDead) })
    const [broken] = await startReceivers(1, { url, isMended: false, maxAttempts: 1 }, tools)
    await dying.send([broken?.port ?? 0])
    await allApplied(store, tools)
    await broken?.stop()
    const before = await store.read(tx => tx.countInbox(tenantId))
    must(before.dead === dying.acked && before.dead >= dead, 'they are dead')

    const [mended] = await startReceivers(1, { url }, tools)
    if (!mended) throw new Error('the receiver did not start')
    const sender = new Sender(workload, tools, { indexes: allOf(workload).filter(index => !isDead(index)) })
    const sending = perSecond === null ? sender.send([mended.port]) : sender.sendAtRate([mended.port], perSecond)
    // As the command does, from a process of its own.
    const start = performance.now()
    const replayed = await store.transaction(tx => tx.requeueInbox(tenantId, { state: 'dead' }))
    must(replayed === before.dead, 'all of them are put back')
    await allApplied(store, tools)
    const seconds = (performance.now() - start) / 1000
    await sending
    await allApplied(store, tools)
    must((await mended.stop()) === 0, 'the receiver ends well')
    const { waits } = sender.answers
    return {
      ...(await compare(store, workload, new Set([...dying.answers.acked, ...sender.answers.acked]))),
      faults: replayed,
      events: workload.size,
      untyped: untypedIn(sender.answers) + untypedIn(dying.answers),
      notes: [
        `${replayed} replayed in ${seconds.toFixed(1)} s; meanwhile acknowledged after p50 ${Math.round(quantile(waits, 0.5))} ms, p99 ${Math.round(quantile(waits, 0.99))} ms, longest ${Math.round(quantile(waits, 1))} ms`,
      ],
    }
  },
})
