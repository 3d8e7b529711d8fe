import { intersect, subtract } from '../intervals.ts'
import type { ClassRow } from '../report.ts'
import type { Interval } from '../types.ts'
import type { TimelineLabels } from './labels.ts'
import { FIGURES, fitted, NAMES, PLOT, type Scale } from './layout.ts'
import { bar, element, escaped, text } from './svg.ts'

export interface RowContext {
  readonly scale: Scale
  readonly labels: TimelineLabels
  readonly held: readonly Interval[]
  readonly height: number
  /** Writes a time of day. */
  clock(time: number): string
  /** Writes a number with at most one decimal. */
  number(value: number): string
}

/** One person: name, when they were there, and the figures; with the same in words for those who do not see it. */
export function personRow(row: ClassRow, y: number, context: RowContext): string {
  const { height, labels } = context
  const middle = y + height / 2
  const size = Math.min(13.5, height * 0.6)
  const name = row.name ?? row.person
  const tone = toneOf(row)
  const baseline = middle + size * 0.35
  const words = inWords(row, context)
  const percent = row.percentage === null ? '' : `${context.number(row.percentage)} %`
  const doubt = row.confidence === 'exact' ? '' : row.confidence === 'imputed' ? '≈ ' : '? '
  return element(
    'g',
    { role: 'listitem', 'aria-label': words },
    element('title', {}, escaped(words)),
    // Something to point at anywhere in the row.
    element('rect', { x: 1, y, width: PLOT.x - 1, height, fill: 'transparent' }),
    element(
      'g',
      { 'aria-hidden': 'true' },
      text(fitted(name, NAMES.width, size), {
        x: NAMES.x,
        y: baseline,
        'font-size': size,
        class: row.onRoster && row.creditedMs > 0 ? undefined : 'muted',
      }),
      ...bars(row, y, context),
      ...waits(row, middle, context),
      row.inClassNow ? element('circle', { class: 'live', cx: endOf(row, context), cy: middle, r: height * 0.17 }) : '',
      text(doubt + percent, {
        x: FIGURES.percent,
        y: baseline,
        'font-size': size,
        'font-weight': 600,
        'text-anchor': 'end',
        class: row.onRoster ? undefined : 'muted',
      }),
      ...dot(row, middle, size),
      text(statusWord(row, labels), {
        x: FIGURES.status + size * 1.1,
        y: baseline,
        'font-size': size,
        class: tone === 'good' || tone === 'none' ? 'muted' : tone,
      }),
    ),
  )
}

function bars(row: ClassRow, y: number, { scale, height }: RowContext): string[] {
  const inset = height * 0.24
  const parts = [
    { className: 'bridged', intervals: row.bridged },
    { className: 'there', intervals: subtract(subtract(row.intervals, row.bridged), row.imputed) },
    { className: 'imputed', intervals: row.imputed },
  ]
  const starts = new Set(row.intervals.map(([from]) => from))
  const ends = new Set(row.intervals.map(([, to]) => to))
  return parts.flatMap(({ className, intervals }) =>
    intervals.map(([from, to]) => {
      const x = scale.x(from)
      // A visit of seconds must still be seen.
      const box = { x, y: y + inset, width: Math.max(1.5, scale.x(to) - x), height: height - 2 * inset }
      return bar(box, className, { left: starts.has(from), right: ends.has(to) })
    }),
  )
}

/** What is missing at either end, where it makes somebody late or gone early. */
function waits(row: ClassRow, middle: number, { scale, held, height, labels }: RowContext): string[] {
  const { firstJoin, lastLeave, lateByMs, leftEarlyByMs } = row
  const begin = held[0]?.[0]
  const end = held.at(-1)?.[1]
  if (firstJoin === null || lastLeave === null || begin === undefined || end === undefined) return []
  const wait = (from: number, to: number, ms: number, word: string, pointsRight: boolean) => {
    const [x1, x2] = [scale.x(from) + 3, scale.x(to) - 3]
    const tip = pointsRight ? x2 : x1
    const back = pointsRight ? -height * 0.17 : height * 0.17
    const size = Math.min(11, height * 0.5)
    const label = `${Math.floor(ms / 60_000)} ${labels.minutes} ${word}`
    // The line makes room for its word, or has none.
    const room = label.length * size * 0.54 + 12
    const middleX = (x1 + x2) / 2
    const fits = x2 - x1 > room + 20
    const line = (from: number, to: number) => `M${Math.round(from)} ${middle}H${Math.round(to)}`
    return [
      element('path', {
        class: 'wait',
        d: fits ? line(x1, middleX - room / 2) + line(middleX + room / 2, x2) : line(x1, x2),
      }),
      element('path', { class: 'mark', d: `M${tip} ${middle}l${back} ${-height * 0.14}v${height * 0.28}z` }),
      fits
        ? text(label, {
            class: 'warn wording',
            x: middleX,
            y: middle + size * 0.35,
            'font-size': size,
            'text-anchor': 'middle',
          })
        : '',
    ]
  }
  return [
    ...(row.late ? wait(begin, firstJoin, lateByMs ?? 0, labels.late, true) : []),
    ...(row.leftEarly ? wait(lastLeave, end, leftEarlyByMs ?? 0, labels.early, false) : []),
  ]
}

function endOf(row: ClassRow, { scale, held }: RowContext): number {
  return scale.x(row.lastLeave ?? held.at(-1)?.[1] ?? 0)
}

type Tone = 'good' | 'warn' | 'bad' | 'none'

function toneOf({ status }: ClassRow): Tone {
  if (status === null || status === 'not_held') return 'none'
  return status === 'present' ? 'good' : status === 'absent' ? 'bad' : 'warn'
}

/** A small face of the status: full, part or empty, so that colour is not the only sign. */
function dot(row: ClassRow, middle: number, size: number): string[] {
  const tone = toneOf(row)
  const radius = size * 0.33
  const x = FIGURES.status + radius
  const half = (sweep: 0 | 1) => `M${x} ${middle - radius}A${radius} ${radius} 0 0 ${sweep} ${x} ${middle + radius}z`
  const fills: Partial<Record<string, string>> = {
    present: element('circle', { class: 'fill good', cx: x, cy: middle, r: radius }),
    late: element('path', { class: 'fill warn', d: half(1) }),
    left_early: element('path', { class: 'fill warn', d: half(0) }),
    partial: element('circle', { class: 'fill warn', cx: x, cy: middle, r: radius * 0.45 }),
  }
  return [element('circle', { class: `dot ${tone}`, cx: x, cy: middle, r: radius }), fills[row.status ?? ''] ?? '']
}

function statusWord(row: ClassRow, labels: TimelineLabels): string {
  if (!row.onRoster) return labels.guest
  return row.status === null ? labels.notSeenYet : labels.status[row.status]
}

/** The row as a sentence: `Ana Ruiz: late, 83.3 %, 50 min. 08:10–09:00. 10 min late.` */
function inWords(row: ClassRow, { labels, clock, number, held }: RowContext): string {
  const minutes = (ms: number) => `${Math.floor(ms / 60_000)} ${labels.minutes}`
  const percent = row.percentage === null ? [] : [`${number(row.percentage)} %`, minutes(row.creditedMs)]
  const visits = intersect(row.intervals, held).map(([from, to]) => `${clock(from)}–${clock(to)}`)
  const notes = [
    visits.join(', '),
    row.late ? `${minutes(row.lateByMs ?? 0)} ${labels.late}` : '',
    row.leftEarly ? `${minutes(row.leftEarlyByMs ?? 0)} ${labels.early}` : '',
    row.bridged.length > 0 ? `${labels.reconnected}: ${row.reconnects}` : '',
    row.imputedMs > 0 ? `${labels.imputed}: ${minutes(row.imputedMs)}` : '',
    row.confidence === 'incomplete' ? labels.incomplete : '',
    row.inClassNow ? labels.inClass : '',
  ].filter(note => note !== '')
  return `${row.name ?? row.person}: ${[statusWord(row, labels), ...percent].join(', ')}. ${notes.map(note => `${note}.`).join(' ')}`.trim()
}
