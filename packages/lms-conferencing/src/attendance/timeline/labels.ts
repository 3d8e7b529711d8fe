import { ENGLISH_GAPS, type GapLabels } from '../gaps.ts'
import type { AttendanceStatus } from '../types.ts'

/** Every word of the picture. */
export interface TimelineLabels {
  readonly status: Readonly<Record<AttendanceStatus, string>>
  /** On the roster of a class that runs, and not seen yet. */
  readonly notSeenYet: string
  /** There, and not on the roster. */
  readonly guest: string
  readonly notHeld: string
  readonly notHeldYet: string
  readonly soFar: string
  readonly held: string
  readonly inClass: string
  readonly there: string
  readonly reconnected: string
  readonly imputed: string
  readonly incomplete: string
  readonly noData: string
  readonly pause: string
  /** As in `12 min late`. */
  readonly late: string
  /** As in `12 min early`: gone before the end. */
  readonly early: string
  readonly now: string
  readonly minutes: string
  readonly nobody: string
  /** Lost callbacks in sentences. */
  readonly gaps: GapLabels
}

export const ENGLISH: TimelineLabels = {
  status: {
    present: 'present',
    late: 'late',
    left_early: 'left early',
    partial: 'partial',
    absent: 'absent',
    not_held: 'not held',
  },
  notSeenYet: 'not seen yet',
  guest: 'guest',
  notHeld: 'This class was not held',
  notHeldYet: 'This class has not begun',
  soFar: 'so far',
  held: 'held',
  inClass: 'in class',
  there: 'there',
  reconnected: 'reconnected',
  imputed: 'assumed, end not seen',
  incomplete: 'an event is missing',
  noData: 'no data',
  pause: 'pause',
  late: 'late',
  early: 'early',
  now: 'now',
  minutes: 'min',
  nobody: 'nobody on the roster',
  gaps: ENGLISH_GAPS,
}
