import {
  type EraseCounts,
  erasePerson,
  type KeepDays,
  note,
  purgeInbox,
  replayInbox,
  type Upkeep,
} from '../inbox/keeping.ts'
import { REMOVED } from '../inbox/quarantine.ts'
import type { InboxRow, InboxSelection, InboxState, Operation, PurgeCounts, RefusedRequest } from '../store.ts'
import type { Callbacks } from './callbacks.ts'
import { type Context, providerOf } from './context.ts'

/** A stored callback without what it says. */
export interface InboxEntry extends Omit<InboxRow, 'tenantId' | 'body'> {
  /** Length of what it says; 0 once that is forgotten. */
  readonly bytes: number
}

/** A request that was refused, without what it says and without its address, which may hold a checksum. */
export interface RefusedEntry
  extends Pick<RefusedRequest, 'id' | 'provider' | 'method' | 'reason' | 'digest' | 'receivedAt'> {
  readonly bytes: number
  /** It came with an `Authorization` header, which is never kept: it passes only if it was signed as well. */
  readonly credentialRemoved: boolean
}

/** One page of a list: `after` is the last number of the page before. */
export interface PageOptions {
  /** @default 50 */
  readonly limit?: number | undefined
  readonly after?: number | undefined
}

/** What every change to the inbox asks for. */
export interface UpkeepOptions {
  /** Who does it: noted with the time and how many, never with what. */
  readonly who: string
  /** Only say what would happen. @default false */
  readonly dryRun?: boolean | undefined
}

export interface RequeueOptions extends UpkeepOptions {
  /** Only these refused requests, and no stale callback. @default all */
  readonly ids?: readonly number[] | undefined
  /** Told now and then how many refused requests have been looked at. */
  readonly onProgress?: ((looked: number) => void) | undefined
}

export interface Requeued {
  /** Refused requests that pass now: received like any other callback. */
  readonly passed: number
  /** Refused requests that still do not, by reason. */
  readonly refused: Readonly<Record<string, number>>
  /** Stale callbacks that are applied now. */
  readonly stale: number
}

/** What people do to the callbacks that came in. Everything may be done twice, and is noted. */
export interface InboxUpkeep {
  /** In the order they were received. */
  list(filter?: PageOptions & { readonly state?: InboxState | undefined }): Promise<readonly InboxEntry[]>
  /** `null`: there is none of this number. */
  show(seq: number): Promise<InboxEntry | null>
  /** Puts callbacks back to be applied; what they have changed already they do not change again. Answers how many. */
  replay(which: InboxSelection, options: UpkeepOptions): Promise<number>
  /** The quarantine, in the order it was filled. */
  refused(page?: PageOptions): Promise<readonly RefusedEntry[]>
  /**
   * Verifies refused requests again, with the secrets of now, and receives those that pass, whatever their age; and has
   * stale callbacks applied. After a wrong secret was mended, or a clock.
   */
  requeue(options: RequeueOptions): Promise<Requeued>
  /** Forgets what is old. Throws `TypeError` for days that cannot be. */
  purge(options: UpkeepOptions & KeepDays): Promise<PurgeCounts>
  /** Makes a person nobody: forgets what names them, and keeps their attendance under a pseudonym. */
  erase(personId: string, options: UpkeepOptions): Promise<EraseCounts>
  /** Notes that somebody did something else to so many. */
  note(done: { readonly who: string; readonly what: string; readonly count: number }): Promise<void>
  /** What was done, the latest first. */
  operations(options?: { readonly limit?: number | undefined }): Promise<readonly Operation[]>
}

export function createUpkeep(context: Context, { inbox, quarantine }: Callbacks): InboxUpkeep {
  const { tenantId, store, clock } = context
  const upkeep = ({ who, dryRun }: UpkeepOptions): Upkeep => ({ store, tenantId, clock, who, dryRun })

  return {
    async list({ state, limit = 50, after } = {}) {
      return (await store.read(tx => tx.listInbox({ tenantId, state, limit, afterSeq: after }))).map(entryOf)
    },

    async show(seq) {
      const row = await store.read(tx => tx.getInbox(tenantId, seq))
      return row && entryOf(row)
    },

    async replay(which, options) {
      const count = await replayInbox({ ...upkeep(options), which })
      if (!options.dryRun) inbox.wake()
      return count
    },

    async refused({ limit = 50, after } = {}) {
      return (await store.read(tx => tx.listRefused({ tenantId, limit, afterId: after }))).map(refusedEntryOf)
    },

    async requeue(options) {
      const { ids, dryRun = false, onProgress } = options
      const { passed, refused } = await quarantine.requeue({
        verify: (provider, request) => providerOf(context, provider).verify(request),
        receive: received => inbox.receive(received),
        ids,
        dryRun,
        onProgress,
      })
      const stale = ids ? 0 : await putBackStale(dryRun)
      if (!dryRun) {
        await note(upkeep(options), 'requeue', passed + stale)
        inbox.wake()
      }
      return { passed, refused, stale }
    },

    purge: options => purgeInbox({ ...options, ...upkeep(options) }),
    erase: (personId, options) => erasePerson({ ...upkeep(options), personId }),
    note: ({ who, what, count }) => note(upkeep({ who }), what, count),
    operations: ({ limit = 50 } = {}) => store.read(tx => tx.listOperations(tenantId, limit)),
  }

  async function putBackStale(dryRun: boolean): Promise<number> {
    if (dryRun) return (await store.read(tx => tx.countInbox(tenantId))).stale
    return store.transaction(tx => tx.requeueInbox(tenantId, { state: 'stale' }))
  }
}

const entryOf = ({ tenantId, body, ...row }: InboxRow): InboxEntry => ({ ...row, bytes: body.byteLength })

/** What may be shown of a refused request. */
export const refusedEntryOf = ({
  id,
  provider,
  method,
  reason,
  digest,
  receivedAt,
  body,
  headers,
}: RefusedRequest) => ({
  id,
  provider,
  method,
  reason,
  digest,
  receivedAt,
  bytes: body.byteLength,
  credentialRemoved: headers.authorization === REMOVED,
})
