import type { Decision } from './decide.ts'
import type { TargetValues } from './lms/database.ts'
import { type SignedReport, signReport } from './report.ts'
import type { RunOptions } from './run.ts'
import { pass } from './scan.ts'
import { logged, StateKeeper } from './state.ts'

/**
 * Looks through every row: has it exactly one outcome, does what stands in its new columns follow from the old ones, and
 * have those stayed what they were. Before the switch, new columns that somebody else wrote are wrong; after it they are
 * the LMS's own. Rows that the LMS wrote since the run are decided on the way, so that an LMS that never rests can be
 * verified too. With `save: false` nothing is written: such rows are counted as `undecided` or `stale`.
 * Throws `CONFLICT` when there is nothing to verify yet. `null`: stopped by the signal.
 */
export async function verifyMigration(
  options: RunOptions & { readonly save?: boolean | undefined },
): Promise<SignedReport | null> {
  return verifyWith(await StateKeeper.load(options.lms, options.plan), options)
}

/** The same for a step that goes on from there. */
export async function verifyWith(
  keeper: StateKeeper,
  { save = true, ...options }: RunOptions & { readonly save?: boolean | undefined },
): Promise<SignedReport | null> {
  const { lms, plan, clock, who } = options
  const state = keeper.require('Verifying', ['backfilled', 'verified', 'switched'])
  let caughtUp = 0
  let undecided = 0
  let stale = 0
  let wrong = 0
  const { tally, isComplete } = await pass('verifying', options, {
    columns: 'all',
    work: async ({ rows }) => {
      const patches = save ? rows.flatMap(({ judged }) => judged.patch ?? []) : []
      if (patches.length > 0) caughtUp += await keeper.step(state, row => lms.write(patches, row))
      for (const { row, judged } of rows) {
        const { standing, decision } = judged
        if (judged.patch !== null && save) continue
        if (standing === 'undecided') undecided++
        else if (standing === 'stale') stale++
        else if (standing === 'theirs') wrong += state.phase === 'switched' ? 0 : 1
        // What we wrote and nobody changed: once more, field by field.
        else if (
          row.now?.outcome !== decision.outcome ||
          row.now.reason !== decision.reason ||
          !isSame(row.now, decision)
        )
          wrong++
      }
      return { wrote: patches.length > 0 }
    },
  })
  if (!isComplete) return null
  const report = signReport({
    table: plan.table,
    engine: lms.engine,
    phase: state.phase,
    at: new Date(clock.now()).toISOString(),
    who,
    counts: tally.counts,
    caughtUp,
    undecided,
    stale,
    wrong,
    sourceDigest: tally.sourceDigest,
    ok: undecided === 0 && stale === 0 && wrong === 0,
  })
  if (save) {
    const phase = report.ok && state.phase === 'backfilled' ? 'verified' : state.phase
    const next = logged({ ...state, phase, report }, { at: report.at, who, what: 'verify', rows: tally.rows })
    await keeper.step(next, row => lms.write([], row))
  }
  return report
}

function isSame(now: TargetValues, decision: Decision): boolean {
  if (decision.outcome === 'rejected') return now.provider === null && now.meetingId === null
  return (
    now.provider === decision.provider &&
    now.meetingId === decision.meetingId &&
    now.moderatorPassword === decision.moderatorPassword &&
    now.attendeePassword === decision.attendeePassword
  )
}
