import type { Clock } from '../clock.ts'
import type { MigrationPlan } from './columns.ts'
import { Tally } from './counts.ts'
import { type Judged, judgeOf } from './judge.ts'
import type { LmsDatabase, LmsRow, RowKey } from './lms/database.ts'

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
  /** Rows of the first batch; later ones are as long as {@link PassOptions.lockMs} lets them. @default 500 */
  readonly batchSize?: number | undefined
  /** How long one batch should hold its locks, in milliseconds. @default 50 */
  readonly lockMs?: number | undefined
}

const MAX_BATCH = 2000
const MIN_BATCH = 20

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
  { lms, plan, clock, signal, onProgress, batchSize = 500, lockMs = 50 }: PassOptions,
  work: (batch: Batch) => Promise<{ readonly wrote: boolean }>,
  from: RowKey | null = null,
): Promise<PassResult> {
  const { columns } = await lms.shape()
  const judge = judgeOf(plan, columns)
  const total = onProgress ? await lms.count() : 0
  const tally = new Tally()
  const began = clock.now()
  let after = from
  let size = batchSize
  let longestLockMs = 0
  for (;;) {
    if (signal?.aborted) return { tally, isComplete: false, longestLockMs }
    const rows = await lms.read(after, size)
    const last = rows.at(-1)?.key
    if (last === undefined) break
    const judged = rows.map(row => ({ row, judged: judge(row) }))
    for (const { judged: one } of judged) tally.add(one)
    const { wrote } = await work({ rows: judged, last })
    if (wrote) {
      longestLockMs = Math.max(longestLockMs, lms.lastLockMs)
      size = nextSize(size, lms.lastLockMs, lockMs)
    }
    after = last
    if (onProgress) {
      const seconds = (clock.now() - began) / 1000
      const perSecond = seconds > 0 ? tally.rows / seconds : 0
      const left = Math.max(0, total - tally.rows)
      onProgress({
        step,
        done: tally.rows,
        total: Math.max(total, tally.rows),
        perSecond,
        secondsLeft: perSecond > 0 ? left / perSecond : null,
      })
    }
  }
  return { tally, isComplete: true, longestLockMs }
}

/** Longer while locks are short, at once shorter when they are not. */
function nextSize(size: number, tookMs: number, lockMs: number): number {
  if (tookMs > lockMs) return Math.max(MIN_BATCH, Math.floor(size / 2))
  return tookMs < lockMs / 2 ? Math.min(MAX_BATCH, Math.ceil(size * 1.25)) : size
}
