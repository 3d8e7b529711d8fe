import { randomUUID } from 'node:crypto'
import type { CreatedCourse, LmsPort } from 'lms-conferencing/http'
import { admin, students, teachers, type User } from './people.ts'

/** What is taught, by whom, to whom. */
export interface Course {
  readonly id: string
  readonly title: string
  readonly teacher: User
  readonly students: readonly User[]
}

/** Everybody takes biology; only the first twelve take history. */
export const courses: readonly Course[] = [
  { id: 'biology', title: 'Biology 7b', teacher: teachers[0], students },
  { id: 'history', title: 'History of the sea', teacher: teachers[1], students: students.slice(0, 12) },
]

/** Somebody one can be in the demonstration, as the page lists them. */
export interface Person {
  readonly user_id: string
  readonly display_name: string
  readonly role: 'teacher' | 'student' | 'admin'
  readonly token: string
  readonly courses: readonly Pick<Course, 'id' | 'title'>[]
}

/** Who says `Authorization: Bearer demo-student-01` is student-01. For demonstrations only: anybody can say it. */
export const tokenOf = ({ userId }: Pick<User, 'userId'>): string => `demo-${userId}`

const everybody = new Map([admin, ...teachers, ...students].map(user => [tokenOf(user), user]))
const teacherIds = new Set<string>(teachers.map(({ userId }) => userId))

/**
 * A learning platform in memory, as `lms-conferencing` needs to know one: who is asking, who teaches what, who is
 * enrolled. A real one asks its database and its sessions instead; this one forgets new courses when it ends.
 */
export function createSchool() {
  const courseOf = new Map(courses.map(course => [course.id, course]))
  /** Courses by the person and the key that asked for them: what is asked twice is made once. */
  const madeUnder = new Map<string, CreatedCourse>()
  return {
    /** The user whose token the request carries. */
    authenticate(request: Request): User | null {
      const token = /^Bearer (\S+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
      return everybody.get(token ?? '') ?? null
    },

    /** Everybody, with the courses they teach, are in, or run. */
    people(): readonly Person[] {
      const person = (role: Person['role'], { userId, displayName }: User, isTheirs: (course: Course) => boolean) => ({
        user_id: userId,
        display_name: displayName,
        role,
        token: tokenOf({ userId }),
        courses: [...courseOf.values()].filter(isTheirs).map(({ id, title }) => ({ id, title })),
      })
      return [
        ...teachers.map(one => person('teacher', one, ({ teacher }) => teacher.userId === one.userId)),
        ...students.map(one => person('student', one, course => course.students.includes(one))),
        person('admin', admin, () => true),
      ]
    },

    /** Who gets an attendance status in a class. */
    roster: ({ courseId }: { readonly courseId: string }): readonly User[] => courseOf.get(courseId)?.students ?? [],

    lms: {
      courseTitle: courseId => courseOf.get(courseId)?.title ?? null,
      teaches: (userId, courseId) => courseOf.get(courseId)?.teacher.userId === userId,
      enrolled: (userId, courseId) => courseOf.get(courseId)?.students.some(one => one.userId === userId) ?? false,
      coursesOf: userId =>
        [...courseOf.values()]
          .filter(course => course.students.some(one => one.userId === userId))
          .map(({ id, title, teacher }) => ({ id, title, instructorName: teacher.displayName })),
      createCourse({ title, description, idempotencyKey }, { userId, displayName, isAdmin = false }) {
        if (!isAdmin && !teacherIds.has(userId)) return null
        const once = idempotencyKey && JSON.stringify([userId, idempotencyKey])
        const made = once && madeUnder.get(once)
        if (made) return made
        // Everybody is in it: enrolments are another story.
        const course = { id: randomUUID(), title, teacher: { userId, displayName, isAdmin }, students }
        courseOf.set(course.id, course)
        const created = { id: course.id, title, description, teacherId: userId }
        if (once) madeUnder.set(once, created)
        return created
      },
    } satisfies LmsPort,
  }
}
