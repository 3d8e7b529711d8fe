import type { AttendanceLine, Narrator } from './story.ts'

/** Tells a story on a terminal: a progress bar that redraws itself there, a line every quarter of the way elsewhere. */
export function terminalNarrator(out: NodeJS.WriteStream = process.stdout): Narrator {
  let drawn = false
  let quarter = -1
  return {
    step(text) {
      if (drawn) out.write('\r\u001b[K')
      drawn = false
      quarter = -1
      out.write(`${text}\n`)
    },
    progress(label, done, total) {
      const share = total === 0 ? 1 : done / total
      const bar = `${'█'.repeat(Math.round(share * 24)).padEnd(24, '░')} ${done}/${total} ${label}`
      if (out.isTTY) {
        out.write(`\r\u001b[K          ${bar}`)
        drawn = true
      } else if (Math.floor(share * 4) > quarter) {
        quarter = Math.floor(share * 4)
        out.write(`          ${bar}\n`)
      }
    },
  }
}

const WORDS: Readonly<Record<string, string>> = { left_early: 'left early', not_held: 'not held' }

/** The attendance table as text, as wide as its names. Times are UTC. */
export function attendanceTable(lines: readonly AttendanceLine[]): string {
  const time = (iso: string | null): string => iso?.slice(11, 19) ?? '–'
  const rows = [
    ['student', 'status', 'minutes', '%', 'joined', 'left', 'reconnects'],
    ...lines
      .filter(line => line.name !== null)
      .map(line => [
        line.name ?? '',
        WORDS[line.status ?? ''] ?? line.status ?? '–',
        String(line.duration_minutes),
        line.attendance_percentage?.toFixed(1) ?? '–',
        time(line.join_time),
        time(line.leave_time),
        String(line.reconnects),
      ]),
  ]
  const numeric = new Set([2, 3, 6])
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => width(row[column] ?? '')))) ?? []
  return rows
    .map(row =>
      row
        .map((cell, column) => {
          const gap = ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell)))
          return numeric.has(column) ? gap + cell : cell + gap
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const graphemes = new Intl.Segmenter()

/** Columns a text takes: one for each character people see, two for East Asian wide ones and emoji. */
function width(text: string): number {
  let columns = 0
  for (const { segment } of graphemes.segment(text))
    columns +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]|\p{Emoji_Presentation}/u.test(
        segment,
      )
        ? 2
        : 1
  return columns
}
