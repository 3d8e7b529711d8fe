export { type OldNames, withOldNames } from '../old-names.ts'
export { type AdoptOptions, type AdoptResult, adoptClasses } from './adopt.ts'
export { type AttendanceReport, type ImportAttendanceOptions, importAttendance } from './attendance/import.ts'
export {
  type AttendanceColumns,
  type AttendancePlan,
  type AttendancePlanOptions,
  attendancePlan,
  attendancePlanFrom,
  classAttendanceColumns,
  type LmsStatus,
} from './attendance/plan.ts'
export {
  type MoveNote,
  type MoveOptions,
  type MoveProblem,
  type MoveResult,
  moveClasses,
  type UndoResult,
  undoMoves,
} from './classes/move.ts'
export {
  liveClassesColumns,
  type MigrationPlan,
  type MigrationPlanOptions,
  migrationPlan,
  migrationPlanFrom,
  newColumns,
  type SourceColumns,
  type TargetColumns,
} from './columns.ts'
export type { Counts } from './counts.ts'
export { type Decision, decide, type ProviderReason, type RejectionReason, type SourceRow } from './decide.ts'
export {
  type Check,
  type Diagnosis,
  diagnoseMigration,
  migrationStatus,
  type RejectedRow,
  rejectedRows,
} from './doctor.ts'
export {
  type MigrationFacts,
  type MigrationFactsOptions,
  migrationFacts,
  type RolloutFacts,
  type TableFacts,
} from './facts.ts'
export type { Copies, CopyOptions, RecordingSink } from './history/copy.ts'
export { folderSink } from './history/folder.ts'
export { type HistoryOptions, type HistoryResult, importHistory } from './history/import.ts'
export { type LmsAttendance, type LmsAttendanceRow, openLmsAttendance } from './lms/attendance.ts'
export type { LmsDatabase, RowKey } from './lms/database.ts'
export { type OpenLmsOptions, openLmsDatabase } from './lms/open.ts'
export { isReportIntact, type Signed, type SignedReport, type VerificationReport } from './report.ts'
export {
  bucketOf,
  type Choice,
  type ChoiceInput,
  type ChoiceReason,
  chooseProvider,
  explain,
  type Rollout,
  type RolloutPhase,
  rolloutPhases,
} from './rollout/choose.ts'
export { type RolloutChooserOptions, rolloutChooser } from './rollout/chooser.ts'
export {
  type ChangeRolloutOptions,
  changeRollout,
  type RolloutPlace,
  readRollout,
  type StoredRollout,
} from './rollout/state.ts'
export { planMigration, type RunOptions, type RunResult, runMigration } from './run.ts'
export type { PassOptions, Progress } from './scan.ts'
export type { LogEntry, MigrationPhase, MigrationState } from './state.ts'
export {
  expandTable,
  type FinalizeOptions,
  finalizeMigration,
  type RollbackResult,
  rollbackMigration,
  type StepOptions,
  type StepResult,
  switchReads,
} from './steps.ts'
export type { AttendanceTotals } from './totals.ts'
export { verifyMigration } from './verify.ts'
