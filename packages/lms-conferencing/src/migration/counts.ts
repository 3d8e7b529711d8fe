import { TableDigest } from './digest.ts'
import type { Judged } from './judge.ts'
import type { SurveyGroup } from './lms/database.ts'

/** How many rows, by what became of them: these four add up to `rows`. */
export interface Counts {
  readonly rows: number
  readonly migrated: number
  readonly kept: number
  readonly rejected: number
  /** Rows whose new columns the LMS wrote itself. */
  readonly theirs: number
  readonly reasons: Readonly<Record<string, number>>
}

/** Counts rows as they are looked at, in constant memory. */
export class Tally {
  readonly #outcomes = { migrated: 0, kept: 0, rejected: 0, theirs: 0 }
  readonly #reasons: Record<string, number> = {}
  readonly #digest = new TableDigest()
  rows = 0

  add({ standing, decision, sourceDigest }: Judged): void {
    this.rows++
    if (sourceDigest !== null) this.#digest.add(sourceDigest)
    if (standing === 'theirs') {
      this.#outcomes.theirs++
      return
    }
    this.#outcomes[decision.outcome]++
    this.#reasons[decision.reason] = (this.#reasons[decision.reason] ?? 0) + 1
  }

  /** Rows that the database counted, as it found them. */
  addGroup({ standing, outcome, reason, rows }: SurveyGroup): void {
    this.rows += rows
    // Those that are open are counted by what is decided about them.
    if (standing === 'undecided' || standing === 'stale') return
    if (standing === 'theirs') this.#outcomes.theirs += rows
    else if (outcome === 'migrated' || outcome === 'kept' || outcome === 'rejected') {
      this.#outcomes[outcome] += rows
      this.#reasons[reason ?? ''] = (this.#reasons[reason ?? ''] ?? 0) + rows
    }
  }

  /** A row of such a group, decided; it may have become somebody else's meanwhile. */
  addOpen({ decision, standing }: Judged): void {
    if (standing === 'theirs') {
      this.#outcomes.theirs++
      return
    }
    this.#outcomes[decision.outcome]++
    this.#reasons[decision.reason] = (this.#reasons[decision.reason] ?? 0) + 1
  }

  get counts(): Counts {
    const reasons = Object.fromEntries(Object.entries(this.#reasons).sort(([a], [b]) => (a < b ? -1 : 1)))
    return { rows: this.rows, ...this.#outcomes, reasons }
  }

  /** Over the old columns of all rows, where they were all read. */
  get sourceDigest(): string {
    return this.#digest.hex()
  }
}
