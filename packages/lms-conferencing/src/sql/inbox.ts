import type { Selectable, Transaction } from 'kysely'
import type { InboxMark, InboxRow, InboxState, MeetingName, StoreTransaction } from '../store.ts'
import { chunks } from './chunks.ts'
import type { InboxTable, TableNames, Tables } from './schema.ts'

type InboxQueries = Pick<
  StoreTransaction,
  'dueInbox' | 'nextInboxDue' | 'getInbox' | 'markInbox' | 'markInboxRows' | 'requeueInbox' | 'countInbox' | 'listInbox'
>

/** How many rows go into one statement. */
const BATCH = 500

/** Never failed: due whatever the clock says. */
export const AT_ONCE = 0
const asNew = { state: 'new', attempts: 0, next_attempt_at: AT_ONCE, reason: null } as const

export function inboxQueries(db: Transaction<Tables>, tables: TableNames): InboxQueries {
  const rowsOf = (tenantId: string) => db.selectFrom(tables.inbox).selectAll().where('tenant_id', '=', tenantId)

  /** Adds to rows the meetings they wait for. */
  const complete = async (tenantId: string, rows: readonly Selectable<InboxTable>[]): Promise<readonly InboxRow[]> => {
    if (rows.length === 0) return []
    const waiting = await db
      .selectFrom(tables.inbox_waiting)
      .select(['seq', 'meeting_key'])
      .where('tenant_id', '=', tenantId)
      .where(
        'seq',
        'in',
        rows.map(row => row.seq),
      )
      .orderBy('meeting_key')
      .execute()
    const keysOf = (seq: number) => waiting.filter(one => one.seq === seq).map(one => one.meeting_key)
    return rows.map(row => fromRow(row, waiting.length === 0 ? [] : keysOf(row.seq)))
  }

  const markInboxRows: InboxQueries['markInboxRows'] = async marks => {
    const same = Map.groupBy(marks, ({ row: { tenantId }, outcome: { state, attempts, nextAttemptAt, reason } }) =>
      JSON.stringify([tenantId, state, attempts, nextAttemptAt, reason]),
    )
    for (const some of [...same.values()].flatMap(all => [...chunks(all, BATCH)])) await markSame(some)
  }

  /** Rows of one tenant whose outcomes differ in nothing but what they wait for. */
  const markSame = async (marks: readonly InboxMark[]): Promise<void> => {
    const [first] = marks
    if (!first) return
    const { tenantId } = first.row
    const { state, attempts, nextAttemptAt, reason = null } = first.outcome
    await db
      .updateTable(tables.inbox)
      .set({ state, attempts, next_attempt_at: nextAttemptAt?.getTime() ?? AT_ONCE, reason })
      .where('tenant_id', '=', tenantId)
      .where(
        'seq',
        'in',
        marks.map(({ row }) => row.seq),
      )
      .execute()
    const waited = marks.filter(({ row }) => row.waitingFor.length > 0).map(({ row }) => row.seq)
    if (waited.length > 0) {
      await db.deleteFrom(tables.inbox_waiting).where('tenant_id', '=', tenantId).where('seq', 'in', waited).execute()
    }
    const waiting = marks.flatMap(({ row: { provider, serverId, seq }, outcome: { waitingFor } }) =>
      [...new Set(waitingFor)].map(key => ({
        tenant_id: tenantId,
        provider,
        server_id: serverId,
        meeting_key: key,
        seq,
      })),
    )
    for (const some of chunks(waiting, BATCH)) await db.insertInto(tables.inbox_waiting).values(some).execute()
  }

  return {
    async dueInbox(tenantId, now, limit) {
      const rows = await rowsOf(tenantId)
        .where('state', '=', 'new')
        .where('next_attempt_at', '<=', now.getTime())
        .orderBy('seq')
        .limit(limit)
        .execute()
      return complete(tenantId, rows)
    },

    async nextInboxDue(tenantId) {
      const first = await db
        .selectFrom(tables.inbox)
        .select(({ fn }) => fn.min('next_attempt_at').as('due'))
        .where('tenant_id', '=', tenantId)
        .where('state', '=', 'new')
        .executeTakeFirst()
      return first?.due == null ? null : new Date(first.due)
    },

    async getInbox(tenantId, seq) {
      const [row] = await complete(tenantId, await rowsOf(tenantId).where('seq', '=', seq).execute())
      return row ?? null
    },

    markInbox: (row, outcome) => markInboxRows([{ row, outcome }]),
    markInboxRows,

    async requeueInbox(tenantId, which) {
      const update = db.updateTable(tables.inbox).set(asNew).where('tenant_id', '=', tenantId).where('stripped', '=', 0)
      const chosen =
        'seq' in which
          ? update.where('seq', '=', which.seq)
          : 'seqs' in which
            ? update.where('seq', 'in', [...which.seqs])
            : which.state === 'any'
              ? update
              : update.where('state', '=', which.state)
      const { numUpdatedRows } = await chosen.executeTakeFirst()
      return Number(numUpdatedRows)
    },

    async countInbox(tenantId) {
      const counts: Record<InboxState, number> = { new: 0, applied: 0, ignored: 0, dead: 0, stale: 0 }
      const rows = await db
        .selectFrom(tables.inbox)
        .select(({ fn }) => ['state', fn.countAll<number>().as('count')])
        .where('tenant_id', '=', tenantId)
        .groupBy('state')
        .execute()
      for (const { state, count } of rows) counts[state] = Number(count)
      return counts
    },

    async listInbox({ tenantId, state, limit, afterSeq = 0 }) {
      let query = rowsOf(tenantId).where('seq', '>', afterSeq)
      if (state) query = query.where('state', '=', state)
      return complete(tenantId, await query.orderBy('seq').limit(limit).execute())
    },
  }
}

/** Brings back what waited for this name, in the transaction that made the name known. */
export async function requeueWaiting(db: Transaction<Tables>, tables: TableNames, name: MeetingName): Promise<void> {
  if (name.meetingKey === '') return
  const waiting = await db
    .selectFrom(tables.inbox_waiting)
    .select('seq')
    .where('tenant_id', '=', name.tenantId)
    .where('provider', '=', name.provider)
    .where('server_id', '=', name.serverId)
    .where('meeting_key', '=', name.meetingKey)
    .execute()
  for (const rows of chunks(waiting, BATCH)) {
    await db
      .updateTable(tables.inbox)
      .set(asNew)
      .where('tenant_id', '=', name.tenantId)
      .where(
        'seq',
        'in',
        rows.map(({ seq }) => seq),
      )
      .where('stripped', '=', 0)
      .execute()
  }
  if (waiting.length === 0) return
  await db
    .deleteFrom(tables.inbox_waiting)
    .where('tenant_id', '=', name.tenantId)
    .where('provider', '=', name.provider)
    .where('server_id', '=', name.serverId)
    .where('meeting_key', '=', name.meetingKey)
    .execute()
}

const fromRow = (row: Selectable<InboxTable>, waitingFor: readonly string[]): InboxRow => ({
  seq: row.seq,
  tenantId: row.tenant_id,
  provider: row.provider,
  serverId: row.server_id,
  kind: row.kind,
  body: row.body,
  digest: row.digest,
  receivedAt: new Date(row.received_at),
  state: row.state,
  attempts: row.attempts,
  nextAttemptAt: new Date(row.next_attempt_at),
  reason: row.reason,
  isStripped: row.stripped !== 0,
  waitingFor,
})
