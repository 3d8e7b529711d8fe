import type { LiveClass } from './model.ts'

/**
 * Classes as calendar entries (RFC 5545), for people who plan their week elsewhere. Times are instants in UTC, so every
 * calendar shows them in its owner's time zone, summer or winter. Pure: the same entries give the same text.
 */

/** One class, with what a calendar needs beside it. */
export interface CalendarEntry {
  readonly liveClass: LiveClass
  /**
   * Grows with each change of the class: of two entries with the same UID, calendars keep the one with the higher
   * number. `conferencing.classRevision` has it.
   */
  readonly sequence: number
  readonly courseTitle?: string | undefined
  /** The page of the class in the LMS, absolute. Never a join link: calendars are copied and shared. */
  readonly url?: string | undefined
}

export interface CalendarOptions {
  /** What the calendar is called, where it is subscribed to. @default none */
  readonly name?: string | undefined
  /** How often subscribed calendars should look again, in minutes (RFC 7986, 5.7). @default as they like */
  readonly refreshMinutes?: number | undefined
  /** Ends every UID; tells installations apart that share a calendar. @default 'lms-conferencing' */
  readonly domain?: string | undefined
}

/** One calendar of these classes, as the text of an `.ics` file. Throws `TypeError` on a `url` that is none. */
export function classCalendar(entries: readonly CalendarEntry[], options: CalendarOptions = {}): string {
  const { name, refreshMinutes, domain = 'lms-conferencing' } = options
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//lms-conferencing//Live classes//EN',
    'CALSCALE:GREGORIAN',
    ...(name === undefined ? [] : [`X-WR-CALNAME:${escapeText(name)}`]),
    // The second is what Outlook and others knew before the first was written down.
    ...(refreshMinutes === undefined
      ? []
      : [`REFRESH-INTERVAL;VALUE=DURATION:PT${refreshMinutes}M`, `X-PUBLISHED-TTL:PT${refreshMinutes}M`]),
    ...entries.flatMap(entry => eventLines(entry, domain)),
    'END:VCALENDAR',
  ]
  return lines.map(line => `${foldLine(line)}\r\n`).join('')
}

function eventLines({ liveClass, sequence, courseTitle, url }: CalendarEntry, domain: string): string[] {
  const { id, title, description, startsAt, durationMinutes, status, createdAt, updatedAt } = liveClass
  const isCancelled = status === 'cancelled'
  return [
    'BEGIN:VEVENT',
    `UID:${escapeText(`${id}@${domain}`)}`,
    `SEQUENCE:${sequence}`,
    // Without a METHOD, the time of the last change (3.8.7.2).
    `DTSTAMP:${utc(updatedAt)}`,
    `CREATED:${utc(createdAt)}`,
    `LAST-MODIFIED:${utc(updatedAt)}`,
    `DTSTART:${utc(startsAt)}`,
    `DTEND:${utc(new Date(startsAt.getTime() + durationMinutes * 60_000))}`,
    `SUMMARY:${escapeText(title)}`,
    ...(description === '' ? [] : [`DESCRIPTION:${escapeText(description)}`]),
    ...(courseTitle === undefined ? [] : [`CATEGORIES:${escapeText(courseTitle)}`]),
    ...(url === undefined ? [] : [`URL:${new URL(url).href}`]),
    `STATUS:${isCancelled ? 'CANCELLED' : 'CONFIRMED'}`,
    // A class that was called off keeps nobody's hour busy.
    `TRANSP:${isCancelled ? 'TRANSPARENT' : 'OPAQUE'}`,
    'END:VEVENT',
  ]
}

/** `20270301T090000Z` (RFC 5545, 3.3.5, form 2). */
const utc = (at: Date): string => `${at.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`

/**
 * Text as a value (RFC 5545, 3.3.11). Ends of lines of every kind become `\n`, so that none makes a line of the file;
 * what no calendar file may hold, control characters and halves of pairs, is left out.
 */
function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n|[\r\n\u0085\u2028\u2029]/g, '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
    .replace(/[\\;,]/g, '\\$&')
    .replace(/\n/g, '\\n')
}

/** The most bytes a line may have, without its end. */
const maxLineBytes = 75

/** Folds a line into pieces of at most 75 bytes that never cut a character (RFC 5545, 3.1). */
function foldLine(line: string): string {
  const pieces: string[] = []
  let piece = ''
  let bytes = 0
  for (const character of line) {
    const size = Buffer.byteLength(character)
    if (bytes + size > maxLineBytes) {
      pieces.push(piece)
      // The blank that continues a line counts.
      piece = ' '
      bytes = 1
    }
    piece += character
    bytes += size
  }
  return [...pieces, piece].join('\r\n')
}
