import { type RawBuilder, sql, type Transaction } from 'kysely'
import {
  type DashboardEntry,
  type DashboardListName,
  type DashboardPage,
  type DashboardQuery,
  type DashboardTransaction,
  LONGEST_CLASS_MINUTES,
} from '../store-results.ts'
import { classFromRow } from './class-rows.ts'
import { resultFromRow } from './results.ts'
import type { AttendanceMarkTable, ClassTable, ResultTable, TableNames, Tables } from './schema.ts'

export interface DashboardTables {
  readonly tables: TableNames
  /** Of the tables, where the database has schemas. */
  readonly schema?: string | undefined
}

/** A class on the page, or only the total of a list that has none on it. */
type DashboardRow = { readonly list: DashboardListName; readonly total: number } & (
  | { readonly place: null }
  | (ClassTable & {
      readonly place: number
      /** Not there where no completed classes were asked for. */
      readonly is_current?: number
      readonly mark?: AttendanceMarkTable['mark'] | null
    } & (
        | { readonly person: null }
        | (Omit<ResultTable, 'tenant_id' | 'class_id' | 'status'> & { readonly result_status: ResultTable['status'] })
      ))
)

export function dashboardQueries(db: Transaction<Tables>, where: DashboardTables): DashboardTransaction {
  return {
    async readDashboard(query) {
      const entries: Record<DashboardListName, DashboardEntry[]> = { upcoming: [], live: [], completed: [] }
      const pages: Record<DashboardListName, DashboardPage | null> = { upcoming: null, live: null, completed: null }
      for (const list of query.lists) pages[list] = { total: 0, entries: [] }
      if (query.courseIds.length === 0 || query.lists.length === 0) return pages
      const { rows } = await dashboardSql(query, where).execute(db)
      for (const row of rows) {
        if (row.place !== null) entries[row.list].push(entryOf(row))
        pages[row.list] = { total: row.total, entries: entries[row.list] }
      }
      return pages
    },
  }
}

function entryOf(row: Exclude<DashboardRow, { place: null }>): DashboardEntry {
  return {
    liveClass: classFromRow(row).liveClass,
    result: row.person === null ? null : resultFromRow({ ...row, status: row.result_status }),
    isCurrent: row.is_current === 1,
    mark: row.mark ?? null,
  }
}

/** Which classes a list holds, and from which end it is read. */
const lists = {
  upcoming: { status: 'scheduled', order: 'asc', isUpTo: '<=', end: 8_640_000_000_000_000 },
  live: { status: 'live', order: 'asc', isUpTo: '<=', end: 8_640_000_000_000_000 },
  completed: { status: 'completed', order: 'desc', isUpTo: '>=', end: -8_640_000_000_000_000 },
} as const

/**
 * One statement, in words that both databases know. What is chosen and counted is read from one index alone, course by
 * course: of each course up to as many classes as the page may need, however many it has had. Only what is shown is
 * then opened, and looked up in results and marks.
 */
export function dashboardSql(query: DashboardQuery, { tables, schema }: DashboardTables): RawBuilder<DashboardRow> {
  const { tenantId, person, now, rules, limit, offset } = query
  const table = (name: string) => (schema === undefined ? sql.id(name) : sql.id(schema, name))
  const classes = table(tables.classes)

  // A class whose hour has passed without a teacher is nothing to look forward to.
  const isToCome = sql`and c.starts_at > ${now.getTime() - LONGEST_CLASS_MINUTES * 60_000}
    and c.starts_at + c.duration_minutes * cast(60000 as bigint) > ${now.getTime()}`

  const parts = query.lists.map(list => {
    const { status, order, isUpTo, end } = lists[list]
    const [name, direction] = [sql.lit(list), sql.raw(order)]
    const [counts, cutoffs] = [sql.id(`${list}_counts`), sql.id(`${list}_cutoffs`)]
    const isListed = sql`c.tenant_id = ${tenantId} and c.course_id = k.course_id and c.status = ${sql.lit(status)}
      ${list === 'upcoming' ? isToCome : sql``}`
    return {
      // How many each course has, and up to where they can be on this page or one before it.
      perCourse: sql`${counts} (course_id, number) as materialized (
          select k.course_id, (select count(*) from ${classes} c where ${isListed}) from courses k),
        ${cutoffs} (course_id, cutoff) as materialized (
          select k.course_id, case when k.number <= ${limit + offset} then ${sql.lit(end)} else (
            select c.starts_at from ${classes} c where ${isListed}
            order by c.starts_at ${direction} limit 1 offset ${limit + offset - 1}) end
          from ${counts} k where k.number > 0)`,
      total: sql`select ${name}, cast(coalesce(sum(k.number), 0) as bigint) from ${counts} k`,
      page: sql`select ${name}, p.id, row_number() over (order by p.starts_at ${direction}, p.id ${direction}) from (
          select c.id, c.starts_at from ${cutoffs} k cross join ${classes} c
          where ${isListed} and c.starts_at ${sql.raw(isUpTo)} k.cutoff
          order by c.starts_at ${direction}, c.id ${direction} limit ${limit} offset ${offset}) p`,
    }
  })
  const attended = query.lists.includes('completed')
  const comma = sql`, `
  const unionAll = sql` union all `
  const join = (pick: (part: (typeof parts)[number]) => RawBuilder<unknown>, between: RawBuilder<unknown>) =>
    sql.join(parts.map(pick), between)
  return sql<DashboardRow>`
    with courses (course_id) as (values ${sql.join([...new Set(query.courseIds)].map(id => sql`(${id})`))}),
      ${join(part => part.perCourse, comma)},
      totals (list, total) as (${join(part => part.total, unionAll)}),
      page (list, id, place) as (${join(part => part.page, unionAll)})
    select t.list, t.total, page.place, c.*, ${attended ? attendedColumns(rules) : sql`null as person`}
    from totals t
    left join page on page.list = t.list
    left join ${classes} c on c.tenant_id = ${tenantId} and c.id = page.id
    ${attended ? attendedTables() : sql``}
    order by t.list, page.place`

  function attendedTables() {
    return sql`
      left join ${table(tables.attendance_states)} s on s.tenant_id = ${tenantId} and s.class_id = page.id
      left join ${table(tables.attendance_results)} r
        on r.tenant_id = ${tenantId} and r.class_id = page.id and r.person = ${person}
      left join ${table(tables.attendance_marks)} m
        on m.tenant_id = ${tenantId} and m.class_id = page.id and m.person = ${person}`
  }
}

const attendedColumns = (rules: string | null) => sql`
  case when s.results_version >= s.facts_version ${rules === null ? sql`` : sql`and s.rules = ${rules}`} then 1 else 0 end as is_current, m.mark,
  r.person, r.status as result_status, r.credited_ms, r.held_ms, r.minutes, r.percent_tenths, r.participation_score,
  r.late, r.left_early, r.confidence, r.provenance, r.on_roster, r.erased`
