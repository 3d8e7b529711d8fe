import type { Verdict } from './oracle.ts'
import type { Answers } from './sender.ts'

/** What a scenario needs from whoever runs it. */
export interface Tools {
  /** Run when the scenario is over, the last first. */
  cleanup(work: () => unknown): void
  /** Says how far it is. */
  progress(text: string): void
  /** Aborted when it shall stop. */
  readonly signal: AbortSignal
}

/** A database that is running; `open` makes an empty one in it and answers its address. */
export interface Database {
  readonly name: 'SQLite' | 'PostgreSQL'
  open(): Promise<string>
}

/** What a scenario found. It throws when something must hold that is no number of these. */
export interface Outcome extends Verdict {
  /** How often something was killed, stopped, locked or cut. */
  readonly faults: number
  /** Different callbacks that were accepted. */
  readonly events: number
  /** Errors that are none of ours: a 500, a process that ended by itself. */
  readonly untyped: number
  readonly notes: readonly string[]
}

export type SizeName = 'small' | 'full'

export interface Scenario {
  /** The number in the list of faults, such as `F1`. */
  readonly fault: string
  readonly title: string
  readonly databases: readonly Database['name'][]
  /** Why it cannot run here; `null` when it can. */
  readonly whyNot?: (() => string | null) | undefined
  run(database: Database, size: SizeName, tools: Tools): Promise<Outcome>
}

const both = ['SQLite', 'PostgreSQL'] as const

/** A scenario whose sizes are of its own kind. */
export function scenario<Size>(
  given: Omit<Scenario, 'run' | 'databases'> & {
    readonly databases?: Scenario['databases'] | undefined
    readonly sizes: Readonly<Record<SizeName, Size>>
    run(database: Database, size: Size, tools: Tools): Promise<Outcome>
  },
): Scenario {
  const { sizes, databases = both, run, ...rest } = given
  return { ...rest, databases, run: (database, size, tools) => run(database, sizes[size], tools) }
}

/** Answers that are neither an acknowledgement nor a refusal of ours; silence is the fault's, not ours. */
export function untypedIn({ refused }: Answers): number {
  let count = 0
  for (const [status, times] of refused) if (status !== 503 && status !== 0) count += times
  return count
}

export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`does not hold: ${what}`)
}
