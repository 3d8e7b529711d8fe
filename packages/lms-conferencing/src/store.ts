import type { AttendanceEvent, LiveClass, Meeting, Provenance, Recording } from './model.ts'

/** A class row with what only providers may see. */
export interface StoredClass {
  readonly liveClass: LiveClass
  readonly meeting: Meeting
  /** Grows by one with each change; {@link StoreTransaction.updateClass} refuses an outdated one. */
  readonly version: number
}

export type ClassPatch = Partial<
  Pick<
    LiveClass,
    | 'title'
    | 'description'
    | 'startsAt'
    | 'durationMinutes'
    | 'status'
    | 'meetingId'
    | 'provisioning'
    | 'provisioningReason'
    | 'hasRecording'
    | 'startedAt'
    | 'endedAt'
  >
> & { readonly meeting?: Meeting | undefined }

export interface ClassFilter {
  readonly tenantId: string
  readonly courseIds?: readonly string[] | undefined
  readonly status?: LiveClass['status'] | undefined
  readonly provisioning?: LiveClass['provisioning'] | undefined
  readonly limit?: number | undefined
  readonly offset?: number | undefined
}

/**
 * `new`: stored and acknowledged, waits for its turn. `applied`: its effect is in the state. `ignored`: nothing to
 * do, with the reason. `dead`: failed too often, waits for a person. None is ever deleted by applying.
 */
export type InboxState = 'new' | 'applied' | 'ignored' | 'dead'

export interface NewInboxRow {
  readonly tenantId: string
  readonly provider: string
  readonly serverId: string
  readonly kind: string
  readonly body: Uint8Array
  /** Hex digest of provider, server, kind and body: the same callback twice is one row. */
  readonly digest: string
  readonly receivedAt: Date
}

export interface InboxRow extends NewInboxRow {
  /** Order of acknowledgement. */
  readonly seq: number
  readonly state: InboxState
  readonly attempts: number
  readonly nextAttemptAt: Date
  readonly reason: string | null
  /** Set on rows ignored because no class has this key yet. */
  readonly meetingKey: string | null
}

/** An attendance fact as kept: the event, and where it came from. */
export interface StoredEvent {
  readonly event: AttendanceEvent
  readonly provenance: Provenance
}

/** A breakout room's callbacks count for the class of its parent. */
export interface MeetingAlias {
  readonly tenantId: string
  readonly provider: string
  readonly serverId: string
  readonly meetingKey: string
  readonly parentKey: string
  readonly parentInstance: string
  readonly room: string
}

/** What can be read and written inside one transaction: all of it happens, or none. */
export interface StoreTransaction {
  insertClass(row: StoredClass): Promise<void>
  getClass(tenantId: string, id: string): Promise<StoredClass | null>
  /** Finds the class that a callback names. Server and tenant are part of the key. */
  findClassByMeetingKey(key: {
    tenantId: string
    provider: string
    serverId: string
    meetingKey: string
  }): Promise<StoredClass | null>
  listClasses(filter: ClassFilter): Promise<readonly StoredClass[]>
  /** Applies the patch when `version` is still current; answers the new row, or `null` when another writer was first. */
  updateClass(row: StoredClass, patch: ClassPatch, now: Date): Promise<StoredClass | null>
  deleteClass(tenantId: string, id: string): Promise<void>

  /** Adds facts; a fact equal in all its fields to one already there is the same fact. Answers how many were new. */
  addEvents(tenantId: string, classId: string, events: readonly StoredEvent[]): Promise<number>
  listEvents(tenantId: string, classId: string): Promise<readonly StoredEvent[]>

  upsertRecordings(tenantId: string, recordings: readonly Recording[]): Promise<void>
  listRecordings(tenantId: string, classId: string): Promise<readonly Recording[]>

  addAlias(alias: MeetingAlias): Promise<void>
  findAlias(key: { tenantId: string; provider: string; serverId: string; meetingKey: string }): Promise<MeetingAlias | null>

  /** Inserts rows whose digest is new; answers how many were. */
  insertInbox(rows: readonly NewInboxRow[]): Promise<number>
  /** Rows in state `new` whose time has come, oldest first. */
  dueInbox(now: Date, limit: number): Promise<readonly InboxRow[]>
  /** When the next `new` row that is not due yet becomes due; `null` when none waits. */
  nextInboxDue(): Promise<Date | null>
  markInbox(
    seq: number,
    change: {
      readonly state: InboxState
      readonly attempts: number
      readonly nextAttemptAt: Date
      readonly reason: string | null
      readonly meetingKey: string | null
    },
  ): Promise<void>
  /** Puts rows back to `new`: the dead ones, or those ignored because their meeting was unknown. Answers how many. */
  requeueInbox(
    which: { readonly seq: number } | { readonly state: 'dead' } | { readonly unknownMeetingKey: string; readonly tenantId: string },
    now: Date,
  ): Promise<number>
  countInbox(): Promise<Readonly<Record<InboxState, number>>>
  listInbox(filter: { readonly state?: InboxState | undefined; readonly limit: number; readonly afterSeq?: number | undefined }): Promise<readonly InboxRow[]>
}

/**
 * Where everything is kept. One contract, one suite, several databases.
 * Methods reject with `ConferencingError` `STORE_UNAVAILABLE` when the database cannot serve them now.
 */
export interface Store {
  /** Runs `work` in one transaction, durable once the promise resolves. Rolled back when `work` throws. */
  transaction<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T>
  /** Reads without taking the write lock. */
  read<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T>
  close(): Promise<void>
}
