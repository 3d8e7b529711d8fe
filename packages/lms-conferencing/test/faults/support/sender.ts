import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Tools } from './scenario.ts'
import type { Workload } from './workload.ts'

/** What happened to the requests of a sender. */
export interface Answers {
  /** 2xx was heard for these callbacks. */
  readonly acked: Set<number>
  /** How often each status was heard that was not 2xx; 0 when none was. */
  readonly refused: Map<number, number>
  /** From sending to hearing 2xx, in milliseconds, one for each acknowledgement. */
  readonly waits: number[]
  /** From sending to hearing 503, the longest. */
  slowestRefusal: number
}

/** bbb-webhooks waits so long for an answer (upstream: `callback-emitter.js`). */
const PATIENCE_MS = 5000

export interface SenderOptions {
  /** After how long without an answer to give up, in milliseconds; after each time twice as long, up to 5000. @default 5000 */
  readonly patienceMs?: number | undefined
  /** Which callbacks to send. @default all */
  readonly indexes?: Iterable<number> | undefined
}

/** Sends callbacks over sockets like bbb-webhooks does: what is not acknowledged is sent again, byte for byte. */
export class Sender {
  readonly answers: Answers = { acked: new Set(), refused: new Map(), waits: [], slowestRefusal: 0 }
  readonly #workload: Workload
  /** Grows, so that a slow machine only makes it slower. */
  #patienceMs: number
  readonly #firstPatienceMs: number
  readonly #signal: AbortSignal
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 200 })
  #queue: number[]
  /** How many of the queue have been taken: `shift` of a long array copies all of it. */
  #taken = 0

  constructor(
    workload: Workload,
    { cleanup, signal }: Tools,
    { patienceMs = PATIENCE_MS, indexes }: SenderOptions = {},
  ) {
    this.#signal = signal
    cleanup(() => this.close())
    this.#workload = workload
    this.#patienceMs = patienceMs
    this.#firstPatienceMs = patienceMs
    this.#queue = indexes ? [...indexes] : allOf(workload)
  }

  get waiting(): number {
    return this.#queue.length - this.#taken
  }

  get acked(): number {
    return this.answers.acked.size
  }

  /**
   * Sends `atOnce` at a time, each to one of the ports in turn, until nothing waits, `most` more are acknowledged, or
   * `isOver` says so.
   */
  async send(
    ports: readonly number[],
    { atOnce = 25, most = Number.POSITIVE_INFINITY, isOver = () => false }: SendOptions = {},
  ): Promise<void> {
    const until = this.acked + most
    this.#patienceMs = this.#firstPatienceMs
    let turn = 0
    const one = async (): Promise<void> => {
      while (!isOver() && this.acked < until) {
        this.#signal.throwIfAborted()
        // The oldest first; what failed goes to the end of the line.
        const index = this.#next()
        if (index === undefined) return
        if (!(await this.post(index, ports[turn++ % ports.length] ?? 0))) this.#queue.push(index)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, one))
  }

  /**
   * Sends all that waits at a steady rate, whatever the answers; then again what was not acknowledged. Waits count from
   * the moment a callback was due, so that a sender that is held up hides nothing.
   */
  async sendAtRate(ports: readonly number[], perSecond: number): Promise<void> {
    const start = performance.now()
    const running = new Set<Promise<void>>()
    for (let sent = 0; this.waiting > 0; ) {
      this.#signal.throwIfAborted()
      const due = ((performance.now() - start) / 1000) * perSecond
      for (; sent < due && this.waiting > 0; sent++) {
        const index = this.#next() ?? 0
        const posting = this.post(index, ports[sent % ports.length] ?? 0, start + (sent / perSecond) * 1000)
          .then(isAcked => void (isAcked || this.#queue.push(index)))
          .finally(() => running.delete(posting))
        running.add(posting)
      }
      await pause(1)
      if (this.waiting === 0) await Promise.all(running)
    }
  }

  /** Sends one callback once; resolves with whether it was acknowledged. */
  async post(index: number, port: number, start = performance.now()): Promise<boolean> {
    const { acked, refused, waits } = this.answers
    const status = await this.#status(index, port)
    const wait = performance.now() - start
    if (status >= 200 && status < 300) {
      acked.add(index)
      waits.push(wait)
      return true
    }
    refused.set(status, (refused.get(status) ?? 0) + 1)
    if (status === 503) this.answers.slowestRefusal = Math.max(this.answers.slowestRefusal, wait)
    return false
  }

  close(): void {
    this.#agent.destroy()
  }

  #next(): number | undefined {
    if (this.#taken > 10_000) {
      this.#queue = this.#queue.slice(this.#taken)
      this.#taken = 0
    }
    return this.#taken < this.#queue.length ? this.#queue[this.#taken++] : undefined
  }

  #status(index: number, port: number): Promise<number> {
    const { method, target, headers, body } = this.#workload.delivery(index)
    const timeout = this.#patienceMs
    return new Promise(resolve => {
      const outgoing = request(
        { host: '127.0.0.1', port, method, path: target, headers, agent: this.#agent, timeout },
        response => {
          response.resume().on('close', () => resolve(response.complete ? (response.statusCode ?? 0) : 0))
        },
      )
      outgoing
        .on('error', () => resolve(0))
        .on('timeout', () => {
          this.#patienceMs = Math.min(PATIENCE_MS, Math.max(this.#patienceMs, 2 * timeout))
          outgoing.destroy()
        })
      outgoing.end(body)
    })
  }
}

interface SendOptions {
  readonly atOnce?: number | undefined
  readonly most?: number | undefined
  readonly isOver?: (() => boolean) | undefined
}

/** The indexes of all callbacks. */
export const allOf = ({ size }: Workload): number[] => Array.from({ length: size }, (_, index) => index)

/** The value below which the share `p` of all lies; 0 of none. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0
}
