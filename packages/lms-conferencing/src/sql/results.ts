import type { Transaction } from 'kysely'
import type { NewResult, ResultTransaction, StoredResult } from '../store-results.ts'
import { chunks } from './chunks.ts'
import type { ResultTable, TableNames, Tables } from './schema.ts'

/** How many rows go into one statement. */
const BATCH = 100

export interface ClassKey {
  readonly tenantId: string
  readonly classId: string
}

/** Something the figures of a class rest on has changed: in the same transaction, what is kept of them becomes stale. */
export function makeStale(db: Transaction<Tables>, tables: TableNames, key: ClassKey): Promise<void> {
  return makeAllStale(db, tables, key.tenantId, [key.classId])
}

/** The same for many classes, in few statements. */
export async function makeAllStale(
  db: Transaction<Tables>,
  tables: TableNames,
  tenantId: string,
  classIds: readonly string[],
): Promise<void> {
  // A class that is not over has no row: nothing is kept of it, and its callbacks cost no write.
  for (const some of chunks(classIds, BATCH)) {
    await db
      .updateTable(tables.attendance_states)
      .set(({ eb }) => ({ facts_version: eb('facts_version', '+', 1) }))
      .where('tenant_id', '=', tenantId)
      .where('class_id', 'in', some)
      .execute()
  }
}

/** From now on results are kept of these classes. */
export async function keepResults(
  db: Transaction<Tables>,
  tables: TableNames,
  tenantId: string,
  classIds: readonly string[],
): Promise<void> {
  if (classIds.length === 0) return
  await db
    .insertInto(tables.attendance_states)
    .values(classIds.map(id => ({ tenant_id: tenantId, class_id: id, facts_version: 0, results_version: -1 })))
    .onConflict(conflict => conflict.columns(['tenant_id', 'class_id']).doNothing())
    .execute()
}

export function resultQueries(
  db: Transaction<Tables>,
  tables: TableNames,
): Omit<ResultTransaction, 'putAttendanceMark' | 'deleteAttendanceMark' | 'listAttendanceMarks'> {
  const stateOf = async (tenantId: string, classId: string) =>
    db
      .selectFrom(tables.attendance_states)
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('class_id', '=', classId)
      .executeTakeFirst()

  const listResults: ResultTransaction['listResults'] = async (tenantId, classId) => {
    const rows = await db
      .selectFrom(tables.attendance_results)
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('class_id', '=', classId)
      .orderBy('person')
      .execute()
    return rows.map(resultFromRow)
  }

  async function write({ tenantId, classId }: ClassKey, results: readonly StoredResult[]): Promise<void> {
    for (let first = 0; first < results.length; first += BATCH) {
      await db
        .insertInto(tables.attendance_results)
        .values(results.slice(first, first + BATCH).map(result => toRow(tenantId, classId, result)))
        .onConflict(conflict =>
          conflict.columns(['tenant_id', 'class_id', 'person']).doUpdateSet(({ ref }) => ({
            status: ref('excluded.status'),
            credited_ms: ref('excluded.credited_ms'),
            held_ms: ref('excluded.held_ms'),
            minutes: ref('excluded.minutes'),
            percent_tenths: ref('excluded.percent_tenths'),
            participation_score: ref('excluded.participation_score'),
            late: ref('excluded.late'),
            left_early: ref('excluded.left_early'),
            confidence: ref('excluded.confidence'),
            provenance: ref('excluded.provenance'),
            on_roster: ref('excluded.on_roster'),
            erased: ref('excluded.erased'),
          })),
        )
        .execute()
    }
  }

  return {
    listResults,

    async getResultsState(tenantId, classId) {
      const row = await stateOf(tenantId, classId)
      return row ? { factsVersion: row.facts_version, resultsVersion: row.results_version, rules: row.rules } : null
    },

    async saveResults(tenantId, classId, { factsVersion, rules, results, at }) {
      const state = await stateOf(tenantId, classId)
      if (!state || state.results_version > factsVersion) return null
      const before = await listResults(tenantId, classId)
      // A late fact is about one person: the others' rows stay as they are.
      const known = new Map(before.map(result => [result.person, JSON.stringify(result)]))
      const wanted = new Set(results.map(({ person }) => person))
      for (const { person } of before) {
        if (wanted.has(person)) continue
        await db
          .deleteFrom(tables.attendance_results)
          .where('tenant_id', '=', tenantId)
          .where('class_id', '=', classId)
          .where('person', '=', person)
          .execute()
      }
      const erased = new Set(before.filter(({ isErased }) => isErased).map(({ person }) => person))
      const changed = results
        .map(result => inOrder(result, erased.has(result.person)))
        .filter(result => known.get(result.person) !== JSON.stringify(result))
      await write({ tenantId, classId }, changed)
      await db
        .updateTable(tables.attendance_states)
        .set({ results_version: factsVersion, rules, computed_at: at.getTime() })
        .where('tenant_id', '=', tenantId)
        .where('class_id', '=', classId)
        .execute()
      return before
    },

    async listStaleResults({ tenantId, by, limit, afterClassId = '' }) {
      let query = db
        .selectFrom(tables.attendance_states)
        .select('class_id')
        .where('tenant_id', '=', tenantId)
        .where('class_id', '>', afterClassId)
        .orderBy('class_id')
        .limit(limit)
      if (by === 'facts') query = query.whereRef('results_version', '<', 'facts_version')
      else {
        const other = await otherRules(tenantId, by.rules)
        if (other === null) return []
        query = query.where('rules', '=', other)
      }
      return (await query.execute()).map(row => row.class_id)
    },
  }

  /** Whatever differs from one value is first or last in the index: nothing in between has to be looked at. */
  async function otherRules(tenantId: string, rules: string): Promise<string | null> {
    for (const end of ['asc', 'desc'] as const) {
      const row = await db
        .selectFrom(tables.attendance_states)
        .select('rules')
        .where('tenant_id', '=', tenantId)
        .where('rules', 'is not', null)
        .orderBy('rules', end)
        .limit(1)
        .executeTakeFirst()
      if (row?.rules && row.rules !== rules) return row.rules
    }
    return null
  }
}

/**
 * Puts a pseudonym in place of a person's name in results and marks, and in the notes of who made marks; what a teacher
 * wrote about them goes. Answers how many rows had it.
 */
export async function renameInResults(
  db: Transaction<Tables>,
  tables: TableNames,
  { tenantId, from, to }: { readonly tenantId: string; readonly from: string; readonly to: string },
): Promise<number> {
  const results = await db
    .deleteFrom(tables.attendance_results)
    .where('tenant_id', '=', tenantId)
    .where('person', '=', from)
    .returningAll()
    .execute()
  for (const row of results) {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto(tables.attendance_results)
      .values({ ...row, person: to, erased: 1 })
      .onConflict(conflict => conflict.columns(['tenant_id', 'class_id', 'person']).doNothing())
      .executeTakeFirst()
    // Erased before under the same name: two people's facts are one person's now.
    if (numInsertedOrUpdatedRows === 0n) await makeStale(db, tables, { tenantId, classId: row.class_id })
  }
  const marks = await db
    .deleteFrom(tables.attendance_marks)
    .where('tenant_id', '=', tenantId)
    .where('person', '=', from)
    .returningAll()
    .execute()
  for (const row of marks) {
    await db
      .insertInto(tables.attendance_marks)
      .values({ ...row, person: to, note: '' })
      .onConflict(conflict => conflict.columns(['tenant_id', 'class_id', 'person']).doNothing())
      .execute()
  }
  const { numUpdatedRows } = await db
    .updateTable(tables.attendance_marks)
    .set({ marked_by: to })
    .where('tenant_id', '=', tenantId)
    .where('marked_by', '=', from)
    .executeTakeFirst()
  await db
    .updateTable(tables.operations)
    .set({ who: to })
    .where('tenant_id', '=', tenantId)
    .where('who', '=', from)
    .execute()
  return results.length + marks.length + Number(numUpdatedRows)
}

/** The same fields in the same order as {@link resultFromRow} gives them, so that equal results are equal as text. */
const inOrder = (result: NewResult, isErased: boolean): StoredResult => ({
  person: result.person,
  status: result.status,
  creditedMs: result.creditedMs,
  heldMs: result.heldMs,
  minutes: result.minutes,
  percentage: result.percentage,
  participationScore: result.participationScore,
  late: result.late,
  leftEarly: result.leftEarly,
  confidence: result.confidence,
  provenance: [...result.provenance].sort(),
  onRoster: result.onRoster,
  isErased,
})

const toRow = (tenantId: string, classId: string, result: StoredResult): ResultTable => ({
  tenant_id: tenantId,
  class_id: classId,
  person: result.person,
  status: result.status,
  credited_ms: result.creditedMs,
  held_ms: result.heldMs,
  minutes: result.minutes,
  percent_tenths: result.percentage === null ? null : Math.round(result.percentage * 10),
  participation_score: result.participationScore,
  late: Number(result.late),
  left_early: Number(result.leftEarly),
  confidence: result.confidence,
  provenance: JSON.stringify(result.provenance),
  on_roster: Number(result.onRoster),
  erased: Number(result.isErased),
})

/** What a row of results says. */
export function resultFromRow(row: Omit<ResultTable, 'tenant_id' | 'class_id'>): StoredResult {
  const provenance: StoredResult['provenance'] = JSON.parse(row.provenance)
  return {
    person: row.person,
    status: row.status,
    creditedMs: row.credited_ms,
    heldMs: row.held_ms,
    minutes: row.minutes,
    percentage: row.percent_tenths === null ? null : row.percent_tenths / 10,
    participationScore: row.participation_score,
    late: row.late !== 0,
    leftEarly: row.left_early !== 0,
    confidence: row.confidence,
    provenance,
    onRoster: row.on_roster !== 0,
    isErased: row.erased !== 0,
  }
}
