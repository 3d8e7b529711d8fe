import { hash } from 'node:crypto'
import { sql, type Transaction } from 'kysely'
import type { AttendanceEvent, PresentSession, Provenance } from '../model.ts'
import type { StoredEvent, StoreTransaction } from '../store.ts'
import { storeUnavailable } from '../store-faults.ts'
import { renameInActivity } from './activity.ts'
import type { ChangeLog } from './changes.ts'
import { chunks } from './chunks.ts'
import { makeAllStale, renameInResults } from './results.ts'
import type { EventTable, TableNames, Tables } from './schema.ts'

type FactQueries = Pick<StoreTransaction, 'addEvents' | 'addEventsByClass' | 'listEvents' | 'renamePerson'>

/** A fact that several sources report is shown with the strongest of them, whichever came first. */
const strongestFirst: readonly Provenance[] = ['webhook', 'report', 'snapshot', 'lms']

/** How many facts go into one statement. */
const BATCH = 200

type ByClass = ReadonlyMap<string, readonly StoredEvent[]>

export function factQueries(db: Transaction<Tables>, tables: TableNames, log: ChangeLog): FactQueries {
  /** Answers how many were new in which class, and which classes are others now: also those whose facts got a source. */
  const add = async (
    tenantId: string,
    byClass: ByClass,
  ): Promise<{ readonly added: ReadonlyMap<string, number>; readonly changed: readonly string[] }> => {
    const known = distinct(tenantId, byClass)
    const added = new Map<string, number>()
    for (const rows of chunks([...known.values()], BATCH)) {
      const inserted = await db
        .insertInto(tables.events)
        .values(rows)
        .onConflict(conflict => conflict.columns(['tenant_id', 'class_id', 'fact_key']).doNothing())
        .returning(['class_id', 'fact_key'])
        .execute()
      for (const row of inserted) {
        known.delete(nameOf(row))
        added.set(row.class_id, (added.get(row.class_id) ?? 0) + 1)
      }
    }
    const stronger = await addSources(tenantId, [...known.values()])
    return { added, changed: [...new Set([...added.keys(), ...stronger])] }
  }

  /** To facts that are there. Answers the classes of those that had not all these sources. */
  const addSources = async (tenantId: string, facts: readonly EventTable[]): Promise<readonly string[]> => {
    const changed = new Set<string>()
    for (const some of chunks(facts, BATCH)) {
      const given = new Map(some.map(fact => [nameOf(fact), fact]))
      const kept = await db
        .selectFrom(tables.events)
        .select(['class_id', 'fact_key', 'provenance', 'sources'])
        .where('tenant_id', '=', tenantId)
        .where('class_id', 'in', [...new Set(some.map(fact => fact.class_id))])
        .where('fact_key', 'in', [...new Set(some.map(fact => fact.fact_key))])
        .execute()
      const stronger = kept.flatMap(row => {
        // One class may have a fact that was given for another.
        const fact = given.get(nameOf(row))
        const after = fact && together(row, fact)
        return !after || after.sources === row.sources ? [] : { ...row, ...after }
      })
      for (const same of Map.groupBy(stronger, row => JSON.stringify([row.class_id, row.sources])).values()) {
        const [first] = same
        if (!first) continue
        const { class_id: classId, provenance, sources } = first
        await db
          .updateTable(tables.events)
          .set({ provenance, sources })
          .where('tenant_id', '=', tenantId)
          .where('class_id', '=', classId)
          .where(
            'fact_key',
            'in',
            same.map(row => row.fact_key),
          )
          .execute()
        changed.add(classId)
      }
    }
    return [...changed]
  }

  const addEventsByClass: FactQueries['addEventsByClass'] = async (tenantId, byClass) => {
    const { added, changed } = await add(tenantId, byClass)
    await makeAllStale(db, tables, tenantId, changed)
    await log.noteAll(tenantId, [...added.keys()], 'attendance')
    return added
  }

  return {
    addEventsByClass,

    async addEvents(tenantId, classId, events) {
      const added = await addEventsByClass(tenantId, new Map([[classId, events]]))
      return added.get(classId) ?? 0
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
      const again = new Map<string, StoredEvent[]>()
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
        const ofClass = again.get(row.class_id) ?? []
        ofClass.push(...sourcesOf(row).map(provenance => ({ event: after, provenance })))
        again.set(row.class_id, ofClass)
      }
      await add(tenantId, again)
      await log.noteAll(tenantId, [...again.keys()], 'attendance')
      await renameInActivity(db, tables, { tenantId, from, to })
      renamed += await renameInResults(db, tables, { tenantId, from, to })
      return renamed
    },
  }
}

/** Who reports a fact, as its row says it. */
type Reported = Pick<EventTable, 'provenance' | 'sources'>

/** All who report a fact. */
const sourcesOf = ({ provenance, sources }: Reported): readonly Provenance[] =>
  sources === null ? [provenance] : strongestFirst.filter(source => sources.split(' ').includes(source)).sort()

const strongestOf = (a: Provenance, b: Provenance): Provenance =>
  strongestFirst.indexOf(a) < strongestFirst.indexOf(b) ? a : b

/** What the row of a fact says that both report. */
function together(a: Reported, b: Reported): Reported {
  const all = [...new Set([...sourcesOf(a), ...sourcesOf(b)])].sort()
  return { provenance: strongestOf(a.provenance, b.provenance), sources: all.length > 1 ? all.join(' ') : null }
}

/** Tells facts of several classes apart: a key is hex. */
const nameOf = (row: Pick<EventTable, 'class_id' | 'fact_key'>): string => `${row.fact_key} ${row.class_id}`

/** Each fact once, with all who report it. */
function distinct(tenantId: string, byClass: ByClass): Map<string, EventTable> {
  const rows = new Map<string, EventTable>()
  for (const [classId, events] of byClass) {
    for (const event of events) {
      const row = toRow(tenantId, classId, event)
      const name = nameOf(row)
      const before = rows.get(name)
      rows.set(name, before ? { ...row, ...together(before, row) } : row)
    }
  }
  return rows
}

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
