import { firstDay } from './workload.ts'

/** A clock that two processes share: it began when the wall clock showed `began`, and runs `factor` times as fast. */
export interface FastClock {
  readonly began: number
  readonly factor: number
}

export const fastNow = ({ began, factor }: FastClock): number => firstDay + Math.round((Date.now() - began) * factor)

/** For soak-process.ts. */
export interface SoakSettings extends FastClock {
  readonly url: string
  readonly bbbUrl: string
  readonly keepDays: number
  readonly choresEveryMs: number
}
