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
/** How many classes go into one statement. */
const BATCH = 200

/** The log of one transaction. */
export interface ChangeLog {
  /**
   * Notes that something of a class is another now, in the transaction that makes it so. Once for each class and kind:
   * a burst of callbacks in one transaction is one change.
   */
  note(tenantId: string, classId: string, kind: ChangeKind): Promise<void>
  /** The same for many classes, in few statements. */
  noteAll(tenantId: string, classIds: readonly string[], kind: ChangeKind): Promise<void>
  /** Notes a change that is of no class that exists. */
  noteFor(tenantId: string, courseId: string, classId: string, kind: ChangeKind): Promise<void>
  readonly isEmpty: boolean
}

export function changeLog(db: Transaction<Tables>, tables: TableNames): ChangeLog {
  const noted = new Set<string>()
  const keyOf = (...names: readonly string[]): string => JSON.stringify(names)

  /** Write transactions run one after the other, so numbers are in the order of commits: a reader never overlooks one. */
  async function swept(rows: readonly { readonly seq: number }[]): Promise<void> {
    const seqs = rows.map(({ seq }) => seq)
    const due = seqs.find(seq => seq % sweepEvery === 0)
    if (due === undefined) return
    await db
      .deleteFrom(tables.changes)
      .where('seq', '<=', Math.max(...seqs) - kept)
      .execute()
  }

  async function noteAll(tenantId: string, classIds: readonly string[], kind: ChangeKind): Promise<void> {
    const missing = [...new Set(classIds)].filter(id => !noted.has(keyOf(tenantId, id, kind)))
    for (let first = 0; first < missing.length; first += BATCH) {
      const rows = await db
        .insertInto(tables.changes)
        .columns(['tenant_id', 'course_id', 'class_id', 'kind'])
        .expression(
          db
            .selectFrom(tables.classes)
            .select(['tenant_id', 'course_id', 'id', sql.lit(kind).as('kind')])
            .where('tenant_id', '=', tenantId)
            .where('id', 'in', missing.slice(first, first + BATCH)),
        )
        .returning(['seq', 'class_id'])
        .execute()
      for (const { class_id: id } of rows) noted.add(keyOf(tenantId, id, kind))
      await swept(rows)
    }
  }

  return {
    note: (tenantId, classId, kind) => noteAll(tenantId, [classId], kind),
    noteAll,

    async noteFor(tenantId, courseId, classId, kind) {
      const key = keyOf(tenantId, courseId, classId, kind)
      if (noted.has(key)) return
      const rows = await db
        .insertInto(tables.changes)
        .values({ tenant_id: tenantId, course_id: courseId, class_id: classId, kind })
        .returning('seq')
        .execute()
      noted.add(key)
      await swept(rows)
    },

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
