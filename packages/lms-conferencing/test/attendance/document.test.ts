import { readFileSync, writeFileSync } from 'node:fs'
import {
  type AttendanceInput,
  attendance,
  attendanceTimeline,
  type ClassGap,
  contradictions,
  type Evidence,
  gapText,
} from 'lms-conferencing/attendance'
import { describe, expect, it } from 'vitest'

/** What docs/ATTENDANCE.md tells in words; `UPDATE_DOCS=1` writes its picture and table anew. */
const guide = new URL('../../../../docs/ATTENDANCE.md', import.meta.url)
const picture = new URL('../../../../docs/images/attendance.svg', import.meta.url)

const ten = Date.parse('2027-03-01T10:00:00Z')
const at = (clock: string): number => Date.parse(`2027-03-01T${clock}Z`)
const clock = (time: number): string => new Date(time).toISOString().slice(11, 16)
const instance = 'algebra-1'
const stay = (person: string, session: string, from: string, to: string | null) => [
  { type: 'joined', instance, session, person, at: at(from) } as const,
  ...(to === null ? [] : [{ type: 'left', instance, session, person, at: at(to) } as const]),
]

const roster = [
  { person: 'mina', name: 'Mina' },
  { person: 'theo', name: 'Theo' },
  { person: 'lena', name: 'Lena' },
  { person: 'omar', name: 'Omar' },
  { person: 'zoe', name: 'Zoë' },
]

const input: AttendanceInput = {
  class: { scheduledStart: ten, plannedMs: 3_600_000, startedAt: at('10:00:00'), endedAt: at('11:00:00') },
  roster: roster.map(({ person }) => person),
  events: [
    { type: 'started', instance, at: ten },
    { type: 'ended', instance, at: at('11:00:00') },
    ...stay('mina', 'laptop', '10:01:00', '10:20:00'),
    ...stay('mina', 'phone', '10:21:30', '11:00:00'),
    ...stay('theo', 'a', '10:05:00', null),
    ...stay('theo', 'b', '10:40:00', '10:50:00'),
    ...stay('lena', 'c', '10:14:00', '11:00:00'),
    ...stay('omar', 'd', '10:00:00', '10:45:00'),
  ],
}

describe('docs/ATTENDANCE.md', () => {
  const result = attendance(input)
  const minutes = (ms: number): string => `${Math.floor(ms / 60_000)} min`
  const table = [
    '| student | status | there | of it assumed | % | confidence |',
    '| --- | --- | --- | --- | --- | --- |',
    ...roster.map(({ person, name }) => {
      const row = result.people[person]
      if (row === undefined) throw new Error(`${person} is missing`)
      return `| ${name} | ${row.status} | ${minutes(row.creditedMs)} | ${minutes(row.imputedMs)} | ${row.percentage?.toFixed(1)} | ${row.confidence} |`
    }),
  ].join('\n')

  it('shows the table that the code computes', () => {
    const text = readFileSync(guide, 'utf8')
    const between = /(<!-- table -->\n)[\s\S]*?(\n<!-- \/table -->)/
    if (process.env.UPDATE_DOCS) writeFileSync(guide, text.replace(between, `$1${table}$2`))
    expect(between.exec(readFileSync(guide, 'utf8'))?.[0]).toBe(`<!-- table -->\n${table}\n<!-- /table -->`)
  })

  it('says of gaps what the code says', () => {
    const gap: ClassGap = {
      ...{ from: at('10:20:00'), to: at('10:40:00'), cause: 'hook_lost' },
      ...{ state: 'repaired', repairedBy: ['report'], blind: [] },
    }
    const gaps: readonly ClassGap[] = [
      gap,
      { ...gap, repairedBy: ['snapshot'] },
      { ...gap, cause: 'receiver_down', state: 'open', repairedBy: [], blind: [[gap.from, gap.to]] },
      { ...gap, cause: 'receiver_down', state: 'open', repairedBy: ['snapshot'], blind: [[gap.from, at('10:33:00')]] },
    ]
    const said = gaps.map(one => `> ${gapText(one, { time: clock })}`).join('\n>\n')
    expect(readFileSync(guide, 'utf8')).toContain(`<!-- gaps -->\n${said}\n<!-- /gaps -->`)
  })

  it('shows the contradiction that the code finds', () => {
    const [joined, left, late] = [
      ...stay('theo', 'a', '10:00:00', '10:20:00'),
      ...stay('theo', 'a', '10:00:00', '10:45:00').slice(1),
    ]
    if (!joined || !left || !late) throw new Error('a visit has a beginning and an end')
    const evidence: readonly Evidence[] = [
      ...input.events.slice(0, 2).map((event): Evidence => ({ event, provenance: 'webhook' })),
      { event: joined, provenance: 'webhook', sources: ['report', 'webhook'] },
      { event: left, provenance: 'webhook' },
      { event: late, provenance: 'report' },
    ]
    const names: Readonly<Record<string, string>> = { webhook: 'callbacks', report: 'participant report' }
    const rows = contradictions({ class: input.class, evidence }).flatMap(({ says }) =>
      says.map(({ source, presentMs, intervals }) => {
        const spans = intervals.map(([from, to]) => `${clock(from)}–${clock(to)}`).join(', ')
        return `| ${names[source]} | ${minutes(presentMs)} | ${spans} |`
      }),
    )
    const shown = ['| Theo | there | from – to |', '| --- | --- | --- |', ...rows].join('\n')
    expect(readFileSync(guide, 'utf8')).toContain(`<!-- contradiction -->\n${shown}\n<!-- /contradiction -->`)
  })

  it('shows the picture that the code draws', () => {
    const svg = attendanceTimeline({ title: 'Algebra 1', class: input.class, result, roster }, { timeZone: 'UTC' })
    if (process.env.UPDATE_DOCS) writeFileSync(picture, svg)
    expect(readFileSync(picture, 'utf8')).toBe(svg)
  })
})
