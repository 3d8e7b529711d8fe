import type { ClassRow, CourseReport, Doubts } from './report.ts'
import type { Interval } from './types.ts'
import { type HiddenCharacters, visibleText } from './visible-text.ts'

export interface CsvOptions {
  /** `;` is what spreadsheets of most of Europe expect. @default ',' */
  readonly delimiter?: ',' | ';' | '\t' | undefined
  /** @default '.', and ',' where the delimiter is ';' */
  readonly decimal?: '.' | ',' | undefined
  /** A byte order mark, without which Excel takes UTF-8 for something else. @default true */
  readonly bom?: boolean | undefined
  /** What to do with bidi controls and zero-width characters. @default 'show' */
  readonly hidden?: HiddenCharacters | undefined
  /** Writes a time. @default ISO 8601 in UTC */
  readonly formatTime?: ((epochMs: number) => string) | undefined
}

/** A cell: text is made harmless, numbers and `null` (empty) are written as they are. */
export type CsvCell = string | number | boolean | null

/**
 * The rows of a class as a CSV file that is safe to open in a spreadsheet: no cell is a formula, no name hides or
 * reorders text. RFC 4180 with CRLF.
 *
 * @example
 * const { rows, gaps, contradictions } = classReport(result, roster)
 * attendanceCsv(rows, { delimiter: ';', gaps, contradictions })
 */
export function attendanceCsv(rows: readonly ClassRow[], options: CsvOptions & Partial<Doubts> = {}): string {
  const { formatTime = isoTime, gaps = [], contradictions = [] } = options
  const time = (at: number | null) => (at === null ? null : formatTime(at))
  const span = ([from, to]: Interval) => `${formatTime(from)}/${formatTime(to)}`
  const lost = gaps.map(({ from, to, cause, state, repairedBy }) =>
    [span([from, to]), cause, state, ...repairedBy].join(' '),
  )
  const said = new Map(
    contradictions.map(({ person, says }) => [
      person,
      says.map(({ source, intervals }) => `${source}: ${intervals.map(span).join(' ') || '-'}`).join('; '),
    ]),
  )
  const header = [
    ...['user_id', 'name', 'on_roster', 'status', 'percentage', 'minutes', 'first_join', 'last_leave'],
    ...['late', 'late_by_minutes', 'left_early', 'left_early_by_minutes', 'reconnects', 'gaps'],
    ...['credited_ms', 'observed_ms', 'bridged_ms', 'imputed_ms', 'held_ms', 'confidence', 'anomalies'],
    ...['participation_score', 'participation_basis', 'sources', 'name_flag'],
    ...['contradiction', 'lost_callbacks'],
  ]
  const lines = rows.map((row): CsvCell[] => [
    ...[row.person, row.name, row.onRoster, row.status, row.percentage, row.minutes],
    ...[time(row.firstJoin), time(row.lastLeave), row.late, minutes(row.lateByMs)],
    ...[row.leftEarly, minutes(row.leftEarlyByMs), row.reconnects, row.gaps],
    ...[row.creditedMs, row.observedMs, row.bridgedMs, row.imputedMs, row.heldMs, row.confidence],
    ...[row.anomalies.join(' '), row.participationScore, row.participationBasis, row.provenance.join(' ')],
    ...[row.nameFlagged ? 'hidden characters' : null, said.get(row.person) ?? null, lost.join('; ') || null],
  ])
  return csv([header, ...lines], options)
}

/** The register of a course: one line per person, one column per class, then the sums. As safe as {@link attendanceCsv}. */
export function courseCsv({ rows, classes }: CourseReport, options: CsvOptions = {}): string {
  const header = [
    ...['user_id', 'name', ...classes.map(({ title }) => title)],
    ...['classes', 'present', 'late', 'left_early', 'partial', 'absent'],
    ...['percentage', 'minutes', 'participation_score', 'to_review', 'name_flag'],
  ]
  const lines = rows.map((row): CsvCell[] => [
    ...[row.person, row.name, ...row.statuses, row.classes],
    ...[row.counts.present, row.counts.late, row.counts.left_early, row.counts.partial, row.counts.absent],
    ...[row.percentage, minutes(row.creditedMs), row.participationScore, row.toReview],
    row.nameFlagged ? 'hidden characters' : null,
  ])
  return csv([header, ...lines], options)
}

/** Lines of cells as a file; see {@link attendanceCsv} for what is made harmless. */
export function csv(lines: readonly (readonly CsvCell[])[], options: CsvOptions = {}): string {
  const { delimiter = ',', bom = true, hidden = 'show' } = options
  const { decimal = delimiter === ';' ? ',' : '.' } = options
  const write = (cell: CsvCell): string => {
    if (cell === null) return ''
    if (typeof cell === 'string') return quote(harmless(visibleText(cell, hidden).text))
    const bare = String(cell).replace('.', decimal)
    return bare.includes(delimiter) ? quote(bare) : bare
  }
  const body = lines.map(line => `${line.map(write).join(delimiter)}\r\n`).join('')
  return bom ? `\uFEFF${body}` : body
}

/** What makes a cell a formula, in ASCII and in the full-width and small forms some programs fold to it. */
const STARTERS = '=+\\-@\u2212\uFF1D\uFF0B\uFF0D\uFF20\uFE66\uFE62\uFE63\uFE6B\u207A\u207B\u207C\u208A\u208B\u208C'

/**
 * Where a cell begins: at its start, and after anything another program may take for the end of a cell, since the
 * reader's separator need not be ours. White space, quotes and what may show as nothing (private and unassigned code
 * points among it) are looked through.
 */
const FORMULA = new RegExp(
  `(^|[,;|])(?=['"\\p{White_Space}\\p{C}\\p{Default_Ignorable_Code_Point}]*[${STARTERS}])`,
  'gu',
)

/** An apostrophe before what would run: spreadsheets then take it for text. Taking one away again gives the original. */
function harmless(text: string): string {
  return text.replace(FORMULA, "$1'")
}

function quote(text: string): string {
  return /[",;|\t\r\n']|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function isoTime(at: number): string {
  return new Date(at).toISOString()
}

function minutes(ms: number | null): number | null {
  return ms === null ? null : Math.floor(ms / 60_000)
}
