import type { BbbClient } from 'bbb-client'
import type { VerifyWebhookOptions } from 'bbb-client/webhooks'

/** How BigBlueButton calls back, and how that is verified. */
export interface BbbCallbacks extends Omit<VerifyWebhookOptions, 'callbackUrl' | 'now'> {
  /**
   * The public address of the hook's route, with a random part of its own: what is registered at the server, and
   * what its signatures are checked against, character for character.
   */
  readonly url: string
  /** How old a hook's callback may be to be applied by itself, in seconds; older ones are kept aside. @default 604800 */
  readonly maxAgeSeconds?: number | undefined
  /**
   * The public address, ending in `/`, beside which `bbb-recording-ready/…`, `bbb-analytics/…` and
   * `bbb-meeting-ended/…` are served: rooms are created with these three callbacks too. `null`: without them.
   * @default what stands before `bbb-webhook/` in `url`; `null` when it does not stand there, or when the server is
   * asked by https: and would call back by http:
   */
  readonly baseUrl?: string | null | undefined
}

/** A server that classes are on. */
export interface Server {
  readonly id: string
  readonly client: BbbClient
  readonly callbacks: BbbCallbacks | undefined
}

/** One that calls back. */
export interface CallingServer extends Server {
  readonly callbacks: BbbCallbacks
}

export const callsBack = (server: Server): server is CallingServer => server.callbacks !== undefined
