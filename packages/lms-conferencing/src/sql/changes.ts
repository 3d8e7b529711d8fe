import { sql, type Transaction } from 'kysely'
import type { ChangeKind, StoreTransaction } from '../store.ts'
import type { TableNames, Tables } from './schema.ts'

/**
 * How many changes are kept, of all tenants together. A page that was away for longer loads everything again, so the
 * bound costs nobody anything; it holds by count, because a store has no clock.
 */
const kept = 50_000
/** How many changes pass between two looks at the bound. */
const sweepEvery = 1_024

/** The log of one transaction. */
export interface ChangeLog {
  /**
   * Notes that something of a class is another now, in the transaction that makes it so. Once for each class and kind:
   * a burst of callbacks in one transaction is one change.
   */
  note(tenantId: string, classId: string, kind: ChangeKind): Promise<void>
  /** Notes a change that is of no class that exists. */
  noteFor(tenantId: string, courseId: string, classId: string, kind: ChangeKind): Promise<void>
  readonly isEmpty: boolean
}

export function changeLog(db: Transaction<Tables>, tables: TableNames): ChangeLog {
  const noted = new Set<string>()

  /** Write transactions run one after the other, so numbers are in the order of commits: a reader never overlooks one. */
  async function once(key: readonly string[], insert: () => Promise<{ seq: number } | undefined>): Promise<void> {
    const name = JSON.stringify(key)
    if (noted.has(name)) return
    const row = await insert()
    if (!row) return
    noted.add(name)
    if (row.seq % sweepEvery === 0)
      await db
        .deleteFrom(tables.changes)
        .where('seq', '<=', row.seq - kept)
        .execute()
  }

  return {
    note: (tenantId, classId, kind) =>
      once([tenantId, classId, kind], () =>
        db
          .insertInto(tables.changes)
          .columns(['tenant_id', 'course_id', 'class_id', 'kind'])
          .expression(
            db
              .selectFrom(tables.classes)
              .select(['tenant_id', 'course_id', 'id', sql.lit(kind).as('kind')])
              .where('tenant_id', '=', tenantId)
              .where('id', '=', classId),
          )
          .returning('seq')
          .executeTakeFirst(),
      ),

    noteFor: (tenantId, courseId, classId, kind) =>
      once([tenantId, courseId, classId, kind], () =>
        db
          .insertInto(tables.changes)
          .values({ tenant_id: tenantId, course_id: courseId, class_id: classId, kind })
          .returning('seq')
          .executeTakeFirst(),
      ),

    get isEmpty() {
      return noted.size === 0
    },
  }
}

type ChangeQueries = Pick<StoreTransaction, 'lastChange' | 'listChanges' | 'addAccessChange'>

export function changeQueries(db: Transaction<Tables>, tables: TableNames, log: ChangeLog): ChangeQueries {
  const end = async (which: 'min' | 'max'): Promise<number> => {
    const row = await db
      .selectFrom(tables.changes)
      .select(({ fn }) => fn[which]('seq').as('seq'))
      .executeTakeFirst()
    return row?.seq ?? 0
  }

  return {
    lastChange: () => end('max'),

    async listChanges(tenantId, afterSeq) {
      const lastSeq = await end('max')
      if (afterSeq === lastSeq) return { lastSeq, firstSeq: lastSeq, changes: [] }
      const rows = await db
        .selectFrom(tables.changes)
        .select(({ fn }) => ['course_id', 'class_id', 'kind', fn.max('seq').as('seq')])
        .where('tenant_id', '=', tenantId)
        .where('seq', '>', afterSeq)
        .groupBy(['course_id', 'class_id', 'kind'])
        .orderBy('seq')
        .execute()
      const changes = rows.map(({ seq, course_id, class_id, kind }) => ({
        seq,
        courseId: course_id,
        classId: class_id === '' ? null : class_id,
        kind,
      }))
      return { lastSeq, firstSeq: await end('min'), changes }
    },

    addAccessChange: (tenantId, courseId) => log.noteFor(tenantId, courseId, '', 'access'),
  }
}
