import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { openStore } from 'lms-conferencing/sql'
import { expect, onTestFinished, test } from 'vitest'
import { ConferencingError } from '../../src/errors.ts'
import { createInbox } from '../../src/inbox/index.ts'
import { temporaryDirectory } from '../sql/support.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { compare } from './support/oracle.ts'
import { allOf } from './support/sender.ts'
import { bbb, firstDay, insertWorkload, makeWorkload, requestOf, tenantId } from './support/workload.ts'

const STEP_MS = 10

test.each([100, 2000, 4000, 8000])(
  'F4 locked for %i ms: each request is answered within 4 s, and all is caught up 10 s after the release',
  async heldMs => {
    const path = join(temporaryDirectory(), 'lms.db')
    const clock = new ManualClock(new Date(firstDay))
    const sleep = (ms: number): Promise<void> => new Promise(resolve => void clock.setTimeout(resolve, ms))
    const store = await openStore(`sqlite:${path}`, { sleep })
    const provider = bbb()
    const inbox = createInbox({ tenantId, store, providers: { bbb: provider }, clock, random: () => 1 })
    const workload = makeWorkload({ callbacks: 100 })
    await insertWorkload(store, workload)
    const other = new DatabaseSync(path)
    onTestFinished(async () => {
      other.close()
      await inbox.stop()
      await store.close()
    })
    other.exec('begin immediate')
    inbox.start()

    const acked = new Set<number>()
    const answers: number[] = []
    /** As bbb-webhooks: again after a while, until it is taken. */
    async function send(index: number): Promise<void> {
      for (;;) {
        const began = clock.now()
        const callback = provider.verify(requestOf(workload.delivery(index)))
        const error: unknown = await inbox.receive({ provider: 'bbb', callback }).catch((error: unknown) => error)
        answers.push(clock.now() - began)
        if (error === undefined) break
        expect(error).toBeInstanceOf(ConferencingError)
        expect(error).toMatchObject({
          code: 'STORE_UNAVAILABLE',
          details: { reason: expect.stringMatching(/locked|slow/) },
        })
        await sleep(1000)
      }
      acked.add(index)
    }
    const all = allOf(workload)
    const sending: Promise<void>[] = []
    const isCaughtUp = async (): Promise<boolean> =>
      acked.size === all.length && (await store.read(tx => tx.countInbox(tenantId))).new === 0
    let caughtUpAt: number | null = null
    for (let ms = 0; ms <= heldMs + 10_000 && caughtUpAt === null; ms += STEP_MS) {
      // They come while it is locked, spread over all that time.
      while (sending.length < all.length && (sending.length / all.length) * heldMs <= ms)
        sending.push(send(sending.length))
      if (ms === heldMs) other.exec('rollback')
      await setImmediate()
      clock.advance(STEP_MS)
      await setImmediate()
      if (ms >= heldMs && ms % 500 === 0 && (await isCaughtUp())) caughtUpAt = ms - heldMs
    }
    expect(caughtUpAt).not.toBeNull()
    await Promise.all(sending)
    expect(Math.max(...answers)).toBeLessThanOrEqual(4000)
    expect(await compare(store, workload, acked)).toEqual({ lost: 0, doubled: 0, wrong: 0 })
  },
)
