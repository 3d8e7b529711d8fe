/* What is known about who was there, as the store keeps it. */
import type { LostCallbacks } from './attendance/gaps.ts'
import type { Interval } from './attendance/types.ts'
import type { Activity, AttendanceEvent, PersonActivity, Provenance, Room } from './model.ts'

/** Where a callback comes from. */
export interface ServerName {
  readonly tenantId: string
  readonly provider: string
  readonly serverId: string
}

/** How a callback names a meeting. Two tenants, or two servers, may use the same name for different meetings. */
export interface MeetingName extends ServerName {
  readonly meetingKey: string
}

/** An attendance fact as kept: the event, and where it came from. */
export interface StoredEvent {
  readonly event: AttendanceEvent
  /** The strongest of its sources. */
  readonly provenance: Provenance
  /** All of them, sorted, where there are several. Not looked at in what is added. */
  readonly sources?: readonly Provenance[] | undefined
}

/** One look at a room. */
export interface SnapshotName {
  readonly instance: string
  readonly at: number
}

/** What the provider counted during one run of a meeting. */
export interface RunActivity {
  readonly instance: string
  readonly pollsPublished: number
  readonly people: readonly PersonActivity[]
}

/** What the provider counted during all runs of a class. */
export interface ClassActivity {
  readonly pollsPublished: number
  /** By person; without a prototype, so that any name is safe. */
  readonly people: Readonly<Record<string, Activity>>
}

/** A time in which callbacks are known or suspected to be lost. */
export interface Gap extends LostCallbacks {
  readonly tenantId: string
  readonly provider: string
  /** `null`: of all servers of the provider, because it was us who did not listen. */
  readonly serverId: string | null
  readonly foundAt: Date
}

export interface GapFilter {
  readonly tenantId: string
  readonly provider: string
  /** Gaps of this server, and those of the provider as a whole. */
  readonly serverId: string
  /** Only those that reach into this time, in epoch milliseconds. */
  readonly from: number
  readonly to: number
}

/** How far the evidence of a class was completed from what its provider wrote down. */
export interface StoredReconciliation {
  readonly tenantId: string
  readonly classId: string
  readonly state: 'waiting' | 'done'
  /** How often the provider was asked. */
  readonly attempts: number
  /** When it is to be asked again; `null` once done. */
  readonly nextAt: Date | null
  /** When it was last asked; `null` before the first time. */
  readonly at: Date | null
  /** Whether the provider had a report of who was there. */
  readonly hasReport: boolean
  /** How many facts it brought that nobody had reported. */
  readonly added: number
  /** When the room was looked at without a hole, for looks that are not kept one by one. */
  readonly watched: readonly Interval[]
}

export interface ReconcileFilter {
  readonly tenantId: string
  /** Classes that ended in this time… */
  readonly endedSince: Date
  readonly endedBefore: Date
  /** …and were not looked at yet, or are to be looked at again by now. */
  readonly now: Date
  readonly limit: number
}

/** A breakout room's callbacks count for the class of its parent. */
export interface MeetingAlias extends MeetingName {
  readonly parentKey: string
  readonly parentInstance: string
  readonly room: Room
}
