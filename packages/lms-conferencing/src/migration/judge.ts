import { evidenceColumns, type MigrationPlan, type SourceColumns } from './columns.ts'
import { type Decision, decide, type SourceRow } from './decide.ts'
import { rowDigest, WRITTEN_LENGTH } from './digest.ts'
import type { LmsRow, ReadColumns, RowPatch, TargetValues } from './lms/database.ts'

/**
 * How a row stands. `undecided` and `stale` (its old columns changed since) have something to be written. `settled` is
 * as it was written; `theirs` has new columns that somebody else wrote, which are never touched.
 */
export type Standing = 'undecided' | 'stale' | 'settled' | 'theirs'

/** One row, looked at. */
export interface Judged {
  readonly standing: Standing
  readonly decision: Decision
  /** Of all its old columns; `null` where they were not all read. */
  readonly sourceDigest: string | null
  /** What is to be written; `null`: nothing. */
  readonly patch: RowPatch | null
}

/** Makes the function that looks at rows with these old columns: all of the table, or those that are evidence. Pure. */
export function judgeOf(plan: MigrationPlan, columns: readonly string[], what: ReadColumns): (row: LmsRow) => Judged {
  const readers = sourceReaders(plan.source, columns)
  const evidence = evidenceColumns(plan).map(name => columns.indexOf(name))
  return row => {
    const decision = decide(readers(row.values), plan)
    const evidenceDigest = rowDigest(evidence.map(at => row.values[at] ?? null))
    const standing = standingOf(row.now, evidenceDigest)
    const isOpen = standing === 'undecided' || standing === 'stale'
    return {
      standing,
      decision,
      sourceDigest: what === 'all' ? rowDigest(row.values) : null,
      patch: isOpen
        ? {
            ...{ key: row.key, version: row.version, providerBefore: row.now?.provider ?? null },
            values: valuesOf(decision, evidenceDigest),
          }
        : null,
    }
  }
}

const fields = [
  'scheduledAt',
  'durationMinutes',
  'status',
  'meetingId',
  'joinUrl',
  'startUrl',
  'password',
  'recordingUrl',
  'timeZone',
] as const satisfies readonly (keyof SourceRow & keyof SourceColumns)[]

function sourceReaders(
  source: SourceColumns,
  columns: readonly string[],
): (values: readonly (string | null)[]) => SourceRow {
  const index = new Map(columns.map((name, at) => [name, at]))
  const at = Object.fromEntries(fields.map(field => [field, index.get(source[field] ?? '') ?? -1]))
  const read = (values: readonly (string | null)[], field: (typeof fields)[number]): string | null =>
    values[at[field] ?? -1] ?? null
  return values => ({
    scheduledAt: read(values, 'scheduledAt'),
    durationMinutes: read(values, 'durationMinutes'),
    status: read(values, 'status'),
    meetingId: read(values, 'meetingId'),
    joinUrl: read(values, 'joinUrl'),
    startUrl: read(values, 'startUrl'),
    password: read(values, 'password'),
    recordingUrl: read(values, 'recordingUrl'),
    timeZone: read(values, 'timeZone'),
  })
}

function standingOf(now: TargetValues | null, evidenceDigest: string): Standing {
  if (now === null) return 'undecided'
  const { digest } = now
  if (digest === null) return now.provider === null ? 'undecided' : 'theirs'
  const [source, written] = digest.split('.')
  if (written !== writtenDigest(now)) return 'theirs'
  return source === evidenceDigest ? 'settled' : 'stale'
}

/** Tells whether what we wrote still stands. */
const writtenDigest = (
  values: Pick<TargetValues, 'provider' | 'meetingId' | 'moderatorPassword' | 'attendeePassword'>,
) =>
  rowDigest([values.provider, values.meetingId, values.moderatorPassword, values.attendeePassword]).slice(
    0,
    WRITTEN_LENGTH,
  )

function valuesOf(decision: Decision, evidenceDigest: string): TargetValues {
  const chosen =
    decision.outcome === 'rejected'
      ? { provider: null, meetingId: null, moderatorPassword: null, attendeePassword: null }
      : {
          provider: decision.provider,
          meetingId: decision.meetingId,
          moderatorPassword: decision.moderatorPassword,
          attendeePassword: decision.attendeePassword,
        }
  return {
    ...chosen,
    reason: decision.reason,
    outcome: decision.outcome,
    digest: `${evidenceDigest}.${writtenDigest(chosen)}`,
  }
}
