import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { idEvidence, linkEvidence } from '../../src/migration/evidence.ts'
import { readTime } from '../../src/migration/time.ts'

describe('T60 times keep their instant', () => {
  test.each([
    ['2026-03-01 09:00:00+01', 'UTC', '2026-03-01T08:00:00.000Z'],
    ['2026-03-01T08:00:00.123Z', 'Europe/Prague', '2026-03-01T08:00:00.123Z'],
    ['2026-03-01 08:00', 'UTC', '2026-03-01T08:00:00.000Z'],
    ['2026-03-01 08:00:00.123456+00', 'UTC', '2026-03-01T08:00:00.123Z'],
    ['2026-03-01 13:30:00+0530', 'UTC', '2026-03-01T08:00:00.000Z'],
    ['2026-02-28 19:30:00-12:30', 'UTC', '2026-03-01T08:00:00.000Z'],
    ['2026-07-01 09:00', 'Europe/Prague', '2026-07-01T07:00:00.000Z'],
    ['2026-01-01 09:00', 'Europe/Prague', '2026-01-01T08:00:00.000Z'],
    ['2026-01-01 09:00', 'Asia/Kathmandu', '2026-01-01T03:15:00.000Z'],
    ['1900-01-01 00:00', 'UTC', '1900-01-01T00:00:00.000Z'],
    ['1772352000', 'UTC', '2026-03-01T08:00:00.000Z'],
    ['1772352000000', 'Europe/Prague', '2026-03-01T08:00:00.000Z'],
    ['2026-03-01', 'UTC', '2026-03-01T00:00:00.000Z'],
  ])('%s in %s', (text, zone, instant) => {
    const read = readTime(text, zone)
    expect('at' in read && new Date(read.at).toISOString()).toBe(instant)
  })

  test.each([
    ['2026-03-29 02:30', 'Europe/Prague', 'skipped'],
    ['2026-10-25 02:30', 'Europe/Prague', 'ambiguous'],
    ['2026-02-30 09:00', 'UTC', 'unreadable'],
    ['2026-03-01 25:00', 'UTC', 'unreadable'],
    ['tomorrow', 'UTC', 'unreadable'],
    ['', 'UTC', 'unreadable'],
    ['2026-03-01 09:00', 'Nowhere/Here', 'unreadable'],
  ])('%s in %s is %s', (text, zone, problem) => {
    expect(readTime(text, zone)).toEqual({ problem })
  })

  test('what a zone’s clocks show is read back as the instant it was, but for the hour they show twice', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2040, 0) }),
        fc.constantFrom('Europe/Prague', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata'),
        (at, timeZone) => {
          const instant = Math.floor(at / 1000) * 1000
          const shown = new Date(instant).toLocaleString('sv-SE', { timeZone })
          const read = readTime(shown, timeZone)
          if ('at' in read) expect(read.at).toBe(instant)
          else expect(read.problem).toBe('ambiguous')
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('evidence', () => {
  test.each([
    ['https://school.zoom.us/j/85012345678?pwd=x', { to: 'zoom', meetingId: '85012345678' }],
    ['https://ZOOM.us:443/s/85012345678', { to: 'zoom', meetingId: '85012345678' }],
    ['https://school.zoomgov.com/w/1612345678?tk=a', { to: 'zoom', meetingId: '1612345678' }],
    ['https://zoom.us/my/somebody', { to: 'zoom', meetingId: null }],
    ['https://zoom.us.evil.example/j/85012345678', { to: 'other' }],
    ['https://evilzoom.us/j/85012345678', { to: 'other' }],
    ['https://evil.example/?https://zoom.us/j/85012345678', { to: 'other' }],
    ['https://user@zoom.us@evil.example/j/85012345678', { to: 'other' }],
    ['https://bbb.example/bigbluebutton/api/join?fullName=x&meetingID=a%20b', { to: 'bbb', meetingId: 'a b' }],
    ['https://bbb.example/bigbluebutton/api/join?meetingID=%E0', { to: 'bbb', meetingId: null }],
    ['https://bbb.example/playback/presentation/2.3/x', { to: 'bbb', meetingId: null }],
    ['javascript:alert(1)', { to: 'other' }],
    ['  ', { to: 'none' }],
    [null, { to: 'none' }],
  ] as const)('%s', (link, evidence) => {
    expect(linkEvidence(link)).toEqual(evidence)
  })

  test.each([
    ['85012345678', 'zoom-number'],
    ['9223372036854775807', 'zoom-number'],
    ['9223372036854775808', 'other'],
    ['085012345678', 'other'],
    ['12345678', 'other'],
    ['/ajXp112QmuoKj4854Q+/A==', 'zoom-uuid'],
    ['850 1234 5678', 'other'],
    ['', 'none'],
    [null, 'none'],
  ] as const)('id %s is %s', (id, evidence) => {
    expect(idEvidence(id)).toBe(evidence)
  })
})
