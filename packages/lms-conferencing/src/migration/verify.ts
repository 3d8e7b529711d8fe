import type { Decision } from './decide.ts'
import type { TargetValues } from './lms/database.ts'
import { type SignedReport, sign } from './report.ts'
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
    pick(row, judged) {
      if (judged.patch !== null && save) return judged.patch
      if (judged.standing === 'undecided') undecided++
      else if (judged.standing === 'stale') stale++
      else if (judged.standing === 'theirs') wrong += state.phase === 'switched' ? 0 : 1
      // What we wrote and nobody changed: once more, field by field.
      else if (!follows(row.now, judged.decision)) wrong++
      return null
    },
    async work(patches) {
      if (patches.length > 0) caughtUp += await keeper.step(state, row => lms.write(patches, row))
      return { wrote: patches.length > 0 }
    },
  })
  if (!isComplete) return null
  const report = sign({
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

/** Whether the new columns are what is decided. */
function follows(now: TargetValues | null, decision: Decision): boolean {
  if (now?.outcome !== decision.outcome || now.reason !== decision.reason) return false
  if (decision.outcome === 'rejected') return now.provider === null && now.meetingId === null
  return (
    now.provider === decision.provider &&
    now.meetingId === decision.meetingId &&
    now.moderatorPassword === decision.moderatorPassword &&
    now.attendeePassword === decision.attendeePassword
  )
}
