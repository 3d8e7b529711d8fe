import type { Counts } from './counts.ts'
import type { RowPatch } from './lms/database.ts'
import { type PassOptions, pass } from './scan.ts'
import { logged, type MigrationState, StateKeeper } from './state.ts'

/** What a run did. */
export interface RunResult {
  /** `false`: stopped by the signal, or others wrote faster than this could follow; the same call goes on. */
  readonly isComplete: boolean
  readonly isDryRun: boolean
  /** Rows written by this run, each time counted. */
  readonly changed: number
  /** Of the last complete pass; `null` when none was. */
  readonly counts: Counts | null
  readonly sourceDigest: string | null
  readonly longestLockMs: number
  readonly passes: number
}

export interface RunOptions extends PassOptions {
  /** For the log. */
  readonly who: string
}

/** How often rows that changed meanwhile are gone after. */
const MAX_PASSES = 6

/** Says what a run would do, over a connection that cannot write. Works at any time, expanded or not. */
export async function planMigration(options: PassOptions): Promise<RunResult> {
  let changed = 0
  const { tally, isComplete, longestLockMs } = await pass('looking', options, async ({ rows }) => {
    changed += rows.filter(({ judged }) => judged.patch !== null).length
    return { wrote: false }
  })
  return {
    isComplete,
    isDryRun: true,
    changed,
    counts: tally.counts,
    sourceDigest: tally.sourceDigest,
    longestLockMs,
    passes: 1,
  }
}

/**
 * Decides every row and fills the new columns: a first pass that remembers how far it came, then passes over the whole
 * table until one finds nothing new, so that rows the LMS wrote meanwhile are in it too.
 * Throws `CONFLICT` when the table is not expanded, or another run is under way.
 */
export async function runMigration(options: RunOptions): Promise<RunResult> {
  const keeper = await StateKeeper.load(options.lms, options.plan)
  return runWith(keeper, options)
}

/** The same for a step that goes on from there. */
export async function runWith(keeper: StateKeeper, options: RunOptions): Promise<RunResult> {
  const { lms, clock, who } = options
  let state = keeper.require('Running', ['expanded', 'backfilled', 'verified', 'switched'])
  let changed = 0
  let longestLockMs = 0
  let passes = 0
  const result = (isComplete: boolean): RunResult => ({
    isComplete,
    isDryRun: false,
    changed,
    counts: state.counts,
    sourceDigest: state.sourceDigest,
    longestLockMs,
    passes,
  })
  const remember = async (next: MigrationState, patches: readonly RowPatch[]): Promise<number> => {
    const written = await keeper.step(next, row => lms.write(patches, row))
    state = next
    return written
  }

  for (let isFirst = state.phase === 'expanded'; passes < MAX_PASSES; isFirst = false) {
    let written = 0
    const isBackfill = isFirst
    const { tally, isComplete, ...locks } = await pass(
      isBackfill ? 'filling' : 'catching up',
      options,
      async ({ rows, last }) => {
        const patches = rows.flatMap(({ judged }) => judged.patch ?? [])
        if (patches.length === 0) return { wrote: false }
        written += await remember({ ...state, checkpoint: isBackfill ? last : state.checkpoint }, patches)
        return { wrote: true }
      },
      isBackfill ? state.checkpoint : null,
    )
    passes++
    changed += written
    longestLockMs = Math.max(longestLockMs, locks.longestLockMs)
    if (!isComplete) return result(false)
    if (isBackfill) continue
    state = { ...state, counts: tally.counts, sourceDigest: tally.sourceDigest }
    if (written > 0) continue
    const phase = state.phase === 'expanded' || (state.phase === 'verified' && changed > 0) ? 'backfilled' : state.phase
    const at = new Date(clock.now()).toISOString()
    await remember(logged({ ...state, phase, checkpoint: null }, { at, who, what: 'run', rows: changed }), [])
    return result(true)
  }
  return result(false)
}
