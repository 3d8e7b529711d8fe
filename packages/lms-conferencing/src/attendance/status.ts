import type { Rules } from './options.ts'
import type { AttendanceStatus } from './types.ts'

/** The exact figures a status is made from. */
export interface Figures {
  readonly heldMs: number
  readonly creditedMs: number
  readonly late: boolean
  readonly leftEarly: boolean
}

/** Section 6, in its order, on exact values: a rounded percentage decides nothing. */
export function finalStatus({ heldMs, creditedMs, late, leftEarly }: Figures, rules: Rules): AttendanceStatus {
  if (heldMs === 0) return 'not_held'
  if (creditedMs === 0 || creditedMs * 100 < rules.absentBelowPercent * heldMs) return 'absent'
  if (creditedMs * 100 < rules.presentMinPercent * heldMs || (late && leftEarly)) return 'partial'
  if (late) return 'late'
  return leftEarly ? 'left_early' : 'present'
}

/** Section 7: nobody is absent while the class runs. */
export function liveStatus({ creditedMs, late }: Figures): AttendanceStatus | null {
  if (creditedMs === 0) return null
  return late ? 'late' : 'present'
}
