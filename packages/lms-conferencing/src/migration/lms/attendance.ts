import { sql } from 'kysely'
import { ConferencingError } from '../../errors.ts'
import type { AttendanceColumns, AttendancePlan } from '../attendance/plan.ts'
import { connectLms } from './connect.ts'
import type { ColumnInfo, Db, Engine } from './engine.ts'

/** One person in one class, as the LMS wrote it down: every column as text. */
export type LmsAttendanceRow = Readonly<Record<keyof AttendanceColumns, string | null>>

/** The LMS's own table of attendance; it is only ever read. Throws `ConferencingError`. */
export interface LmsAttendance {
  /** Throws `INVALID` when the table or a column of the plan is missing. */
  count(): Promise<number>
  /** All rows of these classes, by id. */
  ofClasses(classIds: readonly string[]): Promise<readonly LmsAttendanceRow[]>
  close(): Promise<void>
}

const fields = ['id', 'classId', 'person', 'joinedAt', 'leftAt', 'minutes', 'status', 'percentage', 'score'] as const

/** Opens the table by the address of the LMS's database, over a connection that cannot write. */
export function openLmsAttendance(url: string, { plan }: { readonly plan: AttendancePlan }): Promise<LmsAttendance> {
  return SqlLmsAttendance.open(url, plan)
}

class SqlLmsAttendance implements LmsAttendance {
  readonly #plan: AttendancePlan
  readonly #db: Db
  readonly #engine: Engine
  readonly #close: () => void | Promise<void>
  #known: ReadonlyMap<string, ColumnInfo> | undefined

  private constructor(plan: AttendancePlan, { db, engine, close }: Awaited<ReturnType<typeof connectLms>>) {
    this.#plan = plan
    this.#db = db
    this.#engine = engine
    this.#close = close
  }

  static async open(url: string, plan: AttendancePlan): Promise<SqlLmsAttendance> {
    const place = { table: plan.table, schema: plan.schema, view: plan.table }
    return new SqlLmsAttendance(plan, await connectLms(url, place, { readOnly: true }))
  }

  async count(): Promise<number> {
    await this.#columns()
    const { rows } = await this.#read(db =>
      sql<{ count: number }>`select count(*) as count from ${this.#engine.table}`.execute(db),
    )
    return rows[0]?.count ?? 0
  }

  async ofClasses(classIds: readonly string[]): Promise<readonly LmsAttendanceRow[]> {
    const engine = this.#engine
    const { columns } = this.#plan
    const known = await this.#columns()
    const column = (field: keyof AttendanceColumns): ColumnInfo | undefined => known.get(columns[field] ?? '')
    const list = fields.map(field => {
      const info = column(field)
      return sql`${info ? engine.asText(info) : sql`null`} as ${sql.id(field)}`
    })
    const key = column('classId')
    if (!key || classIds.length === 0) return []
    const { rows } = await this.#read(db =>
      sql<LmsAttendanceRow>`select ${sql.join(list)} from ${engine.table}
        where ${engine.among(key, classIds)} order by ${sql.ref(columns.id)}`.execute(db),
    )
    return rows
  }

  async close(): Promise<void> {
    await this.#close()
  }

  async #columns(): Promise<ReadonlyMap<string, ColumnInfo>> {
    if (this.#known) return this.#known
    const { table, columns } = this.#plan
    const found = new Map((await this.#read(db => this.#engine.columns(db))).map(info => [info.name, info]))
    const missing = Object.entries(columns).find(([, name]) => name !== null && !found.has(name))
    if (found.size > 0 && !missing) {
      this.#known = found
      return found
    }
    const what =
      missing && found.size > 0 ? `${table} has no column ${missing[1]}` : `The database has no table ${table}`
    throw new ConferencingError(
      'INVALID',
      `${what}. Say in the map, under "attendance", where the LMS keeps who was there.`,
      { details: { field: 'attendance' } },
    )
  }

  #read<T>(work: (db: Db) => Promise<T>): Promise<T> {
    return this.#db.transaction().setAccessMode('read only').execute(work)
  }
}
