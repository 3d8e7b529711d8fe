import type { Kysely, RawBuilder } from 'kysely'
import type { TargetColumns } from '../columns.ts'
import type { RowKey, RowPatch } from './database.ts'

/** The tables are not ours: their columns are found out, not declared. */
export type Db = Kysely<Record<string, never>>

export interface ColumnInfo {
  readonly name: string
  readonly type: string
  readonly isKey: boolean
}

/** Where SQLite and PostgreSQL differ. */
export interface Engine {
  readonly name: 'SQLite' | 'PostgreSQL'
  readonly table: RawBuilder<unknown>
  readonly view: RawBuilder<unknown>
  readonly stateTable: RawBuilder<unknown>
  /** Columns of the table; empty when there is no such table. */
  columns(db: Db): Promise<readonly ColumnInfo[]>
  hasStateTable(db: Db): Promise<boolean>
  /** Before the statements of a transaction that reads. */
  prepareRead(db: Db): Promise<void>
  /** A column as text. */
  asText(column: ColumnInfo): RawBuilder<unknown>
  /** Whether the key is a number, as 0 or 1. */
  keyIsNumber(column: ColumnInfo): RawBuilder<unknown>
  keyValue(key: RowKey, column: ColumnInfo): RawBuilder<unknown>
  /** What `rowDigest` makes of these texts. */
  digest(texts: readonly RawBuilder<unknown>[]): RawBuilder<unknown>
  update(patches: readonly RowPatch[], key: ColumnInfo, target: TargetColumns): RawBuilder<unknown>
  clear(keys: readonly RowKey[], key: ColumnInfo, target: TargetColumns): RawBuilder<unknown>
}
