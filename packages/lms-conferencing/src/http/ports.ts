import type { Clock } from '../clock.ts'
import type { Conferencing } from '../conferencing.ts'
import type { Logger } from '../logger.ts'
import type { MigrationFacts } from '../migration/facts.ts'
import type { RateLimit } from './limits.ts'

/** Who is asking, as the LMS knows them. */
export interface Actor {
  readonly userId: string
  /** The name others see in a class. */
  readonly displayName: string
  /** May do what the teacher of any course may, and look after the callbacks. @default false */
  readonly isAdmin?: boolean | undefined
}

/** A course somebody wants to make. */
export interface CourseRequest {
  readonly title: string
  readonly description: string
  /** From the same person the same key again: the course that was made for it, and no other. */
  readonly idempotencyKey?: string | undefined
}

/** A course as the LMS made it. */
export interface CreatedCourse {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly teacherId: string
}

/** A course as a student's page shows it. */
export interface EnrolledCourse {
  readonly id: string
  readonly title: string
  readonly instructorName?: string | undefined
}

/** What the LMS knows and this package does not: courses, and who has to do with them. */
export interface LmsPort {
  /** `null`: there is no such course. */
  courseTitle(courseId: string): string | null | Promise<string | null>
  teaches(userId: string, courseId: string): boolean | Promise<boolean>
  enrolled(userId: string, courseId: string): boolean | Promise<boolean>
  /** The courses a person is enrolled in. Left out: there is no dashboard. */
  coursesOf?(userId: string): readonly EnrolledCourse[] | Promise<readonly EnrolledCourse[]>
  /**
   * Makes a course; `null`: this person may not. Left out: courses are made elsewhere, and whoever makes one calls
   * `conferencing.createFirstClass`. A `ConferencingError` `INVALID` it throws is answered as such.
   */
  createCourse?(request: CourseRequest, actor: Actor): CreatedCourse | null | Promise<CreatedCourse | null>
}

/** How much this process lets itself be asked. */
export interface HttpLimits {
  /**
   * For each person, over `join_info` and `start_class`: each makes a link, and may ask the video service. `null`: none.
   * @default 30 at once, then 30 a minute
   */
  readonly joins?: RateLimit | null | undefined
  /**
   * How many bytes of callbacks may be on their way at once, in memory; whatever comes beyond is answered 503, so that
   * its sender comes again. Good callbacks are never refused for their number.
   * @default 64 MiB
   */
  readonly callbackBytes?: number | undefined
}

export interface HttpApiOptions {
  readonly conferencing: Conferencing
  /** Who sent this request; `null`: nobody the LMS knows. Must leave the body alone. */
  readonly authenticate: (request: Request) => Actor | null | Promise<Actor | null>
  readonly lms: LmsPort
  /** @default nothing is logged */
  readonly logger?: Logger | undefined
  readonly limits?: HttpLimits | undefined
  /** The move from one provider to another, for administrators: `migrationFacts` of `./migration`. @default there is none */
  readonly migration?: MigrationFacts | undefined
  /**
   * Every class in every answer also has the names that pages read while there was only Zoom: `zoom_meeting_id`,
   * `join_url`, `start_url` and `password`, as `withOldNames` of `./migration` gives them. Links and passwords are there
   * by name and always `null`. The OpenAPI document has them as deprecated. Messages of `./socket.io` never have them.
   * @default false
   */
  readonly oldNames?: boolean | undefined
  /** Times the reading of bodies, and says how long until a class begins. @default the wall clock */
  readonly clock?: Clock | undefined
}

/** What Hono carries from the authentication to the handlers. */
export interface ApiEnv {
  Variables: { actor: Actor }
}
