import type { z } from '@hono/zod-openapi'
import type { LiveClass } from '../model.ts'
import type { Dashboard } from '../use-cases/dashboard.ts'
import type { ClassSchemas } from './class-schemas.ts'
import type { EnrolledCourse } from './ports.ts'
import type { presentClass } from './present.ts'

interface Beside {
  readonly courses: ReadonlyMap<string, EnrolledCourse>
  readonly now: number
  readonly presentClass: typeof presentClass
}

/** No links: those are made at the click (T9). */
export function presentDashboard(
  { upcoming, live, completed, counts }: Dashboard,
  beside: Beside,
): Omit<z.infer<ClassSchemas['dashboard']>, 'limit' | 'offset'> {
  const present = (liveClass: LiveClass) => presentOne(liveClass, beside)
  return {
    upcoming: upcoming.map(present),
    live: live.map(present),
    completed: completed.map(({ liveClass, attendance, isFinal, mark }) => ({
      ...present(liveClass),
      attendance: attendance && {
        status: attendance.status,
        duration_attended: attendance.minutes,
        attendance_percentage: attendance.percentage,
        participation_score: attendance.participationScore,
      },
      attendance_final: isFinal,
      attendance_mark: mark,
    })),
    counts: { ...counts },
  }
}

function presentOne(
  liveClass: LiveClass,
  { courses, now, presentClass }: Beside,
): z.infer<ClassSchemas['dashboardClass']> {
  const course = courses.get(liveClass.courseId)
  const isLive = liveClass.status === 'live'
  return {
    ...presentClass(liveClass),
    course: {
      id: liveClass.courseId,
      title: course?.title ?? '',
      instructor_name: course?.instructorName ?? null,
    },
    can_join: isLive,
    meeting_running: isLive,
    time_until_start: liveClass.status === 'scheduled' ? timeUntil(liveClass.startsAt.getTime() - now) : null,
  }
}

const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const

/** `2 days`, in the largest unit that fits; `null` once it is time. */
export function timeUntil(ms: number): string | null {
  if (ms <= 0) return null
  const [name, size] = units.find(([, size]) => ms >= size) ?? (['minute', 60_000] as const)
  const count = Math.floor(ms / size)
  return count === 0 ? 'less than a minute' : `${count} ${name}${count === 1 ? '' : 's'}`
}
