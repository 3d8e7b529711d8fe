import type { Transaction } from 'kysely'
import type { Interval } from '../attendance/types.ts'
import type { Gap, StoredReconciliation, StoreTransaction } from '../store.ts'
import { classFromRow } from './class-rows.ts'
import { makeStale } from './results.ts'
import type { GapTable, ReconciliationTable, TableNames, Tables } from './schema.ts'

type GapQueries = Pick<
  StoreTransaction,
  | 'dropSnapshots'
  | 'addGap'
  | 'listGaps'
  | 'getLastWell'
  | 'setLastWell'
  | 'lastReceived'
  | 'getReconciliation'
  | 'putReconciliation'
  | 'classesToReconcile'
>

const MARGIN_MS = 3_600_000

/** Lost callbacks, and what tells of the time instead. */
export function gapQueries(db: Transaction<Tables>, tables: TableNames): GapQueries {
  /** Those whose time a gap may reach into: what is known of a class begins before its start and goes on after its end. */
  async function classesIn({ tenantId, provider, serverId, from, to }: Gap): Promise<readonly string[]> {
    let query = db
      .selectFrom(tables.classes)
      .select('id')
      .where('tenant_id', '=', tenantId)
      .where('provider', '=', provider)
      .where('started_at', '<', to + MARGIN_MS)
      .where(({ eb, or }) => or([eb('ended_at', 'is', null), eb('ended_at', '>', from - MARGIN_MS)]))
    if (serverId !== null) query = query.where('server_id', '=', serverId)
    return (await query.execute()).map(({ id }) => id)
  }

  return {
    async dropSnapshots(tenantId, classId, snapshots) {
      let dropped = 0
      for (const { instance, at } of snapshots) {
        const { numDeletedRows } = await db
          .deleteFrom(tables.events)
          .where('tenant_id', '=', tenantId)
          .where('class_id', '=', classId)
          .where('type', '=', 'snapshot')
          .where('instance', '=', instance)
          .where('at', '=', at)
          .executeTakeFirst()
        dropped += Number(numDeletedRows)
      }
      if (dropped > 0) await makeStale(db, tables, { tenantId, classId })
      return dropped
    },

    async addGap(gap) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto(tables.gaps)
        .values({
          tenant_id: gap.tenantId,
          provider: gap.provider,
          server_id: gap.serverId ?? '',
          from_at: gap.from,
          to_at: gap.to,
          cause: gap.cause,
          found_at: gap.foundAt.getTime(),
        })
        .onConflict(conflict =>
          conflict.columns(['tenant_id', 'provider', 'server_id', 'from_at', 'cause']).doNothing(),
        )
        .executeTakeFirst()
      if (numInsertedOrUpdatedRows === 0n) return false
      for (const classId of await classesIn(gap)) await makeStale(db, tables, { tenantId: gap.tenantId, classId })
      return true
    },

    async listGaps({ tenantId, provider, serverId, from, to }) {
      const rows = await db
        .selectFrom(tables.gaps)
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .where('provider', '=', provider)
        .where('server_id', 'in', ['', serverId])
        .where('from_at', '<', to)
        .where('to_at', '>', from)
        .orderBy('from_at')
        .orderBy('to_at')
        .orderBy('cause')
        .orderBy('server_id')
        .execute()
      return rows.map(gapFromRow)
    },

    async getLastWell(tenantId, what) {
      const row = await db
        .selectFrom(tables.last_well)
        .select('at')
        .where('tenant_id', '=', tenantId)
        .where('what', '=', what)
        .executeTakeFirst()
      return row ? new Date(row.at) : null
    },

    async setLastWell(tenantId, what, at) {
      await db
        .insertInto(tables.last_well)
        .values({ tenant_id: tenantId, what, at: at.getTime() })
        .onConflict(conflict => conflict.columns(['tenant_id', 'what']).doUpdateSet({ at: at.getTime() }))
        .execute()
    },

    async lastReceived(tenantId, provider, serverId) {
      const row = await db
        .selectFrom(tables.inbox)
        .select('received_at')
        .where('tenant_id', '=', tenantId)
        .where('provider', '=', provider)
        .where('server_id', '=', serverId)
        .orderBy('seq', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row ? new Date(row.received_at) : null
    },

    async getReconciliation(tenantId, classId) {
      const row = await db
        .selectFrom(tables.reconciliations)
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .where('class_id', '=', classId)
        .executeTakeFirst()
      return row ? fromRow(row) : null
    },

    async putReconciliation(row) {
      const { tenant_id, class_id, ...rest } = toRow(row)
      await db
        .insertInto(tables.reconciliations)
        .values({ tenant_id, class_id, ...rest })
        .onConflict(conflict => conflict.columns(['tenant_id', 'class_id']).doUpdateSet(rest))
        .execute()
      // What was watched from then on is not lost.
      await makeStale(db, tables, { tenantId: row.tenantId, classId: row.classId })
    },

    async classesToReconcile({ tenantId, endedSince, endedBefore, now, limit }) {
      const notTheirTurn = db
        .selectFrom(tables.reconciliations)
        .select('class_id')
        .where('tenant_id', '=', tenantId)
        .where(({ eb, or }) => or([eb('next_at', 'is', null), eb('next_at', '>', now.getTime())]))
      const rows = await db
        .selectFrom(tables.classes)
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .where('status', '=', 'completed')
        .where('ended_at', '>=', endedSince.getTime())
        .where('ended_at', '<=', endedBefore.getTime())
        .where('id', 'not in', notTheirTurn)
        .orderBy('ended_at')
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(classFromRow)
    },
  }
}

const gapFromRow = (row: GapTable): Gap => ({
  tenantId: row.tenant_id,
  provider: row.provider,
  serverId: row.server_id === '' ? null : row.server_id,
  from: row.from_at,
  to: row.to_at,
  cause: row.cause,
  foundAt: new Date(row.found_at),
})

const toRow = (row: StoredReconciliation): ReconciliationTable => ({
  tenant_id: row.tenantId,
  class_id: row.classId,
  state: row.state,
  attempts: row.attempts,
  next_at: row.nextAt?.getTime() ?? null,
  at: row.at?.getTime() ?? null,
  has_report: Number(row.hasReport),
  added: row.added,
  watched: JSON.stringify(row.watched),
})

function fromRow(row: ReconciliationTable): StoredReconciliation {
  const watched: readonly Interval[] = JSON.parse(row.watched)
  return {
    tenantId: row.tenant_id,
    classId: row.class_id,
    state: row.state,
    attempts: row.attempts,
    nextAt: row.next_at === null ? null : new Date(row.next_at),
    at: row.at === null ? null : new Date(row.at),
    hasReport: row.has_report !== 0,
    added: row.added,
    watched,
  }
}
