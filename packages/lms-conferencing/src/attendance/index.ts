export type { AttendanceEvent, PresentSession, Room } from '../model.ts'
export { attendanceCsv, type CsvCell, type CsvOptions, courseCsv, csv } from './csv.ts'
export { type AttendanceFold, attendance, createAttendanceFold } from './fold.ts'
export {
  type ClassReport,
  type ClassRow,
  type ClassTotals,
  type CourseClass,
  type CourseReport,
  type CourseRow,
  classReport,
  courseReport,
  type ReportName,
  type ReportPerson,
  type StatusCounts,
} from './report.ts'
export { attendanceTimeline, type TimelineLabels, type TimelineOptions, type TimelineParams } from './timeline.ts'
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
export { type HiddenCharacters, visibleText } from './visible-text.ts'
