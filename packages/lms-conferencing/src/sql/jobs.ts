import { sql, type Transaction } from 'kysely'
import type { JobLease, JobSettlement, JobTransaction, StoredJob } from '../jobs/job.ts'
import type { JobTable, TableNames, Tables } from './schema.ts'

type JobQueries = Omit<JobTransaction, 'postgres'>

/** Nobody has it. */
const FREE = { lease: null, leased_until: 0, put_again: 0 } as const
const FRESH = { tries: 0, failures: 0, dead: 0, reason: null } as const

export function jobQueries(db: Transaction<Tables>, tables: TableNames): JobQueries {
  const update = (tenantId: string, { name, key }: Pick<JobLease, 'name' | 'key'>) =>
    db.updateTable(tables.jobs).where('tenant_id', '=', tenantId).where('name', '=', name).where('key', '=', key)

  /** What can be taken now. */
  const due = (tenantId: string, now: Date) =>
    db
      .selectFrom(tables.jobs)
      .where('tenant_id', '=', tenantId)
      .where('dead', '=', 0)
      .where('due_at', '<=', now.getTime())
      .where('leased_until', '<=', now.getTime())

  const addJob: JobQueries['addJob'] = async (tenantId, { name, key, dueAt }) => {
    await db
      .insertInto(tables.jobs)
      .values({ tenant_id: tenantId, name, key, due_at: dueAt.getTime(), ...FRESH, ...FREE })
      .onConflict(conflict => conflict.columns(['tenant_id', 'name', 'key']).doNothing())
      .execute()
  }

  return {
    addJob,

    async putJob(tenantId, job) {
      const { numUpdatedRows } = await update(tenantId, job)
        .set({
          ...FRESH,
          due_at: job.dueAt.getTime(),
          put_again: sql<number>`case when lease is null then 0 else 1 end`,
        })
        .executeTakeFirst()
      if (numUpdatedRows === 0n) await addJob(tenantId, job)
    },

    async dueJobs(tenantId, now) {
      const rows = await due(tenantId, now).select('name').distinct().orderBy('name').execute()
      return rows.map(({ name }) => name)
    },

    async takeJob(tenantId, name, now, { token, until }) {
      const row = await due(tenantId, now)
        .selectAll()
        .where('name', '=', name)
        .orderBy('due_at')
        .orderBy('key')
        .limit(1)
        .executeTakeFirst()
      if (!row) return null
      const taken = {
        ...FREE,
        lease: token,
        leased_until: until.getTime(),
        tries: row.tries + 1,
        // Whoever had it died with it, perhaps of it.
        failures: row.failures + (row.lease === null ? 0 : 1),
      }
      await update(tenantId, row).set(taken).execute()
      return fromRow({ ...row, ...taken })
    },

    async holdJob(tenantId, lease, until) {
      const { numUpdatedRows } = await update(tenantId, lease)
        .set({ leased_until: until.getTime() })
        .where('lease', '=', lease.token)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    async settleJob(tenantId, lease, settlement) {
      const again = await update(tenantId, lease)
        .set(FREE)
        .where('lease', '=', lease.token)
        .where('put_again', '=', 1)
        .executeTakeFirst()
      if (again.numUpdatedRows > 0n) return true
      if (settlement.state === 'done') {
        const { numDeletedRows } = await db
          .deleteFrom(tables.jobs)
          .where('tenant_id', '=', tenantId)
          .where('name', '=', lease.name)
          .where('key', '=', lease.key)
          .where('lease', '=', lease.token)
          .executeTakeFirst()
        return numDeletedRows > 0n
      }
      const { numUpdatedRows } = await update(tenantId, lease)
        .set({ ...FREE, ...after(settlement) })
        .where('lease', '=', lease.token)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    async reviveJobs(tenantId, now) {
      const { numUpdatedRows } = await db
        .updateTable(tables.jobs)
        .set({ ...FRESH, due_at: now.getTime() })
        .where('tenant_id', '=', tenantId)
        .where('dead', '=', 1)
        .executeTakeFirst()
      return Number(numUpdatedRows)
    },

    async listJobs(tenantId) {
      const rows = await db
        .selectFrom(tables.jobs)
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .orderBy('name')
        .orderBy('key')
        .execute()
      return rows.map(fromRow)
    },

    async addReminder(tenantId, classId, startsAt) {
      const { numInsertedOrUpdatedRows = 0n } = await db
        .insertInto(tables.reminders)
        .values({ tenant_id: tenantId, class_id: classId, starts_at: startsAt.getTime() })
        .onConflict(conflict => conflict.columns(['tenant_id', 'class_id', 'starts_at']).doNothing())
        .executeTakeFirst()
      return numInsertedOrUpdatedRows > 0n
    },
  }
}

const after = (settlement: Exclude<JobSettlement, { readonly state: 'done' }>) =>
  settlement.state === 'again'
    ? { due_at: settlement.dueAt.getTime(), failures: 0, reason: null }
    : {
        ...(settlement.state === 'dead' ? { dead: 1 } : { due_at: settlement.dueAt.getTime() }),
        failures: sql<number>`failures + 1`,
        reason: settlement.reason,
      }

const fromRow = (row: JobTable): StoredJob => ({
  name: row.name,
  key: row.key,
  dueAt: new Date(row.due_at),
  tries: row.tries,
  failures: row.failures,
  leasedUntil: row.lease === null ? null : new Date(row.leased_until),
  reason: row.reason,
  isDead: row.dead !== 0,
})
