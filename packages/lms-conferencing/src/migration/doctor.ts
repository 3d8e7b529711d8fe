import { ConferencingError } from '../errors.ts'
import { doubtful } from './decide.ts'
import { isReportIntact } from './report.ts'
import { planMigration, type RunOptions } from './run.ts'
import { pass } from './scan.ts'
import { type MigrationPhase, nextStep, StateKeeper } from './state.ts'
import { verifyMigration } from './verify.ts'

/** One thing that was looked at. */
export interface Check {
  readonly ok: boolean
  readonly what: string
}

export interface Diagnosis {
  /** Whether it is safe to go on. */
  readonly ok: boolean
  /** `null`: not begun. */
  readonly phase: MigrationPhase | null
  readonly checks: readonly Check[]
  /** What to do now, as a sentence. */
  readonly next: string
}

/** Looks at everything and changes nothing: whether the next step of the migration may be taken. */
export async function diagnoseMigration(options: RunOptions): Promise<Diagnosis> {
  const checks: Check[] = []
  const say = (ok: boolean, what: string): void => void checks.push({ ok, what })
  const { lms, plan } = options
  const answer = (phase: MigrationPhase | null): Diagnosis => {
    const ok = checks.every(one => one.ok)
    return { ok, phase, checks, next: ok ? nextStep(phase) : 'Mend what is marked first, then ask again.' }
  }
  let keeper: StateKeeper
  try {
    const { columns } = await lms.shape()
    say(true, `${lms.engine} answers; ${plan.table} has its key and ${columns.length} old columns.`)
    keeper = await StateKeeper.load(lms, plan)
  } catch (error) {
    if (!(error instanceof ConferencingError)) throw error
    say(false, error.message)
    return answer(null)
  }
  const { state } = keeper
  const phase = state?.phase ?? null
  say(phase !== 'rolling_back', phase === null ? 'Nothing has been begun.' : `The migration is ${phase}.`)
  if (state?.report) {
    const { at, who } = state.report
    say(isReportIntact(state.report), `The last report is of ${at}, by ${who}, and is as it was signed.`)
  }
  if (phase === 'finalized' || phase === 'rolling_back') return answer(phase)
  if (phase === 'backfilled' || phase === 'verified' || phase === 'switched') {
    const report = await verifyMigration({ ...options, save: false })
    if (report === null) return answer(phase)
    const { undecided, stale, wrong, counts } = report
    // An LMS that goes on writing always has a few; the next step catches up with them.
    const isFew = undecided + stale <= Math.max(10, counts.rows / 100)
    say(isFew, `${undecided} rows are undecided: \`migrate run\` decides them.`)
    say(isFew, `${stale} rows changed since they were decided: \`migrate run\` decides them anew.`)
    say(wrong === 0, `${wrong} rows have new columns that do not follow from the old ones.`)
    say(
      phase !== 'switched' || counts.rejected === 0,
      `${counts.rejected} rows have no provider: \`migrate rejected\` lists them.`,
    )
  } else {
    const { counts } = await planMigration(options)
    const count = (reasons: readonly string[]): number =>
      reasons.reduce((sum, reason) => sum + (counts?.reasons[reason] ?? 0), 0)
    say(
      true,
      `${counts?.rows ?? 0} rows, of which ${counts?.rejected ?? 0} would be rejected, ${count(doubtful)} as doubtful.`,
    )
  }
  return answer(phase)
}

/** A row that nothing was, or would be, decided about. */
export interface RejectedRow {
  readonly id: string
  readonly reason: string
  readonly isDoubtful: boolean
}

/** Rows that are, or would be, rejected, by key; at most `limit` of them. Changes nothing. */
export async function rejectedRows(options: RunOptions, limit: number): Promise<readonly RejectedRow[]> {
  const found: RejectedRow[] = []
  const enough = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, enough.signal]) : enough.signal
  await pass(
    'looking',
    { ...options, signal },
    {
      columns: 'evidence',
      pick: ({ key }, { standing, decision }) =>
        standing === 'theirs' || decision.outcome !== 'rejected'
          ? null
          : { id: key.text, reason: decision.reason, isDoubtful: doubtful.includes(decision.reason) },
      work: async rejected => {
        found.push(...rejected.slice(0, limit - found.length))
        if (found.length >= limit) enough.abort()
        return { wrote: false }
      },
    },
  )
  return found
}

/** What is remembered of a migration. */
export async function migrationStatus({ lms, plan }: Pick<RunOptions, 'lms' | 'plan'>) {
  await lms.shape()
  const { state } = await StateKeeper.load(lms, plan)
  const phase = state?.phase ?? null
  return {
    phase,
    counts: state?.counts ?? null,
    report: state?.report ?? null,
    log: state?.log ?? [],
    next: nextStep(phase),
  }
}
