import { ConferencingError } from '../errors.ts'
import { LONGEST_CLASS_MINUTES } from '../store-results.ts'
import type { NewClass } from './classes.ts'

const limits = { title: 500, description: 20_000, durationMinutes: LONGEST_CLASS_MINUTES } as const

/** Everything but the ends of a line and tabs. */
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/u

const isUnfit = (text: string): boolean => controls.test(text) || !text.isWellFormed()

/** What is wrong with a title; `null` when nothing is. */
export function titleFault(title: string): string | null {
  const trimmed = title.trim()
  if (trimmed === '') return 'must not be empty'
  if (trimmed.length > limits.title) return `must be at most ${limits.title} characters`
  return /[\t\r\n]/u.test(trimmed) || isUnfit(title) ? 'must be one line of plain text' : null
}

function descriptionFault(description: string): string | null {
  if (description.length > limits.description) return `must be at most ${limits.description} characters`
  return isUnfit(description) ? 'must be plain text' : null
}

function timeFault(time: Date): string | null {
  // Outside these years a time is a mistake of unit, not a plan.
  const year = time.getUTCFullYear()
  return year >= 2000 && year < 2100 ? null : 'must be a time between the years 2000 and 2100'
}

const durationFault = (minutes: number): string | null =>
  Number.isInteger(minutes) && minutes >= 1 && minutes <= limits.durationMinutes
    ? null
    : `must be whole minutes from 1 to ${limits.durationMinutes}`

const idFault = (id: string): string | null => (id === '' ? 'must not be empty' : null)

/** Throws `INVALID`; the details name every field that cannot be, in the words of the API. */
export function requireValid(input: { readonly [Field in keyof NewClass]?: NewClass[Field] | undefined }): void {
  const details: Record<string, string> = {}
  const check = <T>(field: string, value: T | undefined, fault: (value: T) => string | null): void => {
    const found = value === undefined ? null : fault(value)
    if (found !== null) details[field] = found
  }
  check('course_id', input.courseId, idFault)
  check('teacher_id', input.teacherId, idFault)
  check('title', input.title, titleFault)
  check('description', input.description, descriptionFault)
  check('scheduled_at', input.startsAt, timeFault)
  check('duration_minutes', input.durationMinutes, durationFault)
  const [first] = Object.entries(details)
  if (!first) return
  throw new ConferencingError('INVALID', `${first[0]} ${first[1]}`, { details, outcome: 'not-sent' })
}
