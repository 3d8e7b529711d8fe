import { type Alert, type AlertMemory, alertAdvice, alertKey, decideAlert, type ToldAlert } from '../alert.ts'
import type { Clock } from '../clock.ts'
import { ConferencingError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'
import type { Notice } from './notice.ts'

export interface AlertsOptions {
  /** Hears of them; what it throws is logged. */
  readonly tell: ((alert: ToldAlert) => void | Promise<void>) | undefined
  /** The same is told at most once in so many milliseconds. */
  readonly everyMs: number
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Pick<Metrics, 'add'>
}

/** Raises alerts: counts each, logs and tells those that are no repetition. */
export function createAlerts({ tell, everyMs, clock, logger, metrics }: AlertsOptions): (alert: Alert) => void {
  let memory: AlertMemory = new Map()
  return alert => {
    metrics.add('conferencing.alerts', { 'conferencing.reason': alert.type })
    if (alert.type === 'gap-found') metrics.add('conferencing.attendance.gaps', {})
    const now = clock.now()
    const decided = decideAlert(memory, { key: alertKey(alert), now, everyMs })
    memory = decided.memory
    const { swallowed } = decided
    if (swallowed === null) return
    const told: ToldAlert = { alert, at: new Date(now), swallowed, advice: alertAdvice[alert.type] }
    logger.warn('alert', { ...fieldsOf(alert), swallowed, advice: told.advice })
    if (!tell) return
    const failed = (): void => logger.error('telling an alert failed', { type: alert.type })
    try {
      Promise.resolve(tell(told)).catch(failed)
    } catch {
      failed()
    }
  }
}

/** What is told to people and matters to whoever runs the platform, too. */
export function alertOf(notice: Notice): Alert | null {
  const { id: classId, courseId, provider } = notice.liveClass
  if (notice.type === 'gap-found') {
    const { from, to } = notice.gap
    return { type: 'gap-found', classId, from: new Date(from), to: new Date(to) }
  }
  if (notice.type !== 'class-ready' && notice.type !== 'class-failed') return null
  return { type: notice.type === 'class-ready' ? 'meeting-ready' : 'meeting-failed', classId, courseId, provider }
}

/** Tells of a store that does not serve; one that was closed is no fault. */
export const storeAlert =
  (alert: (alert: Alert) => void) =>
  (error: unknown): void => {
    if (!(error instanceof ConferencingError) || error.code !== 'STORE_UNAVAILABLE') return
    const { reason = 'failed' } = error.details
    if (reason !== 'closed') alert({ type: 'store-unavailable', reason })
  }

const fieldsOf = (alert: Alert): Readonly<Record<string, string | number | null>> =>
  Object.fromEntries(
    Object.entries(alert).map(([name, value]: [string, string | number | Date | null]) => [
      name,
      value instanceof Date ? value.toISOString() : value,
    ]),
  )
