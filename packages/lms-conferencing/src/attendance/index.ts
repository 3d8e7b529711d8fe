export type { AttendanceEvent, PresentSession, Room } from '../model.ts'
export { type AttendanceFold, attendance, createAttendanceFold } from './fold.ts'
export type {
  Activity,
  Anomaly,
  AttendanceClass,
  AttendanceInput,
  AttendanceOptions,
  AttendanceResult,
  AttendanceStatus,
  Interval,
  PersonAttendance,
} from './types.ts'
