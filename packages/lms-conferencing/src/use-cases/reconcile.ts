import type { Contradiction } from '../attendance/contradictions.ts'
import { type ClassGap, watchedTime } from '../attendance/gaps.ts'
import { union } from '../attendance/intervals.ts'
import { superfluousSnapshots } from '../attendance/superfluous.ts'
import { ConferencingError } from '../errors.ts'
import { faultFields } from '../fault.ts'
import type { StoredClass, StoredReconciliation } from '../store.ts'
import { type ClassAttendance, classAttendance } from './attendance.ts'
import { type Context, loadClass, providerOf } from './context.ts'
import { ownRuns } from './own-runs.ts'
import { settleResults } from './results.ts'

/** What a comparison with the provider's own record came to. */
export interface Reconciliation {
  readonly classId: string
  /** Whether the provider had a report. */
  readonly hasReport: boolean
  /** Facts that nobody had reported before. */
  readonly added: number
  /** Times in which callbacks were lost, and what tells of them instead. */
  readonly gaps: readonly ClassGap[]
  /** People about whom the sources disagree. */
  readonly contradictions: readonly Contradiction[]
}

/** Reports take a few minutes to be written… */
const firstAfterMs = 5 * 60_000
/** …and may change for some more. */
const finalAfterMs = 30 * 60_000
/** How long a report is awaited that something depends on, in milliseconds. */
const awaitedMs = 24 * 3_600_000
/** Classes that ended longer ago are left to whoever asks for them. */
const lookBackMs = 7 * awaitedMs
const firstPauseMs = 60_000
const longestPauseMs = 3_600_000
/** A report has many pages, and nobody waits for it. */
const reportDeadlineMs = 60_000
const roundSize = 100

/**
 * Completes the evidence of a class from what its provider wrote down. Doing it again is harmless: the same facts are
 * the same. Throws `CLASS_NOT_FOUND`, and what the provider throws.
 */
export async function reconcile(context: Context, classId: string): Promise<Reconciliation> {
  return compare(context, await loadClass(context, classId))
}

async function compare(context: Context, row: StoredClass): Promise<Reconciliation> {
  const { tenantId, store, logger } = context
  const { liveClass, meeting } = row
  const { id: classId } = liveClass
  const wants = await ownRuns(store, row)
  const report = await providerOf(context, meeting.provider).report(meeting, { deadlineMs: reportDeadlineMs, wants })
  const facts = (report ?? []).map(event => ({ event, provenance: 'report' as const }))
  const added = facts.length > 0 ? await store.transaction(tx => tx.addEvents(tenantId, classId, facts)) : 0
  const attendance = await classAttendance(context, classId)
  const { gaps, contradictions } = attendance.report
  const found = { classId, hasReport: report !== null, added, gaps, contradictions }
  if (liveClass.status === 'completed') {
    await writeDown(context, row, found, isOpen(attendance))
    await settleResults(context, classId)
  }
  if (added > 0) context.notify({ type: 'attendance-changed', liveClass })
  const counts = { added, gaps: gaps.length, contradictions: contradictions.length }
  logger.info('class reconciled', { class_id: classId, report: found.hasReport, ...counts })
  return found
}

/**
 * Writes down that a class that is over was compared, and when it is to be compared again; then forgets the looks at its
 * room that say nothing more.
 */
async function writeDown(
  { tenantId, store, clock }: Context,
  { liveClass }: StoredClass,
  { hasReport, added }: Reconciliation,
  isOpen: boolean,
): Promise<void> {
  const { id: classId, startedAt, endedAt } = liveClass
  const times = { startedAt: startedAt?.getTime() ?? null, endedAt: endedAt?.getTime() ?? null }
  const now = clock.now()
  await store.transaction(async tx => {
    const before = await tx.getReconciliation(tenantId, classId)
    const attempts = (before?.attempts ?? 0) + 1
    const nextAt = nextTurn({ now, endedAt: times.endedAt ?? now, attempts, isAwaited: isOpen && !hasReport })
    const events = (await tx.listEvents(tenantId, classId)).map(({ event }) => event)
    const superfluous = nextAt === null ? superfluousSnapshots(events) : []
    await tx.dropSnapshots(tenantId, classId, superfluous)
    // Kept as the time they cover: lost callbacks may become known later.
    const watched = union([...(before?.watched ?? []), ...(superfluous.length > 0 ? watchedTime(events, times) : [])])
    await tx.putReconciliation({
      tenantId,
      classId,
      state: nextAt === null ? 'done' : 'waiting',
      attempts,
      nextAt,
      at: new Date(now),
      hasReport: hasReport || before?.hasReport === true,
      added: added + (before?.added ?? 0),
      watched,
    })
  })
}

/** `null`: that was the last time. */
function nextTurn({
  now,
  endedAt,
  attempts,
  isAwaited,
}: {
  readonly now: number
  readonly endedAt: number
  readonly attempts: number
  readonly isAwaited: boolean
}): Date | null {
  if (isAwaited && now < endedAt + awaitedMs) return new Date(now + pauseAfter(attempts))
  return now < endedAt + finalAfterMs ? new Date(endedAt + finalAfterMs) : null
}

/**
 * Compares the classes whose turn it is: half an hour after the end in any case, five minutes after it where something
 * is missing, doubtful or lost. While that is so and the provider has no report yet, or does not answer, it is asked
 * again with growing pauses for a day. Answers how many classes were compared.
 */
export async function reconcileDue(context: Context): Promise<number> {
  const { tenantId, store, clock } = context
  const now = clock.now()
  const rows = await store.read(tx =>
    tx.classesToReconcile({
      tenantId,
      endedSince: new Date(now - lookBackMs),
      endedBefore: new Date(now - firstAfterMs),
      now: new Date(now),
      limit: roundSize,
    }),
  )
  const silent = new Set<string>()
  let compared = 0
  for (const row of rows) if (await takeTurn(context, row, silent)) compared++
  return compared
}

async function takeTurn(context: Context, row: StoredClass, silent: Set<string>): Promise<boolean> {
  const { tenantId, store, clock, logger } = context
  const { liveClass, meeting } = row
  const { id: classId } = liveClass
  const endedAt = liveClass.endedAt?.getTime() ?? 0
  const before =
    (await store.read(tx => tx.getReconciliation(tenantId, classId))) ??
    fresh(tenantId, classId, endedAt + finalAfterMs)
  if (
    before.at === null &&
    clock.now() < endedAt + finalAfterMs &&
    !isDoubtful(await classAttendance(context, classId))
  ) {
    await store.transaction(tx => tx.putReconciliation(before))
    return false
  }
  const server = JSON.stringify([meeting.provider, meeting.serverId])
  try {
    if (silent.has(server)) throw new ConferencingError('UNAVAILABLE', 'The provider did not answer a moment ago.')
    await compare(context, row)
    return true
  } catch (error) {
    if (!(error instanceof ConferencingError) || error.code === 'STORE_UNAVAILABLE') throw error
    if (error.code === 'UNAVAILABLE') silent.add(server)
    logger.warn('class not reconciled', { class_id: classId, provider: meeting.provider, ...faultFields(error) })
    const attempts = before.attempts + 1
    const nextAt = nextTurn({ now: clock.now(), endedAt, attempts, isAwaited: true })
    const state = nextAt === null ? ('done' as const) : ('waiting' as const)
    await store.transaction(tx => tx.putReconciliation({ ...before, state, attempts, nextAt }))
    return false
  }
}

const fresh = (tenantId: string, classId: string, nextAt: number): StoredReconciliation => ({
  tenantId,
  classId,
  state: 'waiting',
  attempts: 0,
  nextAt: new Date(nextAt),
  at: null,
  hasReport: false,
  added: 0,
  watched: [],
})

const pauseAfter = (attempts: number): number =>
  Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempts - 1, 30))

/** Whether figures of the roster rest on something that nobody heard. */
const isUncertain = ({ report }: ClassAttendance): boolean =>
  report.rows.some(({ onRoster, confidence }) => onRoster && confidence !== 'exact')

/** Whether the provider's own record may make the figures better. */
const isDoubtful = (found: ClassAttendance): boolean => found.report.gaps.length > 0 || isUncertain(found)

/** Whether something is still missing. */
const isOpen = (found: ClassAttendance): boolean =>
  found.report.gaps.some(({ state }) => state === 'open') || isUncertain(found)

/** How far a comparison of many classes is. */
export interface ReconcileProgress {
  readonly done: number
  readonly total: number
  readonly classId: string
  /** What it came to; `null` when the provider refused or did not answer: `error` says so. */
  readonly found: Reconciliation | null
  readonly error: ConferencingError | null
}

export interface ReconcileOptions {
  /** Classes that ended at this moment or later. */
  readonly since: Date
  readonly onProgress?: ((progress: ReconcileProgress) => void) | undefined
}

export interface ReconcileSummary {
  readonly classes: number
  readonly added: number
  /** Classes whose provider had no answer. */
  readonly failed: readonly string[]
}

/** Compares all classes that are over since a moment, one after the other, however often they were compared before. */
export async function reconcileSince(
  context: Context,
  { since, onProgress }: ReconcileOptions,
): Promise<ReconcileSummary> {
  const { tenantId, store } = context
  const rows = await store.read(tx => tx.listClasses({ tenantId, status: 'completed', endedSince: since }))
  const failed: string[] = []
  let added = 0
  for (const [index, { liveClass }] of rows.entries()) {
    const classId = liveClass.id
    let found: Reconciliation | null = null
    let error: ConferencingError | null = null
    try {
      found = await reconcile(context, classId)
      added += found.added
    } catch (thrown) {
      if (!(thrown instanceof ConferencingError) || thrown.code === 'STORE_UNAVAILABLE') throw thrown
      error = thrown
      failed.push(classId)
    }
    onProgress?.({ done: index + 1, total: rows.length, classId, found, error })
  }
  return { classes: rows.length, added, failed }
}
