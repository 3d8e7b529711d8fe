import { openStore } from 'lms-conferencing/sql'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { createConferencing } from '../../src/conferencing.ts'
import { createWorker } from '../../src/jobs/worker.ts'
import { type PgBossJobs, type PgBossJobsOptions, pgBossJobs } from '../../src/pg-boss.ts'
import { ask, createDatabase } from '../faults/support/databases.ts'
import { PlainProvider, unavailable } from '../support/plain-provider.ts'
import { type PostgresServer, startPostgres, whyNoPostgres } from '../support/postgres-server.ts'
import { memoryLogger } from '../support/world.ts'

const reason = await whyNoPostgres()
const patience = { timeout: 60_000, interval: 50 }

test.each([
  ['connectionString', { connectionString: 'sqlite:lms.db' }],
  ['schema', { schema: 'drop table' }],
  ['queuePrefix', { queuePrefix: 'a/b' }],
  ['poolSize', { poolSize: 0 }],
  ['pollMs', { pollMs: 0 }],
  ['leaseMs', { leaseMs: 9_999 }],
])('a %s that cannot be is refused by name', async (field, options: Partial<PgBossJobsOptions>) => {
  const opening = pgBossJobs({ connectionString: 'postgres://lms:hunter2@127.0.0.1:1/lms', ...options })
  await expect(opening).rejects.toMatchObject({ code: 'INVALID', details: { field } })
})

describe.skipIf(reason !== null)(reason === null ? 'PostgreSQL' : `PostgreSQL (cannot run here: ${reason})`, () => {
  let server: PostgresServer
  let databases = 0
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.stop())
  const createEmpty = (): Promise<string> => createDatabase(server.url, `jobs${++databases}`)

  async function open(options: PgBossJobsOptions): Promise<PgBossJobs> {
    const jobs = await pgBossJobs(options)
    onTestFinished(() => jobs.close())
    return jobs
  }
  async function storeAt(url: string) {
    const store = await openStore(url)
    onTestFinished(() => store.close())
    return store
  }
  const environment = (log: string[] = []) => ({
    tenantId: 'school',
    clock: systemClock,
    random: () => 0,
    logger: memoryLogger(log),
  })

  test('eight processes that start at once make the tables once; one that may not make them says so', async () => {
    const url = await createEmpty()
    const waiting = pgBossJobs({ connectionString: url, schema: 'jobs', migrations: 'require' })
    await expect(waiting).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', details: { reason: 'older_schema' } })
    const many = await Promise.all(Array.from({ length: 8 }, () => open({ connectionString: url, schema: 'jobs' })))
    expect(many).toHaveLength(8)
    expect(await ask(url, 'select version from jobs.version')).toHaveLength(1)
    await open({ connectionString: url, schema: 'jobs', migrations: 'require' })
    expect(await ask(url, `select 1 from pg_namespace where nspname = 'pgboss'`)).toEqual([])
  })

  test('a server that is not there, or refuses, is an error of ours without its password', async () => {
    const absent = pgBossJobs({ connectionString: 'postgres://lms:hunter2@127.0.0.1:1/lms' })
    await expect(absent).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', details: { reason: 'unreachable' } })
    await expect(absent).rejects.not.toThrow('hunter2')
    const refused = pgBossJobs({ connectionString: server.url.replace('/postgres', '/nowhere') })
    await expect(refused).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', details: { reason: 'refused' } })
  })

  test('jobs are put only beside the state they come from: another database is refused', async () => {
    const jobs = await open({ connectionString: await createEmpty() })
    for (const url of ['sqlite::memory:', await createEmpty()]) {
      const store = await storeAt(url)
      const queue = jobs.connect({ ...environment(), store })
      const putting = store.transaction(tx => queue.put(tx, { name: 'provision', key: 'a', dueAt: new Date() }))
      await expect(putting).rejects.toMatchObject({ code: 'INVALID', details: { field: 'connectionString' } })
    }
  })

  test('once closed, jobs are neither put nor taken', async () => {
    const url = await createEmpty()
    const jobs = await pgBossJobs({ connectionString: url })
    const store = await storeAt(url)
    const queue = jobs.connect({ ...environment(), store })
    await jobs.close()
    await jobs.close()
    const closed = { code: 'STORE_UNAVAILABLE', details: { reason: 'closed' } }
    await expect(queue.take('provision')).rejects.toMatchObject(closed)
    const putting = store.transaction(tx => queue.put(tx, { name: 'provision', key: 'a', dueAt: new Date() }))
    await expect(putting).rejects.toMatchObject(closed)
  })

  test('a class is never there without its job: both in one transaction, and both for each of two tenants', async () => {
    const url = await createEmpty()
    const jobs = await open({ connectionString: url, pollMs: 50 })
    const store = await storeAt(url)
    const provider = new PlainProvider()
    const told: string[] = []
    const schools = ['Škola/1', 'school-2'].map(tenantId =>
      createConferencing({
        providers: { bbb: provider },
        store,
        jobs,
        tenantId,
        notify: ({ type, liveClass }) => void told.push(`${type} ${liveClass.tenantId}`),
      }),
    )
    const startsAt = new Date(Date.now() + 3_600_000)
    for (const school of schools)
      await school.createFirstClass({ courseId: 'course', title: 'Course', teacherId: 'tea', startsAt })
    const rows = await ask(
      url,
      `select c.tenant_id from conferencing_classes c join pgboss.job j on j.data ->> 'key' = c.id
       where j.name like '%/provision' order by 1`,
    )
    expect(rows).toEqual([{ tenant_id: 'school-2' }, { tenant_id: 'Škola/1' }])
    for (const school of schools) school.start()
    await vi.waitUntil(() => told.length >= 2, patience)
    for (const school of schools) await school.stop()
    expect(told.toSorted()).toEqual(['class-ready school-2', 'class-ready Škola/1'])

    await ask(url, 'alter table pgboss.job_common rename to elsewhere')
    const [school] = schools
    const planning = school?.createFirstClass({ courseId: 'course', title: 'Course', teacherId: 'tea', startsAt })
    await expect(planning).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await ask(url, 'select 1 from conferencing_classes')).toHaveLength(2)
  })

  test('F3 a server that goes away is a line in the log, and its jobs are done once it is back', async () => {
    const own = await startPostgres()
    onTestFinished(() => own.stop())
    const log: string[] = []
    const jobs = await pgBossJobs({ connectionString: own.url, pollMs: 50 })
    const store = await openStore(own.url)
    const queue = jobs.connect({ ...environment(log), store })
    const done: string[] = []
    const handlers = { effect: { run: async ({ key }: { key: string }) => done.push(key) } }
    const worker = createWorker(queue, handlers, { ...environment(log), onStoreFault: () => {} })
    onTestFinished(async () => {
      await worker.stop()
      await jobs.close()
      await store.close()
    })
    const put = (key: string) => store.transaction(tx => queue.put(tx, { name: 'effect', key, dueAt: new Date(0) }))
    worker.start()
    await put('before')
    await vi.waitUntil(() => done.includes('before'), patience)
    await own.kill()
    await vi.waitUntil(() => log.some(line => line.includes('jobs cannot')), patience)
    await expect(put('meanwhile')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await own.start()
    await vi.waitFor(() => put('after'), patience)
    await vi.waitUntil(() => done.includes('after'), patience)
    expect(done).not.toContain('meanwhile')
    expect(log.join('\n')).not.toContain('127.0.0.1')
  })

  test('a round that fails comes again, and is no dead letter', async () => {
    const url = await createEmpty()
    const jobs = await open({ connectionString: url, pollMs: 50 })
    const store = await storeAt(url)
    const provider = new PlainProvider()
    provider.failNext('keepCallbacks', unavailable())
    const log: string[] = []
    const conferencing = createConferencing({ providers: { bbb: provider }, store, jobs, logger: memoryLogger(log) })
    conferencing.start()
    onTestFinished(() => conferencing.stop())
    await vi.waitUntil(() => provider.calls.includes('keepCallbacks'), patience)
    const rounds = async (): Promise<readonly unknown[]> =>
      ask(url, `select 1 from pgboss.job where name like '%/keepCallbacks' and state = 'created'`)
    await vi.waitFor(async () => expect(await rounds()).toHaveLength(1), patience)
    expect(await ask(url, `select 1 from pgboss.job where name like '%/dead'`)).toEqual([])
  })
})
