import type { Store } from 'lms-conferencing'
import { type MigrationFacts, migrationFacts, migrationPlan, openLmsDatabase } from 'lms-conferencing/migration'

/**
 * What administrators see of a move from one video service to another: nothing, unless `LMS_DATABASE_URL` names the
 * database with the old table, as it does for the commands `migrate` and `rollout`. Nothing can be written from here.
 */
export async function openMove(env: Readonly<Record<string, string | undefined>>, store: Store) {
  const url = env.LMS_DATABASE_URL
  if (!url) return { migration: undefined, closeMove: async () => {} }
  const plan = migrationPlan()
  const database = await openLmsDatabase(url, { plan, readOnly: true })
  const migration: MigrationFacts = migrationFacts({ store, lms: { database, plan } })
  return { migration, closeMove: () => database.close() }
}
