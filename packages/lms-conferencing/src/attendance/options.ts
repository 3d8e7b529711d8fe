import { amount } from './checks.ts'
import type { AttendanceOptions } from './types.ts'

/** {@link AttendanceOptions} with every default in place. */
export interface Rules {
  readonly windowMode: 'planned' | 'actual' | 'scheduled'
  readonly reconnectGraceMs: number
  readonly lateAfterMs: number
  readonly leftEarlyBeforeMs: number
  readonly presentMinPercent: number
  readonly absentBelowPercent: number
  readonly supersede: boolean
  readonly attendanceWeight: number
  readonly targets: Targets
}

export interface Targets {
  readonly talkMs: number
  readonly messages: number
  readonly raisedHands: number
  readonly reactions: number
}

/** Fills in the defaults. @throws TypeError naming the option that is out of range */
export function resolveOptions(options: AttendanceOptions = {}): Rules {
  const { windowMode = 'planned', supersede = true, targets = {} } = options
  if (windowMode !== 'planned' && windowMode !== 'actual' && windowMode !== 'scheduled') {
    throw new TypeError("options.windowMode must be 'planned', 'actual' or 'scheduled'")
  }
  if (typeof supersede !== 'boolean') throw new TypeError('options.supersede must be a boolean')
  return {
    windowMode,
    supersede,
    reconnectGraceMs: amount(options.reconnectGraceMs ?? 120_000, 'options.reconnectGraceMs'),
    lateAfterMs: amount(options.lateAfterMs ?? 600_000, 'options.lateAfterMs'),
    leftEarlyBeforeMs: amount(options.leftEarlyBeforeMs ?? 600_000, 'options.leftEarlyBeforeMs'),
    presentMinPercent: percent(options.presentMinPercent ?? 75, 'options.presentMinPercent'),
    absentBelowPercent: percent(options.absentBelowPercent ?? 10, 'options.absentBelowPercent'),
    attendanceWeight: percent(options.attendanceWeight ?? 70, 'options.attendanceWeight'),
    targets: {
      talkMs: target(targets.talkMs ?? 120_000, 'options.targets.talkMs'),
      messages: target(targets.messages ?? 5, 'options.targets.messages'),
      raisedHands: target(targets.raisedHands ?? 2, 'options.targets.raisedHands'),
      reactions: target(targets.reactions ?? 5, 'options.targets.reactions'),
    },
  }
}

function percent(value: number, name: string): number {
  if (!Number.isInteger(value) || value < 0 || value > 100) {
    throw new TypeError(`${name} must be a whole number from 0 to 100`)
  }
  return value
}

function target(value: number, name: string): number {
  if (amount(value, name) === 0) throw new TypeError(`${name} must be at least 1`)
  return value
}
