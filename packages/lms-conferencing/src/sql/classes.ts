import type { Transaction } from 'kysely'
import type { Meeting } from '../model.ts'
import type { ClassFilter, MeetingName, StoredClass, StoreTransaction } from '../store.ts'
import type { ChangeLog } from './changes.ts'
import { chunks } from './chunks.ts'
import { classFromRow, patchToRow, toRow } from './class-rows.ts'
import { requeueWaiting } from './inbox.ts'
import { keepResults, makeStale } from './results.ts'
import type { TableNames, Tables } from './schema.ts'

type ClassQueries = Pick<
  StoreTransaction,
  | 'insertClass'
  | 'insertClasses'
  | 'knownClasses'
  | 'getClass'
  | 'findClassByMeetingKey'
  | 'findClassesByMeetingKeys'
  | 'listClasses'
  | 'countClasses'
  | 'updateClass'
  | 'deleteClass'
>

/** How many classes go into one statement. */
const BATCH = 100

/** By which attendance is measured. */
const measured = ['startsAt', 'durationMinutes', 'status', 'startedAt', 'endedAt'] as const

export function classQueries(db: Transaction<Tables>, tables: TableNames, log: ChangeLog): ClassQueries {
  const getClass: ClassQueries['getClass'] = async (tenantId, id) => {
    const row = await db
      .selectFrom(tables.classes)
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .executeTakeFirst()
    return row ? classFromRow(row) : null
  }

  const knownClasses: ClassQueries['knownClasses'] = async (tenantId, ids) => {
    const known: string[] = []
    for (let first = 0; first < ids.length; first += BATCH) {
      const rows = await db
        .selectFrom(tables.classes)
        .select('id')
        .where('tenant_id', '=', tenantId)
        .where('id', 'in', ids.slice(first, first + BATCH))
        .execute()
      known.push(...rows.map(({ id }) => id))
    }
    return known
  }

  function chosen({ tenantId, courseIds, status, provisioning, endedSince, ...more }: ClassFilter) {
    let query = db.selectFrom(tables.classes).where('tenant_id', '=', tenantId)
    if (courseIds) query = query.where('course_id', 'in', courseIds)
    if (status) query = query.where('status', '=', status)
    if (provisioning) query = query.where('provisioning', '=', provisioning)
    if (endedSince) query = query.where('ended_at', '>=', endedSince.getTime())
    const { startsSince, startsBefore, provider, serverId, meetingId, after } = more
    if (startsSince) query = query.where('starts_at', '>=', startsSince.getTime())
    if (startsBefore) query = query.where('starts_at', '<', startsBefore.getTime())
    if (provider !== undefined) query = query.where('provider', '=', provider)
    if (serverId !== undefined) query = query.where('server_id', '=', serverId)
    if (meetingId !== undefined) query = query.where('meeting_id', '=', meetingId)
    if (after) {
      const at = after.startsAt.getTime()
      // The first condition says nothing new: it is the one by which an index begins where the page before ended.
      query = query
        .where('starts_at', '>=', at)
        .where(({ eb, and, or }) =>
          or([eb('starts_at', '>', at), and([eb('starts_at', '=', at), eb('id', '>', after.id)])]),
        )
    }
    return query
  }

  /** Those whose id is not there yet, each id once. */
  async function unknownOf(tenantId: string, rows: readonly StoredClass[]): Promise<readonly StoredClass[]> {
    const byId = new Map(rows.map(row => [row.liveClass.id, row]))
    for (const id of await knownClasses(tenantId, [...byId.keys()])) byId.delete(id)
    return [...byId.values()]
  }

  /** Each without its meeting key where another class has it already. */
  async function withFreeKeys(
    tenantId: string,
    rows: readonly StoredClass[],
  ): Promise<readonly { readonly stored: StoredClass; readonly isShared: boolean }[]> {
    const taken = await amongNames(rows, (meeting, keys) =>
      db
        .selectFrom(tables.classes)
        .select('meeting_key')
        .where('tenant_id', '=', tenantId)
        .where('provider', '=', meeting.provider)
        .where('server_id', '=', meeting.serverId)
        .where('meeting_key', 'in', keys)
        .execute(),
    )
    return rows.map(stored => {
      const name = nameText(stored.meeting)
      const isShared = stored.meeting.meetingKey !== '' && taken.has(name)
      taken.add(name)
      return { stored: isShared ? { ...stored, meeting: { ...stored.meeting, meetingKey: '' } } : stored, isShared }
    })
  }

  /** Names of their meetings that callbacks wait for. */
  async function waitedFor(tenantId: string, rows: readonly StoredClass[]): Promise<readonly MeetingName[]> {
    const waiting = await amongNames(rows, (meeting, keys) =>
      db
        .selectFrom(tables.inbox_waiting)
        .select('meeting_key')
        .distinct()
        .where('tenant_id', '=', tenantId)
        .where('provider', '=', meeting.provider)
        .where('server_id', '=', meeting.serverId)
        .where('meeting_key', 'in', keys)
        .execute(),
    )
    return rows.flatMap(({ meeting }) => (waiting.has(nameText(meeting)) ? meetingName(tenantId, meeting) : []))
  }

  async function insertAll(tenantId: string, rows: readonly StoredClass[]): Promise<void> {
    const ids = rows.map(({ liveClass }) => liveClass.id)
    await db.insertInto(tables.classes).values(rows.map(toRow)).execute()
    const over = rows.filter(({ liveClass }) => liveClass.status === 'completed').map(({ liveClass }) => liveClass.id)
    await keepResults(db, tables, tenantId, over)
    for (const name of await waitedFor(tenantId, rows)) await requeueWaiting(db, tables, name)
    await log.noteAll(tenantId, ids, 'class')
  }

  /** A meeting that other classes share stays known by its name when the class that had the name goes elsewhere. */
  async function passOnKey(tenantId: string, { provider, serverId, meetingId, meetingKey }: Meeting): Promise<void> {
    if (meetingKey === '' || meetingId === '') return
    const heir = await db
      .selectFrom(tables.classes)
      .select('id')
      .where('tenant_id', '=', tenantId)
      .where('provider', '=', provider)
      .where('server_id', '=', serverId)
      .where('meeting_id', '=', meetingId)
      .where('meeting_key', 'is', null)
      .orderBy('starts_at')
      .orderBy('id')
      .limit(1)
      .executeTakeFirst()
    if (!heir) return
    await db
      .updateTable(tables.classes)
      .set({ meeting_key: meetingKey })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', heir.id)
      .execute()
  }

  return {
    getClass,
    knownClasses,

    async insertClass(stored) {
      await insertAll(stored.liveClass.tenantId, [stored])
    },

    async insertClasses(tenantId, rows) {
      const inserted: string[] = []
      let shared = 0
      for (let first = 0; first < rows.length; first += BATCH) {
        const batch = rows.slice(first, first + BATCH)
        const fresh = await unknownOf(tenantId, batch)
        const named = await withFreeKeys(tenantId, fresh)
        shared += named.filter(({ isShared }) => isShared).length
        if (named.length > 0)
          await insertAll(
            tenantId,
            named.map(({ stored }) => stored),
          )
        inserted.push(...named.map(({ stored }) => stored.liveClass.id))
      }
      return { inserted, shared }
    },

    async findClassByMeetingKey({ tenantId, provider, serverId, meetingKey }) {
      const row = await db
        .selectFrom(tables.classes)
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .where('provider', '=', provider)
        .where('server_id', '=', serverId)
        .where('meeting_key', '=', meetingKey)
        .executeTakeFirst()
      return row ? classFromRow(row) : null
    },

    async findClassesByMeetingKeys({ tenantId, provider, serverId }, meetingKeys) {
      const found = new Map<string, StoredClass[]>()
      for (const some of chunks([...new Set(meetingKeys)], BATCH)) {
        const rows = await db
          .selectFrom(`${tables.classes} as holder`)
          .innerJoin(`${tables.classes} as one`, join =>
            join
              .onRef('one.tenant_id', '=', 'holder.tenant_id')
              .onRef('one.provider', '=', 'holder.provider')
              .onRef('one.server_id', '=', 'holder.server_id')
              .onRef('one.meeting_id', '=', 'holder.meeting_id'),
          )
          .selectAll('one')
          .select('holder.meeting_key as held_key')
          .where('holder.tenant_id', '=', tenantId)
          .where('holder.provider', '=', provider)
          .where('holder.server_id', '=', serverId)
          .where('holder.meeting_key', 'in', some)
          .where(({ eb, or, ref }) => or([eb('one.id', '=', ref('holder.id')), eb('holder.meeting_id', '<>', '')]))
          .orderBy('one.starts_at')
          .orderBy('one.id')
          .execute()
        for (const { held_key: key, ...row } of rows) {
          const sharing = found.get(key ?? '') ?? []
          sharing.push(classFromRow(row))
          found.set(key ?? '', sharing)
        }
      }
      return found
    },

    async listClasses({ limit, offset, ...filter }) {
      if (filter.courseIds?.length === 0) return []
      const rows = await chosen(filter)
        .selectAll()
        .orderBy('starts_at')
        .orderBy('id')
        .limit(limit ?? Number.MAX_SAFE_INTEGER)
        .offset(offset ?? 0)
        .execute()
      return rows.map(classFromRow)
    },

    async countClasses(filter) {
      if (filter.courseIds?.length === 0) return 0
      const row = await chosen(filter)
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .executeTakeFirst()
      return Number(row?.count ?? 0)
    },

    async updateClass({ liveClass: { tenantId, id }, meeting, version }, patch, now) {
      const { numUpdatedRows } = await db
        .updateTable(tables.classes)
        .set({ ...patchToRow(patch), updated_at: now.getTime(), version: version + 1 })
        .where('tenant_id', '=', tenantId)
        .where('id', '=', id)
        .where('version', '=', version)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return null
      if (patch.status === 'completed') await keepResults(db, tables, tenantId, [id])
      if (measured.some(field => patch[field] !== undefined)) await makeStale(db, tables, { tenantId, classId: id })
      if (patch.meeting) {
        await requeueWaiting(db, tables, meetingName(tenantId, patch.meeting))
        if (patch.meeting.meetingKey !== meeting.meetingKey) await passOnKey(tenantId, meeting)
      }
      await log.note(tenantId, id, 'class')
      return getClass(tenantId, id)
    },

    async deleteClass(tenantId, id) {
      const before = await getClass(tenantId, id)
      if (!before) return
      await db.deleteFrom(tables.classes).where('tenant_id', '=', tenantId).where('id', '=', id).execute()
      await passOnKey(tenantId, before.meeting)
      await log.noteFor(tenantId, before.liveClass.courseId, id, 'class')
    },
  }
}

const nameText = ({ provider, serverId, meetingKey }: Meeting): string =>
  JSON.stringify([provider, serverId, meetingKey])

/** Which names of the meetings of these classes are found, asked server by server: that is the order of every index. */
async function amongNames(
  rows: readonly StoredClass[],
  find: (meeting: Meeting, keys: readonly string[]) => Promise<readonly { readonly meeting_key: string | null }[]>,
): Promise<Set<string>> {
  const named = rows.map(({ meeting }) => meeting).filter(({ meetingKey }) => meetingKey !== '')
  const found = new Set<string>()
  for (const group of Map.groupBy(named, one => JSON.stringify([one.provider, one.serverId])).values()) {
    const [first] = group
    if (!first) continue
    const keys = [...new Set(group.map(({ meetingKey }) => meetingKey))]
    for (const { meeting_key: key } of await find(first, keys)) found.add(nameText({ ...first, meetingKey: key ?? '' }))
  }
  return found
}

const meetingName = (tenantId: string, { provider, serverId, meetingKey }: Meeting): MeetingName => ({
  tenantId,
  provider,
  serverId,
  meetingKey,
})
