import type { LiveFrame, LiveMessage } from '../browser/live-messages.ts'
import type { Clock, TimerHandle } from '../clock.ts'
import type { Conferencing } from '../conferencing.ts'
import { ConferencingError } from '../errors.ts'
import { faultFields } from '../fault.ts'
import type { Logger } from '../logger.ts'
import type { Change, ChangesPage } from '../store.ts'
import { type Session, SignedOut } from './session.ts'
import { type View, viewOf } from './views.ts'

export interface RoundsOptions {
  readonly conferencing: Conferencing
  readonly sessions: ReadonlySet<Session>
  readonly clock: Clock
  readonly logger: Logger
  /** How often the log is read when this process itself changes nothing, in milliseconds. */
  readonly pollMs: number
  /** The shortest time between two rounds, in milliseconds: what happens in between is told at once, and once. */
  readonly gapMs: number
  /** A page that missed more changes than this loads again instead. */
  readonly maxReplay: number
  /** The largest frame, as JSON text, in characters; what would be larger is loaded by the page instead. */
  readonly maxFrame: number
  /** How long a page may take to acknowledge a frame, in milliseconds. */
  readonly ackMs: number
}

/** Brings all sessions to the end of the log, again and again. */
export interface Rounds {
  /** There may be something to tell. */
  wake(): void
  /** Resolves when the round that may be going on is over; none begins after that. */
  stop(): Promise<void>
}

/** A round takes at most one part in so many of the process's time, however large the classes are. */
const restFactor = 4

export function createRounds(options: RoundsOptions): Rounds {
  const { conferencing, sessions, clock, logger, pollMs, gapMs } = options
  let timer: TimerHandle | undefined
  let running: Promise<void> | undefined
  let isStopped = false
  let isWanted = false
  let notBefore = Number.NEGATIVE_INFINITY

  function schedule(ms: number): void {
    if (timer) clock.clearTimeout(timer)
    timer = isStopped || sessions.size === 0 ? undefined : clock.setTimeout(begin, ms)
  }

  function begin(): void {
    if (running || isStopped) return
    isWanted = false
    const startedAt = clock.now()
    running = round()
      .catch(error => logger.warn('live pages wait: the changes cannot be read', faultFields(error)))
      .finally(() => {
        running = undefined
        const now = clock.now()
        notBefore = now + Math.max(gapMs, restFactor * (now - startedAt))
        schedule(isWanted ? notBefore - now : Math.max(pollMs, notBefore - now))
      })
  }

  function wake(): void {
    if (isStopped) return
    isWanted = true
    if (!running) schedule(Math.min(Math.max(0, notBefore - clock.now()), restFactor * pollMs))
  }

  /**
   * One reading of the log serves all: those that are up to date, those that have just come back, and those that were
   * too slow. A session with a frame on its way is left for the next round, which finds what is newest then.
   */
  async function round(): Promise<void> {
    const waiting = [...sessions].flatMap(session =>
      session.isIdle && session.position !== null ? [{ session, position: session.position }] : [],
    )
    if (waiting.length === 0) return
    const from = waiting.reduce((least, { position }) => Math.min(least, position), Number.POSITIVE_INFINITY)
    const page = await conferencing.changes.since(from)
    const find = indexed(page.changes)
    const due = waiting
      .filter(({ position }) => position !== page.lastSeq)
      .map(({ session, position }) => ({ session, position, missed: missedBy(session, position, page, find) }))
    const views = await readViews(due.flatMap(({ missed }) => missed ?? []))
    for (const { session, position, missed } of due) {
      void session
        .inTurn(async () => {
          // It may have begun to follow something else while we were reading.
          if (session.position !== position) return true
          if (missed?.length !== 0) return bring(session, missed, page.lastSeq, views)
          session.position = page.lastSeq
          return false
        })
        .then(hasMore => hasMore && wake())
    }
  }

  /** What is to be told; `null`: more than can be. */
  function missedBy(
    session: Session,
    position: number,
    { firstSeq, lastSeq }: ChangesPage,
    find: (session: Session) => readonly Change[],
  ): readonly Change[] | null {
    if (position < firstSeq - 1 || position > lastSeq) return null
    const missed = find(session).filter(({ seq }) => seq > position)
    return missed.length > options.maxReplay ? null : missed
  }

  /** What each change looks like; a change whose view cannot be made is not among them. */
  async function readViews(changes: readonly Change[]): Promise<ReadonlyMap<Change, View>> {
    const views = new Map<Change, View>()
    for (const change of new Set(changes)) {
      try {
        views.set(change, await viewOf(conferencing, change))
      } catch (error) {
        if (error instanceof ConferencingError && error.code === 'STORE_UNAVAILABLE') throw error
        logger.error('a change cannot be shown: pages load it again', {
          class_id: change.classId,
          kind: change.kind,
          ...faultFields(error),
        })
      }
    }
    return views
  }

  /** Sends one session what it missed. Answers whether there may be more for it; never throws. */
  async function bring(
    session: Session,
    missed: readonly Change[] | null,
    lastSeq: number,
    views: ReadonlyMap<Change, View>,
  ): Promise<boolean> {
    try {
      const frame = missed
        ? await frameFor(session, missed, lastSeq, views)
        : { seq: lastSeq, reset: true, messages: [] }
      await send(session, frame)
      session.isFailing = false
      return true
    } catch (error) {
      if (error instanceof SignedOut) session.socket.disconnect(true)
      // What was not told stays due: the next round tries again.
      else if (!session.isFailing) logger.warn('a live page could not be told; it is tried again', faultFields(error))
      session.isFailing = true
      return false
    }
  }

  async function frameFor(
    session: Session,
    missed: readonly Change[],
    lastSeq: number,
    views: ReadonlyMap<Change, View>,
  ): Promise<LiveFrame> {
    const again: LiveFrame = { seq: lastSeq, reset: true, messages: [] }
    if (missed.some(({ kind }) => kind === 'access')) session.distrust()
    const messages: LiveMessage[] = []
    for (const course of new Set(missed.map(({ courseId }) => courseId))) {
      if (!(await session.roleIn(course))) messages.push(...session.drop(course))
    }
    for (const change of missed) {
      // Asked a moment ago: no waiting from here on.
      const role = session.follows(change) ? await session.roleIn(change.courseId) : null
      if (!role) continue
      const view = views.get(change)
      if (!view) return again
      const isClose = change.classId !== null && session.classes.has(change.classId)
      messages.push(...view({ userId: session.userId, role, isClose }))
    }
    if (session.hasNewRole || JSON.stringify(messages).length > options.maxFrame) return again
    return { seq: lastSeq, reset: false, messages }
  }

  /** One frame on its way at a time: a page that is slow is told less often, and never of what is over. */
  async function send(session: Session, frame: LiveFrame): Promise<void> {
    const isWorthIt = frame.reset || frame.messages.length > 0
    if (isWorthIt && !(await session.send(frame, options.ackMs))) {
      // It comes back, if it is still there, and says how far it got.
      session.cut()
      return
    }
    if (frame.reset) session.hasNewRole = false
    session.position = frame.seq
  }

  return {
    wake,
    async stop() {
      isStopped = true
      schedule(0)
      await running
    },
  }
}

/** Finds the changes a session follows without looking at all of them; by `seq`. */
function indexed(changes: readonly Change[]): (session: Session) => readonly Change[] {
  const byCourse = new Map<string, Change[]>()
  for (const change of changes) {
    const known = byCourse.get(change.courseId)
    if (known) known.push(change)
    else byCourse.set(change.courseId, [change])
  }
  return session =>
    [...new Set([...session.courses, ...session.classes.values()])]
      .flatMap(course => byCourse.get(course) ?? [])
      .filter(change => session.follows(change))
      .sort((a, b) => a.seq - b.seq)
}
