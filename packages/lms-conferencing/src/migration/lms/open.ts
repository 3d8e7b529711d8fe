import { sql } from 'kysely'
import { ConferencingError } from '../../errors.ts'
import { evidenceColumns, type MigrationPlan, type SourceColumns, type TargetColumns, targetNames } from '../columns.ts'
import { WRITTEN_LENGTH } from '../digest.ts'
import { type Cells, keyOf, keysIn, targetValues, textOf } from './cells.ts'
import { type Connected, connectLms } from './connect.ts'
import type {
  LmsDatabase,
  LmsRow,
  ReadRange,
  RowKey,
  StateRow,
  Stretch,
  Survey,
  SurveyGroup,
  TableShape,
  ViewSource,
} from './database.ts'
import type { ColumnInfo, Db } from './engine.ts'

export interface OpenLmsOptions {
  readonly plan: MigrationPlan
  /** Nothing can be written, whatever is called. @default false */
  readonly readOnly?: boolean | undefined
  /** How it waits for locks; for tests. @default a timer */
  readonly sleep?: ((ms: number) => Promise<void>) | undefined
}

/**
 * Opens the LMS's own database, by `sqlite:path/to/file.db` or `postgres://…`. Throws `INVALID` for an address that
 * cannot be, `STORE_UNAVAILABLE` when it cannot be reached.
 */
export async function openLmsDatabase(url: string, options: OpenLmsOptions): Promise<LmsDatabase> {
  const { plan, readOnly = false, sleep: wait } = options
  return new SqlLmsDatabase({ ...(await connectLms(url, plan, { readOnly, wait })), plan })
}

interface Opened extends Connected {
  readonly plan: MigrationPlan
}

interface Known extends TableShape {
  readonly key: ColumnInfo
  readonly info: ReadonlyMap<string, ColumnInfo>
}

/** How often a lock that somebody else holds is asked for, and the pause between, in milliseconds. */
const LOCK_TRIES = 100
const LOCK_PAUSE_MS = 250

/** Of base64 of 32 bytes. */
const DIGEST_LENGTH = 44

/** What the second half of a row's digest is over. */
const writtenNames = ['provider', 'meetingId', 'moderatorPassword', 'attendeePassword'] as const

class SqlLmsDatabase implements LmsDatabase {
  readonly engine: LmsDatabase['engine']
  readonly #opened: Opened
  #known: Known | undefined
  lastLockMs = 0
  lastVersion: string | null = null

  constructor(opened: Opened) {
    this.#opened = opened
    this.engine = opened.engine.name
  }

  async shape(): Promise<TableShape> {
    const { columns, evidence, added } = await this.#shape()
    return { columns, evidence, added }
  }

  async count(): Promise<number> {
    const { engine } = this.#opened
    return this.#read(async db => {
      const { rows } = await sql<{ count: number }>`select count(*) as count from ${engine.table}`.execute(db)
      return rows[0]?.count ?? 0
    })
  }

  async read({ columns: what, ...range }: ReadRange): Promise<readonly LmsRow[]> {
    if ('keys' in range && range.keys.length === 0) return []
    const { engine, plan } = this.#opened
    const known = await this.#shape()
    const { key, added } = known
    const columns = what === 'all' ? known.columns : known.evidence
    const list = columns.map((name, index) => sql`${this.#text(known, name)} as ${sql.id(`c${index}`)}`)
    const isExpanded = added.length === targetNames.length
    // Mostly there is nothing in them yet, and one column is read faster than seven.
    const target = targetNames.map(name => sql.ref(plan.target[name]))
    const now = isExpanded
      ? sql`case when coalesce(${sql.join(target)}) is not null then ${engine.jsonArray(target)} end`
      : sql`null`
    const { rows } = await this.#read(db => {
      return sql<Cells>`
        select ${engine.asText(key)} as k, ${engine.keyIsNumber(key)} as is_number, ${engine.rowVersion} as version,
          ${now} as now, ${sql.join(list)}
        from ${engine.table} where ${
          'keys' in range
            ? sql`${sql.ref(key.name)} in (${sql.join(range.keys.map(one => engine.keyValue(one, key)))})`
            : this.#within(known, range.after, undefined)
        } order by ${sql.ref(key.name)} limit ${sql.lit('keys' in range ? range.keys.length : range.limit)}`.execute(db)
    })
    return rows.map(row => ({
      key: keyOf(row),
      version: textOf(row.version),
      values: columns.map((_, index) => textOf(row[`c${index}`])),
      now: isExpanded ? targetValues(textOf(row.now)) : null,
    }))
  }

  async survey({ after, until, ours }: Stretch): Promise<Survey | null> {
    const { engine, plan } = this.#opened
    const known = await this.#shape()
    const target = (name: keyof TargetColumns) => sql.ref(plan.target[name])
    return this.#read(async db => {
      const last = typeof until === 'number' ? await this.#lastOf(db, after, until) : until
      if (last === null) return null
      const evidence = engine.digest(known.evidence.map(name => this.#text(known, name)))
      const written = engine.digest(writtenNames.map(target))
      const digest = target('digest')
      const { rows } = await sql<SurveyGroup & { keys: string | null }>`
        select standing, outcome, reason, count(*) as rows, ${engine.keysWhere(sql`standing in ('undecided', 'stale')`)} as keys
        from (
          select ${engine.asText(known.key)} as k, ${engine.keyIsNumber(known.key)} as is_number,
            ${target('outcome')} as outcome, ${target('reason')} as reason, case
            when ${digest} is null then case when ${target('provider')} is null then 'undecided' else 'theirs' end
            when ${engine.isOneOf(ours)} then 'settled'
            when substr(${digest}, ${sql.lit(DIGEST_LENGTH + 2)}) <> substr(${written}, 1, ${sql.lit(WRITTEN_LENGTH)}) then 'theirs'
            when substr(${digest}, 1, ${sql.lit(DIGEST_LENGTH)}) <> ${evidence} then 'stale'
            else 'settled' end as standing
          from ${engine.table} where ${this.#within(known, after, last)}
        ) as looked group by standing, outcome, reason`.execute(db)
      return { last, groups: rows, open: rows.flatMap(({ keys }) => keysIn(keys)) }
    })
  }

  /** The last of so many rows. */
  async #lastOf(db: Db, after: RowKey | null, rows: number): Promise<RowKey | null> {
    const { engine } = this.#opened
    const known = await this.#shape()
    const { key } = known
    const ends = await sql<Cells>`
      select ${engine.asText(key)} as k, ${engine.keyIsNumber(key)} as is_number from (
        select ${sql.ref(key.name)} from ${engine.table} where ${this.#within(known, after, undefined)}
        order by ${sql.ref(key.name)} limit ${sql.lit(rows)}
      ) as stretch order by ${sql.ref(key.name)} desc limit 1`.execute(db)
    const [end] = ends.rows
    return end === undefined ? null : keyOf(end)
  }

  #within({ key }: Known, after: RowKey | null, until: RowKey | undefined) {
    const { engine } = this.#opened
    const from = after === null ? sql`1 = 1` : sql`${sql.ref(key.name)} > ${engine.keyValue(after, key)}`
    return until === undefined ? from : sql`${from} and ${sql.ref(key.name)} <= ${engine.keyValue(until, key)}`
  }

  #text({ info }: Known, name: string) {
    const column = info.get(name)
    return column ? this.#opened.engine.asText(column) : sql`null`
  }

  async write(patches: Parameters<LmsDatabase['write']>[0], state: StateRow): Promise<number> {
    const { engine, plan } = this.#opened
    const { key } = await this.#shape()
    return this.#write(state, async db => {
      if (patches.length === 0) return 0
      const { numAffectedRows } = await engine.update(patches, key, plan.target).execute(db)
      return Number(numAffectedRows ?? 0)
    })
  }

  async clear(keys: readonly RowKey[], state: StateRow): Promise<void> {
    const { engine, plan } = this.#opened
    const { key } = await this.#shape()
    await this.#write(state, async db => {
      if (keys.length > 0) await engine.clear(keys, key, plan.target).execute(db)
    })
  }

  async expand(state: StateRow): Promise<readonly string[]> {
    const { engine, plan } = this.#opened
    const { added } = await this.#shape()
    const missing = targetNames.map(name => plan.target[name]).filter(name => !added.includes(name))
    await this.#write(state, async db => {
      await sql`create table if not exists ${engine.stateTable}
        (table_name varchar(100) primary key, state text not null, version integer not null)`.execute(db)
      for (const name of missing) await sql`alter table ${engine.table} add column ${sql.id(name)} text`.execute(db)
    })
    this.#known = undefined
    return missing
  }

  async drop(columns: readonly string[], state: StateRow): Promise<void> {
    const { engine } = this.#opened
    await this.#write(state, async db => {
      for (const name of columns) await sql`alter table ${engine.table} drop column ${sql.id(name)}`.execute(db)
    })
    this.#known = undefined
  }

  async makeView(source: ViewSource, state: StateRow): Promise<void> {
    const { engine, plan } = this.#opened
    const { columns, info } = await this.#shape()
    const names = new Set(columns)
    const all = [...info.keys()].filter(name => names.has(name)).map(name => sql.ref(name))
    const add = (name: string, from: string | null): void => {
      if (names.has(name)) return
      names.add(name)
      all.push(sql`${from === null ? sql`cast(null as text)` : sql.ref(from)} as ${sql.id(name)}`)
    }
    const { target } = plan
    add(target.provider, source === 'new' ? target.provider : null)
    add(target.meetingId, source === 'new' ? target.meetingId : plan.source.meetingId)
    add(target.moderatorPassword, source === 'new' ? target.moderatorPassword : null)
    add(target.attendeePassword, source === 'new' ? target.attendeePassword : plan.source.password)
    for (const [name, field] of oldNames) add(name, plan.source[field])
    await this.#write(state, async db => {
      await sql`drop view if exists ${engine.view}`.execute(db)
      await sql`create view ${engine.view} as select ${sql.join(all)} from ${engine.table}`.execute(db)
    })
  }

  async dropView(state: StateRow): Promise<void> {
    const { engine } = this.#opened
    await this.#write(state, async db => {
      await sql`drop view if exists ${engine.view}`.execute(db)
    })
  }

  async state(): Promise<StateRow | null> {
    const { engine, plan } = this.#opened
    return this.#read(async db => {
      if (!(await engine.hasStateTable(db))) return null
      const { rows } = await sql<StateRow>`select state, version from ${engine.stateTable}
        where table_name = ${plan.table}`.execute(db)
      return rows[0] ?? null
    })
  }

  async close(): Promise<void> {
    await this.#opened.close()
  }

  async #shape(): Promise<Known> {
    if (this.#known) return this.#known
    const { engine, plan } = this.#opened
    const all = await this.#read(db => engine.columns(db))
    const missing = (what: string, field: string): ConferencingError =>
      new ConferencingError('INVALID', `${what} Give the right names with --table and --column.`, {
        details: { field },
      })
    if (all.length === 0) throw missing(`The database has no table ${plan.table}.`, 'table')
    const info = new Map(all.map(column => [column.name, column]))
    const key = info.get(plan.source.id)
    if (!key?.isKey) throw missing(`${plan.source.id} is not the primary key of ${plan.table}.`, 'id')
    for (const [field, name] of Object.entries(plan.source)) {
      if (name !== null && !info.has(name)) throw missing(`${plan.table} has no column ${name} (${field}).`, field)
    }
    const targets: readonly string[] = Object.values(plan.target)
    this.#known = {
      key,
      info,
      columns: all
        .map(({ name }) => name)
        .filter(name => !targets.includes(name))
        .sort(),
      evidence: evidenceColumns(plan),
      added: targets.filter(name => info.has(name)),
    }
    return this.#known
  }

  #read<T>(work: (db: Db) => Promise<T>): Promise<T> {
    return this.#opened.db.transaction().setAccessMode('read only').execute(work)
  }

  /** One transaction, asked for again while somebody else holds the lock; what is remembered is part of it. */
  async #write<T>(state: StateRow, work: (db: Db) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      let begun = 0
      try {
        const { result, version } = await this.#opened.db.transaction().execute(async tx => {
          begun = performance.now()
          const result = await work(tx)
          return { result, version: await this.#remember(tx, state) }
        })
        this.lastLockMs = performance.now() - begun
        this.lastVersion = version
        return result
      } catch (error) {
        const isLocked = error instanceof ConferencingError && error.details.reason === 'locked'
        if (!isLocked || tries >= LOCK_TRIES) throw error
        await this.#opened.wait(LOCK_PAUSE_MS)
      }
    }
  }

  /**
   * Answers the version that this transaction gives its rows. Throws `CONFLICT` when somebody else remembered something
   * meanwhile: a second migration of the same table.
   */
  async #remember(db: Db, { state, version }: StateRow): Promise<string | null> {
    const { engine, plan } = this.#opened
    const { rows } = await sql<{ version: string | null }>`
      insert into ${engine.stateTable} as known (table_name, state, version) values (${plan.table}, ${state}, ${version})
      on conflict (table_name) do update set state = excluded.state, version = excluded.version
      where known.version = excluded.version - 1 returning ${engine.ownVersion} as version`.execute(db)
    const [remembered] = rows
    if (remembered) return remembered.version
    throw new ConferencingError('CONFLICT', 'Another migration of this table is running. Wait for it, or stop it.')
  }
}

/** By which an LMS that knew only Zoom goes on reading. */
const oldNames: readonly (readonly [string, keyof SourceColumns])[] = [
  ['zoom_meeting_id', 'meetingId'],
  ['join_url', 'joinUrl'],
  ['start_url', 'startUrl'],
  ['password', 'password'],
]
