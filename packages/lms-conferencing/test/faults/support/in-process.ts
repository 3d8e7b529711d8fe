import { openStore } from 'lms-conferencing/sql'
import type { Clock } from '../../../src/clock.ts'
import { createInbox, type Inbox, type InboxOptions } from '../../../src/inbox/index.ts'
import type { Store } from '../../../src/store.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import type { Tools } from './scenario.ts'
import { bbb, firstDay, requestOf, tenantId, type Workload } from './workload.ts'

/** An inbox in this very process, on a clock that stands still. */
export interface InProcess {
  readonly store: Store
  readonly inbox: Inbox
  readonly clock: ManualClock
  /** Verifies and stores one callback; rejects when it is not acknowledged. */
  deliver(workload: Workload, index: number): Promise<void>
  close(): Promise<void>
}

export async function openInProcess(
  url: string,
  tools: Tools,
  options: Partial<InboxOptions> & { readonly isMended?: (() => boolean) | undefined } = {},
): Promise<InProcess> {
  const { isMended, ...rest } = options
  const clock = new ManualClock(new Date(firstDay))
  const store = rest.store ?? (await openStore(url))
  const provider = bbb(isMended)
  const inbox = createInbox({ tenantId, store, providers: { bbb: provider }, clock, random: () => 0.5, ...rest })
  let isClosed = false
  const close = async (): Promise<void> => {
    if (isClosed) return
    isClosed = true
    await inbox.stop()
    await store.close()
  }
  tools.cleanup(close)
  return {
    store,
    inbox,
    clock,
    close,
    deliver: (workload, index) =>
      inbox.receive({ provider: 'bbb', callback: provider.verify(requestOf(workload.delivery(index))) }),
  }
}

/** A clock that can be set to any time, also back, while its timers go on. */
export class SetClock implements Clock {
  readonly #timers = new ManualClock(new Date(0))
  #now: number

  constructor(now: number) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  set(now: number): void {
    this.#timers.advance(Math.max(0, now - this.#now))
    this.#now = now
  }

  setTimeout(...given: Parameters<Clock['setTimeout']>): ReturnType<Clock['setTimeout']> {
    return this.#timers.setTimeout(...given)
  }

  clearTimeout(...given: Parameters<Clock['clearTimeout']>): void {
    this.#timers.clearTimeout(...given)
  }
}
