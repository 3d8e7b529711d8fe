const minuteMs = 60_000
const units = [
  ['day', 24 * 60 * minuteMs],
  ['hour', 60 * minuteMs],
  ['minute', minuteMs],
] as const

/** How dates, times, durations and numbers are written in one language and one time zone. */
export interface Format {
  readonly timeZone: string
  /** `Monday, 1 March 2027 at 09:00 CET` */
  dateTime(at: string | number): string
  /** `1 March 2027` */
  date(at: string | number): string
  /** `09:00` */
  time(at: string | number): string
  /** `09:00 – 10:00 CET` */
  timeRange(from: string | number, to: string | number): string
  /** The parts of a calendar leaf: `MON`, `1`, `MAR`. */
  leaf(at: string | number): { readonly weekday: string; readonly day: string; readonly month: string }
  /** `1 hour 30 minutes` */
  duration(minutes: number): string
  /** `in 2 days`, in the largest unit that fits. */
  until(ms: number): string
  number(value: number): string
  /** Of a number from 0 to 100. */
  percent(value: number): string
  megabytes(value: number): string
  list(items: readonly string[]): string
}

/** `timeZone` defaults to the reader's own. */
export function formatIn(locale: string, timeZone = new Intl.DateTimeFormat().resolvedOptions().timeZone): Format {
  const dates = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, { timeZone, ...options })
  const long = dates({ dateStyle: 'full', timeStyle: 'short' })
  const date = dates({ dateStyle: 'long' })
  const time = dates({ hour: '2-digit', minute: '2-digit' })
  const zoned = dates({ hour: '2-digit', minute: '2-digit', timeZoneName: 'short' })
  const [weekday, day, month] = [dates({ weekday: 'short' }), dates({ day: 'numeric' }), dates({ month: 'short' })]
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'always' })
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 })
  const inUnit = (unit: string) => new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' })
  const [hours, minutes] = [inUnit('hour'), inUnit('minute')]
  const megabytes = new Intl.NumberFormat(locale, { style: 'unit', unit: 'megabyte', maximumFractionDigits: 1 })
  const list = new Intl.ListFormat(locale)
  return {
    timeZone,
    dateTime: at => long.format(new Date(at)),
    date: at => date.format(new Date(at)),
    time: at => time.format(new Date(at)),
    // Not formatRange: over midnight it writes both dates out.
    timeRange: (from, to) => `${time.format(new Date(from))} – ${zoned.format(new Date(to))}`,
    leaf: at => ({
      weekday: weekday.format(new Date(at)),
      day: day.format(new Date(at)),
      month: month.format(new Date(at)),
    }),
    duration(total) {
      const parts = [
        ...(total >= 60 ? [hours.format(Math.floor(total / 60))] : []),
        ...(total % 60 !== 0 || total < 60 ? [minutes.format(total % 60)] : []),
      ]
      return parts.join(' ')
    },
    until(ms) {
      const [unit, size] = units.find(([, size]) => ms >= size) ?? (['minute', minuteMs] as const)
      return relative.format(Math.max(1, Math.floor(ms / size)), unit)
    },
    number: value => number.format(value),
    percent: value => percent.format(value / 100),
    megabytes: value => megabytes.format(value),
    list: items => list.format(items),
  }
}
