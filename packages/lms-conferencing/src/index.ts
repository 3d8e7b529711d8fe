export type { Alert, ToldAlert } from './alert.ts'
export type { AttendanceOptions, AttendanceResult, ClassReport, ClassRow, ClassTotals } from './attendance/index.ts'
export { type Clock, systemClock, type TimerHandle } from './clock.ts'
export { type Conferencing, createConferencing } from './conferencing.ts'
export {
  ConferencingError,
  type ConferencingErrorCode,
  type ConferencingErrorOptions,
  type Outcome,
} from './errors.ts'
export { type LogFields, type Logger, noLogger } from './logger.ts'
export type { CounterName, DurationName, GaugeName, GaugeReading, MetricLabels, Metrics } from './metrics.ts'
export type * from './model.ts'
export type { ConferencingOptions } from './options.ts'
export type * from './provider.ts'
export type * from './store.ts'
export type { ClassAttendance } from './use-cases/attendance.ts'
export type { ClassRevision, CreateClassOptions, ListClassesFilter, NewClass } from './use-cases/classes.ts'
export type { RosterEntry } from './use-cases/context.ts'
export type { AttendedClass, Dashboard, DashboardFilter } from './use-cases/dashboard.ts'
export type { NewCourse } from './use-cases/first-class.ts'
export type { Health } from './use-cases/health.ts'
export type { JoinInfo } from './use-cases/join.ts'
export type { Notice } from './use-cases/notice.ts'
export type { CreatedMeeting } from './use-cases/provisioning.ts'
export type { StartedClass } from './use-cases/start.ts'
export type { ClassChanges } from './use-cases/update.ts'
