export {
  liveClassesColumns,
  type MigrationPlan,
  type MigrationPlanOptions,
  migrationPlan,
  newColumns,
  type SourceColumns,
  type TargetColumns,
} from './columns.ts'
export type { Counts } from './counts.ts'
export { type Decision, decide, type ProviderReason, type RejectionReason, type SourceRow } from './decide.ts'
export type { LmsDatabase, RowKey } from './lms/database.ts'
export { type OpenLmsOptions, openLmsDatabase } from './lms/open.ts'
export { isReportIntact, type SignedReport, type VerificationReport } from './report.ts'
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
export { verifyMigration } from './verify.ts'
