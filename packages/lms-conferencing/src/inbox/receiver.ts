import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import { ConferencingError } from '../errors.ts'
import type { NewInboxRow, Store } from '../store.ts'
import { storeUnavailable } from '../store-faults.ts'

export interface ReceiverOptions {
  readonly store: Store
  /** How many callbacks, and how many bytes of them, may wait to be stored. */
  readonly queueLimit: number
  readonly queueBytes: number
  /** How many go into one transaction. */
  readonly groupLimit: number
  /** When to stop waiting for the store, in milliseconds: the sender gives up, too, and comes back. */
  readonly answerWithinMs: number
  readonly clock: Clock
  /** Told each time a group is stored. */
  readonly onStored: () => void
}

interface Waiting {
  readonly row: NewInboxRow
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  readonly isAnswered: () => boolean
}

/**
 * Group commit: what arrives while the last group is being written goes together into the next transaction, so that
 * one sync of the disk serves many callbacks, and a promise resolves only when its row is on the disk.
 */
export class Receiver {
  readonly #options: ReceiverOptions
  #waiting: Waiting[] = []
  #bytes = 0
  #running: Promise<void> | undefined

  constructor(options: ReceiverOptions) {
    this.#options = options
  }

  /** Rejects with `STORE_UNAVAILABLE` when the row is not stored: then nothing must be acknowledged. */
  store(row: NewInboxRow): Promise<void> {
    const { queueLimit, queueBytes, answerWithinMs, clock } = this.#options
    if (this.#waiting.length >= queueLimit || this.#bytes + row.body.byteLength > queueBytes) {
      return Promise.reject(storeUnavailable('queue_full'))
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let isAnswered = false
    const timer = clock.setTimeout(() => {
      isAnswered = true
      // It may be stored all the same: then the sender's repetition is the same row.
      reject(storeUnavailable('slow'))
    }, answerWithinMs)
    this.#waiting.push({ row, resolve, reject, isAnswered: () => isAnswered })
    this.#bytes += row.body.byteLength
    this.#running ??= this.#run()
    return promise.finally(() => clock.clearTimeout(timer))
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Lets every request that has already arrived join this group.
      await setImmediate()
      await this.#storeGroup(this.#take(this.#options.groupLimit))
    }
    this.#running = undefined
  }

  #take(count: number): readonly Waiting[] {
    const taken = this.#waiting.splice(0, count)
    for (const { row } of taken) this.#bytes -= row.body.byteLength
    return taken
  }

  async #storeGroup(taken: readonly Waiting[]): Promise<void> {
    const group = taken.filter(({ isAnswered }) => !isAnswered())
    if (group.length === 0) return
    try {
      await this.#options.store.receive(group.map(({ row }) => row))
    } catch (error) {
      if (isUnavailable(error)) {
        // Those behind would wait as long again for the same answer; better they hear it now and come back.
        for (const { reject } of [...group, ...this.#take(this.#waiting.length)]) reject(error)
      } else if (group.length === 1) {
        for (const { reject } of group) reject(error)
      } else {
        // One of them cannot be stored at all: it must not take the others with it.
        for (const one of group) await this.#storeGroup([one])
      }
      return
    }
    for (const { resolve } of group) resolve()
    this.#options.onStored()
  }
}

export const isUnavailable = (error: unknown): boolean =>
  error instanceof ConferencingError && error.code === 'STORE_UNAVAILABLE'
