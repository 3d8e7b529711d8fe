import { type Counts, Tally } from './counts.ts'
import { judgeOf } from './judge.ts'
import type { RowKey, RowPatch, Survey } from './lms/database.ts'
import { type PassOptions, pass, progress } from './scan.ts'
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
  /** Over the old columns of all rows, in a dry run, which reads them all. */
  readonly sourceDigest: string | null
  readonly longestLockMs: number
  readonly passes: number
}

export interface RunOptions extends PassOptions {
  /** For the log. */
  readonly who: string
}

/** How often rows that changed meanwhile are gone after, while they are more than these. */
const MAX_PASSES = 5
const ENOUGH = 1000

/** Says what a run would do, over a connection that cannot write. Works at any time, expanded or not. */
export async function planMigration(options: PassOptions): Promise<RunResult> {
  let changed = 0
  const { tally, isComplete, longestLockMs } = await pass('looking', options, {
    columns: 'all',
    pick: (_, { patch }) => patch,
    async work(patches) {
      changed += patches.length
      return { wrote: false }
    },
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
 * Decides every row and fills the new columns: a first pass that remembers how far it came, then a look at the whole
 * table, so that rows the LMS wrote meanwhile are in it too.
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
    sourceDigest: null,
    longestLockMs,
    passes,
  })
  const remember = async (next: MigrationState, patches: readonly RowPatch[]): Promise<number> => {
    const written = await keeper.step(next, row => lms.write(patches, row))
    state = next
    return written
  }

  const filled: Filled[] = []
  if (state.phase === 'expanded') {
    const { isComplete, ...locks } = await pass('filling', options, {
      columns: 'evidence',
      from: state.checkpoint,
      pick: (_, { patch }) => patch,
      async work(patches, last) {
        const wrote = patches.length > 0
        if (wrote) changed += await remember({ ...state, checkpoint: last }, patches)
        filled.push({ last, version: wrote ? lms.lastVersion : null })
        return { wrote }
      },
    })
    passes++
    longestLockMs = locks.longestLockMs
    if (!isComplete) return result(false)
  }
  for (;;) {
    const caught = await catchUp(options, filled.splice(0), async patches => {
      const written = await remember(state, patches)
      changed += written
      longestLockMs = Math.max(longestLockMs, lms.lastLockMs)
    })
    passes++
    if (caught === null) return result(false)
    const { tally, open } = caught
    // An LMS never stops writing: what changes during this look is for the next, unless it is too much.
    if (open > Math.max(ENOUGH, tally.rows / 100)) {
      if (passes < MAX_PASSES) continue
      return result(false)
    }
    const isOutdated = state.phase === 'verified' && changed > 0
    const phase = state.phase === 'expanded' || isOutdated ? 'backfilled' : state.phase
    const at = new Date(clock.now()).toISOString()
    const next = { ...state, phase, checkpoint: null, counts: tally.counts }
    await remember(logged(next, { at, who, what: 'run', rows: changed }), [])
    return result(true)
  }
}

/** How many rows the database looks at in one go, and how many of those that are open are written in one. */
const STRETCH = 5000
const OPEN_BATCH = 250

/** A batch of the first pass: its last row, and the version its rows got. */
interface Filled {
  readonly last: RowKey
  readonly version: string | null
}
/** So many batches make a stretch. */
const FILLED_STRETCH = 10

/**
 * One look at all rows, by the database itself; only those with something to do are read. Where the database has versions,
 * what the first pass has just written need not even be looked at, unless somebody wrote it since. `null`: stopped.
 */
async function catchUp(
  { lms, plan, signal, ...options }: RunOptions,
  filled: readonly Filled[],
  write: (patches: readonly RowPatch[]) => Promise<void>,
): Promise<{ readonly tally: Tally; readonly open: number } | null> {
  const { evidence } = await lms.shape()
  const judge = judgeOf(plan, evidence, 'evidence')
  const tally = new Tally()
  const tell = await progress('catching up', { lms, ...options })
  let open = 0
  let after: RowKey | null = null
  for (let first = 0; ; first += FILLED_STRETCH) {
    if (signal?.aborted) return null
    const batches: readonly Filled[] = filled.slice(first, first + FILLED_STRETCH)
    const ours = batches.flatMap(({ version }) => version ?? [])
    const until: RowKey | number = batches.at(-1)?.last ?? STRETCH
    const survey: Survey | null = await lms.survey({ after, until, ours })
    if (survey === null) return { tally, open }
    const { groups, last, open: keys } = survey
    for (const group of groups) tally.addGroup(group)
    for (let from = 0; from < keys.length && !signal?.aborted; from += OPEN_BATCH) {
      const rows = await lms.read({ keys: keys.slice(from, from + OPEN_BATCH), columns: 'evidence' })
      const judged = rows.map(judge)
      for (const one of judged) tally.addOpen(one)
      const patches = judged.flatMap(({ patch }) => patch ?? [])
      open += patches.length
      if (patches.length > 0) await write(patches)
    }
    after = last
    tell(tally.rows)
  }
}
