import { type ClassGap, gapText } from './gaps.ts'
import { subtract } from './intervals.ts'
import { type ClassReport, classReport, type ReportPerson } from './report.ts'
import { ENGLISH, type TimelineLabels } from './timeline/labels.ts'
import { headcount, NAMES, PLOT, planned, rowHeight, type Scale, ticks, timeScale, WIDTH } from './timeline/layout.ts'
import { personRow, type RowContext } from './timeline/row.ts'
import { patterns, styleSheet, type Theme } from './timeline/style.ts'
import { bar, element, escaped, text } from './timeline/svg.ts'
import type { AttendanceClass, AttendanceResult, Interval } from './types.ts'

export type { TimelineLabels }

export interface TimelineParams {
  readonly title: string
  /** The class the result was made for: its plan is drawn. */
  readonly class: AttendanceClass
  readonly result: AttendanceResult
  /** Names, in the order of the rows. Who else was there comes after them. */
  readonly roster: readonly ReportPerson[]
  /** Lost callbacks, as the report of the class has them: each is said in words. @default [] */
  readonly gaps?: readonly ClassGap[] | undefined
}

export interface TimelineOptions {
  /** How times and numbers are written. @default 'en-GB' */
  readonly locale?: string | undefined
  /** Of the times of day. @default 'UTC' */
  readonly timeZone?: string | undefined
  /** `auto` follows the reader's system; a page that is always light or always dark says so. @default 'auto' */
  readonly theme?: Theme | undefined
  /** Must differ between pictures in one page: letters, digits and `-`. @default 'attendance' */
  readonly id?: string | undefined
  /** Words in another language. @default English */
  readonly labels?: Partial<TimelineLabels> | undefined
}

const AXIS = 150
/** Height of a line of words under the picture. */
const NOTE = 18
const CURVE = { top: 96, height: 34 }

/**
 * Who was there when, as an SVG picture: one row per person on a common clock. Solid is seen, lighter a bridged
 * reconnect, hatched and dashed an assumed end; grey hatching is time nothing is known of. Each row also says
 * itself in words. All text is escaped; the picture loads nothing and runs nothing.
 *
 * @example
 * attendanceTimeline({ title: 'Algebra 1', class: held, result, roster }, { timeZone: 'Europe/Madrid' })
 *
 * @throws TypeError when `id` is not a plain name; RangeError when the locale or time zone is unknown
 */
export function attendanceTimeline(params: TimelineParams, options: TimelineOptions = {}): string {
  const { locale = 'en-GB', timeZone = 'UTC', theme = 'auto', id = 'attendance' } = options
  if (!/^[A-Za-z][\w-]*$/.test(id)) throw new TypeError('options.id must be a plain name')
  const labels = { ...ENGLISH, ...options.labels }
  const { result } = params
  const report = classReport(result, params.roster)
  const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', timeZone })
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeZone })
  const decimal = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 })
  const height = rowHeight(report.rows.length)
  const picture: Picture = {
    params,
    report,
    labels,
    height,
    scale: timeScale(params.class, result),
    clock: at => time.format(at),
    day: at => date.format(at),
    number: value => decimal.format(value),
    bottom: AXIS + Math.max(1, report.rows.length) * height,
  }
  const summary = summaryOf(picture)
  const gaps = (params.gaps ?? []).map(gap => gapText(gap, { time: picture.clock, labels: labels.gaps }))
  const total = picture.bottom + 64 + gaps.length * NOTE
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      id,
      role: 'figure',
      'aria-labelledby': `${id}-title ${id}-desc`,
      viewBox: `0 0 ${WIDTH} ${total}`,
      width: WIDTH,
      height: total,
    },
    element('title', { id: `${id}-title` }, escaped(params.title)),
    element('desc', { id: `${id}-desc` }, escaped([summary.join('. '), ...gaps].join('. '))),
    styleSheet(id, theme),
    patterns(id),
    element('rect', { class: 'page', x: 0.5, y: 0.5, width: WIDTH - 1, height: total - 1, rx: 12 }),
    element(
      'g',
      { 'aria-hidden': 'true' },
      text(params.title, { x: NAMES.x, y: 40, 'font-size': 20, 'font-weight': 650 }),
      text(summary.join('  ·  '), { x: NAMES.x, y: 64, 'font-size': 13, class: 'muted' }),
      ...(picture.scale === null ? [] : backdrop(picture, picture.scale)),
      ...legend(picture),
      ...gaps.map((note, index) =>
        text(note, { x: NAMES.x, y: picture.bottom + 60 + index * NOTE, 'font-size': 12, class: 'muted' }),
      ),
    ),
    element('g', { role: 'list' }, ...rowsOf(picture)),
  )
}

interface Picture {
  readonly params: TimelineParams
  readonly report: ClassReport
  readonly labels: TimelineLabels
  readonly scale: Scale | null
  readonly height: number
  readonly bottom: number
  clock(time: number): string
  day(time: number): string
  number(value: number): string
}

function summaryOf({ params, report, labels, day, clock, number }: Picture): string[] {
  const { held, heldMs, final } = params.result
  const { counts, percentage, notSeenYet, inClassNow, guests } = report.totals
  const [first, last] = [held[0]?.[0], held.at(-1)?.[1]]
  if (first === undefined || last === undefined) return [final ? labels.notHeld : labels.notHeldYet]
  const tally = (count: number, word: string) => (count === 0 ? [] : [`${count} ${word}`])
  return [
    `${day(first)}, ${clock(first)}–${clock(last)}`,
    `${Math.floor(heldMs / 60_000)} ${labels.minutes} ${labels.held}${final ? '' : ` ${labels.soFar}`}`,
    ...(percentage === null ? [] : [`${number(percentage)} % ${labels.there}`]),
    ...tally(inClassNow, labels.inClass),
    ...tally(counts.present, labels.status.present),
    ...tally(counts.late, labels.status.late),
    ...tally(counts.left_early, labels.status.left_early),
    ...tally(counts.partial, labels.status.partial),
    ...tally(counts.absent, labels.status.absent),
    ...tally(notSeenYet, labels.notSeenYet),
    ...tally(guests, labels.guest),
  ]
}

/** Everything behind the rows: held time, blind time, the clock, the plan, and how many were there. */
function backdrop(picture: Picture, scale: Scale): string[] {
  const { params, labels, clock, bottom } = picture
  const { held, blind, final } = params.result
  const top = CURVE.top
  const column = ([from, to]: Interval, className: string) =>
    element('rect', {
      class: className,
      x: scale.x(from),
      y: top,
      width: scale.x(to) - scale.x(from),
      height: bottom - top,
    })
  const upright = (at: number, className: string, from = top) =>
    element('path', { class: className, d: `M${Math.round(scale.x(at)) + 0.5} ${from}V${bottom}`, fill: 'none' })
  const [first, last] = [held[0]?.[0] ?? 0, held.at(-1)?.[1] ?? 0]
  const pauses = subtract(subtract([[first, last]], held), blind)
  const plan = planned(params.class)
  const marks = (plan ?? []).filter(at => at > scale.domain[0] && at < scale.domain[1] && at !== first && at !== last)
  return [
    ...held.map(interval => column(interval, 'held')),
    ...blind.map(interval => column(interval, 'blind')),
    ...curve(picture, scale),
    ...ticks(scale.domain).flatMap(at => [
      upright(at, 'tick', AXIS - 8),
      text(clock(at), { x: scale.x(at), y: AXIS - 8, 'font-size': 11, 'text-anchor': 'middle', class: 'muted' }),
    ]),
    ...marks.map(at => upright(at, 'plan')),
    ...blind.flatMap(interval => over(interval, labels.noData, scale)),
    ...pauses.flatMap(interval => over(interval, labels.pause, scale)),
    ...(final ? [] : [upright(last, 'now'), nowWord(last, labels.now, scale)]),
    ...picture.report.rows.map((_, index) =>
      element('path', { class: 'line', d: `M${NAMES.x} ${AXIS + index * picture.height + 0.5}H${WIDTH - NAMES.x}` }),
    ),
  ]
}

function nowWord(at: number, word: string, scale: Scale): string {
  return text(word, { x: scale.x(at), y: CURVE.top - 6, 'font-size': 11, 'text-anchor': 'middle', class: 'now' })
}

/** A word over a stretch of time, where it fits. */
function over([from, to]: Interval, word: string, scale: Scale): string[] {
  const width = scale.x(to) - scale.x(from)
  if (width < word.length * 6.4) return []
  const x = scale.x(from) + width / 2
  return [text(word, { x, y: CURVE.top + 14, 'font-size': 11, 'text-anchor': 'middle', class: 'muted' })]
}

function curve({ report, labels }: Picture, scale: Scale): string[] {
  const steps = headcount(report.rows.map(row => row.intervals))
  const most = steps.reduce((peak, { count }) => Math.max(peak, count), 0)
  if (most === 0) return []
  const floor = CURVE.top + CURVE.height
  const y = (count: number) => Math.round((floor - (count / most) * (CURVE.height - 4)) * 10) / 10
  const x = (at: number) => Math.round(scale.x(at) * 10) / 10
  let empty = true
  const path = steps.map(({ at, count }) => {
    // Nobody there is no line, not a line at the bottom.
    const reach = empty ? `M${x(at)} ${floor}` : `H${x(at)}`
    empty = count === 0
    return `${reach}V${y(count)}`
  })
  return [
    element('path', { class: 'count', d: path.join('') }),
    text(`${most}`, { x: PLOT.x - 8, y: CURVE.top + 12, 'font-size': 11, 'text-anchor': 'end', class: 'muted' }),
    text(labels.inClass, { x: NAMES.x, y: CURVE.top + 12, 'font-size': 11, class: 'muted' }),
  ]
}

function rowsOf(picture: Picture): string[] {
  const { report, labels, params, height, scale, clock, number } = picture
  if (report.rows.length === 0)
    return [text(labels.nobody, { x: NAMES.x, y: AXIS + 22, 'font-size': 13, class: 'muted' })]
  const empty: Scale = { domain: [0, 1], x: () => PLOT.x }
  const context: RowContext = { labels, height, clock, number, held: params.result.held, scale: scale ?? empty }
  return report.rows.map((row, index) => personRow(row, AXIS + index * height, context))
}

/** Only what the picture shows. */
function legend({ params, report, labels, bottom }: Picture): string[] {
  const { rows } = report
  const sample = (className: string) => (x: number, y: number) =>
    bar({ x, y: y - 9, width: 22, height: 11 }, className, { left: true, right: true })
  const sign = (character: string) => (x: number, y: number) =>
    text(character, { x: x + 14, y: y + 1, 'font-size': 14, 'font-weight': 600, 'text-anchor': 'middle' })
  const entries = [
    { shown: rows.some(row => row.creditedMs > 0), draw: sample('there'), word: labels.there },
    { shown: rows.some(row => row.bridged.length > 0), draw: sample('bridged'), word: labels.reconnected },
    { shown: rows.some(row => row.imputed.length > 0), draw: sample('imputed'), word: labels.imputed },
    { shown: rows.some(row => row.confidence === 'incomplete'), draw: sign('?'), word: labels.incomplete },
    { shown: params.result.blind.length > 0, draw: sample('blind'), word: labels.noData },
  ].filter(({ shown }) => shown)
  const y = bottom + 36
  let x = NAMES.x
  return entries.flatMap(({ draw, word }) => {
    const at = x
    x += 30 + word.length * 6.6 + 26
    return [draw(at, y), text(word, { x: at + 30, y, 'font-size': 12, class: 'muted' })]
  })
}
