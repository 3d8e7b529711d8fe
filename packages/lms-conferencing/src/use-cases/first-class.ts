import type { LiveClass } from '../model.ts'
import { createClass } from './classes.ts'
import type { Context } from './context.ts'
import type { IdempotencyKey } from './once.ts'
import { titleFault } from './validate.ts'

/** A course that is new in the LMS. */
export interface NewCourse {
  readonly courseId: string
  readonly title: string
  readonly teacherId: string
  /** @default in seven days */
  readonly startsAt?: Date | undefined
  /** @default 60 */
  readonly durationMinutes?: number | undefined
  /** The same key again answers the class that was planned under it. */
  readonly idempotency?: Pick<IdempotencyKey, 'key' | 'userId'> | undefined
}

/** How far ahead the first class of a course is, in milliseconds. */
const aheadMs = 7 * 24 * 3_600_000

/**
 * Plans the first class of a new course. Never waits for the provider: the meeting is made in the background, and its
 * teacher hears of it.
 * Throws `INVALID` naming the field, `STORE_UNAVAILABLE`.
 */
export function createFirstClass(context: Context, course: NewCourse): Promise<LiveClass> {
  const { courseId, teacherId, startsAt = new Date(context.clock.now() + aheadMs), durationMinutes } = course
  const session = 'Virtual Class Session 1'
  const title = `${course.title.trim()} - ${session}`
  // A course may be called what no class may; it gets its class all the same.
  const isFit = titleFault(course.title) === null && titleFault(title) === null
  return createClass(
    context,
    {
      courseId,
      teacherId,
      title: isFit ? title : session,
      description: isFit ? `First virtual class session for ${course.title.trim()}` : '',
      startsAt,
      durationMinutes,
    },
    // Not the class, whose start moves with the clock.
    { provision: 'later', idempotency: course.idempotency && { ...course.idempotency, asked: courseId } },
  )
}
