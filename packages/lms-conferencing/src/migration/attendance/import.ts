import type { AttendanceOptions } from '../../attendance/types.ts'
import type { Clock } from '../../clock.ts'
import type { Store, StoredClass, StoreTransaction } from '../../store.ts'
import type { LmsAttendance, LmsAttendanceRow } from '../lms/attendance.ts'
import { Notes } from '../notes.ts'
import { type Signed, sign } from '../report.ts'
import { type Progress, progressOver } from '../scan.ts'
import { type AttendanceTotals, addTotals, noTotals, totalsOf } from '../totals.ts'
import { type AttendanceOutcome, type JudgedAttendance, judgeAttendance } from './judge.ts'
import type { AttendancePlan } from './plan.ts'

/** Bringing over who was there, as the LMS itself wrote it down while it knew only Zoom. */
export interface ImportAttendanceOptions {
  readonly lms: LmsAttendance
  readonly plan: AttendancePlan
  readonly store: Store
  /** @default 'default' */
  readonly tenantId?: string | undefined
  readonly clock: Clock
  /** For the log of operations, and for marks. */
  readonly who: string
  /** How attendance is counted here: decides where the LMS's word differs. @default the package's own */
  readonly attendanceOptions?: AttendanceOptions | undefined
  /**
   * The provider whose reports of a class must have been asked for before: its own record is finer. `null`: nobody's.
   * @default 'zoom'
   */
  readonly historyOf?: string | null | undefined
  /** Keeps the LMS's word as a mark where the figures say something else. @default true */
  readonly marks?: boolean | undefined
  /** @default false */
  readonly dryRun?: boolean | undefined
  /** Stops after the classes of the moment. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** What was found, who says so, and when; signed as the report of the table is. */
export interface AttendanceReport {
  readonly table: string
  readonly at: string
  readonly who: string
  readonly isDryRun: boolean
  /** `false`: stopped; the same call goes on. */
  readonly isComplete: boolean
  /** All rows of the table. */
  readonly tableRows: number
  /** Rows of no class that is over here: it is not adopted, was rejected, or is still to come. `null`: stopped before that was known. */
  readonly withoutClass: number | null
  /** Rows that this call decided about; they add up to the four outcomes. */
  readonly rows: number
  readonly facts: number
  readonly known: number
  readonly words: number
  readonly unreadable: number
  /** People whose status the figures tell otherwise than the LMS did; of these, so many got a mark. */
  readonly differing: number
  readonly marked: number
  /** Classes with rows: brought over by this call, by an earlier one, or waiting for their history. */
  readonly classes: number
  readonly already: number
  readonly waiting: number
  /** As the LMS counted: rows, people of each class, minutes in milliseconds. */
  readonly before: AttendanceTotals
  /** Of the same classes, as it is counted from now on. */
  readonly after: AttendanceTotals
  /** Some of the classes with a row that is unreadable, at most a hundred. */
  readonly lookAt: readonly string[]
}

const PAGE = 100
/** Classes to a transaction: everybody else who writes to the store waits for it. */
const BATCH = 10
const LOOK_AT = 100

/**
 * Reads the LMS's own attendance of classes that are over into the store: times as facts of the source `lms`, unless the
 * provider's facts tell of the person already; and where the status comes out otherwise than the LMS had it, the LMS's
 * word as a mark, so that nobody sees another status than yesterday. A teacher's mark is never replaced. The table is
 * only read. Called again after a kill it goes on, and nothing is there twice.
 */
export async function importAttendance(options: ImportAttendanceOptions): Promise<Signed<AttendanceReport>> {
  return new Importer(options).run()
}

class Importer {
  readonly #options: ImportAttendanceOptions
  readonly #tenantId: string
  readonly #done: Notes<{ readonly at: string; readonly rows: number }>
  readonly #history: Notes<unknown>
  readonly #outcomes: Record<AttendanceOutcome, number> = { facts: 0, known: 0, word: 0, unreadable: 0 }
  readonly #counts = { rows: 0, differing: 0, marked: 0, classes: 0, already: 0, waiting: 0 }
  readonly #lookAt: string[] = []
  #seen = 0
  #before = noTotals
  #after = noTotals

  constructor(options: ImportAttendanceOptions) {
    this.#options = options
    this.#tenantId = options.tenantId ?? 'default'
    this.#done = new Notes(options.store, this.#tenantId, 'attendance')
    this.#history = new Notes(options.store, this.#tenantId, 'history')
  }

  async run(): Promise<Signed<AttendanceReport>> {
    const { lms, plan, store, clock, who, dryRun = false, signal } = this.#options
    const tableRows = await lms.count()
    const tell = progressOver('bringing over', tableRows, this.#options)
    let after: StoredClass['liveClass'] | undefined
    for (;;) {
      const page = await store.read(tx =>
        tx.listClasses({ tenantId: this.#tenantId, status: 'completed', after, limit: PAGE }),
      )
      after = page.at(-1)?.liveClass
      if (after === undefined || signal?.aborted) break
      const rows = Map.groupBy(await lms.ofClasses(page.map(({ liveClass }) => liveClass.id)), row => row.classId)
      const withRows = page.flatMap(row => {
        const own = rows.get(row.liveClass.id)
        return own ? { row, own } : []
      })
      for (let first = 0; first < withRows.length && !signal?.aborted; first += BATCH) {
        const batch = withRows.slice(first, first + BATCH)
        await this.#bringOver(batch)
        for (const { own } of batch) this.#seen += own.length
        tell(this.#seen)
      }
    }
    const isComplete = signal?.aborted !== true
    const at = new Date(clock.now())
    const { classes } = this.#counts
    if (classes > 0 && !dryRun)
      await store.transaction(tx =>
        tx.addOperation({ tenantId: this.#tenantId, at, who, what: 'attendance', count: classes }),
      )
    const { word: words, ...outcomes } = this.#outcomes
    return sign({
      table: plan.table,
      at: at.toISOString(),
      who,
      isDryRun: dryRun,
      isComplete,
      tableRows,
      withoutClass: isComplete ? tableRows - this.#seen : null,
      ...outcomes,
      words,
      ...this.#counts,
      before: this.#before,
      after: this.#after,
      lookAt: this.#lookAt,
    })
  }

  async #bringOver(batch: readonly { readonly row: StoredClass; readonly own: readonly LmsAttendanceRow[] }[]) {
    const { store, dryRun = false, historyOf = 'zoom', plan, attendanceOptions: options } = this.#options
    const work = async (tx: StoreTransaction): Promise<(() => void)[]> => {
      const count: (() => void)[] = []
      for (const { row, own } of batch) {
        const { id, provider } = row.liveClass
        if (await this.#done.get(tx, id)) count.push(() => this.#counts.already++)
        else if (provider === historyOf && !(await this.#history.get(tx, id))) count.push(() => this.#counts.waiting++)
        else {
          const evidence = await tx.listEvents(this.#tenantId, id)
          const judged = judgeAttendance(row, evidence, { rows: own, plan, options })
          const marked = dryRun ? 0 : await this.#write(tx, row, judged, own.length)
          const events = [...evidence, ...judged.events].map(({ event }) => event)
          count.push(() => this.#count(row, { judged, own, marked, after: totalsOf(row, events) }))
        }
      }
      return count
    }
    // Counted when it has happened: a transaction may be begun again.
    for (const count of await (dryRun ? store.read(work) : store.transaction(work))) count()
  }

  /** Answers how many marks were made. */
  async #write(
    tx: StoreTransaction,
    { liveClass: { id } }: StoredClass,
    { events, words }: JudgedAttendance,
    rows: number,
  ): Promise<number> {
    const { clock, who, marks = true } = this.#options
    const at = new Date(clock.now())
    if (events.length > 0) await tx.addEvents(this.#tenantId, id, events)
    const known = new Set((await tx.listAttendanceMarks(this.#tenantId, id)).map(({ person }) => person))
    let marked = 0
    for (const { person, mark, note } of marks ? words : []) {
      if (mark === null || known.has(person)) continue
      known.add(person)
      await tx.putAttendanceMark(this.#tenantId, id, { person, mark, note, markedBy: who, markedAt: at })
      marked++
    }
    await this.#done.put(tx, { classId: id, version: 0 }, { at: at.toISOString(), rows })
    return marked
  }

  #count(
    { liveClass: { id } }: StoredClass,
    {
      judged,
      own,
      marked,
      after,
    }: {
      readonly judged: JudgedAttendance
      readonly own: readonly LmsAttendanceRow[]
      readonly marked: number
      readonly after: AttendanceTotals
    },
  ): void {
    this.#counts.classes++
    this.#counts.rows += own.length
    this.#counts.differing += judged.words.length
    this.#counts.marked += marked
    for (const outcome of judged.outcomes) this.#outcomes[outcome]++
    if (judged.outcomes.includes('unreadable') && this.#lookAt.length < LOOK_AT) this.#lookAt.push(id)
    this.#before = addTotals(this.#before, asTheLmsCounted(own))
    this.#after = addTotals(this.#after, after)
  }
}

const asTheLmsCounted = (rows: readonly LmsAttendanceRow[]): AttendanceTotals => ({
  facts: rows.length,
  people: new Set(rows.map(({ person }) => person)).size,
  creditedMs: rows.reduce((sum, { minutes }) => sum + Math.round((Number(minutes) || 0) * 60_000), 0),
})
