const minuteMs = 60_000

/** How far a zone is ahead of UTC at an instant, in milliseconds. Throws `RangeError` for an unknown zone. */
function offsetAt(instant: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }).formatToParts(instant)
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
  const [, sign, hours, minutes] = /GMT([+-])(\d\d):(\d\d)/.exec(name) ?? []
  if (sign === undefined) return 0
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * minuteMs
}

/**
 * The instant at which the clocks of a zone show `wall` (`2027-03-28T09:30`, as a `datetime-local` input gives it).
 * The earlier one where clocks show it twice; `null` where they never do, or where `wall` is no time.
 */
export function instantOf(wall: string, timeZone: string): number | null {
  const asUtc = Date.parse(`${wall}Z`)
  if (Number.isNaN(asUtc)) return null
  // The zone's offsets a day before and a day after are the only two that can hold.
  const offsets = [offsetAt(asUtc - 1440 * minuteMs, timeZone), offsetAt(asUtc + 1440 * minuteMs, timeZone)]
  const instants = offsets.map(offset => asUtc - offset).filter(at => at + offsetAt(at, timeZone) === asUtc)
  return instants.length === 0 ? null : Math.min(...instants)
}

/** What the clocks of a zone show at an instant, as a `datetime-local` input takes it. */
export const wallTimeOf = (instant: number, timeZone: string): string =>
  new Date(instant + offsetAt(instant, timeZone)).toISOString().slice(0, 16)

/** All zones a reader may choose, their own first. */
export function timeZones(own = new Intl.DateTimeFormat().resolvedOptions().timeZone): readonly string[] {
  return [...new Set([own, 'UTC', ...Intl.supportedValuesOf('timeZone')])]
}
