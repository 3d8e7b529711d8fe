import type { FakeClock } from './clock.ts'
import type { RoomEvent } from './events.ts'
import type { HookRegistry } from './hooks.ts'
import type { Meetings } from './meetings.ts'
import type { Settings } from './options.ts'
import type { Outbox } from './outbox.ts'
import type { Identifiers } from './random.ts'
import type { Recordings } from './recordings.ts'

/** Everything one fake server consists of. Passed to the code that answers calls; never handed out. */
export interface World {
  readonly settings: Settings
  readonly clock: FakeClock
  readonly identifiers: Identifiers
  readonly meetings: Meetings
  readonly recordings: Recordings
  readonly hooks: HookRegistry | undefined
  readonly outbox: Outbox
  /** Origin of join and playback links, without a last slash. */
  publicUrl(): string
  /** Tells the webhooks service, if there is one. */
  emit(event: RoomEvent): void
}
