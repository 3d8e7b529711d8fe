import { randomUUID } from 'node:crypto'
import type { LmsPort } from 'lms-conferencing/http'
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
  return {
    /** The user whose token the request carries. */
    authenticate(request: Request): User | null {
      const token = /^Bearer (\S+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
      return everybody.get(token ?? '') ?? null
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
      createCourse({ title, description }, { userId, displayName, isAdmin = false }) {
        if (!isAdmin && !teacherIds.has(userId)) return null
        // Everybody is in it: enrolments are another story.
        const course = { id: randomUUID(), title, teacher: { userId, displayName, isAdmin }, students }
        courseOf.set(course.id, course)
        return { id: course.id, title, description, teacherId: userId }
      },
    } satisfies LmsPort,
  }
}
