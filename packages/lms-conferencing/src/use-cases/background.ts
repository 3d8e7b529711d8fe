import { faultFields } from '../fault.ts'
import { type Repeated, repeat } from '../jobs/repeat.ts'
import type { Callbacks } from './callbacks.ts'
import { closeFinishedClasses } from './close.ts'
import type { Context } from './context.ts'
import { createProvisioner } from './provisioning.ts'
import { createRecordingPoller, type Recordings } from './recordings.ts'

/** How often each round begins, in milliseconds; what is not due yet costs one query. */
const every = { provision: 5_000, close: 60_000, recordings: 30_000, keepCallbacks: 5 * 60_000 } as const

/** What runs without anybody asking. */
export interface Background {
  start(): void
  stop(): Promise<void>
  readonly rounds: {
    /** Applies all callbacks that are due, and what follows from them. */
    callbacks(): Promise<void>
    /** Tries the meetings that wait and are due. Answers how many were made. */
    provision(): Promise<number>
    /** Ends classes that ended without the end button. Answers how many. */
    close(): Promise<number>
    /** Asks for awaited recordings that are due. Answers how many classes have one now. */
    recordings(): Promise<number>
    /** Has every provider make sure that it calls us back. Answers how many do. */
    keepCallbacks(): Promise<number>
  }
}

export function createBackground(
  context: Context,
  { recordings, callbacks }: { readonly recordings: Recordings; readonly callbacks: Callbacks },
): Background {
  const { clock, logger } = context
  const provisioner = createProvisioner(context)
  const poller = createRecordingPoller(context, recordings)
  const rounds: Background['rounds'] = {
    callbacks: () => callbacks.inbox.drain(),
    provision: () => provisioner.run(),
    close: () => closeFinishedClasses(context),
    recordings: () => poller.run(),
    keepCallbacks: () => keepCallbacks(context),
  }
  const repeated = (round: keyof typeof every): Repeated =>
    repeat({
      clock,
      everyMs: every[round],
      work: rounds[round],
      onError: error => logger.error('background round failed', { round, ...faultFields(error) }),
    })
  const all = [repeated('provision'), repeated('close'), repeated('recordings'), repeated('keepCallbacks')]
  return {
    rounds,
    start() {
      callbacks.inbox.start()
      for (const one of all) one.start()
    },
    async stop() {
      await Promise.all([...all.map(one => one.stop()), callbacks.inbox.stop()])
    },
  }
}

/** Registrations get lost at the provider: when it restarts, or when we did not answer for minutes (F10). */
async function keepCallbacks({ providers, logger }: Context): Promise<number> {
  let kept = 0
  for (const [name, provider] of Object.entries(providers)) {
    try {
      const found = await provider.keepCallbacks()
      if (found === null) continue
      kept++
      logger.debug('callbacks kept', { provider: name, found })
    } catch (error) {
      logger.warn('callbacks not kept', { provider: name, ...faultFields(error) })
    }
  }
  return kept
}
