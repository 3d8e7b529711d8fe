import type { AttendanceRecord, AttendanceTotals, LiveClassInfo, RecordingInfo } from './types.ts'

/** What a page hears of the classes it follows. Each message holds what is so now, so the latest one is all that counts. */
export type LiveMessage =
  /** A class is new, or something of its row is another: its status, its time, whether its meeting is there. */
  | { readonly type: 'class'; readonly live_class: LiveClassInfo }
  | { readonly type: 'class_removed'; readonly class_id: string; readonly course: string }
  /** How many are in the room now. */
  | { readonly type: 'people'; readonly class_id: string; readonly course: string; readonly people_now: number }
  /** For those who follow the class itself: a teacher gets the totals, a student their own row. */
  | {
      readonly type: 'attendance'
      readonly class_id: string
      readonly course: string
      /** `false` while the class may still go on. */
      readonly final: boolean
      readonly totals: AttendanceTotals | null
      readonly record: AttendanceRecord | null
    }
  /** All recordings of the class that this person may see. */
  | {
      readonly type: 'recordings'
      readonly class_id: string
      readonly course: string
      readonly recordings: readonly RecordingInfo[]
    }
  /** Not for this person, or no more; the other one of the two is `null`. */
  | { readonly type: 'denied'; readonly course: string | null; readonly class_id: string | null }

/** What to follow. */
export interface LiveTopics {
  /** The classes of these courses. */
  readonly courses?: readonly string[] | undefined
  /** These classes, and who is there. */
  readonly classes?: readonly string[] | undefined
}

/** Sent by a page once it is connected: the event `subscribe`, answered with a {@link LiveFrame} or a {@link LiveRefusal}. */
export interface LiveRequest {
  readonly courses: readonly string[]
  readonly classes: readonly string[]
  /** The `seq` of the last frame it had; `null`: it knows nothing yet. */
  readonly after: number | null
}

/** Sent to a page, the event `changes`, and to be acknowledged: the next one comes after that. */
export interface LiveFrame {
  /** What has changed up to here is in this frame and those before it. */
  readonly seq: number
  /** Too much was missed, or the page is new: what it shows must be loaded again. */
  readonly reset: boolean
  readonly messages: readonly LiveMessage[]
}

export interface LiveRefusal {
  readonly error: { readonly code: 'INVALID' | 'UNAVAILABLE'; readonly message: string }
}
