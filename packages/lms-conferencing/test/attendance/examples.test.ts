import { type AttendanceInput, attendance } from 'lms-conferencing/attendance'
import { describe, expect, it } from 'vitest'
import { type Example, figureExamples, heldExamples, sessionExamples } from './examples.ts'
import { reference } from './reference.ts'
import { at, clocks, spans, story, T0 } from './support.ts'

function inputOf(example: Example): AttendanceInput {
  const { scheduledStart, startedAt = null, endedAt = null, plannedMs = 3_600_000, blind = '' } = example.class ?? {}
  const time = (clock: string | null) => (clock === null ? null : at(clock))
  return {
    class: {
      scheduledStart: scheduledStart === undefined ? T0 : time(scheduledStart),
      plannedMs,
      startedAt: time(startedAt),
      endedAt: time(endedAt),
      blind: spans(blind),
    },
    roster: example.roster ?? Object.keys(example.expect),
    events: story(example.story),
    options: example.options,
    now: example.now === undefined ? null : at(example.now),
  }
}

describe.each([
  { part: 'what is read and what counts as class time', examples: heldExamples },
  { part: 'from events to intervals', examples: sessionExamples },
  { part: 'figures, status, live, score, confidence', examples: figureExamples },
])('worked examples: $part', ({ examples }) => {
  it.each(examples)('$rule', example => {
    const input = inputOf(example)
    const result = attendance(input)
    expect(clocks(result.held)).toBe(example.held)
    expect(result.blindMs).toBe(example.blindMs ?? 0)
    expect(Object.keys(result.people).sort()).toEqual(Object.keys(example.expect).sort())
    for (const [person, { there, bridged, imputed, ...figures }] of Object.entries(example.expect)) {
      const row = result.people[person]
      expect(clocks(row?.intervals ?? [])).toBe(there)
      if (bridged !== undefined) expect(clocks(row?.bridged ?? [])).toBe(bridged)
      if (imputed !== undefined) expect(clocks(row?.imputed ?? [])).toBe(imputed)
      expect(row).toMatchObject(figures)
    }
    expect(reference(input)).toEqual(result)
  })
})
