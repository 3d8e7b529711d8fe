import type { MigrationPlan } from './columns.ts'
import { migrationStatus } from './doctor.ts'
import type { LmsDatabase } from './lms/database.ts'
import { type Choice, explain, type Rollout } from './rollout/choose.ts'
import { type RolloutPlace, readRollout } from './rollout/state.ts'
import type { MigrationState } from './state.ts'

/** How far the move from one provider to the other is, for administrators to see. */
export interface MigrationFacts {
  /** The rollout, and where one course is when it is named. */
  rollout(courseId: string | null): Promise<RolloutFacts>
  /** What is remembered of the LMS's table; `null` where it is not looked at from here. */
  table(): Promise<TableFacts | null>
}

export interface RolloutFacts {
  readonly rollout: Rollout
  readonly version: number
  readonly choice: (Choice & { readonly explanation: string }) | null
}

export interface TableFacts extends Pick<MigrationState, 'counts' | 'report' | 'log'> {
  readonly table: string
  readonly phase: MigrationState['phase'] | null
  readonly next: string
}

export interface MigrationFactsOptions extends RolloutPlace {
  /** The LMS's own table, for its report. @default only the rollout is told */
  readonly lms?: { readonly database: LmsDatabase; readonly plan: MigrationPlan } | undefined
}

/**
 * What `createHttpApi({ migration })` takes: the rollout and the migration's report, for administrators.
 *
 * @example
 * const store = await openStore('sqlite:var/lms.db')
 * const api = createHttpApi({ conferencing, authenticate, lms, migration: migrationFacts({ store }) })
 */
export function migrationFacts(options: MigrationFactsOptions): MigrationFacts {
  return {
    async rollout(courseId) {
      const stored = await readRollout(options)
      return {
        ...stored,
        choice: courseId === null ? null : explain({ course: { id: courseId }, rollout: stored.rollout }),
      }
    },
    async table() {
      if (!options.lms) return null
      const { database, plan } = options.lms
      return { table: plan.table, ...(await migrationStatus({ lms: database, plan })) }
    },
  }
}
