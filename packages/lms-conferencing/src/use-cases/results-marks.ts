import { ConferencingError } from '../errors.ts'
import type { AttendanceMark, Mark } from '../store-results.ts'
import type { Context } from './context.ts'
import { attendanceOf } from './results.ts'

/** What a teacher says of a person's attendance. */
export interface NewMark {
  readonly mark: Mark
  /** Why, for teachers; up to 2000 characters. @default '' */
  readonly note?: string | undefined
}

/** Of one person in one class. */
export interface AttendanceMarking {
  readonly classId: string
  readonly userId: string
  /** `null` takes it back. */
  readonly mark: NewMark | null
  /** The user id of whoever says so. */
  readonly who: string
}

const marks: readonly string[] = ['present', 'late', 'excused', 'absent'] satisfies readonly Mark[]
const longestNote = 2000

/**
 * Sets what a teacher says of one person's attendance, or takes it back with `null`. It stands beside the computed
 * figures, and no later fact changes it. Every change is noted with `who` made it.
 * Throws `CLASS_NOT_FOUND`, `CONFLICT` for a class that was called off, `INVALID` naming the field.
 */
export async function markAttendance(
  context: Context,
  { classId, userId, mark, who }: AttendanceMarking,
): Promise<AttendanceMark | null> {
  const { tenantId, store, clock } = context
  const note = mark?.note ?? ''
  if (mark && !marks.includes(mark.mark)) throw invalid('mark', `must be one of ${marks.join(', ')}`)
  if (note.length > longestNote) throw invalid('note', `must be at most ${longestNote} characters`)
  const { liveClass, report } = await attendanceOf(context, classId)
  if (mark && liveClass.status === 'cancelled') {
    throw new ConferencingError('CONFLICT', 'A cancelled class has no attendance to mark.', {
      userMessage: 'This class was cancelled; there is no attendance to mark.',
      details: { class_id: classId, status: liveClass.status },
    })
  }
  // Taking back must go on working for whoever has left the course since.
  if (mark && !report.rows.some(({ person }) => person === userId)) {
    throw invalid('user_id', 'is neither expected in this class nor was there')
  }
  const at = new Date(clock.now())
  const made = mark && { person: userId, mark: mark.mark, note, markedBy: who, markedAt: at }
  const changed = await store.transaction(async tx => {
    if (made) await tx.putAttendanceMark(tenantId, classId, made)
    else if (!(await tx.deleteAttendanceMark(tenantId, classId, userId))) return false
    await tx.addOperation({ tenantId, at, who, what: made ? 'mark-attendance' : 'unmark-attendance', count: 1 })
    return true
  })
  if (changed) context.notify({ type: 'attendance-changed', liveClass })
  return made
}

const invalid = (field: string, what: string): ConferencingError =>
  new ConferencingError('INVALID', `${field} ${what}`, { details: { [field]: what }, outcome: 'not-sent' })
