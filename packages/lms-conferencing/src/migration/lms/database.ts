import type { TargetColumns } from '../columns.ts'

/** The value of a row's key, as text; `isNumber` where the database has a number. */
export interface RowKey {
  readonly text: string
  readonly isNumber: boolean
}

/** What stands in the new columns of a row. */
export type TargetValues = Readonly<Record<keyof TargetColumns, string | null>>

/** One row of the LMS's table. */
export interface LmsRow {
  readonly key: RowKey
  /** Another one after each write of the row, whoever wrote it; `null` where the database has no such thing (SQLite). */
  readonly version: string | null
  /** As text, in the order of the columns that were read. */
  readonly values: readonly (string | null)[]
  /** `null` while the new columns are not there. */
  readonly now: TargetValues | null
}

/** What the new columns of one row are to be. */
export interface RowPatch {
  readonly key: RowKey
  /** Written only while the row is still the one that was read; `null`: whatever version it has. */
  readonly version: string | null
  /** Written only while the provider is still this one: whoever set another one meanwhile knew better. */
  readonly providerBefore: string | null
  readonly values: TargetValues
}

/** Which old columns are read: all, or those that are evidence. */
export type ReadColumns = 'all' | 'evidence'

/** How many rows of a stretch stand how, as the database itself finds. */
export interface SurveyGroup {
  readonly standing: string
  readonly outcome: string | null
  readonly reason: string | null
  readonly rows: number
}

export interface Survey {
  /** The last row of the stretch. */
  readonly last: RowKey
  readonly groups: readonly SurveyGroup[]
  /** Those with something to be done: undecided, or stale. */
  readonly open: readonly RowKey[]
}

/** Rows to be looked at, by key. */
export interface Stretch {
  readonly after: RowKey | null
  /** The end of the stretch, or how many rows it has. */
  readonly until: RowKey | number
  /** Versions that writes of ours have made: a row that still has one of them is as it was written. */
  readonly ours: readonly string[]
}

/** The table as it is. */
export interface TableShape {
  /** Old columns by name, sorted: all that stand in the table but the new ones. */
  readonly columns: readonly string[]
  /** Those of them that are evidence, in the order of digests. */
  readonly evidence: readonly string[]
  /** New columns that are there. */
  readonly added: readonly string[]
}

/** What the migration remembers, beside the table it is about. */
export interface StateRow {
  readonly version: number
  /** JSON. */
  readonly state: string
}

/** Which rows are read: the next ones by key, or those that are named, and are still there. */
export type ReadRange = { readonly columns: ReadColumns } & (
  | { readonly after: RowKey | null; readonly limit: number }
  | { readonly keys: readonly RowKey[] }
)

/** What a compatibility view takes its new names from. */
export type ViewSource = 'old' | 'new'

/**
 * The LMS's own database, and the one table in it that is migrated. Old columns are only ever read. Throws
 * `ConferencingError`.
 */
export interface LmsDatabase {
  readonly engine: 'SQLite' | 'PostgreSQL'
  /** Throws `INVALID` when the table, its key or a column of the plan is missing. */
  shape(): Promise<TableShape>
  count(): Promise<number>
  /** By key. */
  read(range: ReadRange): Promise<readonly LmsRow[]>
  /** Looks at a stretch of rows without reading them out; `null` when there are none after `after`. */
  survey(stretch: Stretch): Promise<Survey | null>
  /** Row patches and what is remembered, in one transaction. Answers how many rows changed. */
  write(patches: readonly RowPatch[], state: StateRow): Promise<number>
  /** Sets the new columns of these rows back to NULL, and remembers, in one transaction. */
  clear(keys: readonly RowKey[], state: StateRow): Promise<void>
  /** Adds the new columns that are missing and the table of the state; nothing is rewritten. */
  expand(state: StateRow): Promise<readonly string[]>
  /** Takes new columns away. SQLite rewrites the table for each. */
  drop(columns: readonly string[], state: StateRow): Promise<void>
  /** Makes the view, or makes it anew, and remembers, in one transaction. */
  makeView(source: ViewSource, state: StateRow): Promise<void>
  /** Takes the view away, and remembers. */
  dropView(state: StateRow): Promise<void>
  state(): Promise<StateRow | null>
  /** How long the last write held its locks, in milliseconds. */
  readonly lastLockMs: number
  /** The version that the last write gave its rows; `null` where there is no such thing. */
  readonly lastVersion: string | null
  close(): Promise<void>
}
