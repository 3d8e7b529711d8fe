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

/**
 * Rows read in one go. Long texts of a whole batch would fill the memory between two of V8's collections; so few die
 * young.
 */
const LOT = 250

/** What a pass does, and with which columns. */
export interface PassWork<T> {
  readonly columns: ReadColumns
  /** Begins after this row. @default the first */
  readonly from?: RowKey | null | undefined
  /** What of a row is kept until its batch is worked on; `null`: nothing has to be done with it. */
  readonly pick: (row: LmsRow, judged: Judged) => T | null
  /** Does something with what was picked of the rows up to `last`. */
  readonly work: (picked: readonly T[], last: RowKey) => Promise<{ readonly wrote: boolean }>
}

export interface PassResult {
  readonly tally: Tally
  /** `false`: stopped by the signal. */
  readonly isComplete: boolean
  readonly longestLockMs: number
}

interface Batch<T> {
  readonly picked: readonly T[]
  readonly last: RowKey | null
  readonly rows: number
}

/** Goes through the table by key, batch after batch, and has `work` do something with each. */
export async function pass<T>(
  step: string,
  { lms, plan, signal, batchSize = 500, lockMs = 100, ...options }: PassOptions,
  { columns: what, from = null, pick, work }: PassWork<T>,
): Promise<PassResult> {
  const shape = await lms.shape()
  const judge = judgeOf(plan, what === 'all' ? shape.columns : shape.evidence, what)
  const tally = new Tally()
  const tell = await progress(step, { lms, ...options })
  let done = 0
  let size = batchSize
  let longestLockMs = 0

  async function read(after: RowKey | null, limit: number): Promise<Batch<T>> {
    const picked: T[] = []
    let last: RowKey | null = null
    let rows = 0
    while (rows < limit) {
      const lot = await lms.read({ after: last ?? after, limit: Math.min(LOT, limit - rows), columns: what })
      for (const row of lot) {
        const judged = judge(row)
        tally.add(judged)
        const one = pick(row, judged)
        if (one !== null) picked.push(one)
      }
      rows += lot.length
      last = lot.at(-1)?.key ?? last
      if (lot.length === 0) break
    }
    return { picked, last, rows }
  }

  // A server reads the next rows while it writes these; a file has one reader and writer, which is us.
  const isAhead = lms.engine === 'PostgreSQL'
  let next = read(from, size)
  try {
    for (;;) {
      const { picked, last, rows } = await next
      if (last === null) break
      if (signal?.aborted) return { tally, isComplete: false, longestLockMs }
      if (isAhead) next = read(last, size)
      const { wrote } = await work(picked, last)
      if (wrote) {
        longestLockMs = Math.max(longestLockMs, lms.lastLockMs)
        size = nextSize(size, lms.lastLockMs, lockMs)
      }
      done += rows
      tell(done)
      if (!isAhead) next = read(last, size)
    }
    return { tally, isComplete: true, longestLockMs }
  } finally {
    await next.catch(() => {})
  }
}

/** Tells how far a pass over the table is, when somebody listens. */
export const progress = async (
  step: string,
  { lms, ...options }: Pick<PassOptions, 'lms' | 'clock' | 'onProgress'>,
): Promise<(done: number) => void> => progressOver(step, options.onProgress ? await lms.count() : 0, options)

/** The same over so many of anything; `null`: nobody knows how many. */
export function progressOver(
  step: string,
  total: number | null,
  { clock, onProgress }: Pick<PassOptions, 'clock' | 'onProgress'>,
): (done: number) => void {
  const began = clock.now()
  return done => {
    if (!onProgress) return
    const seconds = (clock.now() - began) / 1000
    const perSecond = seconds > 0 ? done / seconds : 0
    const secondsLeft = total !== null && perSecond > 0 ? Math.max(0, total - done) / perSecond : null
    onProgress({ step, done, total: Math.max(total ?? 0, done), perSecond, secondsLeft })
  }
}

/** Longer while locks are short, shorter when they are not. */
function nextSize(size: number, tookMs: number, lockMs: number): number {
  if (tookMs > lockMs) return Math.min(size, Math.max(MIN_BATCH, Math.floor(size * 0.7)))
  return tookMs < lockMs / 2 ? Math.min(MAX_BATCH, Math.ceil(size * 1.25)) : size
}
