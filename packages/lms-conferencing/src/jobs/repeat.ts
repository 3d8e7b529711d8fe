import type { Clock, TimerHandle } from '../clock.ts'

export interface RepeatOptions {
  readonly clock: Clock
  /** Pause between the end of one run and the start of the next, in milliseconds. */
  readonly everyMs: number
  readonly work: () => Promise<unknown>
  /** Told of a failed run; the next one comes all the same. */
  readonly onError: (error: unknown) => void
}

/** Work done again and again in this process, never twice at a time. */
export interface Repeated {
  /** Runs at once, then repeats. Starting what is started changes nothing. */
  start(): void
  /** Resolves when the run that may be going on is over; none begins after that. */
  stop(): Promise<void>
}

export function repeat({ clock, everyMs, work, onError }: RepeatOptions): Repeated {
  let timer: TimerHandle | undefined
  let running: Promise<void> | undefined
  let started = false

  function run(): void {
    timer = undefined
    running = work()
      .then(() => {}, onError)
      .finally(() => {
        running = undefined
        if (started) timer = clock.setTimeout(run, everyMs)
      })
  }

  return {
    start() {
      if (started) return
      started = true
      // A run from before a stop is still going on: it will go on repeating.
      if (!running) run()
    },
    async stop() {
      started = false
      if (timer) clock.clearTimeout(timer)
      timer = undefined
      await running
    },
  }
}
