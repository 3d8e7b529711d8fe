import type { JobTransaction } from './jobs/job.ts'
import type { LiveClass, Meeting, Recording } from './model.ts'
import type {
  ClassActivity,
  Gap,
  GapFilter,
  MeetingAlias,
  MeetingName,
  ReconcileFilter,
  RunActivity,
  ServerName,
  SnapshotName,
  StoredEvent,
  StoredReconciliation,
} from './store-evidence.ts'
import type {
  InboxFilter,
  InboxMark,
  InboxOutcome,
  InboxRow,
  InboxSelection,
  InboxState,
  NewInboxRow,
  NewRefusedRequest,
  Operation,
  PurgeBefore,
  PurgeCounts,
  RefusedFilter,
  RefusedLimits,
  RefusedRequest,
} from './store-inbox.ts'
import type { DashboardTransaction, ResultTransaction } from './store-results.ts'

export type * from './store-evidence.ts'
export type * from './store-inbox.ts'

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
  /** Only classes that start at this moment or later, or before it. */
  readonly startsSince?: Date | undefined
  readonly startsBefore?: Date | undefined
  /** Only classes that ended at this moment or later. */
  readonly endedSince?: Date | undefined
  readonly provider?: string | undefined
  readonly serverId?: string | undefined
  readonly meetingId?: string | undefined
  /** Only classes after this one in the order of the list: the last of the page before. */
  readonly after?: { readonly startsAt: Date; readonly id: string } | undefined
  readonly limit?: number | undefined
  readonly offset?: number | undefined
}

export interface InsertedClasses {
  readonly inserted: readonly string[]
  readonly shared: number
}

/** A class made by a request that may come again. */
export interface Once {
  readonly classId: string
  /** Digest of what was asked for: the same key for something else is a mistake. */
  readonly fingerprint: string
}

/**
 * What can be read and written inside one transaction: all of it happens, or none.
 * Every method sees the rows of one tenant only. Text that no database keeps unchanged (a NUL, half a surrogate pair)
 * is refused with `INVALID`, a key that is taken with `CONFLICT`. Ids, names of servers and meeting keys may have 255
 * characters each; longer ones are refused with `INVALID` where the database has no room for them.
 */
export interface StoreTransaction extends JobTransaction, ResultTransaction, DashboardTransaction {
  /** Callbacks that waited for the meeting of this class come back to `new`. `CONFLICT` when id or meeting key is taken. */
  insertClass(row: StoredClass): Promise<void>
  /**
   * Inserts the classes whose id is new, and leaves those that are there as they are. Where several share a meeting, one
   * alone keeps its key, and the others are kept without: {@link ClassFilter.meetingId} finds them all. When the class
   * that has the key goes elsewhere, another takes it over. Answers which were new, and how many were kept without a key.
   */
  insertClasses(tenantId: string, rows: readonly StoredClass[]): Promise<InsertedClasses>
  getClass(tenantId: string, id: string): Promise<StoredClass | null>
  /** Which of these ids are those of classes that are there, in no order. */
  knownClasses(tenantId: string, ids: readonly string[]): Promise<readonly string[]>
  /** The class whose meeting a callback names; `null` when the name is empty or nobody's. */
  findClassByMeetingKey(name: MeetingName): Promise<StoredClass | null>
  /**
   * Of many keys that callbacks of one server name, the classes that there are: by key, all that share the meeting, by
   * start, then id.
   */
  findClassesByMeetingKeys(
    server: ServerName,
    meetingKeys: readonly string[],
  ): Promise<ReadonlyMap<string, readonly StoredClass[]>>
  /** By start, then id. */
  listClasses(filter: ClassFilter): Promise<readonly StoredClass[]>
  countClasses(filter: Omit<ClassFilter, 'limit' | 'offset'>): Promise<number>
  /**
   * Applies the patch when `row.version` is still current; answers the new row, or `null` when another writer was
   * first. Callbacks that waited for a new meeting key come back to `new`; the old one is taken over by a class that
   * shares the old meeting.
   */
  updateClass(row: StoredClass, patch: ClassPatch, now: Date): Promise<StoredClass | null>
  /** Deletes the class with its facts and recordings. Deleting one that is not there is no error. */
  deleteClass(tenantId: string, id: string): Promise<void>

  /**
   * Adds facts; a fact equal in all its fields to one already there is the same fact, and keeps the stronger
   * provenance. Answers how many were new.
   */
  addEvents(tenantId: string, classId: string, events: readonly StoredEvent[]): Promise<number>
  /** The same for several classes, by id. Answers how many were new in which class; none in those it does not name. */
  addEventsByClass(
    tenantId: string,
    events: ReadonlyMap<string, readonly StoredEvent[]>,
  ): Promise<ReadonlyMap<string, number>>
  /** By time; the order is the same whatever the order they came in. */
  listEvents(tenantId: string, classId: string): Promise<readonly StoredEvent[]>
  /** Forgets snapshots. Answers how many. */
  dropSnapshots(tenantId: string, classId: string, snapshots: readonly SnapshotName[]): Promise<number>

  /**
   * Answers whether it was new: the same beginning, cause and server are the same gap, which stays as it was found. What
   * is kept of the classes it concerns becomes stale.
   */
  addGap(gap: Gap): Promise<boolean>
  /** By beginning. */
  listGaps(filter: GapFilter): Promise<readonly Gap[]>
  /** When something was last known to be well; `null` before the first time. */
  getLastWell(tenantId: string, what: string): Promise<Date | null>
  setLastWell(tenantId: string, what: string, at: Date): Promise<void>
  /** When the newest callback of a server arrived; `null` before the first. */
  lastReceived(tenantId: string, provider: string, serverId: string): Promise<Date | null>

  getReconciliation(tenantId: string, classId: string): Promise<StoredReconciliation | null>
  putReconciliation(row: StoredReconciliation): Promise<void>
  /** Completed classes whose turn it is, those that ended first before others. */
  classesToReconcile(filter: ReconcileFilter): Promise<readonly StoredClass[]>

  /** Keeps what the provider counted; a second report of a run replaces the first. Answers how many people's counters changed. */
  putActivity(tenantId: string, classId: string, runs: readonly RunActivity[]): Promise<number>
  /** The counters of all runs together; `null` when the provider has counted nothing. */
  getActivity(tenantId: string, classId: string): Promise<ClassActivity | null>

  /** What was made under an idempotency key; `null` when nothing was, or what was made is gone. */
  findOnce(tenantId: string, key: string): Promise<Once | null>
  addOnce(tenantId: string, key: string, once: Once): Promise<void>

  upsertRecordings(tenantId: string, recordings: readonly Recording[]): Promise<void>
  /** By start, those without one first, then by id. */
  listRecordings(tenantId: string, classId: string): Promise<readonly Recording[]>

  /** The `seq` of the newest change; 0 before the first. */
  lastChange(): Promise<number>
  /** What changed after that one; several changes of one kind in one class are the latest of them. By `seq`. */
  listChanges(tenantId: string, afterSeq: number): Promise<ChangesPage>
  /** Notes that other people have to do with a course now; the LMS alone knows who. */
  addAccessChange(tenantId: string, courseId: string): Promise<void>

  /** The only token of a person from now on. */
  setCalendarToken(token: CalendarToken): Promise<void>
  /** Whose token it is; `null` for one that is nobody's, or no longer. */
  findCalendarToken(tenantId: string, digest: string): Promise<string | null>
  /** Answers whether there was one. */
  deleteCalendarToken(tenantId: string, userId: string): Promise<boolean>

  /** The first alias of a name stays. Callbacks that waited for the name come back to `new`. */
  addAlias(alias: MeetingAlias): Promise<void>
  findAlias(name: MeetingName): Promise<MeetingAlias | null>

  /** Rows in state `new` whose time has come, oldest first. */
  dueInbox(tenantId: string, now: Date, limit: number): Promise<readonly InboxRow[]>
  /** When the first `new` row is due, perhaps long ago; `null` when there is none. */
  nextInboxDue(tenantId: string): Promise<Date | null>
  getInbox(tenantId: string, seq: number): Promise<InboxRow | null>
  markInbox(row: InboxRow, outcome: InboxOutcome): Promise<void>
  /** The same for many rows; those of one outcome cost hardly more than one row does. */
  markInboxRows(marks: readonly InboxMark[]): Promise<void>
  /** Puts rows back to `new`, due at once, if they have their body. Answers how many. */
  requeueInbox(tenantId: string, which: InboxSelection): Promise<number>
  countInbox(tenantId: string): Promise<Readonly<Record<InboxState, number>>>
  /** By `seq`. */
  listInbox(filter: InboxFilter): Promise<readonly InboxRow[]>

  /** How many rows {@link StoreTransaction.purge} would touch if it had no limit. */
  countPurgeable(tenantId: string, before: PurgeBefore): Promise<PurgeCounts>
  /** Forgets what is old, at most `limit` of each kind; what waits to be applied is never old. Answers how many. */
  purge(tenantId: string, before: PurgeBefore, limit: number): Promise<PurgeCounts>
  /** Forgets the bodies of rows, whatever their age. A row that was dead becomes `ignored`, with the reason `erased`. */
  eraseBodies(tenantId: string, seqs: readonly number[]): Promise<void>
  /**
   * Puts another name in place of a person's in all facts, kept results, marks and notes of who did what; totals stay.
   * Answers how many facts, results and marks had it.
   */
  renamePerson(tenantId: string, from: string, to: string): Promise<number>

  /** Keeps refused requests that are not there yet; then drops the oldest of their providers beyond the limits. Answers how many. */
  addRefused(requests: readonly NewRefusedRequest[], limits: RefusedLimits): Promise<number>
  countRefused(tenantId: string): Promise<number>
  /** By `id`. */
  listRefused(filter: RefusedFilter): Promise<readonly RefusedRequest[]>
  deleteRefused(tenantId: string, id: number): Promise<void>

  /** A setting by its name; `null`: never put. */
  getSetting(tenantId: string, name: string): Promise<Setting | null>
  /**
   * Keeps a setting of version 1 that is not there yet, or one whose version is the next after the one kept. Answers
   * `false`, and changes nothing, when somebody else was first.
   */
  putSetting(tenantId: string, setting: Setting): Promise<boolean>
  /** By name, byte by byte. */
  listSettings(filter: SettingFilter): Promise<readonly Setting[]>

  /** Notes what a person did to what is kept: who, when, how many; never what it was. */
  addOperation(operation: Operation): Promise<void>
  /** The latest first. */
  listOperations(tenantId: string, limit: number): Promise<readonly Operation[]>
}

/**
 * What of a class is another now: `class` its row (new, changed or deleted), `attendance` its facts, `recordings` its
 * recordings. `access`: who teaches a course or is enrolled in it.
 */
export type ChangeKind = 'class' | 'attendance' | 'recordings' | 'access'

/**
 * An entry of the log that the store itself writes, in the transaction that makes the change. It says where to look,
 * not what is there.
 */
export interface Change {
  /** Grows in the order of commits, over all tenants. */
  readonly seq: number
  readonly courseId: string
  /** `null`: of the course as a whole. */
  readonly classId: string | null
  readonly kind: ChangeKind
}

export interface ChangesPage {
  readonly changes: readonly Change[]
  /** The newest entry of the log, of whatever tenant. */
  readonly lastSeq: number
  /**
   * The oldest entry of the log. Whoever has seen less than the one before it, or more than `lastSeq`, cannot tell what
   * was missed.
   */
  readonly firstSeq: number
}

/** Opens one person's calendar to whoever has it, so only its digest is kept. */
export interface CalendarToken {
  readonly tenantId: string
  readonly userId: string
  /** SHA-256 of the token, hex. */
  readonly digest: string
  readonly createdAt: Date
}

/** A document of its own: how far a rollout is, what became of a class that was moved. */
export interface Setting {
  readonly name: string
  /** JSON. */
  readonly value: string
  /** 1 at first; grows by one with each change. */
  readonly version: number
}

export interface SettingFilter {
  readonly tenantId: string
  /** With which the names begin. */
  readonly prefix: string
  /** Only names after this one: the last of the page before. */
  readonly after?: string | undefined
  readonly limit: number
}

/**
 * Where everything is kept. One contract, one suite, several databases.
 * Methods reject with `ConferencingError` `STORE_UNAVAILABLE` when the database cannot serve them now; `details.reason`
 * is a {@link StoreFault}.
 */
export interface Store {
  /**
   * Runs `work` in one transaction, durable once the promise resolves. Rolled back when `work` throws. Write
   * transactions run one after the other, also those of other processes: `work` uses `tx` alone, and waits for nothing
   * slow. Another transaction or read inside it is refused with `INVALID`.
   */
  transaction<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T>
  /**
   * Inserts rows whose digest is new, in one transaction, durable once the promise resolves; answers how many were new.
   * Where the database allows it, this waits for no other writer.
   */
  receive(rows: readonly NewInboxRow[]): Promise<number>
  /** Reads one consistent state, without taking the write lock. */
  read<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T>
  /**
   * Calls back after each transaction of this store object that wrote to the log of changes. Those of other processes
   * are seen by reading. Answers what ends it.
   */
  onChange(listener: () => void): () => void
  /** Makes sure that what was deleted or erased is in no file of the database any more, where that is in our hands. */
  scrub(): Promise<void>
  /**
   * Tells the database to look anew at how much is in its tables, for whoever has just put many rows into empty ones: it
   * would go on as if they were empty, and look at every row, until it notices by itself. Where it has no such need, nothing.
   */
  refreshStatistics(): Promise<void>
  /** Lets what runs come to its end, then closes. */
  close(): Promise<void>
}

/** Why a store cannot serve now: the `details.reason` of its `STORE_UNAVAILABLE` errors. */
export type StoreFault =
  /** Another writer holds the database; worth trying again. */
  | 'locked'
  | 'full'
  /** The database cannot be opened, or not for writing. */
  | 'read_only'
  /** The database file was removed, moved or replaced while it was open, or the tables are gone. */
  | 'gone'
  | 'damaged'
  /** A newer version of this package has been here. */
  | 'newer_schema'
  /** The tables are missing or older than this version, and it was told not to change them. */
  | 'older_schema'
  /** The file is a link, no file at all, or open to other users of the machine. */
  | 'unsafe_file'
  /** The database server cannot be reached, went away, or did not answer in time. */
  | 'unreachable'
  /** The database server refuses the user, or the database does not exist there. */
  | 'refused'
  /** The database is set up to lose what it has confirmed when the power fails. */
  | 'unsafe_settings'
  | 'closed'
  /** It was not stored in time, or nobody knows whether it was. */
  | 'slow'
  /** More waits to be stored than may wait. */
  | 'queue_full'
  | 'failed'
