/** Times as databases write them → instants. Pure. */

const WRITTEN =
  /^(?<day>\d{4}-\d\d-\d\d)(?:[T ](?<clock>\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))?\s?(?<offset>Z|[+-]\d\d(?::?\d\d)?)?$/

/** An instant in epoch milliseconds, or why there is none. */
export type ReadTime = { readonly at: number } | { readonly problem: 'unreadable' | 'skipped' | 'ambiguous' }

/**
 * Reads `2026-03-01 09:00:00+01`, `2026-03-01T08:00:00.123Z`, epoch seconds or milliseconds. A time without offset is
 * told by the clocks of `zone`: one that those clocks skip, or show twice, is no instant and is not guessed at.
 */
export function readTime(text: string, zone: string): ReadTime {
  if (/^\d{9,10}$/.test(text)) return { at: Number(text) * 1000 }
  if (/^\d{12,13}$/.test(text)) return { at: Number(text) }
  const { day, clock = '00:00', offset } = WRITTEN.exec(text)?.groups ?? {}
  if (day === undefined) return { problem: 'unreadable' }
  const seconds = clock.length === 5 ? `${clock}:00` : clock
  const wall = Date.parse(`${day}T${seconds}Z`)
  if (Number.isNaN(wall) || new Date(wall).toISOString().slice(0, 10) !== day) return { problem: 'unreadable' }
  if (offset !== undefined) return { at: wall - offsetMs(offset) }
  if (zone === 'UTC') return { at: wall }
  if (!isZone(zone)) return { problem: 'unreadable' }
  // The zone's offsets a day before and after are the only two that can apply.
  const offsets = new Set([zoneOffsetMs(wall - DAY_MS, zone), zoneOffsetMs(wall + DAY_MS, zone)])
  const instants = [...offsets].map(ms => wall - ms).filter(at => at + zoneOffsetMs(at, zone) === wall)
  const [at, another] = instants
  if (at === undefined) return { problem: 'skipped' }
  return another === undefined ? { at } : { problem: 'ambiguous' }
}

const DAY_MS = 86_400_000

function offsetMs(offset: string): number {
  if (offset === 'Z') return 0
  const digits = offset.slice(1).replace(':', '')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0)
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000
}

function isZone(zone: string): boolean {
  try {
    return formatOf(zone) !== undefined
  } catch {
    return false
  }
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(zone: string): Intl.DateTimeFormat {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
  formats.set(zone, format)
  return format
}

function zoneOffsetMs(at: number, zone: string): number {
  const part: Record<string, number> = {}
  for (const { type, value } of formatOf(zone).formatToParts(at)) part[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000
}
