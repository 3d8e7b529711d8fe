import { growingPause } from '../backoff.ts'
import { ConferencingError } from '../errors.ts'
import { faultFields } from '../fault.ts'
import type { LiveClass, Recording } from '../model.ts'
import type { StoredClass } from '../store.ts'
import { type Context, changeClass, loadClass, providerOf } from './context.ts'

/** Somebody who reloads a page gets the list of a moment ago. */
const freshMs = 15_000

/** The recordings of a class: read from the provider at most every 15 seconds, and kept for when it does not answer. */
export interface Recordings {
  /**
   * Reads the provider's list into the store and answers the whole list. What the provider no longer lists stays here:
   * a list that came out short must not delete anything.
   */
  refresh(row: StoredClass): Promise<readonly Recording[]>
  /** Throws `CLASS_NOT_FOUND`. A provider that does not answer leaves the list as it was last seen. */
  list(classId: string): Promise<readonly Recording[]>
  /** Writes down what became of one recording. */
  keep(classId: string, recording: Recording): Promise<Recording>
}

export function createRecordings(context: Context): Recordings {
  const readAt = new Map<string, number>()

  const refresh = (row: StoredClass): Promise<readonly Recording[]> =>
    context.readingRecordings(row.liveClass.id, async () => {
      const { liveClass, meeting } = row
      const { tenantId, store } = context
      const listed = await providerOf(context, liveClass.provider).recordings(meeting, {
        deadlineMs: context.deadlineMs,
      })
      const found = listed.map(recording => ({ ...recording, classId: liveClass.id }))
      const { before, after } = await store.transaction(async tx => {
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
const awaitedMs = 48 * 3_600_000

/** How many classes that ended one round looks at. */
const roundSize = 200

/**
 * Asks, with growing pauses, for the recordings of classes that ended within two days and have none yet: the callback
 * that tells of one may be lost, or not set up.
 */
export function createRecordingPoller(
  context: Context,
  { refresh }: Pick<Recordings, 'refresh'>,
): { run(): Promise<number> } {
  const waits = new Map<string, { attempts: number; notBefore: number }>()
  return {
    async run() {
      const { tenantId, clock } = context
      const endedSince = new Date(clock.now() - awaitedMs)
      const rows = await context.store.read(tx =>
        tx.listClasses({ tenantId, status: 'completed', endedSince, limit: roundSize }),
      )
      const awaited = rows.filter(({ liveClass }) => liveClass.record && !liveClass.hasRecording)
      const ids = new Set(awaited.map(({ liveClass }) => liveClass.id))
      for (const id of waits.keys()) if (!ids.has(id)) waits.delete(id)
      let found = 0
      for (const row of awaited) {
        const { id } = row.liveClass
        const wait = waits.get(id) ?? { attempts: 0, notBefore: 0 }
        if (wait.notBefore > clock.now()) continue
        const attempts = wait.attempts + 1
        waits.set(id, { attempts, notBefore: clock.now() + growingPause(attempts, context.random()) })
        try {
          if ((await refresh(row)).some(isWatchable)) found++
        } catch (error) {
          logUnread(context, row, error)
        }
      }
      return found
    },
  }
}
