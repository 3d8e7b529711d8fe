import { hash } from 'node:crypto'
import { sql, type Transaction } from 'kysely'
import type { AttendanceEvent, PresentSession, Provenance } from '../model.ts'
import type { StoredEvent, StoreTransaction } from '../store.ts'
import { storeUnavailable } from '../store-faults.ts'
import { renameInActivity } from './activity.ts'
import type { ChangeLog } from './changes.ts'
import { makeStale, renameInResults } from './results.ts'
import type { EventTable, TableNames, Tables } from './schema.ts'

type FactQueries = Pick<StoreTransaction, 'addEvents' | 'listEvents' | 'renamePerson'>

/** A fact that several sources report is shown with the strongest of them, whichever came first. */
const strongestFirst: readonly Provenance[] = ['webhook', 'report', 'snapshot', 'lms']

export function factQueries(db: Transaction<Tables>, tables: TableNames, log: ChangeLog): FactQueries {
  const addEvent = async (
    tenantId: string,
    classId: string,
    stored: StoredEvent,
  ): Promise<'new' | 'stronger' | 'known'> => {
    const row = toRow(tenantId, classId, stored)
    const { numInsertedOrUpdatedRows } = await db
      .insertInto(tables.events)
      .values(row)
      .onConflict(conflict => conflict.columns(['tenant_id', 'class_id', 'fact_key']).doNothing())
      .executeTakeFirst()
    if (numInsertedOrUpdatedRows !== 0n) return 'new'
    const ofFact = db
      .selectFrom(tables.events)
      .select(['provenance', 'sources'])
      .where('tenant_id', '=', tenantId)
      .where('class_id', '=', classId)
      .where('fact_key', '=', row.fact_key)
    const known = sourcesOf(await ofFact.executeTakeFirstOrThrow())
    if (!known.includes(row.provenance)) {
      const all = [...known, row.provenance].sort()
      await db
        .updateTable(tables.events)
        .set({ provenance: strongestFirst.find(source => all.includes(source)), sources: all.join(' ') })
        .where('tenant_id', '=', tenantId)
        .where('class_id', '=', classId)
        .where('fact_key', '=', row.fact_key)
        .execute()
      return 'stronger'
    }
    return 'known'
  }

  return {
    async addEvents(tenantId, classId, events) {
      let added = 0
      let changed = false
      for (const event of events) {
        const became = await addEvent(tenantId, classId, event)
        if (became === 'new') added++
        changed ||= became !== 'known'
      }
      if (changed) await makeStale(db, tables, { tenantId, classId })
      if (added > 0) await log.note(tenantId, classId, 'attendance')
      return added
    },

    async listEvents(tenantId, classId) {
      const rows = await db
        .selectFrom(tables.events)
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .where('class_id', '=', classId)
        .orderBy('at')
        .orderBy('fact_key')
        .execute()
      return rows.map(storedFrom)
    },

    async renamePerson(tenantId, from, to) {
      const rows = await db
        .selectFrom(tables.events)
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .where(({ eb, or }) => or([eb('person', '=', from), sql<boolean>`present like ${inList(from)} escape '!'`]))
        .execute()
      let renamed = 0
      for (const row of rows) {
        const event = fromRow(row)
        const after = withPerson(event, from, to)
        if (after === event) continue
        renamed++
        await db
          .deleteFrom(tables.events)
          .where('tenant_id', '=', tenantId)
          .where('class_id', '=', row.class_id)
          .where('fact_key', '=', row.fact_key)
          .execute()
        for (const provenance of sourcesOf(row)) await addEvent(tenantId, row.class_id, { event: after, provenance })
        await log.note(tenantId, row.class_id, 'attendance')
      }
      await renameInActivity(db, tables, { tenantId, from, to })
      renamed += await renameInResults(db, tables, { tenantId, from, to })
      return renamed
    },
  }
}

/** All who report a fact. */
const sourcesOf = ({ provenance, sources }: Pick<EventTable, 'provenance' | 'sources'>): readonly Provenance[] =>
  sources === null ? [provenance] : strongestFirst.filter(source => sources.split(' ').includes(source)).sort()

const storedFrom = (row: EventTable): StoredEvent => ({
  event: fromRow(row),
  provenance: row.provenance,
  ...(row.sources !== null && { sources: sourcesOf(row) }),
})

/** Finds the lists that may name the person; which of them do is seen on reading. */
const inList = (person: string): string => `%${JSON.stringify(person).replaceAll(/[!%_]/g, '!$&')}%`

/** The same event when it does not name the person. */
function withPerson(event: AttendanceEvent, from: string, to: string): AttendanceEvent {
  if (event.type === 'snapshot') {
    if (!event.present.some(({ person }) => person === from)) return event
    return { ...event, present: event.present.map(one => (one.person === from ? { ...one, person: to } : one)) }
  }
  return (event.type === 'joined' || event.type === 'left') && event.person === from ? { ...event, person: to } : event
}

function toRow(tenantId: string, classId: string, { event, provenance }: StoredEvent): EventTable {
  const is = event.type
  const session = is === 'joined' || is === 'left' ? event.session : null
  const person = is === 'joined' || is === 'left' ? (event.person ?? null) : null
  const room = is === 'joined' || is === 'left' ? (event.room ?? null) : null
  const present = is === 'snapshot' ? canonicalList(event.present) : null
  const { type, instance, at } = event
  // JSON keeps apart what is absent and what is empty, and no text can run over into the next field.
  const fields = JSON.stringify([type, instance, at, session, person, room, present])
  return {
    tenant_id: tenantId,
    class_id: classId,
    fact_key: hash('sha256', fields),
    provenance,
    type,
    instance,
    at,
    session,
    person,
    room,
    present,
    sources: null,
  }
}

/** A list of who was there is a set: the same people in another order are the same fact. */
function canonicalList(present: readonly PresentSession[]): string {
  const entries = present.map(({ session, person }) =>
    JSON.stringify(person === undefined ? { session } : { session, person }),
  )
  return `[${[...new Set(entries)].sort().join(',')}]`
}

function fromRow({ type, instance, at, session, person, room, present }: EventTable): AttendanceEvent {
  if (type === 'started' || type === 'ended') return { type, instance, at }
  if (type === 'snapshot') {
    const list: readonly PresentSession[] = JSON.parse(present ?? '[]')
    return { type, instance, present: list, at }
  }
  if (session === null) throw storeUnavailable('damaged', '(A fact lacks its session.)')
  return { type, instance, session, ...(person !== null && { person }), ...(room !== null && { room }), at }
}
