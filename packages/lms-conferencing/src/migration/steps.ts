import type { Clock } from '../clock.ts'
import { ConferencingError } from '../errors.ts'
import { type MigrationPlan, targetNames } from './columns.ts'
import type { LmsDatabase, RowKey, Survey } from './lms/database.ts'
import type { SignedReport } from './report.ts'
import { type RunOptions, runWith } from './run.ts'
import { pass } from './scan.ts'
import { logged, type MigrationPhase, type MigrationState, planText, StateKeeper } from './state.ts'
import { verifyWith } from './verify.ts'

export interface StepOptions {
  readonly lms: LmsDatabase
  readonly plan: MigrationPlan
  readonly clock: Clock
  /** For the log. */
  readonly who: string
}

/** Adds the new columns, empty, and the compatibility view over the old ones. Answers the columns that were missing. */
export async function expandTable({ lms, plan, clock, who }: StepOptions): Promise<readonly string[]> {
  const keeper = await StateKeeper.load(lms, plan)
  const before = keeper.state
  if (before !== null && before.phase !== 'rolled_back') {
    const state = keeper.require('Expanding', ['expanded', 'backfilled', 'verified', 'switched'])
    // It may have been stopped before the view was there.
    await keeper.step(state, row => lms.makeView(state.phase === 'switched' ? 'new' : 'old', row))
    return []
  }
  const { added } = await lms.shape()
  if (added.length > 0 && before === null) {
    throw new ConferencingError(
      'CONFLICT',
      `${plan.table} has a column ${added.join(', ')} already, which this migration did not make. Give its own columns other names, with --new-column.`,
      { details: { columns: added.join(' ') } },
    )
  }
  const at = new Date(clock.now()).toISOString()
  const state: MigrationState = logged(
    {
      phase: 'expanded',
      plan: planText(plan),
      checkpoint: null,
      counts: null,
      report: null,
      log: before?.log ?? [],
    },
    { at, who, what: 'expand', rows: 0 },
  )
  const made = await keeper.step(state, row => lms.expand(row))
  await keeper.step(state, row => lms.makeView('old', row))
  return made
}

/**
 * Has the compatibility view read the new columns. Rows that changed since the run are caught up with first, and all are
 * verified. Throws `CONFLICT` when they do not verify. `null`: stopped by the signal.
 */
export async function switchReads(options: RunOptions): Promise<SignedReport | null> {
  const { lms, plan, clock, who } = options
  const keeper = await StateKeeper.load(lms, plan)
  keeper.require('Switching', ['verified', 'switched'])
  const report = await caughtUp(keeper, options)
  if (report === null) return null
  const state = keeper.require('Switching', ['verified', 'switched'])
  const at = new Date(clock.now()).toISOString()
  const next = logged({ ...state, phase: 'switched' }, { at, who, what: 'switch', rows: report.counts.rows })
  await keeper.step(next, row => lms.makeView('new', row))
  return report
}

async function caughtUp(keeper: StateKeeper, options: RunOptions): Promise<SignedReport | null> {
  const run = await runWith(keeper, options)
  const report = run.isComplete ? await verifyWith(keeper, options) : null
  if (options.signal?.aborted) return null
  if (report?.ok) return report
  throw new ConferencingError('CONFLICT', 'The rows do not verify. See `migrate doctor`.')
}

export interface FinalizeOptions extends RunOptions {
  /** Rows that were rejected stay as they are. @default finalize refuses while there are any */
  readonly acceptRejected?: boolean | undefined
  /** In SQLite, which rewrites the table for it and lets nobody write meanwhile. PostgreSQL does it anyway. @default false */
  readonly dropColumns?: boolean | undefined
}

/** What `finalize` and `rollback` leave behind. */
export interface StepResult {
  readonly report: SignedReport | null
  readonly dropped: readonly string[]
}

/**
 * Ends the migration: there is no way back from here. No old column is touched; those for the migration's own use go.
 * Throws `CONFLICT` while rows do not verify, or are rejected. `null`: stopped by the signal.
 */
export async function finalizeMigration(options: FinalizeOptions): Promise<StepResult | null> {
  const { lms, plan, clock, who, acceptRejected = false } = options
  const keeper = await StateKeeper.load(lms, plan)
  keeper.require('Finalizing', ['switched'])
  const report = await caughtUp(keeper, options)
  if (report === null) return null
  if (report.counts.rejected > 0 && !acceptRejected) {
    throw new ConferencingError(
      'CONFLICT',
      `${report.counts.rejected} rows have no provider. Look at them with \`migrate rejected\`, or accept that with --accept-rejected.`,
      { details: { rejected: String(report.counts.rejected) } },
    )
  }
  const at = new Date(clock.now()).toISOString()
  const state = keeper.require('Finalizing', ['switched'])
  const final = logged(
    { ...state, phase: 'finalized', report },
    { at, who, what: 'finalize', rows: report.counts.rows },
  )
  const own = mayDrop(lms, options) ? (['outcome', 'digest'] as const).map(name => plan.target[name]) : []
  await keeper.step(final, row => lms.drop(own, row))
  return { report, dropped: own }
}

const mayDrop = (lms: LmsDatabase, { dropColumns = false }: Pick<FinalizeOptions, 'dropColumns'>): boolean =>
  dropColumns || lms.engine === 'PostgreSQL'

const undoable: readonly MigrationPhase[] = ['expanded', 'backfilled', 'verified', 'switched', 'rolling_back']

export interface RollbackResult {
  /** `false`: stopped by the signal; the same call goes on. */
  readonly isComplete: boolean
  /** Rows whose new columns were emptied. */
  readonly emptied: number
  /** Rows whose new columns the LMS wrote itself: they stay, and so do the columns. */
  readonly theirs: number
  readonly dropped: readonly string[]
}

/**
 * Takes everything back that the migration made: first the view, then what stands in the new columns, in small batches,
 * then the columns. Throws `CONFLICT` after `finalize`, or when there is nothing to take back.
 */
export async function rollbackMigration(options: Omit<FinalizeOptions, 'acceptRejected'>): Promise<RollbackResult> {
  const { lms, plan, clock, who } = options
  const keeper = await StateKeeper.load(lms, plan)
  let state = keeper.require('Rolling back', undoable)
  if (state.phase !== 'rolling_back') {
    state = { ...state, phase: 'rolling_back', checkpoint: null, report: null }
    await keeper.step(state, row => lms.dropView(row))
  }
  let emptied = 0
  const { isComplete } = await pass('emptying', options, {
    columns: 'evidence',
    from: state.checkpoint,
    pick: ({ key, now }, { standing }) => (standing !== 'theirs' && now?.digest != null ? key : null),
    async work(ours, last) {
      if (ours.length === 0) return { wrote: false }
      emptied += ours.length
      state = { ...state, checkpoint: last }
      await keeper.step(state, row => lms.clear(ours, row))
      return { wrote: true }
    },
  })
  if (!isComplete) return { isComplete, emptied, theirs: 0, dropped: [] }
  const theirs = await countTheirs(lms)
  const dropped = theirs === 0 && mayDrop(lms, options) ? targetNames.map(name => plan.target[name]) : []
  const at = new Date(clock.now()).toISOString()
  const done = logged({ ...state, phase: 'rolled_back', counts: null }, { at, who, what: 'rollback', rows: emptied })
  await keeper.step(done, row => lms.drop(dropped, row))
  return { isComplete, emptied, theirs, dropped }
}

const STRETCH = 5000

/** Rows whose new columns somebody else filled. */
async function countTheirs(lms: LmsDatabase): Promise<number> {
  let count = 0
  for (let after: RowKey | null = null; ; ) {
    const survey: Survey | null = await lms.survey({ after, until: STRETCH, ours: [] })
    if (survey === null) return count
    for (const { standing, rows } of survey.groups) if (standing === 'theirs') count += rows
    after = survey.last
  }
}
