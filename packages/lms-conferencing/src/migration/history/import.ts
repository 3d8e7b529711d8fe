import type { Clock } from '../../clock.ts'
import { ConferencingError } from '../../errors.ts'
import { faultFields } from '../../fault.ts'
import { type Logger, noLogger } from '../../logger.ts'
import type { ConferenceProvider } from '../../provider.ts'
import type { Store, StoredClass } from '../../store.ts'
import { ownRuns } from '../../use-cases/own-runs.ts'
import { Notes } from '../notes.ts'
import { type Progress, progressOver } from '../scan.ts'
import { type AttendanceTotals, addTotals, noTotals, totalsOf } from '../totals.ts'
import { type Copies, type CopyOptions, copyRecordings, noCopies } from './copy.ts'

/** Bringing over who was there, and what was recorded, of classes that are over. */
export interface HistoryOptions {
  readonly store: Store
  /** @default 'default' */
  readonly tenantId?: string | undefined
  readonly provider: ConferenceProvider
  readonly clock: Clock
  /** For the log of operations. */
  readonly who: string
  /** Waits for a limit to be over, which may take until midnight; left out, it stops there and says when to go on. */
  readonly wait?: ((ms: number) => Promise<void>) | undefined
  /** Copies of the recordings' files. @default none are made */
  readonly copies?: CopyOptions | undefined
  /** How long one call to the provider may take, in milliseconds. @default 60000 */
  readonly deadlineMs?: number | undefined
  /** @default false */
  readonly dryRun?: boolean | undefined
  /** Stops after the class of the moment. */
  readonly signal?: AbortSignal | undefined
  readonly logger?: Logger | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Hears when a limit is waited for. */
  readonly onWait?: ((until: Date) => void) | undefined
}

export interface HistoryResult {
  /** `false`: stopped, or some classes have to be asked for again; the same call goes on. */
  readonly isComplete: boolean
  /** Classes brought over by this call. */
  readonly imported: number
  /** Classes of which the provider has neither report nor recording (any more). */
  readonly empty: number
  /** Classes that were brought over before. */
  readonly already: number
  readonly newFacts: number
  readonly recordings: number
  readonly copies: Copies
  readonly before: AttendanceTotals
  readonly after: AttendanceTotals
  /** Classes whose people are credited with less than before: look at them. */
  readonly lowered: readonly string[]
  readonly problems: readonly { readonly classId: string; readonly code: string; readonly what: string }[]
  /** When to go on, where a limit stopped it. */
  readonly resumeAt: Date | null
  readonly waits: number
}

interface HistoryNote {
  readonly at: string
  readonly facts: number
  readonly recordings: number
}

const PAGE = 100
/** How often a provider in trouble is asked again for one class, and the pause before each, in milliseconds. */
const PAUSES = [2_000, 10_000, 30_000] as const

/**
 * Reads the provider's reports and recordings of classes that are over into the store: reports as facts of their own
 * source, beside what callbacks told. Each class is one transaction and is remembered; called again after a kill, a
 * limit or an error it goes on, and nothing is there twice.
 */
export async function importHistory(options: HistoryOptions): Promise<HistoryResult> {
  return new Importer(options).run()
}

/** Thrown to stop at a limit. */
class LimitReached extends Error {
  readonly until: Date

  constructor(until: Date) {
    super('a limit of the provider was reached')
    this.until = until
  }
}

class Importer {
  readonly #options: HistoryOptions
  readonly #tenantId: string
  readonly #notes: Notes<HistoryNote>
  #waits = 0

  constructor(options: HistoryOptions) {
    this.#options = options
    this.#tenantId = options.tenantId ?? 'default'
    this.#notes = new Notes(options.store, this.#tenantId, 'history')
  }

  async run(): Promise<HistoryResult> {
    const { signal, dryRun = false, logger = noLogger } = this.#options
    const counts = { imported: 0, empty: 0, already: 0, newFacts: 0, recordings: 0 }
    let before = noTotals
    let after = noTotals
    const lowered: string[] = []
    const problems: { classId: string; code: string; what: string }[] = []
    let copies = noCopies
    let resumeAt: Date | null = null
    let isStopped = false
    let looked = 0
    const tell = progressOver('reading', await this.#count(), this.#options)
    for await (const { row, isDone } of this.#classes()) {
      if (signal?.aborted) {
        isStopped = true
        break
      }
      tell(++looked)
      if (isDone) {
        counts.already++
        continue
      }
      if (dryRun) {
        counts.imported++
        continue
      }
      try {
        const one = await this.#import(row)
        counts[one.isEmpty ? 'empty' : 'imported']++
        counts.newFacts += one.newFacts
        counts.recordings += one.recordings
        before = addTotals(before, one.before)
        after = addTotals(after, one.after)
        if (one.after.creditedMs < one.before.creditedMs) lowered.push(row.liveClass.id)
        copies = one.copies(copies)
      } catch (error) {
        if (error instanceof LimitReached) {
          resumeAt = error.until
          break
        }
        if (signal?.aborted) {
          isStopped = true
          break
        }
        if (!(error instanceof ConferencingError) || error.code === 'STORE_UNAVAILABLE') throw error
        problems.push({ classId: row.liveClass.id, code: error.code, what: error.message })
        logger.warn('history not read', { class_id: row.liveClass.id, ...faultFields(error) })
      }
    }
    if (counts.imported > 0 && !dryRun) await this.#log(counts.imported)
    const isComplete = !isStopped && resumeAt === null && problems.length === 0 && copies.failed === 0
    return { isComplete, ...counts, copies, before, after, lowered, problems, resumeAt, waits: this.#waits }
  }

  async *#classes(): AsyncGenerator<{ row: StoredClass; isDone: boolean }> {
    const { store, provider } = this.#options
    let after: { startsAt: Date; id: string } | undefined
    for (;;) {
      const page = await store.read(async tx => {
        const rows = await tx.listClasses({
          tenantId: this.#tenantId,
          status: 'completed',
          provider: provider.name,
          after,
          limit: PAGE,
        })
        const found: { row: StoredClass; isDone: boolean }[] = []
        for (const row of rows) found.push({ row, isDone: (await this.#notes.get(tx, row.liveClass.id)) !== null })
        return found
      })
      yield* page
      after = page.at(-1)?.row.liveClass
      if (after === undefined) return
    }
  }

  async #import(row: StoredClass) {
    const { store, provider, clock, copies } = this.#options
    const { id } = row.liveClass
    const wants = await ownRuns(store, row)
    const how = { deadlineMs: this.#options.deadlineMs ?? 60_000, signal: this.#options.signal, wants }
    const report = (await this.#patiently(() => provider.report(row.meeting, how))) ?? []
    const found = await this.#patiently(() => provider.recordings(row.meeting, how))
    const recordings = found.map(recording => ({ ...recording, classId: id }))
    const copied = copies && (await this.#patiently(() => copyRecordings(row, { provider, ...copies, ...how })))
    const stored = await store.transaction(async tx => {
      const known = await tx.listEvents(this.#tenantId, id)
      const newFacts = await tx.addEvents(
        this.#tenantId,
        id,
        report.map(event => ({ event, provenance: 'report' as const })),
      )
      if (recordings.length > 0) await tx.upsertRecordings(this.#tenantId, recordings)
      const hasRecording = recordings.some(({ published, state }) => published && state !== 'deleted')
      const current = await tx.getClass(this.#tenantId, id)
      if (current && hasRecording && !current.liveClass.hasRecording)
        await tx.updateClass(current, { hasRecording }, new Date(clock.now()))
      // A file that could not be copied is asked for again.
      if (!copied || copied.failed === 0) {
        const note = { at: new Date(clock.now()).toISOString(), facts: report.length, recordings: recordings.length }
        await this.#notes.put(tx, { classId: id, version: 0 }, note)
      }
      return {
        known: known.map(({ event }) => event),
        all: (await tx.listEvents(this.#tenantId, id)).map(({ event }) => event),
        newFacts,
      }
    })
    return {
      isEmpty: report.length === 0 && recordings.length === 0,
      newFacts: stored.newFacts,
      recordings: recordings.length,
      before: totalsOf(row, stored.known),
      after: totalsOf(row, stored.all),
      copies: (sum: Copies): Copies =>
        copied
          ? {
              copied: sum.copied + copied.copied,
              already: sum.already + copied.already,
              tooLarge: sum.tooLarge + copied.tooLarge,
              failed: sum.failed + copied.failed,
              bytes: sum.bytes + copied.bytes,
            }
          : sum,
    }
  }

  /** Waits for limits, and for a provider in trouble, where that may help. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    const { clock, wait, signal, onWait } = this.#options
    for (let tries = 0; ; ) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof ConferencingError) || signal?.aborted) throw error
        if (error.code === 'RATE_LIMITED') {
          const until = new Date(error.details.retry_after ?? clock.now() + 60_000)
          if (!wait) throw new LimitReached(until)
          this.#waits++
          onWait?.(until)
          // A moment longer: clocks differ.
          await wait(Math.max(0, until.getTime() - clock.now()) + 1000)
        } else {
          const pause = error.code === 'UNAVAILABLE' ? PAUSES[tries++] : undefined
          if (pause === undefined || !wait) throw error
          await wait(pause)
        }
        signal?.throwIfAborted()
      }
    }
  }

  async #count(): Promise<number> {
    const { store, provider, onProgress } = this.#options
    if (!onProgress) return 0
    return store.read(tx => tx.countClasses({ tenantId: this.#tenantId, status: 'completed', provider: provider.name }))
  }

  async #log(count: number): Promise<void> {
    const { store, clock, who } = this.#options
    await store.transaction(tx =>
      tx.addOperation({ tenantId: this.#tenantId, at: new Date(clock.now()), who, what: 'history', count }),
    )
  }
}
