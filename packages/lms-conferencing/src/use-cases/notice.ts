import type { LostCallbacks } from '../attendance/gaps.ts'
import type { LiveClass, Recording } from '../model.ts'
import type { AttendanceCorrection } from './results.ts'

/**
 * Something people may want to hear of. Given to the `notify` port once it is in the store; a page, a mail or a
 * socket is the LMS's choice.
 */
export type Notice =
  /** The meeting of a class that waited is there now, or was refused for good (`provisioningReason` says why). */
  | { readonly type: 'class-ready' | 'class-failed'; readonly liveClass: LiveClass }
  | { readonly type: 'class-started' | 'class-ended'; readonly liveClass: LiveClass }
  /** It starts soon: told once for each start it is given. */
  | { readonly type: 'class-reminder'; readonly liveClass: LiveClass }
  /** Its title, time or description is another one, or it will not be held. */
  | {
      readonly type: 'class-changed' | 'class-cancelled'
      readonly liveClass: LiveClass
      /** The provider it was on before; there when the class was moved to another. */
      readonly movedFrom?: string | undefined
    }
  /** New facts about who was there; the figures are read with `attendance(classId)`. */
  | { readonly type: 'attendance-changed'; readonly liveClass: LiveClass }
  /** Facts came after a class was over, and somebody's kept figures are others now. */
  | {
      readonly type: 'attendance-corrected'
      readonly liveClass: LiveClass
      readonly corrections: readonly AttendanceCorrection[]
    }
  /** Callbacks were lost while the class ran: other sources may tell, `attendance(classId)` says what is left. */
  | { readonly type: 'gap-found'; readonly liveClass: LiveClass; readonly gap: LostCallbacks }
  | { readonly type: 'recording-ready'; readonly liveClass: LiveClass; readonly recording: Recording }
