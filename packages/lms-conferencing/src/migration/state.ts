import { ConferencingError } from '../errors.ts'
import type { MigrationPlan } from './columns.ts'
import type { Counts } from './counts.ts'
import type { LmsDatabase, RowKey, StateRow } from './lms/database.ts'
import type { SignedReport } from './report.ts'

/**
 * How far the table is: `expanded` has the new columns, `backfilled` has them filled, `verified` was looked through,
 * `switched` has its view read the new columns, `finalized` cannot go back.
 */
export type MigrationPhase =
  | 'expanded'
  | 'backfilled'
  | 'verified'
  | 'switched'
  | 'finalized'
  | 'rolling_back'
  | 'rolled_back'

export interface LogEntry {
  readonly at: string
  readonly who: string
  readonly what: string
  readonly rows: number
}

export interface MigrationState {
  readonly phase: MigrationPhase
  /** Of the plan it was expanded with: names must not change half-way. */
  readonly plan: string
  /** The last row of the first pass that is done; `null` before the first and after the last. */
  readonly checkpoint: RowKey | null
  readonly counts: Counts | null
  readonly report: SignedReport | null
  readonly log: readonly LogEntry[]
}

/** State and the version it has in the database. */
export interface KnownState {
  readonly state: MigrationState
  readonly version: number
}

const KEPT_LOG = 200

/** The state of a migration, written with each step. */
export class StateKeeper {
  readonly #lms: LmsDatabase
  #known: KnownState | null

  private constructor(lms: LmsDatabase, known: KnownState | null) {
    this.#lms = lms
    this.#known = known
  }

  /** Throws `CONFLICT` when the migration was begun with another plan. */
  static async load(lms: LmsDatabase, plan: MigrationPlan): Promise<StateKeeper> {
    const row = await lms.state()
    if (row === null) return new StateKeeper(lms, null)
    const state: MigrationState = JSON.parse(row.state)
    if (state.phase !== 'rolled_back' && state.plan !== planText(plan)) {
      throw new ConferencingError(
        'CONFLICT',
        'This table was expanded with other names or another time zone: say the same again, or roll back first.',
      )
    }
    return new StateKeeper(lms, { state, version: row.version })
  }

  get state(): MigrationState | null {
    return this.#known?.state ?? null
  }

  get lms(): LmsDatabase {
    return this.#lms
  }

  /** Throws `CONFLICT` naming what has to come first. */
  require(what: string, phases: readonly MigrationPhase[]): MigrationState {
    const { state } = this
    if (state !== null && phases.includes(state.phase)) return state
    const now = state === null ? 'not begun' : state.phase
    throw new ConferencingError('CONFLICT', `${what}: the migration is ${now}. ${advice[now] ?? ''}`.trim(), {
      details: { phase: now },
    })
  }

  /** Does `work` with the row of the next state, and then is there. */
  async step<T>(next: MigrationState, work: (row: StateRow) => Promise<T>): Promise<T> {
    const version = (this.#known?.version ?? 0) + 1
    const result = await work({ version, state: JSON.stringify(next) })
    this.#known = { state: next, version }
    return result
  }
}

const advice: Readonly<Record<string, string>> = {
  'not begun': 'Begin with `migrate expand`.',
  expanded: 'Go on with `migrate run`.',
  backfilled: 'Go on with `migrate verify`.',
  verified: 'Go on with `migrate switch`.',
  switched: 'Go on with `migrate finalize`, or `migrate rollback`.',
  finalized: 'Nothing is left to be done.',
  rolling_back: 'Say `migrate rollback` again: it was stopped half-way.',
  rolled_back: 'Begin again with `migrate expand`.',
}

/** What to do in a phase, as a sentence. */
export const nextStep = (phase: MigrationPhase | null): string => advice[phase ?? 'not begun'] ?? ''

export const planText = (plan: MigrationPlan): string => JSON.stringify(plan)

/** With one more line in its log. */
export const logged = (state: MigrationState, entry: LogEntry): MigrationState => ({
  ...state,
  log: [...state.log, entry].slice(-KEPT_LOG),
})
