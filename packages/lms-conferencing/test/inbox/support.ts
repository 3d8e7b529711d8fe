import { openStore } from 'lms-conferencing/sql'
import { onTestFinished } from 'vitest'
import { createInbox, type Inbox, type InboxOptions } from '../../src/inbox/index.ts'
import type { AttendanceEvent, ConferenceEvent, Room } from '../../src/model.ts'
import type { Store, StoredClass } from '../../src/store.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { jsonProvider } from './json-provider.ts'

export const callbackOf = (content: unknown, serverId = 'server-1') => ({
  provider: 'json',
  callback: { serverId, kind: 'hook', body: new TextEncoder().encode(JSON.stringify(content)) },
})

export interface Bench {
  readonly store: Store
  readonly clock: ManualClock
  readonly inbox: Inbox
  /** Messages of warnings and errors. */
  readonly log: string[]
  send(...events: readonly ConferenceEvent[]): Promise<void>
}

/** An inbox on an empty store; both are closed after the test. */
export async function setUp(options: Partial<InboxOptions> = {}): Promise<Bench> {
  const store = options.store ?? (await openStore('sqlite::memory:'))
  const clock = new ManualClock('2026-01-05T09:00:00Z')
  const log: string[] = []
  const note = (message: string): void => {
    log.push(message)
  }
  const logger = { debug() {}, info() {}, warn: note, error: note }
  const random = () => 0.5
  const providers = { json: jsonProvider }
  const inbox = createInbox({ tenantId: 'school', store, providers, clock, random, logger, ...options })
  onTestFinished(async () => {
    await inbox.stop()
    await store.close()
  })
  return { store, clock, inbox, log, send: (...events) => inbox.receive(callbackOf(events)) }
}

export const attendance = (meetingKey: string, event: AttendanceEvent): ConferenceEvent => ({
  kind: 'attendance',
  meetingKey,
  event,
})

export const joined = (meetingKey: string, session: string, at = 1): ConferenceEvent =>
  attendance(meetingKey, { type: 'joined', instance: `run of ${meetingKey}`, session, person: `person ${session}`, at })

export const breakout = (meetingKey: string, parentKey: string): ConferenceEvent => {
  const room: Room = `breakout:${meetingKey}`
  return { kind: 'breakout', meetingKey, parentKey, parentInstance: `run of ${parentKey}`, room }
}

export const insertClasses = (store: Store, ...rows: readonly StoredClass[]): Promise<void> =>
  store.transaction(async tx => {
    for (const row of rows) await tx.insertClass(row)
  })

export async function eventsOf(store: Store, classId = 'class-1', tenantId = 'school'): Promise<AttendanceEvent[]> {
  const stored = await store.read(tx => tx.listEvents(tenantId, classId))
  return stored.map(({ event }) => event)
}

/** The rows of the inbox as `state` or `state: reason`, in order of acknowledgement. */
export async function statesOf(store: Store): Promise<string[]> {
  const rows = await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 10_000 }))
  return rows.map(({ state, reason }) => (reason ? `${state}: ${reason}` : state))
}

/** The same store with something between the caller and its write transactions. */
export const intercept = (store: Store, before: () => Promise<void> | void): Store => ({
  async transaction(work) {
    await before()
    return store.transaction(work)
  },
  async receive(rows) {
    await before()
    return store.receive(rows)
  },
  read: work => store.read(work),
  onChange: listener => store.onChange(listener),
  scrub: () => store.scrub(),
  refreshStatistics: () => store.refreshStatistics(),
  close: () => store.close(),
})
