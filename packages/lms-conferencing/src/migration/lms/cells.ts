import type { RowKey, TargetValues } from './database.ts'

/** A row as the database answers it, by the names the statement gave. Pure. */
export type Cells = Readonly<Record<string, string | number | null>>

export const textOf = (cell: string | number | null | undefined): string | null =>
  cell === null || cell === undefined ? null : String(cell)

/** Of `k`, and `is_number` as 0 or 1. */
export const keyOf = ({ k, is_number: isNumber }: Cells): RowKey => ({ text: String(k), isNumber: isNumber === 1 })

/** `[["key", 0 or 1], …]` → the keys; `null`: none. */
export function keysIn(json: string | null): readonly RowKey[] {
  const found: readonly (readonly [string | number, number])[] = JSON.parse(json ?? '[]')
  return found.map(([k, isNumber]) => keyOf({ k, is_number: isNumber }))
}

/** The new columns as JSON, in the order of their names; `null`: nothing stands in them. */
export function targetValues(json: string | null): TargetValues {
  const values: readonly (string | null)[] = json === null ? [] : JSON.parse(json)
  const [provider, meetingId, moderatorPassword, attendeePassword, reason, outcome, digest] = values
  return {
    provider: provider ?? null,
    meetingId: meetingId ?? null,
    moderatorPassword: moderatorPassword ?? null,
    attendeePassword: attendeePassword ?? null,
    reason: reason ?? null,
    outcome: outcome ?? null,
    digest: digest ?? null,
  }
}
