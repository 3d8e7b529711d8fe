import type { AttendanceEvent } from '../model.ts'
import type { StoredClass, StoredEvent } from '../store.ts'
import { type Context, plannedEnd, providerOf } from './context.ts'
import { complete } from './end.ts'

/** How long a teacher whose room closed has to open it again before the class counts as over, in milliseconds. */
const reopenGraceMs = 10 * 60_000

/** How many live classes one round looks at. */
const roundSize = 500

/**
 * Ends the classes that ended without the end button: the teacher used the provider's own, or everybody just left.
 * A room that closed is not yet a class that is over, since a teacher whose connection broke, or who pressed the wrong
 * button, starts it again. So it is over when its planned time is, or when the room has stayed closed for ten minutes.
 * Answers how many it ended.
 */
export async function closeFinishedClasses(context: Context): Promise<number> {
  const { tenantId } = context
  const rows = await context.store.read(tx => tx.listClasses({ tenantId, status: 'live', limit: roundSize }))
  // A provider that does not answer is asked once a round, not once a class.
  const silent = new Set<string>()
  let ended = 0
  for (const row of rows) if (await closeIfFinished(context, row, silent)) ended++
  return ended
}

/** The same for one class; `false` when it goes on. Providers that do not answer are added to `silent`. */
export async function closeIfFinished(
  context: Context,
  row: StoredClass,
  silent: Set<string> = new Set(),
): Promise<boolean> {
  const { liveClass } = row
  const running = silent.has(liveClass.provider) ? null : await isRunning(context, row)
  if (running) return false
  if (running === null) silent.add(liveClass.provider)
  const events = await context.store.read(tx => tx.listEvents(context.tenantId, liveClass.id))
  const endedAt = whenFinished(row, events, { now: context.clock.now(), knownClosed: running === false })
  if (endedAt === null) return false
  await complete(context, liveClass.id, new Date(endedAt))
  return true
}

/** `null` when the provider does not say. */
async function isRunning(context: Context, { liveClass, meeting }: StoredClass): Promise<boolean | null> {
  try {
    return await providerOf(context, liveClass.provider).isRunning(meeting, { deadlineMs: context.deadlineMs })
  } catch {
    return null
  }
}

/**
 * When a class whose room is not running was over, in epoch milliseconds; `null` while it may go on.
 * `knownClosed`: the provider has just said that nobody is in the room.
 */
function whenFinished(
  { liveClass }: StoredClass,
  events: readonly StoredEvent[],
  { now, knownClosed }: { readonly now: number; readonly knownClosed: boolean },
): number | null {
  const isPast = now >= plannedEnd(liveClass)
  // Renewed by each start: a room opened a moment ago is empty, not abandoned.
  const openedAt = liveClass.updatedAt.getTime()
  const newest = newestRun(events.map(({ event }) => event))
  // The word of the end may be lost: then a room seen empty, and still so, is as good.
  const closedAt = newest?.endedAt ?? (knownClosed ? (newest?.emptiedAt ?? null) : null)
  const quietMs = now - Math.max(openedAt, closedAt ?? 0)
  if (closedAt !== null) {
    const planIsOver = isPast && openedAt <= closedAt
    return planIsOver || quietMs >= reopenGraceMs ? Math.min(closedAt, now) : null
  }
  // Without word of its end, only an empty room after the planned time is over: at the last sign of life.
  if (!knownClosed || !isPast || quietMs < reopenGraceMs) return null
  const lastSign = events.findLast(({ event }) => !isEmptyRoom(event))?.event.at ?? 0
  return Math.min(Math.max(plannedEnd(liveClass), lastSign), now)
}

const isEmptyRoom = (event: AttendanceEvent): boolean => event.type === 'snapshot' && event.present.length === 0

interface Run {
  startedAt: number
  endedAt: number | null
  /** Since when a look at the room has shown nobody, where somebody had been before; `null` while not. */
  emptiedAt: number | null
  isUsed: boolean
}

/** The newest run of a meeting, as far as events tell. They come by time. */
function newestRun(events: readonly AttendanceEvent[]): Run | undefined {
  const runs = new Map<string, Run>()
  for (const event of events) {
    const run = runs.get(event.instance) ?? { startedAt: event.at, endedAt: null, emptiedAt: null, isUsed: false }
    runs.set(event.instance, run)
    if (event.type === 'ended') run.endedAt ??= event.at
    if (isEmptyRoom(event)) run.emptiedAt ??= run.isUsed ? event.at : null
    else if (event.type === 'joined' || event.type === 'snapshot') {
      run.isUsed = true
      run.emptiedAt = null
    }
  }
  let newest: Run | undefined
  for (const run of runs.values()) if (!newest || run.startedAt >= newest.startedAt) newest = run
  return newest
}
