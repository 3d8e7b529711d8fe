import { type ExpressionBuilder, sql, type Transaction } from 'kysely'
import type { PurgeBefore, RefusedLimits, StoreTransaction } from '../store.ts'
import type { RefusedTable, TableNames, Tables } from './schema.ts'

type KeepingQueries = Pick<
  StoreTransaction,
  | 'countPurgeable'
  | 'purge'
  | 'eraseBodies'
  | 'addRefused'
  | 'countRefused'
  | 'listRefused'
  | 'deleteRefused'
  | 'addOperation'
  | 'listOperations'
>

const nothing = new Uint8Array()

/** How long things are kept, and what is kept beside the callbacks that count. */
export function keepingQueries(db: Transaction<Tables>, tables: TableNames): KeepingQueries {
  /** Each kind of old thing as a query for its keys. */
  const old = (tenantId: string, before: PurgeBefore) => ({
    bodies: db
      .selectFrom(tables.inbox)
      .where('tenant_id', '=', tenantId)
      .where('state', 'in', ['applied', 'ignored'])
      .where('stripped', '=', 0)
      .where('received_at', '<', before.bodies.getTime())
      // What is older goes as a whole.
      .where('received_at', '>=', before.rows.getTime()),
    rows: db
      .selectFrom(tables.inbox)
      .where('tenant_id', '=', tenantId)
      .where('state', '!=', 'new')
      .where('received_at', '<', before.rows.getTime()),
    refused: db
      .selectFrom(tables.refused)
      .where('tenant_id', '=', tenantId)
      .where('received_at', '<', before.refused.getTime()),
  })

  /** Down to the limits, the newest kept. Answers how many went. */
  async function dropOldest(
    { tenantId, provider }: { readonly tenantId: string; readonly provider: string },
    limits: RefusedLimits,
  ): Promise<number> {
    const kept = await db
      .selectFrom(tables.refused)
      .select(['id', bytesOf])
      .where('tenant_id', '=', tenantId)
      .where('provider', '=', provider)
      .orderBy('id', 'desc')
      .execute()
    let bytes = 0
    const first = kept.findIndex((one, index) => {
      bytes += Number(one.bytes)
      return index >= limits.rows || bytes > limits.bytes
    })
    const newest = kept[first]
    if (newest === undefined) return 0
    const { numDeletedRows } = await db
      .deleteFrom(tables.refused)
      .where('tenant_id', '=', tenantId)
      .where('provider', '=', provider)
      .where('id', '<=', newest.id)
      .executeTakeFirst()
    return Number(numDeletedRows)
  }

  return {
    async countPurgeable(tenantId, before) {
      const { bodies, rows, refused } = old(tenantId, before)
      const count = sql<number>`count(*)`.as('count')
      const answers = [
        await bodies.select(count).execute(),
        await rows.select(count).execute(),
        await refused.select(count).execute(),
      ]
      const [stripped = 0, deleted = 0, dropped = 0] = answers.map(([first]) => Number(first?.count ?? 0))
      return { bodies: stripped, rows: deleted, refused: dropped }
    },

    async purge(tenantId, before, limit) {
      const { bodies, rows, refused } = old(tenantId, before)
      const deleted = await db
        .deleteFrom(tables.inbox)
        .where('seq', 'in', rows.select('seq').orderBy('seq').limit(limit))
        .executeTakeFirst()
      const stripped = await db
        .updateTable(tables.inbox)
        .set({ body: nothing, stripped: 1 })
        .where('seq', 'in', bodies.select('seq').orderBy('seq').limit(limit))
        .executeTakeFirst()
      const dropped = await db
        .deleteFrom(tables.refused)
        .where('id', 'in', refused.select('id').orderBy('id').limit(limit))
        .executeTakeFirst()
      return {
        bodies: Number(stripped.numUpdatedRows),
        rows: Number(deleted.numDeletedRows),
        refused: Number(dropped.numDeletedRows),
      }
    },

    async eraseBodies(tenantId, seqs) {
      for (const seq of seqs) {
        const update = db.updateTable(tables.inbox).where('tenant_id', '=', tenantId).where('seq', '=', seq)
        await update.set({ body: nothing, stripped: 1 }).execute()
        await update.where('state', 'in', ['dead', 'stale']).set({ state: 'ignored', reason: 'erased' }).execute()
      }
    },

    async addRefused(requests, limits) {
      for (const request of requests) {
        await db
          .insertInto(tables.refused)
          .values({
            tenant_id: request.tenantId,
            provider: request.provider,
            method: request.method,
            target: request.target,
            headers: JSON.stringify(request.headers),
            body: request.body,
            reason: request.reason,
            digest: request.digest,
            received_at: request.receivedAt.getTime(),
          })
          .onConflict(conflict => conflict.columns(['tenant_id', 'digest']).doNothing())
          .execute()
      }
      let dropped = 0
      const sources = new Map(requests.map(request => [JSON.stringify([request.tenantId, request.provider]), request]))
      for (const { tenantId, provider } of sources.values()) dropped += await dropOldest({ tenantId, provider }, limits)
      return dropped
    },

    async countRefused(tenantId) {
      const counted = await db
        .selectFrom(tables.refused)
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('tenant_id', '=', tenantId)
        .executeTakeFirst()
      return Number(counted?.count ?? 0)
    },

    async listRefused({ tenantId, limit, afterId = 0, ids }) {
      const rows = await db
        .selectFrom(tables.refused)
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .where('id', '>', afterId)
        .$if(ids !== undefined, query => query.where('id', 'in', [...(ids ?? [])]))
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(row => {
        const headers: Readonly<Record<string, string>> = JSON.parse(row.headers)
        const { id, provider, method, target, body, reason, digest } = row
        return {
          id,
          tenantId,
          provider,
          method,
          target,
          headers,
          body,
          reason,
          digest,
          receivedAt: new Date(row.received_at),
        }
      })
    },

    async deleteRefused(tenantId, id) {
      await db.deleteFrom(tables.refused).where('tenant_id', '=', tenantId).where('id', '=', id).execute()
    },

    async addOperation({ tenantId, at, who, what, count }) {
      await db
        .insertInto(tables.operations)
        .values({ tenant_id: tenantId, at: at.getTime(), who, what, count })
        .execute()
    },

    async listOperations(tenantId, limit) {
      const rows = await db
        .selectFrom(tables.operations)
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .orderBy('id', 'desc')
        .limit(limit)
        .execute()
      return rows.map(({ at, who, what, count }) => ({ tenantId, at: new Date(at), who, what, count }))
    },
  }
}

/** What a refused request takes up. */
const bytesOf = ({ ref }: ExpressionBuilder<{ refused: RefusedTable }, 'refused'>) =>
  sql<number>`length(${ref('body')}) + length(${ref('headers')}) + length(${ref('target')})`.as('bytes')
