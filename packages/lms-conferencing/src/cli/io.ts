import type { Clock } from '../clock.ts'
import type { ConferenceProvider } from '../provider.ts'

/** Everything the command touches of the world, so that a test can be the world. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Standard output: results, and nothing else. */
  readonly out: (text: string) => void
  /** Standard error: questions, progress, errors. */
  readonly err: (text: string) => void
  /** Asks the person at the terminal; absent where nobody sits there. */
  readonly ask?: ((question: string) => Promise<string>) | undefined
  /** Aborted when the person presses Ctrl-C: long work ends between two of its steps. */
  readonly signal?: AbortSignal | undefined
  /** @default the video services that the environment describes */
  readonly providers?: Readonly<Record<string, ConferenceProvider>> | undefined
  /** @default the wall clock */
  readonly clock?: Clock | undefined
  /** Who is noted as having done it. */
  readonly user: string
  /** Of this package. */
  readonly version: string
}
