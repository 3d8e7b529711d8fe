import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AttendanceInput, type AttendanceResult, attendance } from 'lms-conferencing/attendance'
import { describe, expect, it } from 'vitest'
import { shiftInput, shiftResult } from './support.ts'

interface Case extends AttendanceInput {
  readonly id: string
  readonly title: string
  readonly expect: AttendanceResult
}

const data = process.env.CONFORMANCE_DATA
const cases: readonly Case[] =
  data === undefined ? [] : JSON.parse(readFileSync(join(data, 'attendance-cases.json'), 'utf8')).cases

describe.skipIf(data === undefined)('the worked cases of the definition (CONFORMANCE_DATA)', () => {
  it('are there', () => expect(cases.length).toBeGreaterThanOrEqual(22))

  it.each(cases)('$id: $title', ({ expect: expected, ...input }) => {
    expect(attendance(input)).toMatchObject(expected)
    expect(Object.keys(attendance(input).people).sort()).toEqual(Object.keys(expected.people).sort())
  })

  it.each(cases)('$id the same, backwards and three times over', ({ expect: expected, ...input }) => {
    const events = [...input.events, ...input.events, ...input.events].reverse()
    expect(attendance({ ...input, events })).toMatchObject(expected)
  })

  it.each(cases)('$id the same, in another century', ({ expect: expected, ...input }) => {
    const moved = attendance(shiftInput(input, 1_790_000_000_123))
    expect(shiftResult(moved, -1_790_000_000_123)).toMatchObject(expected)
  })
})
