import { ConferencingError } from '../errors.ts'
import { faultFields } from '../fault.ts'
import type { JobResult } from '../jobs/worker.ts'
import type { LiveClass, Recording } from '../model.ts'
import type { StoredClass } from '../store.ts'
import { type Context, changeClass, type Hold, loadClass, providerOf } from './context.ts'
import { ownRuns } from './own-runs.ts'

/** Somebody who reloads a page gets the list of a moment ago. */
const freshMs = 15_000

/** The recordings of a class: read from the provider at most every 15 seconds, and kept for when it does not answer. */
export interface Recordings {
  /**
   * Reads the provider's list into the store and answers the whole list. What the provider no longer lists stays here:
   * a list that came out short must not delete anything.
   */
  refresh(row: StoredClass, hold?: Hold): Promise<readonly Recording[]>
  /** Throws `CLASS_NOT_FOUND`. A provider that does not answer leaves the list as it was last seen. */
  list(classId: string): Promise<readonly Recording[]>
  /** Writes down what became of one recording. */
  keep(classId: string, recording: Recording): Promise<Recording>
}

export function createRecordings(context: Context): Recordings {
  const readAt = new Map<string, number>()

  const refresh = (row: StoredClass, hold?: Hold): Promise<readonly Recording[]> =>
    context.readingRecordings(row.liveClass.id, async () => {
      const { liveClass, meeting } = row
      const { tenantId, store } = context
      const wants = await ownRuns(store, row)
      const listed = await providerOf(context, liveClass.provider).recordings(meeting, {
        deadlineMs: context.deadlineMs,
        wants,
      })
      const found = listed.map(recording => ({ ...recording, classId: liveClass.id }))
      const { before, after } = await store.transaction(async tx => {
        await hold?.(tx)
        const before = await tx.listRecordings(tenantId, liveClass.id)
        if (found.length > 0) await tx.upsertRecordings(tenantId, found)
        return { before, after: found.length > 0 ? await tx.listRecordings(tenantId, liveClass.id) : before }
      })
      remember(liveClass.id)
      await announce(liveClass, before, after)
      return after
    })

  function remember(id: string): void {
    const now = context.clock.now()
    readAt.set(id, now)
    for (const [other, at] of readAt) if (now - at > freshMs) readAt.delete(other)
  }

  /** Keeps `hasRecording` true to the list, and tells of recordings that can be watched since just now. */
  async function announce(
    liveClass: LiveClass,
    before: readonly Recording[],
    after: readonly Recording[],
  ): Promise<void> {
    const hasRecording = after.some(isWatchable)
    const changed = await changeClass(context, liveClass.id, current =>
      current.liveClass.hasRecording === hasRecording ? null : { hasRecording },
    )
    const watchableBefore = new Set(before.filter(isWatchable).map(({ recordId }) => recordId))
    for (const recording of after) {
      if (isWatchable(recording) && !watchableBefore.has(recording.recordId)) {
        context.notify({ type: 'recording-ready', liveClass: changed.liveClass, recording })
      }
    }
  }

  async function list(id: string): Promise<readonly Recording[]> {
    const row = await loadClass(context, id)
    const isFresh = context.clock.now() - (readAt.get(id) ?? -Infinity) < freshMs
    if (!isFresh && row.liveClass.startedAt !== null) {
      try {
        return await refresh(row)
      } catch (error) {
        if (!(error instanceof ConferencingError)) throw error
        if (error.code === 'STORE_UNAVAILABLE') throw error
        logUnread(context, row, error)
      }
    }
    return context.store.read(tx => tx.listRecordings(context.tenantId, id))
  }

  async function keep(id: string, recording: Recording): Promise<Recording> {
    const { tenantId, store } = context
    const { before, after } = await store.transaction(async tx => {
      const before = await tx.listRecordings(tenantId, id)
      await tx.upsertRecordings(tenantId, [recording])
      return { before, after: await tx.listRecordings(tenantId, id) }
    })
    await announce((await loadClass(context, id)).liveClass, before, after)
    return recording
  }

  return { refresh, list, keep }
}

const logUnread = ({ logger }: Context, { liveClass: { id, provider } }: StoredClass, error: unknown): void =>
  logger.warn('recordings not read', { class_id: id, provider, ...faultFields(error) })

const isWatchable = ({ published, state }: Recording): boolean => published && state !== 'deleted'

/** How long after its end a class's recording is awaited, in milliseconds: servers process through the night. */
export const recordingAwaitedMs = 48 * 3_600_000

/**
 * Asks for the recording of a class that ended within two days and has none yet: the callback that tells of one may be
 * lost, or not set up. Answers whether there is one now, or that it is to be asked for again.
 */
export async function awaitRecording(
  context: Context,
  { refresh }: Pick<Recordings, 'refresh'>,
  id: string,
  hold: Hold,
): Promise<JobResult> {
  const row = await context.store.read(tx => tx.getClass(context.tenantId, id))
  const { status, record, hasRecording, endedAt } = row?.liveClass ?? {}
  if (!row || status !== 'completed' || !record || hasRecording || !endedAt) return 0
  if (context.clock.now() - endedAt.getTime() > recordingAwaitedMs) return 0
  try {
    return (await refresh(row, hold)).some(isWatchable) ? 1 : 'again'
  } catch (error) {
    if (!(error instanceof ConferencingError) || error.code === 'STORE_UNAVAILABLE') throw error
    logUnread(context, row, error)
    return 'again'
  }
}
