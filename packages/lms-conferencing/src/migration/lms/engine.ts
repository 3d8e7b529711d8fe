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

/** The one table that is spoken of. */
export interface Place {
  /** Of the table in PostgreSQL. */
  readonly schema: string
  readonly table: string
  readonly view: string
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
  /** The version of a row, and that which a transaction gives to the rows it writes: as text, or NULL. */
  readonly rowVersion: RawBuilder<unknown>
  readonly ownVersion: RawBuilder<unknown>
  /** Whether a row has one of these versions. */
  isOneOf(versions: readonly string[]): RawBuilder<unknown>
  /** These as one text. */
  jsonArray(values: readonly RawBuilder<unknown>[]): RawBuilder<unknown>
  /** A column as text. */
  asText(column: ColumnInfo): RawBuilder<unknown>
  /** Whether the key is a number, as 0 or 1. */
  keyIsNumber(column: ColumnInfo): RawBuilder<unknown>
  keyValue(key: RowKey, column: ColumnInfo): RawBuilder<unknown>
  /** Keys of a group of rows, told as text and 0 or 1, of those for which a condition holds: JSON, or NULL where there are none. */
  keysWhere(condition: RawBuilder<unknown>): RawBuilder<unknown>
  /** Whether a column is one of these values, told as text; what cannot be one of its values is none. */
  among(column: ColumnInfo, texts: readonly string[]): RawBuilder<unknown>
  /** What `rowDigest` makes of these texts. */
  digest(texts: readonly RawBuilder<unknown>[]): RawBuilder<unknown>
  update(patches: readonly RowPatch[], key: ColumnInfo, target: TargetColumns): RawBuilder<unknown>
  clear(keys: readonly RowKey[], key: ColumnInfo, target: TargetColumns): RawBuilder<unknown>
}
