import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'vue/compiler-sfc'
import { checkDraft, draftOf, newDraft } from '../src/class-form.ts'
import { ar } from '../src/i18n/ar.ts'
import { en } from '../src/i18n/en.ts'
import { formatIn } from '../src/i18n/format.ts'
import { pluralIn } from '../src/i18n/plural.ts'
import { instantOf, timeZones, wallTimeOf } from '../src/time-zone.ts'

const src = join(import.meta.dirname, '../src')
const files = (pattern: string) =>
  globSync(pattern, { cwd: src }).map(name => ({ name, text: readFileSync(join(src, name), 'utf8') }))

describe('components', () => {
  it('hold no words of their own', () => {
    const found: string[] = []
    for (const { name, text } of files('**/*.vue')) {
      const template = parse(text).descriptor.template?.content ?? ''
      const bare = template
        .replace(/<!--.*?-->/gs, '')
        .replace(/\{\{.*?\}\}/gs, '')
        .replace(/(?:="[^"]*")/g, value => value.replace(/[<>]/g, ''))
      for (const [, words = ''] of bare.matchAll(/>([^<]*\p{L}[^<]*)</gu)) found.push(`${name}: ${words.trim()}`)
      for (const [attribute] of bare.matchAll(/\s(?:aria-label|title|alt|placeholder)="[^"]*"/g)) {
        found.push(`${name}: ${attribute.trim()}`)
      }
    }
    expect(found).toEqual([])
  })

  it('can be lifted: nothing but the demonstration knows the demonstration', () => {
    const outside = files('{components,composables,views,i18n}/**/*.{ts,vue}').filter(({ text }) =>
      /from '[^']*\/demo\//.test(text),
    )
    expect(outside.map(({ name }) => name)).toEqual([])
  })

  it('take live classes from lms-conferencing/browser, and libraries from three', () => {
    const imported = new Set(
      files('**/*.{ts,vue}').flatMap(({ text }) => [...text.matchAll(/from '([^.'][^']*)'/g)].map(([, from]) => from)),
    )
    expect([...imported].sort()).toEqual(['lms-conferencing/browser', 'socket.io-client', 'vue', 'vue-router'])
  })

  it('mirror by themselves: no style knows left from right', () => {
    const sided =
      /^\s*(?:(?:margin|padding|border)-(?:left|right)\s*:|(?:left|right|float)\s*:|text-align:\s*(?:left|right)\b)/m
    const found = files('**/*.{vue,css}').filter(({ text }) => sided.test(text))
    expect(found.map(({ name }) => basename(name))).toEqual([])
  })
})

describe('words', () => {
  const leaves = (value: unknown, path: string): [string, string][] => {
    if (typeof value === 'string') return [[path, value]]
    if (typeof value === 'function') return [[path, String(value(2, 'x'))]]
    return Object.entries(value ?? {}).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`))
  }

  it('are all there in Arabic, in Arabic letters', () => {
    const arabic = leaves(ar, 'ar').filter(([path]) => !/(File|\.file|\.of)$/.test(path))
    expect(arabic.filter(([, text]) => !/\p{Script=Arabic}/u.test(text))).toEqual([])
    expect(Object.keys(en)).toEqual(Object.keys(ar))
  })

  it('name no vendor', () => {
    expect(
      [...leaves(en, 'en'), ...leaves(ar, 'ar')].filter(([, text]) => /zoom|bigbluebutton|bbb/i.test(text)),
    ).toEqual([])
    expect(en.join).toBe('Join Class')
  })

  it('take the plural form that the number takes', () => {
    expect([1, 2].map(en.presence.count)).toEqual(['1 person', '2 people'])
    expect([0, 1, 2, 3, 11].map(ar.presence.count)).toEqual(['لا أحد', 'شخص واحد', 'شخصان', '3 أشخاص', '11 شخصًا'])
    expect(pluralIn('en')(1_234, { other: '# x' })).toBe('1,234 x')
  })
})

describe('times', () => {
  it.each([
    ['2027-03-01T09:30', 'Europe/Warsaw', '2027-03-01T08:30:00.000Z'],
    ['2027-07-01T09:30', 'America/New_York', '2027-07-01T13:30:00.000Z'],
    ['2027-03-01T09:30', 'Asia/Kathmandu', '2027-03-01T03:45:00.000Z'],
    ['2027-03-01T09:30', 'UTC', '2027-03-01T09:30:00.000Z'],
    // Clocks show it twice that night: the earlier one.
    ['2027-10-31T02:30', 'Europe/Warsaw', '2027-10-31T00:30:00.000Z'],
  ])('%s in %s is %s', (wall, zone, instant) => {
    const at = instantOf(wall, zone)
    expect(at === null ? null : new Date(at).toISOString()).toBe(instant)
    expect(wallTimeOf(at ?? 0, zone)).toBe(wall)
  })

  it('that no clock shows are none', () => {
    expect(instantOf('2027-03-28T02:30', 'Europe/Warsaw')).toBeNull()
    expect(instantOf('', 'Europe/Warsaw')).toBeNull()
    expect(() => instantOf('2027-03-28T02:30', 'Mars/Olympus')).toThrow(RangeError)
  })

  it('begin with the zone of the reader', () => {
    expect(timeZones('Asia/Tokyo').slice(0, 2)).toEqual(['Asia/Tokyo', 'UTC'])
    expect(new Set(timeZones()).size).toBe(timeZones().length)
  })

  it('are written as the language writes them', () => {
    const english = formatIn('en-GB', 'Europe/Warsaw')
    const from = Date.parse('2027-03-01T22:30:00Z')
    expect(english.timeRange(from, from + 90 * 60_000)).toBe('23:30 – 01:00 CET')
    expect([45, 60, 90, 120].map(english.duration)).toEqual(['45 minutes', '1 hour', '1 hour 30 minutes', '2 hours'])
    expect([30_000, 59 * 60_000, 26 * 3_600_000].map(english.until)).toEqual([
      'in 1 minute',
      'in 59 minutes',
      'in 1 day',
    ])
    expect(english.percent(66.7)).toBe('66.7%')
    expect(formatIn('ar', 'UTC').leaf(from).weekday).toBe('الاثنين')
  })
})

describe('a class in the form', () => {
  const at = Date.parse('2027-03-01T08:45:00Z')

  it('begins in the next full hour but one', () => {
    expect(newDraft(at, 'Europe/Warsaw')).toMatchObject({ wall: '2027-03-01T11:00', duration: '60', record: true })
  })

  it('goes to the API as an instant and minutes', () => {
    const draft = { ...newDraft(at, 'Asia/Tokyo'), title: 'Knots', wall: '2027-03-02T18:00', duration: 'own' as const }
    expect(checkDraft({ ...draft, ownMinutes: 75 })).toEqual({
      mistakes: null,
      scheduledAt: '2027-03-02T09:00:00.000Z',
      minutes: 75,
    })
  })

  it('says each mistake at its field', () => {
    const draft = newDraft(at, 'Europe/Warsaw')
    expect(checkDraft({ ...draft, wall: '', duration: 'own', ownMinutes: '' })).toEqual({
      mistakes: { title: 'missingTitle', date: 'missingDate', duration: 'badMinutes' },
    })
    for (const ownMinutes of [0, 1.5, 1441, -60] as const) {
      expect(checkDraft({ ...draft, title: 'x', duration: 'own', ownMinutes }).mistakes).toEqual({
        duration: 'badMinutes',
      })
    }
    expect(checkDraft({ ...draft, title: 'x', wall: '2027-03-28T02:30' }).mistakes).toEqual({ date: 'noSuchTime' })
  })

  it('shows what is planned', () => {
    const planned = { title: 'Knots', description: '', scheduled_at: '2027-03-02T09:00:00Z', record: false }
    const draft = draftOf({ ...planned, duration_minutes: 75 }, 'Asia/Tokyo')
    expect(draft).toMatchObject({ wall: '2027-03-02T18:00', duration: 'own', ownMinutes: 75, record: false })
    expect(draftOf({ ...planned, duration_minutes: 90 }, 'UTC').duration).toBe('90')
  })
})
