import type { Clock } from '../../clock.ts'
import { ConferencingError } from '../../errors.ts'
import { faultFields } from '../../fault.ts'
import { type Logger, noLogger } from '../../logger.ts'
import type { Meeting } from '../../model.ts'
import type { ConferenceProvider } from '../../provider.ts'
import type { ClassFilter, Store, StoredClass } from '../../store.ts'
import { specOf } from '../../use-cases/context.ts'
import type { Notice } from '../../use-cases/notice.ts'
import { type Note, Notes } from '../notes.ts'
import { type Progress, progressOver } from '../scan.ts'

/** Moving classes that are still to come from one provider to another. */
export interface MoveOptions {
  readonly store: Store
  /** @default 'default' */
  readonly tenantId?: string | undefined
  readonly from: ConferenceProvider
  readonly to: ConferenceProvider
  readonly clock: Clock
  /** For the log of operations. */
  readonly who: string
  /** Only classes of these courses. @default all */
  readonly courseIds?: readonly string[] | undefined
  /** At most so many. @default all */
  readonly limit?: number | undefined
  /** Classes that begin sooner than this stay where they are: people may have their link in hand. In milliseconds. @default 900000 */
  readonly leadMs?: number | undefined
  /** How long one call to a provider may take, in milliseconds. @default 15000 */
  readonly deadlineMs?: number | undefined
  /** @default false */
  readonly dryRun?: boolean | undefined
  /** Stops after the class of the moment. */
  readonly signal?: AbortSignal | undefined
  /** Hears of each class that moved; what it throws is logged. */
  readonly notify?: ((notice: Notice) => void | Promise<void>) | undefined
  readonly logger?: Logger | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** What became of a class that could not be moved, or not wholly. */
export interface MoveProblem {
  readonly classId: string
  readonly code: string
  /** A sentence for whoever moves. */
  readonly what: string
}

export interface MoveResult {
  /** `false`: stopped, or something has to be done again; the same call goes on. */
  readonly isComplete: boolean
  readonly moved: number
  /** Old meetings that are taken back by now. */
  readonly cancelled: number
  /** Old meetings that stay, because another class still uses them. */
  readonly shared: number
  /** Moved, but the old meeting is not taken back yet. */
  readonly toCancel: number
  readonly problems: readonly MoveProblem[]
  /** What would be moved, in a dry run. */
  readonly wouldMove: number
}

/**
 * How far the move of one class is. `planned`: the new meeting has its identity, so that asking for it again makes no
 * second one; `switched`: the class is there, the old meeting may still be; `done`; `undone`: taken back.
 */
export interface MoveNote {
  readonly state: 'planned' | 'switched' | 'done' | 'undone'
  readonly from: Meeting
  readonly to: Meeting
  readonly at: string
}

const PAGE = 100

/**
 * Moves scheduled classes: the new meeting is made first, then the class is switched to it, in one transaction, then the
 * old meeting is taken back, unless another class still uses it. Killed at any point and called again, it goes on; a
 * class whose new meeting cannot be made stays where it was.
 */
export async function moveClasses(options: MoveOptions): Promise<MoveResult> {
  const mover = new Mover(options)
  return mover.move()
}

/**
 * Takes moves back: makes the old meeting again (the same, while it is there; otherwise a new one with a link of its
 * own) and switches the class to it. Answers how many got their old link back and how many a new one.
 */
export async function undoMoves(options: MoveOptions): Promise<UndoResult> {
  return new Mover(options).undo()
}

export interface UndoResult {
  readonly isComplete: boolean
  /** Back on their old meeting: links that people have work again. */
  readonly sameMeeting: number
  /** Back with a new meeting: the old one was taken back already, and its links are dead. */
  readonly newMeeting: number
  readonly problems: readonly MoveProblem[]
  readonly wouldUndo: number
}

class Mover {
  readonly #options: MoveOptions
  readonly #tenantId: string
  readonly #logger: Logger
  readonly #notes: Notes<MoveNote>
  readonly #problems: MoveProblem[] = []

  constructor(options: MoveOptions) {
    this.#options = options
    this.#tenantId = options.tenantId ?? 'default'
    this.#logger = options.logger ?? noLogger
    this.#notes = new Notes(options.store, this.#tenantId, 'move')
  }

  async move(): Promise<MoveResult> {
    const { dryRun = false, limit = Number.POSITIVE_INFINITY, signal } = this.#options
    const counts = { moved: 0, cancelled: 0, shared: 0, toCancel: 0, wouldMove: 0 }
    const cancel = async (note: Note<MoveNote>): Promise<void> => {
      counts[await this.#takeBack(note)]++
    }
    // What an earlier call left half done.
    if (!dryRun) {
      for await (const note of this.#notes.all()) {
        if (signal?.aborted) break
        if (note.value.state === 'switched') await cancel(note)
      }
    }
    const tell = progressOver('moving', dryRun ? null : await this.#howMany(limit), this.#options)
    let tried = 0
    for await (const row of this.#candidates()) {
      if (signal?.aborted || counts.moved + counts.wouldMove >= limit) break
      if (dryRun) {
        counts.wouldMove++
        continue
      }
      const note = await this.#attempt(row, () => this.#moveOne(row))
      tell(++tried)
      if (!note) continue
      counts.moved++
      await cancel(note)
    }
    if (counts.moved > 0) await this.#log('move', counts.moved)
    const isComplete = !signal?.aborted && this.#problems.length === 0 && counts.toCancel === 0
    return { isComplete, ...counts, problems: this.#problems }
  }

  async undo(): Promise<UndoResult> {
    const { dryRun = false, limit = Number.POSITIVE_INFINITY, courseIds, signal } = this.#options
    const counts = { sameMeeting: 0, newMeeting: 0, wouldUndo: 0 }
    const tell = progressOver('taking back', null, this.#options)
    let tried = 0
    for await (const note of this.#notes.all()) {
      const undone = counts.sameMeeting + counts.newMeeting + counts.wouldUndo
      if (signal?.aborted || undone >= limit) break
      if (note.value.state !== 'switched' && note.value.state !== 'done') continue
      const row = await this.#options.store.read(tx => tx.getClass(this.#tenantId, note.classId))
      const isOurs = row?.liveClass.status === 'scheduled' && row.meeting.meetingId === note.value.to.meetingId
      if (!row || !isOurs || (courseIds && !courseIds.includes(row.liveClass.courseId))) continue
      if (dryRun) {
        counts.wouldUndo++
        continue
      }
      const opened = await this.#attempt(row, () => this.#undoOne(row, note))
      tell(++tried)
      if (opened) counts[opened.meetingId === note.value.from.meetingId ? 'sameMeeting' : 'newMeeting']++
    }
    const undone = counts.sameMeeting + counts.newMeeting
    if (undone > 0) await this.#log('move undone', undone)
    return { isComplete: !signal?.aborted && this.#problems.length === 0, ...counts, problems: this.#problems }
  }

  /** Scheduled classes on the old provider that do not begin at once. */
  #filter(): ClassFilter {
    const { clock, from, courseIds, leadMs = 900_000 } = this.#options
    const startsSince = new Date(clock.now() + leadMs)
    return { tenantId: this.#tenantId, status: 'scheduled', provider: from.name, courseIds, startsSince }
  }

  async #howMany(limit: number): Promise<number | null> {
    const { store, onProgress } = this.#options
    return onProgress ? Math.min(limit, await store.read(tx => tx.countClasses(this.#filter()))) : null
  }

  /** By start. */
  async *#candidates(): AsyncGenerator<StoredClass> {
    const filter = this.#filter()
    let after: { startsAt: Date; id: string } | undefined
    for (;;) {
      const rows = await this.#options.store.read(tx => tx.listClasses({ ...filter, after, limit: PAGE }))
      yield* rows
      after = rows.at(-1)?.liveClass
      if (after === undefined) return
    }
  }

  /** The note of a class that is switched; `null` when it changed meanwhile and is no candidate any more. */
  async #moveOne(row: StoredClass): Promise<Note<MoveNote> | null> {
    const { store, to, clock, deadlineMs = 15_000 } = this.#options
    const { id } = row.liveClass
    const planned = await store.transaction(async tx => {
      const known = await this.#notes.get(tx, id)
      if (known?.value.state === 'planned') return known
      const value: MoveNote = {
        state: 'planned',
        from: row.meeting,
        to: to.planMeeting(specOf(row.liveClass)),
        at: new Date(clock.now()).toISOString(),
      }
      return this.#notes.put(tx, { classId: id, version: known?.version ?? 0 }, value)
    })
    if (!planned) return null
    const opened = await to.openMeeting(planned.value.to, specOf(row.liveClass), { deadlineMs })
    return this.#switch(row, {
      meeting: opened,
      note: planned,
      value: { ...planned.value, from: row.meeting, to: opened, state: 'switched' },
    })
  }

  async #undoOne(row: StoredClass, note: Note<MoveNote>): Promise<Meeting | null> {
    const { from, to, deadlineMs = 15_000 } = this.#options
    const opened = await from.openMeeting(note.value.from, specOf(row.liveClass), { deadlineMs })
    const undone = await this.#switch(row, { meeting: opened, note, value: { ...note.value, state: 'undone' } })
    if (!undone) return null
    try {
      await to.cancelMeeting(note.value.to, { deadlineMs })
    } catch (error) {
      // An empty room that nobody has a link to closes by itself.
      this.#logger.warn('meeting not cancelled', { class_id: note.classId, provider: to.name, ...faultFields(error) })
    }
    return opened
  }

  /** The class and its note change together, or not at all. */
  async #switch(
    row: StoredClass,
    { meeting, note, value }: { readonly meeting: Meeting; readonly note: Note<MoveNote>; readonly value: MoveNote },
  ): Promise<Note<MoveNote> | null> {
    const { store, clock, notify } = this.#options
    const movedFrom = row.liveClass.provider
    const result = await store.transaction(async tx => {
      const current = await tx.getClass(this.#tenantId, note.classId)
      if (current?.liveClass.status !== 'scheduled' || current.meeting.meetingId !== row.meeting.meetingId) return null
      const changed = await tx.updateClass(
        current,
        { meeting, meetingId: meeting.meetingId, provisioning: 'ready', provisioningReason: null },
        new Date(clock.now()),
      )
      const kept = changed && (await this.#notes.put(tx, note, value))
      return kept && { liveClass: changed.liveClass, note: kept }
    })
    if (!result) return null
    try {
      await notify?.({ type: 'class-changed', liveClass: result.liveClass, movedFrom })
    } catch {
      this.#logger.error('notify failed', { type: 'class-changed', class_id: note.classId })
    }
    return result.note
  }

  async #takeBack(note: Note<MoveNote>): Promise<'cancelled' | 'shared' | 'toCancel'> {
    const { store, from, deadlineMs = 15_000 } = this.#options
    const { classId, value } = note
    const { meetingId } = value.from
    const others = await store.read(async tx =>
      meetingId === '' ? [] : tx.listClasses({ tenantId: this.#tenantId, provider: from.name, meetingId, limit: 50 }),
    )
    const isShared = others.some(({ liveClass: { status } }) => status === 'scheduled' || status === 'live')
    if (!isShared) {
      try {
        await from.cancelMeeting(value.from, { deadlineMs })
      } catch (error) {
        this.#problem(classId, error)
        return 'toCancel'
      }
    }
    await store.transaction(tx => this.#notes.put(tx, note, { ...value, state: 'done' }))
    return isShared ? 'shared' : 'cancelled'
  }

  async #attempt<T>(row: StoredClass, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work()
    } catch (error) {
      // Without the store nothing goes on; anything else is one class's matter.
      if (error instanceof ConferencingError && error.code === 'STORE_UNAVAILABLE') throw error
      this.#problem(row.liveClass.id, error)
      return null
    }
  }

  #problem(classId: string, error: unknown): void {
    const known = error instanceof ConferencingError
    this.#problems.push({
      classId,
      code: known ? error.code : 'INTERNAL',
      what: known ? error.message : 'An internal error.',
    })
    this.#logger.warn('class not moved', { class_id: classId, ...faultFields(error) })
  }

  async #log(what: string, count: number): Promise<void> {
    const { store, clock, who } = this.#options
    await store.transaction(tx =>
      tx.addOperation({ tenantId: this.#tenantId, at: new Date(clock.now()), who, what, count }),
    )
  }
}
