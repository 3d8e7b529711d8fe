import fc from 'fast-check'
import {
  attendance,
  attendanceCsv,
  attendanceTimeline,
  type ClassGap,
  classGaps,
  classReport,
  contradictions,
  type Evidence,
  gapText,
} from 'lms-conferencing/attendance'
import { describe, expect, it } from 'vitest'
import type { Provenance } from '../../src/model.ts'
import { anyInput } from './arbitrary.ts'
import { at, story, T0 } from './support.ts'

const hour = { scheduledStart: T0, plannedMs: 3_600_000, startedAt: at('0:00'), endedAt: at('60:00') }
const roster = [
  { person: 'ana', name: 'Ana' },
  { person: 'ben', name: 'Ben' },
]
const lost = [{ from: at('20:00'), to: at('40:00'), cause: 'hook_lost' }]
const clock = (time: number): string => new Date(time).toISOString().slice(11, 16)

const told = (provenance: Provenance, text: string, ...more: readonly Provenance[]): Evidence[] =>
  story(text).map(event => ({
    event,
    provenance,
    ...(more.length > 0 && { sources: [provenance, ...more].sort() }),
  }))

/** A look at the room every minute, at ana and ben. */
const looks = (from: number, to: number): Evidence[] =>
  Array.from({ length: to - from + 1 }, (_, index) =>
    told('snapshot', `snapshot ${from + index}:00 ana/a ben/b`),
  ).flat()

const heard = told('webhook', 'started 0:00; ana/a joined 0:00; ben/b joined 0:00; ana/a left 60:00; ended 60:00')
const gapsOf = (evidence: readonly Evidence[], more: Partial<Parameters<typeof classGaps>[0]> = {}) =>
  classGaps({ lost, evidence, startedAt: hour.startedAt, endedAt: hour.endedAt, ...more })

describe('lost callbacks in one class', () => {
  it('count for nobody while nothing else tells of the time', () => {
    const [gap, ...others] = gapsOf(heard)
    expect(others).toEqual([])
    expect(gap).toEqual({
      ...lost[0],
      state: 'open',
      repairedBy: [],
      blind: [[at('20:00'), at('40:00')]],
    })
    expect(gap && gapText(gap, { time: clock })).toBe(
      'Callbacks were lost from 08:20 to 08:40 (hook lost); this time counts for nobody.',
    )
  })

  it('are repaired by a report of the whole run, also one that only says what is known', () => {
    const report = told('webhook', 'ana/a joined 0:00; ana/a left 60:00; ended 60:00', 'report')
    const [gap] = gapsOf([...heard.filter(({ event }) => event.type !== 'ended'), ...report])
    expect(gap).toMatchObject({ state: 'repaired', repairedBy: ['report'], blind: [] })
    expect(gap && gapText(gap, { time: clock })).toBe(
      "Callbacks were lost from 08:20 to 08:40 (hook lost); repaired by the provider's participant report.",
    )
  })

  it('a report of one run tells nothing of another', () => {
    const second = told('webhook', 'i2: started 30:00; i2: ana/a joined 30:00; i2: ana/a left 60:00; i2: ended 60:00')
    const first = told('webhook', 'started 0:00; ana/a joined 0:00')
    const reported = told('report', 'ana/a left 29:00; ended 29:00')
    const [gap] = gapsOf([...first, ...reported, ...second])
    expect(gap).toMatchObject({ state: 'open', repairedBy: ['report'], blind: [[at('29:00'), at('40:00')]] })
  })

  it('are repaired by looks at the room that leave no hole', () => {
    expect(gapsOf([...heard, ...looks(19, 41)])).toMatchObject([
      { state: 'repaired', repairedBy: ['snapshot'], blind: [] },
    ])
    expect(gapsOf(heard, { watched: [[at('0:00'), at('60:00')]] })).toMatchObject([{ state: 'repaired' }])
  })

  it('as far as nobody looked, they count for nobody', () => {
    const [gap] = gapsOf([...heard, ...looks(33, 41)])
    expect(gap).toMatchObject({ state: 'open', repairedBy: ['snapshot'], blind: [[at('20:00'), at('33:00')]] })
    expect(gap && gapText(gap, { time: clock })).toBe(
      'Callbacks were lost from 08:20 to 08:40 (hook lost); repaired by looking at the room every minute; 08:20–08:33 counts for nobody.',
    )
  })

  it('the opening and the end of the room are looks at it', () => {
    const all = [{ from: at('-600:00'), to: at('600:00'), cause: 'receiver_down' }]
    const [gap] = gapsOf([...heard, ...looks(2, 59)], { lost: all })
    expect(gap).toMatchObject({ from: at('0:00'), to: at('60:00'), state: 'repaired' })
  })

  it('before the class and after it are none of it', () => {
    const elsewhere = [
      { from: at('-60:00'), to: at('0:00'), cause: 'hook_lost' },
      { from: at('60:00'), to: at('90:00'), cause: 'hook_lost' },
    ]
    expect(gapsOf(heard, { lost: elsewhere })).toEqual([])
    expect(classGaps({ lost, evidence: [], startedAt: null, endedAt: null })).toEqual([])
  })

  it('while the class runs, end with now', () => {
    const running = told('webhook', 'started 0:00; ana/a joined 0:00')
    const live = { endedAt: null, now: at('30:00') }
    expect(gapsOf(running, live)).toMatchObject([{ from: at('20:00'), to: at('30:00'), state: 'open' }])
    expect(gapsOf([...running, ...looks(19, 30)], live)).toMatchObject([{ state: 'repaired' }])
  })

  it('are in the report, the file and the picture, in words', () => {
    const gaps = gapsOf(heard)
    const blind = gaps.flatMap((gap: ClassGap) => gap.blind)
    const held = { ...hour, blind }
    const result = attendance({ class: held, roster: ['ana', 'ben'], events: heard.map(({ event }) => event) })
    const report = classReport(result, roster, new Map(), { gaps })
    expect(report).toMatchObject({ gaps, contradictions: [], totals: { blindMs: 20 * 60_000, heldMs: 40 * 60_000 } })
    const lines = attendanceCsv(report.rows, { gaps: report.gaps, formatTime: clock, bom: false }).split('\r\n')
    expect(lines[0]).toMatch(/,contradiction,lost_callbacks$/)
    expect(lines[1]).toMatch(/,08:20\/08:40 hook_lost open$/)
    const picture = attendanceTimeline({ title: 'Algebra', class: held, result, roster, gaps })
    const sentence = 'Callbacks were lost from 08:20 to 08:40 (hook lost); this time counts for nobody.'
    expect(picture.split(sentence)).toHaveLength(3)
    expect(picture).toContain('class="blind"')
  })
})

describe('contradictions between sources', () => {
  const find = (evidence: readonly Evidence[], gaps: typeof lost = []) =>
    contradictions({ class: hour, evidence, lost: gaps })
  const bounds = told('webhook', 'started 0:00; ended 60:00', 'report')

  it('are shown with what each says, when the report has somebody leave later than the callbacks', () => {
    const evidence = [
      ...bounds,
      ...told('webhook', 'ana/a joined 0:00', 'report'),
      ...told('webhook', 'ana/a left 20:00'),
      ...told('report', 'ana/a left 45:00'),
      ...told('webhook', 'ben/b joined 0:00; ben/b left 60:00', 'report'),
    ]
    expect(find(evidence)).toEqual([
      {
        person: 'ana',
        differenceMs: 25 * 60_000,
        says: [
          { source: 'webhook', presentMs: 20 * 60_000, intervals: [[at('0:00'), at('20:00')]] },
          { source: 'report', presentMs: 45 * 60_000, intervals: [[at('0:00'), at('45:00')]] },
        ],
      },
    ])
    const people = attendance({ class: hour, roster: ['ana'], events: evidence.map(({ event }) => event) })
    const { rows } = classReport(people, roster)
    const csv = attendanceCsv(rows, { contradictions: find(evidence), formatTime: clock })
    expect(csv).toContain('webhook: 08:00/08:20; report: 08:00/08:45')
  })

  it('a person in the report whom nobody saw, and a person seen who is not in the report', () => {
    const evidence = [
      ...bounds,
      ...told('webhook', 'ana/a joined 0:00; ana/a left 60:00'),
      ...told('report', 'ben/b joined 10:00; ben/b left 60:00'),
    ]
    expect(find(evidence).map(({ person, says }) => [person, ...says.map(one => one.presentMs / 60_000)])).toEqual([
      ['ana', 60, 0],
      ['ben', 0, 50],
    ])
  })

  it('whole seconds are no contradiction', () => {
    const evidence = [
      ...bounds,
      ...told('webhook', 'ana/a joined 0:00.700; ana/a left 59:58.300'),
      ...told('report', 'ana/a joined 0:00; ana/a left 59:58'),
    ]
    expect(find(evidence)).toEqual([])
  })

  it('what only one source could know is none: one source, another run, nobody in the report', () => {
    expect(find(told('webhook', 'started 0:00; ana/a joined 0:00; ana/a left 30:00; ended 60:00'))).toEqual([])
    expect(find([...bounds, ...told('webhook', 'ana/a joined 0:00; ana/a left 60:00')])).toEqual([])
    const runs = [
      ...told('webhook', 'i2: started 30:00; i2: ben/c joined 30:00; i2: ben/c left 60:00; i2: ended 60:00'),
      ...told('webhook', 'started 0:00; ana/a joined 0:00; ana/a left 29:00; ended 29:00', 'report'),
    ]
    expect(find(runs)).toEqual([])
  })

  it('in lost callbacks, and until they name the person again, they say nothing', () => {
    const report = told('report', 'ana/a joined 0:00; ana/a left 30:00; ben/b joined 25:00; ben/b left 50:00')
    const webhooks = told('webhook', 'ana/a joined 0:00; ben/b left 50:00')
    const evidence = [...bounds, ...report, ...webhooks]
    expect(find(evidence, lost)).toEqual([])
    expect(find(evidence).map(({ person }) => person)).toEqual(['ben'])
  })

  it('somebody in the room whom the callbacks let go', () => {
    const evidence = [
      ...told('webhook', 'started 0:00; ana/a joined 0:00; ana/a left 20:00; ended 60:00'),
      ...Array.from({ length: 31 }, (_, index) => told('snapshot', `snapshot ${10 + index}:00 ana/~1`)).flat(),
      ...told('snapshot', 'snapshot 41:00 ben/~1'),
    ]
    expect(find(evidence)).toMatchObject([{ person: 'ana', says: [{ source: 'webhook' }, { source: 'snapshot' }] }])
  })
})

describe('§12 properties of evidence', () => {
  const source = fc.constantFrom<Provenance>('webhook', 'report', 'snapshot')
  const scene = anyInput.chain(input =>
    fc.tuple(...input.events.map(() => source)).chain(sources => {
      const evidence = input.events.map(
        (event, index): Evidence => ({ event, provenance: sources[index] ?? 'webhook' }),
      )
      const interval = fc
        .tuple(fc.integer({ min: -50_000, max: 850_000 }), fc.integer({ min: 1, max: 400_000 }))
        .map(([from, length]) => ({ from, to: from + length, cause: 'hook_lost' }))
      return fc
        .tuple(fc.array(interval, { maxLength: 3 }), fc.shuffledSubarray(evidence, { minLength: evidence.length }))
        .map(([lostTimes, shuffled]) => ({ input, evidence, lostTimes, shuffled }))
    }),
  )

  it('the order of the facts decides neither what a gap is nor who contradicts whom', () => {
    fc.assert(
      fc.property(scene, ({ input, evidence, lostTimes, shuffled }) => {
        const times = { startedAt: input.class.startedAt, endedAt: input.class.endedAt }
        expect(classGaps({ lost: lostTimes, evidence: shuffled, ...times })).toEqual(
          classGaps({ lost: lostTimes, evidence, ...times }),
        )
        expect(contradictions({ class: input.class, evidence: shuffled, lost: lostTimes })).toEqual(
          contradictions({ class: input.class, evidence, lost: lostTimes }),
        )
      }),
      { numRuns: 1_000 },
    )
  })

  it('blind time lies inside its gap, none is left of what is repaired, and a report leaves none', () => {
    fc.assert(
      fc.property(scene, ({ input, evidence, lostTimes }) => {
        const times = { startedAt: input.class.startedAt, endedAt: input.class.endedAt }
        for (const gap of classGaps({ lost: lostTimes, evidence, ...times })) {
          expect(gap.from).toBeLessThan(gap.to)
          for (const [from, to] of gap.blind) {
            expect(gap.from <= from && from < to && to <= gap.to).toBe(true)
          }
          expect(gap.state).toBe(gap.blind.length === 0 ? 'repaired' : 'open')
          if (gap.state === 'repaired') expect(gap.repairedBy).not.toEqual([])
        }
        const ends = [...new Set(evidence.map(({ event }) => event.instance))].map(
          (instance): Evidence => ({ event: { type: 'ended', instance, at: 800_000 }, provenance: 'report' }),
        )
        const reported = classGaps({ lost: lostTimes, evidence: [...evidence, ...ends], ...times })
        expect(reported.every(({ state, repairedBy }) => state === 'repaired' && repairedBy[0] === 'report')).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  it('a second source that says the same contradicts nobody', () => {
    fc.assert(
      fc.property(anyInput, input => {
        const evidence = input.events.map((event): Evidence => {
          const sources: readonly Provenance[] = event.type === 'snapshot' ? ['snapshot'] : ['report', 'webhook']
          return { event, provenance: event.type === 'snapshot' ? 'snapshot' : 'webhook', sources }
        })
        const told = evidence.filter(({ event }) => event.type !== 'snapshot')
        expect(contradictions({ class: input.class, evidence: told })).toEqual([])
      }),
      { numRuns: 1_000 },
    )
  })
})
