import fc from 'fast-check'
import {
  type AttendanceClass,
  attendance,
  attendanceTimeline,
  type ReportPerson,
  type TimelineOptions,
} from 'lms-conferencing/attendance'
import { describe, expect, it } from 'vitest'
import { at, story, T0 } from './support.ts'

const hour: AttendanceClass = { scheduledStart: T0, plannedMs: 3_600_000, startedAt: null, endedAt: null }
const names = ['Ana', 'Ben', 'Cho', 'Dia', 'Eva']
const roster: readonly ReportPerson[] = names.map(name => ({ person: name.toLowerCase(), name }))
const lesson = `started 0:00; ana/a joined 0:00; ana/a left 20:00; ana/b joined 21:00; ana/b left 60:00;
  ben/c joined 15:00; cho/d joined 0:00; cho/d left 45:00; dia/z left 10:00; gus/g joined 0:00; gus/g left 60:00;
  ended 60:00`

interface Scene {
  readonly story?: string
  readonly class?: Partial<AttendanceClass>
  readonly now?: string
  readonly roster?: readonly ReportPerson[]
  readonly title?: string
}

function draw(scene: Scene = {}, options?: TimelineOptions): string {
  const { story: text = lesson, class: more, now, roster: people = roster, title = 'Algebra' } = scene
  const lmsClass = { ...hour, ...more }
  const result = attendance({
    class: lmsClass,
    roster: people.map(({ person }) => person),
    events: story(text),
    now: now === undefined ? null : at(now),
  })
  return attendanceTimeline({ title, class: lmsClass, result, roster: people }, options)
}

/** Every element with its attributes; fails where the text is not well-formed XML. */
function parse(svg: string): { name: string; attributes: Readonly<Record<string, string>>; text: string }[] {
  const elements: { name: string; attributes: Record<string, string>; text: string }[] = []
  const open: (typeof elements)[number][] = []
  const token = /<(\/?)([a-z]+)((?: [a-zA-Z:-]+="[^"<]*")*)(\/?)>|([^<]+)/y
  const entities = /&(?:amp|lt|gt|quot|#39);/g
  const plain = (text: string) => {
    expect(text.replace(entities, '')).not.toMatch(/[&<]/)
    // Characters XML does not know, and halves of characters.
    expect(text).not.toMatch(/[\p{Cs}\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/u)
    return text.replace(
      entities,
      entity =>
        new Map([
          ['&amp;', '&'],
          ['&lt;', '<'],
          ['&gt;', '>'],
          ['&quot;', '"'],
          ['&#39;', "'"],
        ]).get(entity) ?? '',
    )
  }
  while (token.lastIndex < svg.length) {
    const from = token.lastIndex
    const match = token.exec(svg)
    if (match === null) throw new Error(`not well-formed at ${from}: ${svg.slice(from, from + 80)}`)
    const [, closing, name = '', written = '', empty, text] = match
    if (text !== undefined) {
      const parent = open.at(-1)
      if (parent !== undefined) parent.text += parent.name === 'style' ? text : plain(text)
    } else if (closing === '/') expect(open.pop()?.name).toBe(name)
    else {
      const attributes = [...written.matchAll(/ ([a-zA-Z:-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [
        key,
        plain(value),
      ])
      const element = { name, attributes: Object.fromEntries(attributes), text: '' }
      elements.push(element)
      if (empty !== '/') open.push(element)
    }
  }
  expect(open).toEqual([])
  return elements
}

const classed = (svg: string, className: string) =>
  parse(svg).filter(({ attributes }) => attributes.class?.split(' ').includes(className))
const rowsInWords = (svg: string) =>
  parse(svg).flatMap(({ attributes }) => (attributes.role === 'listitem' ? [attributes['aria-label']] : []))

describe('the timeline', () => {
  it('says in words, row by row, what it draws', () => {
    expect(rowsInWords(draw())).toEqual([
      'Ana: present, 100.0 %, 60 min. 08:00–09:00. reconnected: 1.',
      'Ben: late, 75.0 %, 45 min. 08:15–09:00. 15 min late. assumed, end not seen: 45 min.',
      'Cho: left early, 75.0 %, 45 min. 08:00–08:45. 15 min early.',
      'Dia: absent, 0.0 %, 0 min. an event is missing.',
      'Eva: absent, 0.0 %, 0 min.',
      'gus: guest, 100.0 %, 60 min. 08:00–09:00.',
    ])
  })

  it('names and describes itself as a whole', () => {
    const [svg, title, desc] = parse(draw({ title: 'Algebra <1>' }))
    expect(svg?.attributes).toMatchObject({ role: 'figure', 'aria-labelledby': 'attendance-title attendance-desc' })
    expect(title).toMatchObject({ name: 'title', attributes: { id: 'attendance-title' }, text: 'Algebra <1>' })
    expect(desc?.text).toBe(
      'Tuesday, 1 September 2026, 08:00–09:00. 60 min held. 50.0 % there. 1 present. 1 late. 1 left early. 2 absent. 1 guest',
    )
  })

  it('draws solid what was seen, lighter a bridged reconnect, hatched an assumed end', () => {
    const svg = draw({ roster: roster.slice(0, 2), story: lesson.replace(/gus\/g (joined|left) \d+:00;/g, '') })
    // Ana twice around her reconnect, Cho off the roster, and the samples of the legend.
    expect(classed(svg, 'there')).toHaveLength(3 + 1)
    expect(classed(svg, 'bridged')).toHaveLength(1 + 1)
    expect(classed(svg, 'imputed')).toHaveLength(1 + 1)
    expect(svg).toContain('.imputed{fill:url(#attendance-imputed)')
    expect(parse(svg).find(({ attributes }) => attributes.id === 'attendance-imputed')?.name).toBe('pattern')
  })

  it('puts bars where the time is', () => {
    const bars = classed(draw({ story: 'started 0:00; ana/a joined 15:00; ana/a left 45:00; ended 60:00' }), 'there')
    // A quarter and three quarters of 616 pixels from 212 on, four of them for the round corner.
    expect(bars.at(-1)?.attributes.d).toMatch(/^M370 [\d.]+H670q4 0 4 4/)
  })

  it('marks being late and leaving early by direction and in words, not by colour alone', () => {
    const svg = draw()
    expect(classed(svg, 'mark')).toHaveLength(2)
    expect(classed(svg, 'wording').map(({ text }) => text)).toEqual(['15 min late', '15 min early'])
  })

  it('hatches time nothing is known of, also at the ends of the class, and words it', () => {
    const middle = draw({ class: { blind: [[at('20:00'), at('35:00')]] } })
    expect(classed(middle, 'blind').filter(({ name }) => name === 'rect')).toHaveLength(1)
    expect(parse(middle).filter(({ text }) => text === 'no data')).toHaveLength(2)
    const ends = draw({
      class: {
        blind: [
          [at('-30:00'), at('10:00')],
          [at('55:00'), at('90:00')],
        ],
      },
    })
    const columns = classed(ends, 'blind').filter(({ name }) => name === 'rect')
    expect(columns.map(({ attributes }) => Math.round(Number(attributes.width)))).toEqual([103, 51])
    expect(parse(draw()).filter(({ text }) => text === 'no data')).toHaveLength(0)
  })

  it('leaves a pause empty and says so', () => {
    const svg = draw({
      story: 'started 0:00; ana/a joined 0:00; ended 20:00; i2: started 40:00; i2: ana/a joined 40:00; i2: ended 60:00',
    })
    expect(classed(svg, 'held')).toHaveLength(2)
    expect(parse(svg).filter(({ text }) => text === 'pause')).toHaveLength(1)
  })

  it('live: the plan still to come, a line at now, a ring on those in class', () => {
    const svg = draw({ now: '30:00' })
    expect(classed(svg, 'now').map(({ name, text }) => name + text)).toEqual(['path', 'textnow'])
    expect(classed(svg, 'live')).toHaveLength(4)
    expect(rowsInWords(svg)[1]).toBe('Ben: late, 50.0 %, 15 min. 08:15–08:30. 15 min late. in class.')
    expect(parse(svg).find(({ name }) => name === 'desc')?.text).toContain('30 min held so far')
    expect(parse(svg).filter(({ text }) => text === '09:00')).toHaveLength(1)
  })

  it('marks a plan the class did not keep to, unless it was another day’s', () => {
    const overrun = { story: 'started -10:00; ana/a joined -10:00; ended 80:00' }
    const drawn = (events: string, scheduledStart: number) => {
      const lmsClass = { ...hour, scheduledStart }
      const result = attendance({
        class: lmsClass,
        roster: [],
        events: story(events),
        options: { windowMode: 'actual' },
      })
      return classed(attendanceTimeline({ title: 'x', class: lmsClass, result, roster }), 'plan')
    }
    expect(drawn(overrun.story, T0)).toHaveLength(2)
    expect(drawn(overrun.story, T0 - 86_400_000)).toHaveLength(0)
  })

  it('a class that was not held, or has not begun, is a list of names', () => {
    const never = draw({ story: '' })
    expect(rowsInWords(never)[0]).toBe('Ana: not held.')
    expect(parse(never).find(({ name }) => name === 'desc')?.text).toBe('This class was not held')
    expect(parse(draw({ story: '', now: '-5:00' })).find(({ name }) => name === 'desc')?.text).toBe(
      'This class has not begun',
    )
    expect(parse(draw({ story: '', roster: [] })).some(({ text }) => text === 'nobody on the roster')).toBe(true)
  })

  it.each([1, 12, 30, 80, 200])('%i people: rows that can be read, one below the other', count => {
    const people = Array.from({ length: count }, (_, n) => ({ person: `p${n}`, name: `Student ${n}` }))
    const svg = draw({ roster: people, story: 'started 0:00; p0/a joined 0:00; ended 60:00' })
    const labels = parse(svg).filter(({ name, text }) => name === 'text' && text.startsWith('Student'))
    const lines = labels.map(({ attributes }) => Number(attributes.y))
    const size = Number(labels[0]?.attributes['font-size'])
    expect(labels).toHaveLength(count)
    expect(size).toBeGreaterThanOrEqual(10)
    lines.forEach((line, index) => {
      if (index > 0) expect(line - (lines[index - 1] ?? 0)).toBeGreaterThan(size * 1.4)
    })
    expect(Number(parse(svg)[0]?.attributes.height)).toBeGreaterThan(lines.at(-1) ?? 0)
  })

  it('cuts long names to their column, and keeps them whole in words', () => {
    const name = 'Maria da Conceição Teresa Josefa de Todos os Santos'
    const svg = draw({
      roster: [
        { person: 'ana', name },
        { person: 'ben', name: '山田花子山田花子山田花子山田花子' },
      ],
    })
    const shown = parse(svg).filter(({ text }) => text.endsWith('…'))
    expect(shown.map(({ text }) => text)).toEqual(['Maria da Conceição Ter…', '山田花子山田花子山田花子…'])
    expect(rowsInWords(svg)[0]).toContain(name)
  })

  it('speaks other languages and keeps other hours', () => {
    const svg = draw({}, { locale: 'de-DE', timeZone: 'Europe/Berlin', labels: { late: 'zu spät', minutes: 'Min.' } })
    expect(rowsInWords(svg)[1]).toContain('75,0 %, 45 Min.. 10:15–11:00. 15 Min. zu spät')
  })

  it('is light, dark, or as the reader has it', () => {
    const style = (theme: 'auto' | 'light' | 'dark' | undefined) =>
      parse(draw({}, { theme })).find(({ name }) => name === 'style')?.text ?? ''
    expect(style(undefined)).toContain('@media(prefers-color-scheme:dark)')
    expect(style('light')).not.toContain('@media')
    expect(style('dark')).not.toContain('@media')
    expect(style('dark')).not.toBe(style('light'))
    expect(style('light')).toContain('fill:currentColor')
  })

  it('keeps to itself: every rule, pattern and label is under its own id', () => {
    const svg = draw({}, { id: 'class-7' })
    const ids = parse(svg).flatMap(({ attributes }) => attributes.id ?? [])
    expect(ids).toEqual(['class-7', 'class-7-title', 'class-7-desc', 'class-7-imputed', 'class-7-blind'])
    const style = parse(svg).find(({ name }) => name === 'style')?.text ?? ''
    const selectors = style.replace(/@media\([^)]*\)\{/, '').match(/[^{}]+(?=\{)/g) ?? []
    expect(selectors.length).toBeGreaterThan(20)
    for (const selector of selectors) expect(selector).toMatch(/^#class-7( |$)/)
    expect(() => draw({}, { id: 'a"><script>' })).toThrow(TypeError)
  })

  it('T50 T51: whatever people and classes are called, it is text and can be seen', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom(
        '</title><script>alert(1)</script>',
        '"onload="x',
        ']]>',
        '<!--',
        '&amp;',
        '\u202Egnp',
        '\u0000',
        '\uFFFE',
      ),
    )
    fc.assert(
      fc.property(hostile, hostile, (title, name) => {
        const elements = parse(draw({ title, roster: [{ person: 'ana', name }] }))
        const known = ['svg', 'title', 'desc', 'style', 'defs', 'pattern', 'rect', 'path', 'circle', 'g', 'text']
        for (const { name: tag, attributes } of elements) {
          expect(known).toContain(tag)
          expect(Object.keys(attributes).filter(key => key.startsWith('on') || key.includes('href'))).toEqual([])
        }
      }),
      { numRuns: 200 },
    )
    expect(rowsInWords(draw({ roster: [{ person: 'ana', name: 'A\u202Ena' }] }))[0]).toContain('A[U+202E]na:')
  })

  it('is the same picture for the same class', () => {
    expect(draw()).toBe(draw({ story: lesson.split(';').reverse().join(';') }))
  })
})
