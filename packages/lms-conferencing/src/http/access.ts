import { ConferencingError } from '../errors.ts'
import type { LiveClass } from '../model.ts'
import { HttpError } from './errors.ts'
import type { Actor, HttpApiOptions } from './ports.ts'

/** What a person is to a course. An administrator is a teacher everywhere. */
export type CourseRole = 'teacher' | 'student'

/** The gates in front of the use cases: each throws, or answers what the handler needs next. */
export interface Access {
  /** `null` for whoever has nothing to do with the course. */
  roleIn(actor: Actor, courseId: string): Promise<CourseRole | null>
  /** Throws `COURSE_NOT_FOUND`. */
  courseTitle(courseId: string): Promise<string>
  /** Throws `FORBIDDEN` for whoever has nothing to do with the course. */
  member(actor: Actor, courseId: string): Promise<CourseRole>
  /** Throws `FORBIDDEN` for all but teachers of the course. */
  teacher(actor: Actor, courseId: string): Promise<void>
  /** The class and the role in its course. Throws `CLASS_NOT_FOUND`, `FORBIDDEN`. */
  memberOf(actor: Actor, classId: string): Promise<{ readonly liveClass: LiveClass; readonly role: CourseRole }>
  /** The class, for its teachers. Throws `CLASS_NOT_FOUND`, `FORBIDDEN`. */
  teacherOf(actor: Actor, classId: string): Promise<LiveClass>
}

export function createAccess({ conferencing, lms }: Pick<HttpApiOptions, 'conferencing' | 'lms'>): Access {
  async function roleIn({ userId, isAdmin }: Actor, courseId: string): Promise<CourseRole | null> {
    if (isAdmin || (await lms.teaches(userId, courseId))) return 'teacher'
    return (await lms.enrolled(userId, courseId)) ? 'student' : null
  }

  async function member(actor: Actor, courseId: string): Promise<CourseRole> {
    const role = await roleIn(actor, courseId)
    if (role) return role
    throw new ConferencingError('FORBIDDEN', 'Only people of this course may see its classes.')
  }

  async function teacher(actor: Actor, courseId: string): Promise<void> {
    if ((await roleIn(actor, courseId)) === 'teacher') return
    throw new ConferencingError('FORBIDDEN', 'Only a teacher of this course may do that.')
  }

  return {
    roleIn,
    member,
    teacher,
    async courseTitle(courseId) {
      const title = await lms.courseTitle(courseId)
      if (title === null) throw new HttpError('COURSE_NOT_FOUND', 'There is no such course.')
      return title
    },
    async memberOf(actor, classId) {
      const liveClass = await conferencing.getClass(classId)
      return { liveClass, role: await member(actor, liveClass.courseId) }
    },
    async teacherOf(actor, classId) {
      const liveClass = await conferencing.getClass(classId)
      await teacher(actor, liveClass.courseId)
      return liveClass
    },
  }
}
