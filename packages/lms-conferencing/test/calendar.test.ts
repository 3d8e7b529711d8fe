import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CalendarEntry, classCalendar } from '../src/calendar.ts'
import type { LiveClass } from '../src/model.ts'

const liveClass: LiveClass = {
  id: 'c-1',
  tenantId: 'default',
  courseId: 'course',
  teacherId: 'tea',
  title: 'Lesson 1',
  description: '',
  startsAt: new Date('2027-03-01T09:00:00Z'),
  durationMinutes: 90,
  status: 'scheduled',
  provider: 'bbb',
  meetingId: 'm',
  provisioning: 'ready',
  provisioningReason: null,
  record: true,
  hasRecording: false,
  startedAt: null,
  endedAt: null,
  createdAt: new Date('2027-02-01T08:00:00Z'),
  updatedAt: new Date('2027-02-02T08:00:00.999Z'),
}

const entry = (changes: Partial<LiveClass> = {}, more: Partial<CalendarEntry> = {}): CalendarEntry => ({
  liveClass: { ...liveClass, ...changes },
  sequence: 0,
  ...more,
})

/** Reads a calendar the way RFC 5545 says to: unfold, split at the first colon, undo the escapes. */
function read(text: string): readonly [string, string][] {
  expect(text.endsWith('\r\n')).toBe(true)
  return text
    .slice(0, -2)
    .replaceAll('\r\n ', '')
    .split('\r\n')
    .map(line => {
      const colon = line.indexOf(':')
      const value = line.slice(colon + 1).replace(/\\(.)/gs, (_, next: string) => (next === 'n' ? '\n' : next))
      return [line.slice(0, colon), value]
    })
}

const property = (text: string, name: string): string | undefined => read(text).find(([found]) => found === name)?.[1]

describe('a class for a calendar', () => {
  it('is one event, in instants', () => {
    const text = classCalendar([entry({ description: 'Bring\na leaf.' }, { sequence: 3, courseTitle: 'Biology, 7b' })])
    expect(text.split('\r\n')).toEqual([
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'PRODID:-//lms-conferencing//Live classes//EN',
      'CALSCALE:GREGORIAN',
      'BEGIN:VEVENT',
      'UID:c-1@lms-conferencing',
      'SEQUENCE:3',
      'DTSTAMP:20270202T080000Z',
      'CREATED:20270201T080000Z',
      'LAST-MODIFIED:20270202T080000Z',
      'DTSTART:20270301T090000Z',
      'DTEND:20270301T103000Z',
      'SUMMARY:Lesson 1',
      'DESCRIPTION:Bring\\na leaf.',
      'CATEGORIES:Biology\\, 7b',
      'STATUS:CONFIRMED',
      'TRANSP:OPAQUE',
      'END:VEVENT',
      'END:VCALENDAR',
      '',
    ])
  })

  it('lasts as long when the clocks change meanwhile', () => {
    // In Berlin the night of the 28th has no hour from two to three.
    const text = classCalendar([entry({ startsAt: new Date('2027-03-28T01:30:00+01:00'), durationMinutes: 120 })])
    expect([property(text, 'DTSTART'), property(text, 'DTEND')]).toEqual(['20270328T003000Z', '20270328T023000Z'])
  })

  it('that is cancelled takes its hour back under the same name', () => {
    const before = classCalendar([entry()], { domain: 'school.example' })
    const after = classCalendar([entry({ status: 'cancelled' }, { sequence: 1 })], { domain: 'school.example' })
    expect(property(before, 'UID')).toBe('c-1@school.example')
    expect(property(after, 'UID')).toBe('c-1@school.example')
    expect([property(after, 'STATUS'), property(after, 'TRANSP'), property(after, 'SEQUENCE')]).toEqual([
      'CANCELLED',
      'TRANSPARENT',
      '1',
    ])
  })

  it('stands beside others in a calendar with a name', () => {
    const text = classCalendar([entry(), entry({ id: 'c-2' })], { name: 'My classes; all' })
    expect(property(text, 'X-WR-CALNAME')).toBe('My classes; all')
    expect(read(text).filter(([name]) => name === 'UID')).toHaveLength(2)
  })

  it('T50 has an address that is one, whatever it holds', () => {
    expect(property(classCalendar([entry({}, { url: 'https://lms.example/a b\r\nX-EVIL:1' })]), 'URL')).toBe(
      'https://lms.example/a%20bX-EVIL:1',
    )
    expect(() => classCalendar([entry({}, { url: '/classes/1' })])).toThrow(TypeError)
  })

  const breaks = [
    '\r\n',
    '\n',
    '\r',
    '\u0085',
    '\u2028',
    '\u2029',
    '\u000b',
    '\u000c',
    '\r\r\n',
    '\n\r',
    '\\n',
    '\u0000\n',
  ]
  const inserts = [
    'ATTACH:http://evil',
    'END:VEVENT',
    'BEGIN:VALARM',
    ' folded',
    '\tfolded',
    'DTSTART:19700101T000000Z',
  ]
  const payloads = breaks.flatMap(end => inserts.map(line => `Lesson${end}${line}`))

  it(`T50 none of ${payloads.length} payloads becomes a property of its own`, () => {
    const names = read(classCalendar([entry({ description: 'x' }, { courseTitle: 'x' })])).map(([name]) => name)
    for (const title of payloads) {
      const text = classCalendar([entry({ id: title, title, description: title }, { courseTitle: title })])
      expect(read(text).map(([name]) => name)).toEqual(names)
      expect(text.split('\r\n').filter(line => line.startsWith('ATTACH'))).toEqual([])
    }
  })

  it('T50 reads back as it was written, in lines of at most 75 bytes', () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 })
    const hostile = fc
      .array(fc.oneof(text, fc.constantFrom(...breaks, ...inserts, ',', ';', '\\', '👩‍👩‍👧', 'é', '\ud800')))
      .map(all => all.join(''))
    fc.assert(
      fc.property(hostile, hostile, (title, description) => {
        const written = classCalendar([entry({ title, description: `d${description}` })])
        for (const line of written.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75)
        expect(written).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ud800-\udfff]/u)
        expect(written.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
        expect(property(written, 'SUMMARY')).toBe(visible(title))
        expect(property(written, 'DESCRIPTION')).toBe(`d${visible(description)}`)
      }),
    )
  })
})

/** What can be seen of a text: every end of a line is one, but for tabs what no eye sees is gone. */
const visible = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n|\r|\u0085|\u2028|\u2029/g, '\n')
    .replace(/[^\P{Cc}\n\t]/gu, '')
