import type { WebhookSecrets } from 'bbb-client/webhooks'
import { createConferencing } from 'lms-conferencing'
import { openStore } from 'lms-conferencing/sql'
import { ConferencingError } from '../../src/errors.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { SetClock } from './support/in-process.ts'
import { compare } from './support/oracle.ts'
import { must, scenario } from './support/scenario.ts'
import { allOf } from './support/sender.ts'
import {
  bbb,
  callbackUrl,
  firstDay,
  insertWorkload,
  makeWorkload,
  requestOf,
  secret,
  tenantId,
} from './support/workload.ts'

const nextSecret = 'the-next-secret-of-the-same-server'
const HOUR = 3_600_000

export const rotation = scenario<{ readonly callbacks: number }>({
  fault: 'F22',
  title: 'the secret changes in mid-burst, with an overlap',
  sizes: { small: { callbacks: 600 }, full: { callbacks: 50_000 } },
  async run(database, { callbacks }, tools) {
    const workload = makeWorkload({ callbacks })
    const store = await openStore(await database.open())
    tools.cleanup(() => store.close())
    await insertWorkload(store, workload)
    const clock = new SetClock(firstDay + HOUR)
    const endOfOld = new Date(firstDay + 2 * HOUR)
    let secrets: WebhookSecrets = secret
    const callbacksOf = {
      url: callbackUrl,
      get secrets() {
        return secrets
      },
    }
    const provider = bbb(undefined, { clock, callbacks: callbacksOf })
    // Another clock: nothing that waits for the store shall find hours gone.
    const steady = new ManualClock(new Date(firstDay + HOUR))
    const conferencing = createConferencing({ tenantId, store, clock: steady, providers: { bbb: provider } })
    tools.cleanup(() => conferencing.stop())

    const accepted = new Set<number>()
    let untyped = 0
    /** Answers whether it was acknowledged. */
    const send = async (index: number, signedWith: string): Promise<boolean> => {
      try {
        await conferencing.receiveCallback('bbb', requestOf(workload.delivery(index, signedWith)))
        accepted.add(index)
        return true
      } catch (error) {
        if (!(error instanceof ConferencingError && error.code === 'CALLBACK_REJECTED')) untyped++
        return false
      }
    }

    // Four quarters: the old secret; both known here, the sender still with the old; the sender changes; the old one ends.
    const waiting = allOf(workload)
    const quarter = Math.ceil(waiting.length / 4)
    let refused = 0
    let refusedAfterwards = 0
    const one = async (): Promise<void> => {
      for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
        tools.signal.throwIfAborted()
        const phase = Math.floor(index / quarter)
        if (phase >= 1 && secrets === secret) secrets = [nextSecret, { secret, until: endOfOld }]
        // A server has several processes, and not all change at once.
        const isChanged = phase >= 3 || (phase === 2 && index % 2 === 0)
        if (phase >= 3 && clock.now() < endOfOld.getTime()) clock.set(endOfOld.getTime())
        if (phase >= 3 && !(await send(index, secret))) refusedAfterwards++
        if (!(await send(index, isChanged ? nextSecret : secret))) refused++
      }
    }
    await Promise.all(Array.from({ length: 20 }, one))
    await conferencing.rounds.callbacks()
    must(refused === 0, 'no good request is refused')
    must(refusedAfterwards === workload.size - 3 * quarter, 'the old secret is refused once it has ended')
    return {
      ...(await compare(store, workload, accepted)),
      faults: 1,
      events: workload.size,
      untyped,
      notes: [`${refused} good requests refused; ${refusedAfterwards} with the ended secret, all refused`],
    }
  },
})
