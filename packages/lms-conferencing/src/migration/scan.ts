import type { Clock } from '../clock.ts'
import type { MigrationPlan } from './columns.ts'
import { Tally } from './counts.ts'
import { type Judged, judgeOf } from './judge.ts'
import type { LmsDatabase, LmsRow, ReadColumns, RowKey } from './lms/database.ts'

/** How far a pass over the table is. */
export interface Progress {
  /** What is being done, in one word. */
  readonly step: string
  readonly done: number
  readonly total: number
  readonly perSecond: number
  /** `null` before it can be told. */
  readonly secondsLeft: number | null
}

/** What every pass over the table takes. */
export interface PassOptions {
  readonly lms: LmsDatabase
  readonly plan: MigrationPlan
  readonly clock: Clock
  /** Stops after the batch of the moment. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Rows of the first batch; later ones are as long as {@link PassOptions.lockMs} lets them, up to 500. @default 500 */
  readonly batchSize?: number | undefined
  /** How long one batch should hold its locks, in milliseconds. @default 100 */
  readonly lockMs?: number | undefined
}

/** More would be no faster, and would fill the memory between two of V8's collections. */
const MAX_BATCH = 500
/** Fewer would only mean more of them. */
const MIN_BATCH = 100

/** Some rows in the order of their keys, and what to think of each. */
export interface Batch {
  readonly rows: readonly { readonly row: LmsRow; readonly judged: Judged }[]
  readonly last: RowKey
}

export interface PassResult {
  readonly tally: Tally
  /** `false`: stopped by the signal. */
  readonly isComplete: boolean
  readonly longestLockMs: number
}

/** Goes through the table by key, batch after batch, and has `work` do something with each. */
export async function pass(
  step: string,
  { lms, plan, signal, batchSize = 500, lockMs = 100, ...options }: PassOptions,
  { columns: what, from = null, work }: PassWork,
): Promise<PassResult> {
  const shape = await lms.shape()
  const judge = judgeOf(plan, what === 'all' ? shape.columns : shape.evidence, what)
  const tally = new Tally()
  const tell = await progress(step, { lms, ...options })
  let size = batchSize
  let longestLockMs = 0
  // A server reads the next rows while it writes these; a file has one reader and writer, which is us.
  const isAhead = lms.engine === 'PostgreSQL'
  const read = (after: RowKey | null): Promise<readonly LmsRow[]> => lms.read({ after, limit: size, columns: what })
  let next = read(from)
  try {
    for (;;) {
      const rows = await next
      const last = rows.at(-1)?.key
      if (last === undefined) break
      if (signal?.aborted) return { tally, isComplete: false, longestLockMs }
      if (isAhead) next = read(last)
      const judged = rows.map(row => ({ row, judged: judge(row) }))
      for (const { judged: one } of judged) tally.add(one)
      const { wrote } = await work({ rows: judged, last })
      if (wrote) {
        longestLockMs = Math.max(longestLockMs, lms.lastLockMs)
        size = nextSize(size, lms.lastLockMs, lockMs)
      }
      tell(tally.rows)
      if (!isAhead) next = read(last)
    }
    return { tally, isComplete: true, longestLockMs }
  } finally {
    await next.catch(() => {})
  }
}

/** What a pass does, and with which columns. */
export interface PassWork {
  readonly columns: ReadColumns
  /** Begins after this row. @default the first */
  readonly from?: RowKey | null | undefined
  readonly work: (batch: Batch) => Promise<{ readonly wrote: boolean }>
}

/** Tells how far it is, when somebody listens. */
export async function progress(
  step: string,
  { lms, clock, onProgress }: Pick<PassOptions, 'lms' | 'clock' | 'onProgress'>,
): Promise<(done: number) => void> {
  if (!onProgress) return () => {}
  const total = await lms.count()
  const began = clock.now()
  return done => {
    const seconds = (clock.now() - began) / 1000
    const perSecond = seconds > 0 ? done / seconds : 0
    const left = Math.max(0, total - done)
    const secondsLeft = perSecond > 0 ? left / perSecond : null
    onProgress({ step, done, total: Math.max(total, done), perSecond, secondsLeft })
  }
}

/** Longer while locks are short, shorter when they are not. */
function nextSize(size: number, tookMs: number, lockMs: number): number {
  if (tookMs > lockMs) return Math.min(size, Math.max(MIN_BATCH, Math.floor(size * 0.7)))
  return tookMs < lockMs / 2 ? Math.min(MAX_BATCH, Math.ceil(size * 1.25)) : size
}
