import { type CompiledQuery, type Insertable, sql, type Transaction } from 'kysely'
import type { InboxState, NewInboxRow } from '../store.ts'
import { AT_ONCE } from './inbox.ts'
import type { InboxTable, TableNames, Tables } from './schema.ts'

/** Inserts rows whose digest is new, in the order given; answers how many were. */
export type InsertInbox = (db: Transaction<Tables>, rows: readonly NewInboxRow[]) => Promise<number>

/** One statement for each row, compiled once: it runs thousands of times a second, and compiling costs more than running. */
export function insertOneByOne(tables: TableNames): InsertInbox {
  let compiled: CompiledQuery | undefined
  return async (db, rows) => {
    let inserted = 0
    for (const row of rows) {
      const values: Insertable<InboxTable> = {
        tenant_id: row.tenantId,
        provider: row.provider,
        server_id: row.serverId,
        kind: row.kind,
        body: row.body,
        digest: row.digest,
        received_at: row.receivedAt.getTime(),
        state: stateOf(row),
        attempts: 0,
        next_attempt_at: AT_ONCE,
        reason: null,
      }
      compiled ??= db
        .insertInto(tables.inbox)
        .values(values)
        .onConflict(conflict => conflict.columns(['tenant_id', 'digest']).doNothing())
        .compile()
      // The values, in their order, are all the parameters there are.
      const { numAffectedRows = 0n } = await db.executeQuery({ ...compiled, parameters: Object.values(values) })
      inserted += Number(numAffectedRows)
    }
    return inserted
  }
}

/**
 * PostgreSQL: one statement for all rows, the columns as arrays. Rows are numbered in the order they came, but inserted
 * in the order of their keys: two processes that store the same callbacks wait for each other, never in a circle.
 */
export function insertAtOnce(tables: TableNames, schema: string): InsertInbox {
  const sequence = `"${schema}"."${tables.inbox}_seq_seq"`
  return async (db, rows) => {
    const column = <T>(pick: (row: NewInboxRow) => T): readonly T[] => rows.map(pick)
    const { numAffectedRows = 0n } = await sql`
      insert into ${sql.id(schema, tables.inbox)} (seq, tenant_id, provider, server_id, kind, body, digest, received_at,
        state, attempts, next_attempt_at)
      select seq, tenant_id, provider, server_id, kind, body, digest, received_at, state, 0, ${AT_ONCE}::bigint
      from (
        select nextval(${sequence}::regclass) as seq, given.*
        from unnest(
          ${column(row => row.tenantId)}::text[], ${column(row => row.provider)}::text[],
          ${column(row => row.serverId)}::text[], ${column(row => row.kind)}::text[],
          ${column(row => row.body)}::bytea[], ${column(row => row.digest)}::text[],
          ${column(row => row.receivedAt.getTime())}::bigint[], ${column(stateOf)}::text[]
        ) as given (tenant_id, provider, server_id, kind, body, digest, received_at, state)
      ) as arrived
      order by tenant_id, digest
      on conflict (tenant_id, digest) do nothing`.execute(db)
    return Number(numAffectedRows)
  }
}

const stateOf = ({ isStale }: NewInboxRow): InboxState => (isStale ? 'stale' : 'new')
