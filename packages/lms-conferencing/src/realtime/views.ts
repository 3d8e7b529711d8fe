import type { LiveMessage } from '../browser/live-messages.ts'
import type { Conferencing } from '../conferencing.ts'
import { ConferencingError } from '../errors.ts'
import type { CourseRole } from '../http/access.ts'
import { presentClass, presentRecording, presentRow, presentTotals } from '../http/present.ts'
import type { Change } from '../store.ts'

/** Whom a message is for. */
export interface Viewer {
  readonly userId: string
  readonly role: CourseRole
  /** Whether the page follows the class itself, not only its course. */
  readonly isClose: boolean
}

/** A change as messages for one viewer. */
export type View = (viewer: Viewer) => readonly LiveMessage[]

/**
 * Reads what has changed, once for all who look at it; everybody gets what the HTTP API would show them. Throws what
 * the store throws; rejects with anything else when the LMS's roster cannot be had.
 */
export async function viewOf(conferencing: Conferencing, { courseId, classId, kind }: Change): Promise<View> {
  if (classId === null) return () => []
  const of = { class_id: classId, course: courseId }
  if (kind === 'recordings') {
    const all = await conferencing.changes.recordings(classId)
    const forTeachers = all.map(presentRecording)
    const forStudents = all.filter(({ published, state }) => published && state !== 'deleted').map(presentRecording)
    return ({ role }) => [{ type: 'recordings', ...of, recordings: role === 'teacher' ? forTeachers : forStudents }]
  }
  try {
    if (kind === 'attendance') return await attendanceView(conferencing, of)
    const liveClass = await conferencing.getClass(classId)
    const row: LiveMessage = { type: 'class', live_class: presentClass(liveClass) }
    // Beginning and end of a class decide what everybody's minutes are worth.
    const attendance = liveClass.startedAt === null ? () => [] : await attendanceView(conferencing, of)
    return viewer => [row, ...attendance(viewer)]
  } catch (error) {
    if (!(error instanceof ConferencingError && error.code === 'CLASS_NOT_FOUND')) throw error
    return () => [{ type: 'class_removed', ...of }]
  }
}

async function attendanceView(
  conferencing: Conferencing,
  of: { readonly class_id: string; readonly course: string },
): Promise<View> {
  const { result, report } = await conferencing.attendance(of.class_id)
  const rows = new Map(report.rows.map(row => [row.person, row]))
  const totals = presentTotals(report.totals)
  const people: LiveMessage = {
    type: 'people',
    ...of,
    people_now: report.rows.filter(({ inClassNow }) => inClassNow).length,
  }
  return ({ userId, role, isClose }) => {
    if (!isClose) return [people]
    const row = role === 'student' ? rows.get(userId) : undefined
    const own = role === 'teacher' ? { totals, record: null } : { totals: null, record: row ? presentRow(row) : null }
    return [people, { type: 'attendance', ...of, final: result.final, ...own }]
  }
}
