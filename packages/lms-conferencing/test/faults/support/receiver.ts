import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Store } from '../../../src/store.ts'
import type { MarkedPoint } from './marked-points.ts'
import type { Tools } from './scenario.ts'
import { tenantId } from './workload.ts'

export interface ReceiverSettings {
  readonly url: string
  /** Dies the `hit`-th time that it comes here. */
  readonly mark?: { readonly point: MarkedPoint; readonly hit: number } | undefined
  /** Whether poison can be read. @default true */
  readonly isMended?: boolean | undefined
  readonly maxAttempts?: number | undefined
  readonly lockWaitMs?: number | undefined
  readonly pollMs?: number | undefined
  /** Forgets what is old, again and again. */
  readonly retention?: boolean | undefined
}

export interface ReceiverStats {
  /** New facts that this process has told of. */
  readonly applied: number
  /** Transactions that callbacks were stored in. */
  readonly commits: number
  /** From stored to applied, in milliseconds; 99 of 100 were not later. */
  readonly settledAfterP99Ms: number
  readonly rss: number
  /** Open files, without sockets. */
  readonly handles: number
}

export type ToReceiver = 'stop' | 'stats' | { readonly blockMs: number }

/** A process that receives; see receiver-process.ts. */
export class Receiver {
  readonly port: number
  /** From the start of the process until it takes callbacks, in milliseconds. */
  readonly startMs: number
  /** Resolves with the signal or the status it ended with. */
  readonly ended: Promise<NodeJS.Signals | number | null>
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number, startMs: number) {
    this.#child = child
    this.port = port
    this.startMs = startMs
    this.ended =
      child.exitCode !== null || child.signalCode !== null
        ? Promise.resolve(child.signalCode ?? child.exitCode)
        : once(child, 'exit').then(([status, signal]) => signal ?? status)
  }

  /** Answers `null` when the process died on the way, as one killed at a marked point may. */
  static start(settings: ReceiverSettings, tools: Tools): Promise<Receiver | null> {
    return Receiver.startScript('receiver-process.ts', settings, tools)
  }

  /** Of this folder; `settings` is its one argument, as JSON. */
  static async startScript(script: string, settings: object, { cleanup }: Tools): Promise<Receiver | null> {
    const start = performance.now()
    const child = fork(join(import.meta.dirname, script), [JSON.stringify(settings)], {
      execArgv: ['--conditions=lms-conferencing-source'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'lms-conferencing-compile-cache') },
    })
    cleanup(() => void child.kill('SIGKILL'))
    const port = await new Promise<number | null>(resolve => {
      child.once('message', (message: { readonly port: number }) => resolve(message.port))
      child.once('exit', () => resolve(null))
    })
    return port === null ? null : new Receiver(child, port, performance.now() - start)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  /** Lets it come to its end by itself; answers its status, 0 when all was well. */
  async stop(): Promise<NodeJS.Signals | number | null> {
    this.#tell('stop')
    return this.ended
  }

  /** Stops it where it is, for so long; resolves when it goes on. */
  async standStill(ms: number, { signal }: Tools): Promise<void> {
    this.#child.kill('SIGSTOP')
    try {
      await pause(ms, undefined, { signal })
    } finally {
      this.#child.kill('SIGCONT')
    }
  }

  block(ms: number): void {
    this.#tell({ blockMs: ms })
  }

  async stats(): Promise<ReceiverStats> {
    this.#tell('stats')
    const [answer] = await once(this.#child, 'message')
    return answer
  }

  #tell(message: ToReceiver): void {
    this.#child.send(message)
  }
}

export async function startReceivers(
  count: number,
  settings: ReceiverSettings,
  tools: Tools,
): Promise<readonly Receiver[]> {
  const started = await Promise.all(Array.from({ length: count }, () => Receiver.start(settings, tools)))
  const receivers = started.filter(receiver => receiver !== null)
  if (receivers.length < count) throw new Error('A receiver did not start.')
  return receivers
}

/** Resolves when other processes have applied all that waits in the inbox. */
export async function allApplied(store: Store, { signal }: Tools): Promise<void> {
  while ((await store.read(tx => tx.countInbox(tenantId))).new > 0) await pause(20, undefined, { signal })
}
