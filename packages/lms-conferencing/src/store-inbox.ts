/* Callbacks as the store keeps them: those that came, those that were refused, and what people did to them. */

/**
 * `new`: stored and acknowledged, waits for its turn. `applied`: its effect is in the state. `ignored`: nothing to
 * do, with the reason. `dead`: failed too often, waits for a person. `stale`: genuine, but older (or newer) than what is
 * applied by itself, waits for a person. None is ever deleted by applying.
 */
export type InboxState = 'new' | 'applied' | 'ignored' | 'dead' | 'stale'

/** Callbacks to be put back, whatever became of them. */
export type InboxSelection =
  | { readonly seq: number }
  | { readonly seqs: readonly number[] }
  /** `any`: all that still have their body. */
  | { readonly state: 'dead' | 'stale' | 'any' }

export interface NewInboxRow {
  readonly tenantId: string
  readonly provider: string
  readonly serverId: string
  readonly kind: string
  readonly body: Uint8Array
  /** Hex digest over tenant, provider, server, kind and body: the same callback twice is one row. */
  readonly digest: string
  readonly receivedAt: Date
  /** Comes in as `stale` instead of `new`. @default false */
  readonly isStale?: boolean | undefined
}

export interface InboxRow extends Omit<NewInboxRow, 'isStale'> {
  /** Order of acknowledgement. */
  readonly seq: number
  readonly state: InboxState
  /** How often applying it failed since it was last `new`. */
  readonly attempts: number
  /** Not before this moment; the epoch for a row that never failed, so that a clock set back delays nothing. */
  readonly nextAttemptAt: Date
  /** Why it is `ignored` or `dead`, or what the last failure was; `null` when there is nothing to say. */
  readonly reason: string | null
  /** Its body was forgotten: it cannot be applied again, and keeps a repetition from being applied. */
  readonly isStripped: boolean
  /** Meeting keys it names that no class has yet: it comes back to `new` when one of them gets a class. */
  readonly waitingFor: readonly string[]
}

/** What became of a row; what is left out keeps no trace. */
export interface InboxOutcome {
  readonly state: InboxState
  readonly attempts: number
  readonly nextAttemptAt?: Date | undefined
  readonly reason?: string | undefined
  readonly waitingFor?: readonly string[] | undefined
}

export interface InboxMark {
  readonly row: InboxRow
  readonly outcome: InboxOutcome
}

export interface InboxFilter {
  readonly tenantId: string
  readonly state?: InboxState | undefined
  readonly limit: number
  /** Only rows after this one: the last `seq` of the page before. */
  readonly afterSeq?: number | undefined
}

/** What is older is forgotten. */
export interface PurgeBefore {
  /** Bodies of callbacks that are applied or ignored; their digests stay, so that a repetition is still known. */
  readonly bodies: Date
  /** Callbacks as a whole, the dead ones too. */
  readonly rows: Date
  readonly refused: Date
}

export interface PurgeCounts {
  readonly bodies: number
  readonly rows: number
  readonly refused: number
}

/** A request that did not pass verification, as it came: once the mistake is found it may pass. */
export interface NewRefusedRequest {
  readonly tenantId: string
  readonly provider: string
  readonly method: string
  readonly target: string
  /** Only those that verification looks at. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly reason: string
  /** Hex digest over all of it but the reason. */
  readonly digest: string
  readonly receivedAt: Date
}

export interface RefusedRequest extends NewRefusedRequest {
  readonly id: number
}

/** For each provider. */
export interface RefusedLimits {
  readonly rows: number
  readonly bytes: number
}

export interface RefusedFilter {
  readonly tenantId: string
  /** Only these. @default all */
  readonly ids?: readonly number[] | undefined
  readonly limit: number
  readonly afterId?: number | undefined
}

export interface Operation {
  readonly tenantId: string
  readonly at: Date
  readonly who: string
  /** `replay`, `purge`, `erase`, … */
  readonly what: string
  readonly count: number
}
