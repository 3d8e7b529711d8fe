import { type Jobs, storeJobs } from 'lms-conferencing'
import { pgBossJobs } from 'lms-conferencing/pg-boss'
import { openStore } from 'lms-conferencing/sql'

/** Where all is kept: a file for one process, PostgreSQL with pg-boss for any number of them. */
export async function openDatabase(env: Readonly<Record<string, string | undefined>>) {
  const url = env.DATABASE_URL ?? 'sqlite:lms.db'
  const leaseMs = env.JOBS_LEASE_MS === undefined ? undefined : Number(env.JOBS_LEASE_MS)
  const store = await openStore(url)
  if (!/^postgres(ql)?:/.test(url)) {
    const jobs: Jobs = storeJobs({ leaseMs })
    return { store, jobs, closeDatabase: () => store.close() }
  }
  try {
    const jobs = await pgBossJobs({ connectionString: url, leaseMs })
    return {
      store,
      jobs,
      async closeDatabase() {
        await jobs.close()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}
