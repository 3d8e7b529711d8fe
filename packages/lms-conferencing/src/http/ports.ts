import type { Clock } from '../clock.ts'
import type { Conferencing } from '../conferencing.ts'
import type { Logger } from '../logger.ts'

/** Who is asking, as the LMS knows them. */
export interface Actor {
  readonly userId: string
  /** The name others see in a class. */
  readonly displayName: string
  /** May do what the teacher of any course may. @default false */
  readonly isAdmin?: boolean | undefined
}

/** A course somebody wants to make. */
export interface CourseRequest {
  readonly title: string
  readonly description: string
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

export interface HttpApiOptions {
  readonly conferencing: Conferencing
  /** Who sent this request; `null`: nobody the LMS knows. Must leave the body alone. */
  readonly authenticate: (request: Request) => Actor | null | Promise<Actor | null>
  readonly lms: LmsPort
  /** @default nothing is logged */
  readonly logger?: Logger | undefined
  /** Times the reading of bodies, and says how long until a class begins. @default the wall clock */
  readonly clock?: Clock | undefined
}

/** What Hono carries from the authentication to the handlers. */
export interface ApiEnv {
  Variables: { actor: Actor }
}
