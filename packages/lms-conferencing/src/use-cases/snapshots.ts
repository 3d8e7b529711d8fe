import { unnamedSession } from '../attendance/unnamed.ts'
import { ConferencingError } from '../errors.ts'
import { faultFields } from '../fault.ts'
import type { AttendanceEvent, PresentSession } from '../model.ts'
import type { Presence } from '../provider.ts'
import type { StoredClass, StoredEvent } from '../store.ts'
import { type Context, providerOf } from './context.ts'

/** How often live rooms are looked at, in milliseconds. */
export const snapshotEveryMs = 60_000

/** How many live classes one round looks at. */
const roundSize = 500

/**
 * Looks into the rooms of live classes, where the provider can tell who is connected, and writes down what it sees as
 * evidence beside the callbacks. Servers are asked side by side, the rooms of one server one after the other; a server
 * that does not answer is asked once. Answers how many rooms were looked at.
 */
export async function takeSnapshots(context: Context): Promise<number> {
  const { tenantId, store, providers } = context
  const rows = await store.read(tx => tx.listClasses({ tenantId, status: 'live', limit: roundSize }))
  const servers = Map.groupBy(
    rows.filter(({ meeting }) => providers[meeting.provider]?.capabilities.snapshots === true),
    ({ meeting }) => JSON.stringify([meeting.provider, meeting.serverId]),
  )
  const counts = await Promise.all([...servers.values()].map(classes => lookAtServer(context, classes)))
  return counts.reduce((sum, count) => sum + count, 0)
}

async function lookAtServer(context: Context, rows: readonly StoredClass[]): Promise<number> {
  let seen = 0
  for (const row of rows) {
    try {
      await lookAt(context, row)
      seen++
    } catch (error) {
      const { provider, serverId: server } = row.meeting
      context.logger.warn('room not looked at', { provider, server, class_id: row.liveClass.id, ...faultFields(error) })
      if (isSilent(error)) return seen
    }
  }
  return seen
}

/** Whether asking for the next room would be no better. */
const isSilent = (error: unknown): boolean =>
  error instanceof ConferencingError && ['UNAVAILABLE', 'UNAUTHORIZED', 'STORE_UNAVAILABLE'].includes(error.code)

/** One look at one room. */
async function lookAt(context: Context, { liveClass, meeting }: StoredClass): Promise<void> {
  const { tenantId, store, clock, deadlineMs } = context
  // The moment of asking: whoever is listed was there no earlier.
  const at = clock.now()
  const presence = await providerOf(context, meeting.provider).snapshot(meeting, { deadlineMs })
  const { id } = liveClass
  const event =
    presence && presence.present.length > 0
      ? snapshotOf(presence, at)
      : emptyRoom(await store.read(tx => tx.listEvents(tenantId, id)), presence?.instance ?? null, at)
  if (event) await store.transaction(tx => tx.addEvents(tenantId, id, [{ event, provenance: 'snapshot' }]))
}

type Snapshot = Extract<AttendanceEvent, { type: 'snapshot' }>

function snapshotOf({ instance, present }: Presence, at: number): Snapshot {
  const counts = new Map<string, number>()
  const entries = present.flatMap(({ session, person }): readonly PresentSession[] => {
    if (session !== null) return [{ session, ...(person !== null && { person }) }]
    if (person === null) return []
    const nth = (counts.get(person) ?? 0) + 1
    counts.set(person, nth)
    return [{ session: unnamedSession(nth), person }]
  })
  return { type: 'snapshot', instance, present: entries, at }
}

/** That nobody is there is said of a run that is known by then and not over; `instance` is `null` when the room is gone. */
function emptyRoom(stored: readonly StoredEvent[], instance: string | null, at: number): Snapshot | null {
  const events = stored.map(({ event }) => event)
  const newest = instance ?? newestRun(events)
  if (newest === null) return null
  const ofRun = events.filter(event => event.instance === newest)
  // A look must not be the beginning of a run: the clocks differ.
  const isKnown = ofRun.some(event => event.at <= at)
  return isKnown && !ofRun.some(({ type }) => type === 'ended')
    ? { type: 'snapshot', instance: newest, present: [], at }
    : null
}

function newestRun(events: readonly AttendanceEvent[]): string | null {
  const starts = new Map<string, number>()
  for (const { instance, at } of events) starts.set(instance, Math.min(starts.get(instance) ?? Infinity, at))
  let newest: string | null = null
  for (const [instance, start] of starts) {
    if (newest === null || start > (starts.get(newest) ?? -Infinity)) newest = instance
  }
  return newest
}
