import type { z } from '@hono/zod-openapi'
import type { Clock } from '../../clock.ts'
import type { Conferencing } from '../../conferencing.ts'
import type { Logger } from '../../logger.ts'
import type { MigrationFacts } from '../../migration/facts.ts'
import type { Participant } from '../../model.ts'
import type { Access, CourseRole } from '../access.ts'
import type { ClassSchemas } from '../class-schemas.ts'
import type { Actor, HttpLimits, LmsPort } from '../ports.ts'
import type { presentClass } from '../present.ts'
import { failure, successOf } from '../schemas.ts'

/** What the routes work with. */
export interface Parts {
  readonly conferencing: Conferencing
  readonly lms: LmsPort
  readonly access: Access
  readonly logger: Logger
  readonly clock: Clock
  readonly limits: HttpLimits
  readonly migration?: MigrationFacts | undefined
  /** How a class is told, in the document and in an answer: with the names from before, or without. */
  readonly classSchemas: ClassSchemas
  readonly presentClass: typeof presentClass
}

/** Marks a route, in the document, as one for people the LMS knows. */
export const signedIn = { security: [{ lms: [] }] }

const content = <T extends z.ZodType>(schema: T) => ({ 'application/json': { schema } })

/** The errors any route may answer with. */
const failures = {
  400: { description: 'A field is not valid: `details` names it.', content: content(failure) },
  401: { description: 'Nobody the LMS knows.', content: content(failure) },
  403: { description: 'Not for this person.', content: content(failure) },
  404: { description: 'No such class or course.', content: content(failure) },
  409: { description: 'Not in the state the class is in: `details` has both ends.', content: content(failure) },
  429: { description: 'Too often; see `Retry-After`.', content: content(failure) },
  503: {
    description: 'The video service or the database does not answer; see `Retry-After`.',
    content: content(failure),
  },
} as const

/** The good answer of a route in its envelope, and the errors any may give. */
export const answers = <T extends z.ZodType>(data: T, description: string) => ({
  200: { description, content: content(successOf(data)) },
  ...failures,
})

/** The same for a route whose good answer is 201. */
export const createdAnswers = <T extends z.ZodType>(data: T, description: string) => ({
  201: { description, content: content(successOf(data)) },
  ...failures,
})

/** The LMS's role decides the role in the room. */
export const participant = ({ userId, displayName }: Actor, role: CourseRole): Participant => ({
  userId,
  displayName,
  role: role === 'teacher' ? 'moderator' : 'attendee',
})
