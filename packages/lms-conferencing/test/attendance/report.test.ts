import { attendance, classReport, courseReport } from 'lms-conferencing/attendance'
import { describe, expect, it } from 'vitest'
import { at, story, T0 } from './support.ts'

const hour = { scheduledStart: T0, plannedMs: 3_600_000, startedAt: null, endedAt: null }
const roster = [
  { person: '20', name: 'Zoe' },
  { person: '3', name: 'Ana' },
  { person: 'ben', name: 'Ben' },
]
const keys = roster.map(({ person }) => person)
const lesson = story(`started 0:00; 20/a joined 0:00; 20/a left 60:00; 3/b joined 15:00; 3/b left 60:00;
  gus/g joined 0:00; gus/g left 60:00; ended 60:00`)
const none = { present: 0, late: 0, left_early: 0, partial: 0, absent: 0, not_held: 0 }

describe('the report of a class', () => {
  it('keeps the order of the roster even where the keys are numbers, then lists who else was there', () => {
    const { rows } = classReport(attendance({ class: hour, roster: keys, events: lesson }), roster)
    expect(rows.map(({ person, name, onRoster, status }) => [person, name, onRoster, status])).toEqual([
      ['20', 'Zoe', true, 'present'],
      ['3', 'Ana', true, 'late'],
      ['ben', 'Ben', true, 'absent'],
      ['gus', null, false, null],
    ])
  })

  it('sums up the roster, guests apart', () => {
    const { totals } = classReport(attendance({ class: hour, roster: keys, events: lesson }), roster)
    expect(totals).toEqual({
      final: true,
      heldMs: 3_600_000,
      blindMs: 0,
      people: 3,
      counts: { ...none, present: 1, late: 1, absent: 1 },
      notSeenYet: 0,
      inClassNow: 0,
      guests: 1,
      percentage: 58.3,
      toReview: 0,
    })
  })

  it('says who is in class now and who was not seen yet', () => {
    const live = attendance({ class: hour, roster: keys, events: lesson, now: at('20:00') })
    const { totals } = classReport(live, roster)
    expect(totals).toMatchObject({
      final: false,
      inClassNow: 2,
      notSeenYet: 1,
      counts: { ...none, present: 1, late: 1 },
    })
  })

  it('a class nobody knows anything of has no percentage', () => {
    const { totals } = classReport(attendance({ class: hour, roster: keys, events: [] }), roster)
    expect(totals).toMatchObject({ percentage: null, heldMs: 0, counts: { ...none, not_held: 3 } })
  })

  it('twenty lost minutes show as blind time, and are gone once a report has filled them', () => {
    const heard = story(
      'started 0:00; 20/a joined 0:00; 3/b joined 0:00; ben/c joined 0:00; 20/a left 60:00; ended 60:00',
    )
    const lost = { ...hour, blind: [[at('20:00'), at('40:00')] as const] }
    const sources = new Map([['3', ['webhook' as const]]])
    const before = classReport(attendance({ class: lost, roster: keys, events: heard }), roster, sources)
    expect(before.totals).toMatchObject({ blindMs: 1_200_000, heldMs: 2_400_000 })
    expect(before.rows[1]).toMatchObject({ minutes: 20, anomalies: ['unclosed'], provenance: ['webhook'] })

    const rows = story(
      '20/a joined 0:00; 20/a left 60:00; 3/b joined 0:00; 3/b left 35:00; ben/c joined 0:00; ben/c left 60:00',
    )
    const full = attendance({ class: hour, roster: keys, events: [...heard, ...rows] })
    const after = classReport(full, roster, new Map([['3', ['webhook', 'report']]]))
    expect(after.totals).toMatchObject({ blindMs: 0, heldMs: 3_600_000, toReview: 0 })
    expect(after.rows[1]).toMatchObject({ minutes: 35, anomalies: [], provenance: ['report', 'webhook'] })
  })
})

describe('the report of a course', () => {
  const imputed = story('started 0:00; 20/a joined 0:00; 3/b joined 0:00; 3/b left 50:00; ended 60:00')
  const classes = [
    { classId: 'c1', title: 'One', result: attendance({ class: hour, roster: keys, events: lesson }) },
    { classId: 'c2', title: 'Two', result: attendance({ class: hour, roster: ['20', '3'], events: imputed }) },
    { classId: 'c3', title: 'Not held', result: attendance({ class: hour, roster: keys, events: [] }) },
    {
      classId: 'c4',
      title: 'Live',
      result: attendance({ class: hour, roster: keys, events: lesson, now: at('9:00') }),
    },
  ]

  it('counts, for each person, the classes that are over, were held and had them on the roster', () => {
    const { rows } = courseReport(classes, roster)
    expect(
      rows.map(({ person, classes: held, statuses, percentage, participationScore, toReview }) => ({
        person,
        held,
        statuses,
        percentage,
        participationScore,
        toReview,
      })),
    ).toEqual([
      {
        person: '20',
        held: 2,
        statuses: ['present', 'present', 'not_held', null],
        percentage: 100,
        participationScore: 100,
        toReview: 1,
      },
      {
        person: '3',
        held: 2,
        statuses: ['late', 'present', 'not_held', null],
        percentage: 79.2,
        participationScore: 79,
        toReview: 0,
      },
      {
        person: 'ben',
        held: 1,
        statuses: ['absent', null, 'not_held', null],
        percentage: 0,
        participationScore: 0,
        toReview: 0,
      },
      {
        person: 'gus',
        held: 0,
        statuses: [null, null, null, null],
        percentage: null,
        participationScore: null,
        toReview: 0,
      },
    ])
    expect(rows[1]).toMatchObject({ creditedMs: 95 * 60_000, heldMs: 120 * 60_000, counts: { late: 1, present: 1 } })
  })

  it('has the totals of each class', () => {
    const report = courseReport(classes, roster)
    expect(report.classes.map(({ classId, final, heldMs, people }) => [classId, final, heldMs, people])).toEqual([
      ['c1', true, 3_600_000, 3],
      ['c2', true, 3_600_000, 2],
      ['c3', true, 0, 3],
      ['c4', false, 540_000, 3],
    ])
  })
})
