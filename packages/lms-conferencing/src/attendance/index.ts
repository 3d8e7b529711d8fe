export type { AttendanceEvent, PresentSession, Provenance, Room } from '../model.ts'
export {
  type Contradiction,
  type ContradictionInput,
  contradictions,
  type Statement,
  toleranceMs,
} from './contradictions.ts'
export { attendanceCsv, type CsvCell, type CsvOptions, courseCsv, csv } from './csv.ts'
export type { Evidence } from './evidence.ts'
export { type AttendanceFold, attendance, createAttendanceFold } from './fold.ts'
export {
  type ClassGap,
  type ClassTime,
  classGaps,
  ENGLISH_GAPS,
  type GapCause,
  type GapInput,
  type GapLabels,
  gapText,
  type LostCallbacks,
} from './gaps.ts'
export {
  type ClassReport,
  type ClassRow,
  type ClassTotals,
  type CourseClass,
  type CourseReport,
  type CourseRow,
  classReport,
  courseReport,
  type Doubts,
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
export { nameSessions, unnamedSession } from './unnamed.ts'
export { type HiddenCharacters, visibleText } from './visible-text.ts'
