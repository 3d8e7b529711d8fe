import type { ColumnDefinitionBuilder, RawBuilder, Transaction } from 'kysely'
import type { TableNames, Tables } from '../schema.ts'

/** Where the databases differ in how a column is declared. */
export interface ColumnTypes {
  /** Text that is compared and sorted byte by byte, whatever the language of the database. */
  readonly text: 'text' | RawBuilder<string>
  readonly bytes: 'blob' | 'bytea'
  /** An integer key that the database counts up itself. */
  readonly counter: 'integer' | 'bigserial'
  counted(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder
}

/** One step of the schema. Nothing reads rows with it: the types of the tables are those of the newest schema. */
export interface Migration {
  readonly name: string
  up(db: Transaction<Tables>, tables: TableNames, types: ColumnTypes): Promise<void>
}

export const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull()
