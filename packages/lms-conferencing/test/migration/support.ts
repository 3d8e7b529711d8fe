import { onTestFinished } from 'vitest'
import {
  type MigrationPlan,
  type MigrationPlanOptions,
  migrationPlan,
  openLmsDatabase,
  type RunOptions,
} from '../../src/migration/index.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type CorpusRow, corpus, createLms, type Lms } from './corpus.ts'

/** An LMS with its table full of `rows`, and the options of every step; `readOnly` gives those of a second connection. */
export async function lmsWith(
  url: string,
  rows: Iterable<CorpusRow> = corpus(0),
  planOptions: MigrationPlanOptions = {},
): Promise<{ lms: Lms; plan: MigrationPlan; options: RunOptions; readOnly: () => Promise<RunOptions> }> {
  const lms = await createLms(url)
  await lms.insert(rows)
  const plan = migrationPlan(planOptions)
  const open = async (isReadOnly: boolean): Promise<RunOptions> => {
    const database = await openLmsDatabase(url, { plan, readOnly: isReadOnly })
    onTestFinished(() => database.close())
    return { lms: database, plan, clock: new ManualClock('2026-02-01T08:00:00Z'), who: 'ada' }
  }
  onTestFinished(() => lms.close())
  return { lms, plan, options: await open(false), readOnly: () => open(true) }
}

/** The new columns of every row, by id. */
export async function decided(lms: Lms): Promise<ReadonlyMap<string, object>> {
  const rows = await lms.query<{ id: string }>(`select cast(id as varchar(36)) as id, provider, meeting_id,
    moderator_password, attendee_password, provider_reason as reason, migration_outcome as outcome from live_classes`)
  return new Map(rows.map(({ id, ...values }) => [id, values]))
}

/** A second connection to the same LMS, as another process would have. */
export async function sameLms(url: string, { plan, ...rest }: RunOptions): Promise<{ options: RunOptions }> {
  const lms = await openLmsDatabase(url, { plan })
  onTestFinished(() => lms.close())
  return { options: { ...rest, plan, lms } }
}
