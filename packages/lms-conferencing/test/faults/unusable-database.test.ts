import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createConferencing } from 'lms-conferencing'
import { createHttpApi, type FetchHandler } from 'lms-conferencing/http'
import { openStore } from 'lms-conferencing/sql'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ToldAlert } from '../../src/alert.ts'
import type { Conferencing } from '../../src/conferencing.ts'
import type { Store, StoreFault } from '../../src/store.ts'
import { temporaryDirectory } from '../sql/support.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type PostgresServer, startPostgres, whyNoPostgres } from '../support/postgres-server.ts'
import { memoryLogger } from '../support/world.ts'
import { ask, createDatabase } from './support/databases.ts'
import { compare } from './support/oracle.ts'
import { allOf } from './support/sender.ts'
import { observeStatements } from './support/statements.ts'
import { bbb, firstDay, insertWorkload, makeWorkload, tenantId } from './support/workload.ts'

const workload = makeWorkload({ callbacks: 100 })

interface School {
  readonly store: Store
  readonly conferencing: Conferencing
  readonly api: FetchHandler
  readonly alerts: ToldAlert[]
  readonly log: string[]
}

/** The platform as its HTTP API shows it, with a clock that stands still. */
async function open(url: string, lockWaitMs = 100): Promise<School> {
  const store = await openStore(url, { lockWaitMs, sleep: async () => {} })
  const clock = new ManualClock(new Date(firstDay + 3_600_000))
  const alerts: ToldAlert[] = []
  const log: string[] = []
  const conferencing = createConferencing({
    tenantId,
    store,
    clock,
    providers: { bbb: bbb(undefined, { clock }) },
    alert: told => void alerts.push(told),
    logger: memoryLogger(log),
  })
  const nobody = { courseTitle: () => null, teaches: () => false, coursesOf: () => [], enrolled: () => false }
  const api = createHttpApi({ conferencing, clock, authenticate: () => null, lms: nobody, logger: memoryLogger(log) })
  onTestFinished(async () => {
    await conferencing.stop()
    await store.close()
  })
  return { store, conferencing, api, alerts, log }
}

const post = (api: FetchHandler, index: number): Promise<Response> => {
  const { target, headers, body } = workload.delivery(index)
  return api(new Request(new URL(target, 'http://127.0.0.1'), { method: 'POST', headers, body }))
}

interface Trouble {
  readonly reason: StoreFault
  /** What the log tells whoever runs the platform. */
  readonly says: RegExp
  /** Answers what mends it. */
  cause(): Promise<() => unknown>
}

/** Refused while it lasts, with a message that helps; served again once it is over, by the same process. */
async function suffers({ store, conferencing, api, alerts, log }: School, trouble: Trouble): Promise<void> {
  await insertWorkload(store, workload)
  expect((await post(api, 0)).status).toBe(200)
  const mend = await trouble.cause()
  const refused = await post(api, 1)
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(alerts).toMatchObject([{ alert: { type: 'store-unavailable', reason: trouble.reason } }])
  expect(log.join('\n')).toMatch(trouble.says)
  await mend()
  expect((await post(api, 1)).status).toBe(200)
  const all = allOf(workload)
  const answers = await Promise.all(all.map(index => post(api, index)))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  await conferencing.rounds.callbacks()
  expect(await compare(store, workload, new Set(all))).toEqual({ lost: 0, doubled: 0, wrong: 0 })
}

describe('SQLite: the database', () => {
  const newPath = (): string => join(temporaryDirectory(), 'lms.db')

  test('F6 moved away: refused, nothing written elsewhere, served again when it is back', async () => {
    const path = newPath()
    const files = (): string[] => readdirSync(dirname(path)).sort()
    await suffers(await open(`sqlite:${path}`), {
      reason: 'gone',
      says: /Put the same one back/,
      async cause() {
        renameSync(path, `${path}.away`)
        const before = files()
        return () => {
          expect(files()).toEqual(before)
          renameSync(`${path}.away`, path)
        }
      },
    })
  })

  test('F6 replaced by another database: not a byte is written to that', async () => {
    const path = newPath()
    const other = newPath()
    await (await openStore(`sqlite:${other}`)).close()
    await suffers(await open(`sqlite:${path}`), {
      reason: 'gone',
      says: /not the same/,
      async cause() {
        const bytes = readFileSync(other)
        renameSync(path, `${path}.away`)
        writeFileSync(path, bytes, { mode: 0o600 })
        return () => {
          expect(readFileSync(path)).toEqual(bytes)
          renameSync(`${path}.away`, path)
        }
      },
    })
  })

  /** Opens a store and answers its connections too, for what only SQLite itself can do to them. */
  async function openWithConnections(path: string): Promise<{ school: School; connections: readonly DatabaseSync[] }> {
    const found = new Set<DatabaseSync>()
    const stop = observeStatements({
      before({ connection }) {
        if (connection instanceof DatabaseSync) found.add(connection)
      },
    })
    const school = await open(`sqlite:${path}`)
    stop()
    return { school, connections: [...found] }
  }

  test('F5 full: refused, served again when there is room', async () => {
    const { school, connections } = await openWithConnections(newPath())
    const limit = (pages: number): void => {
      for (const connection of connections) connection.exec(`pragma max_page_count = ${pages}`)
    }
    await suffers(school, {
      reason: 'full',
      says: /Free some space/,
      async cause() {
        // Never below what there is; then what is free inside is used up.
        limit(1)
        const full = async (index: number): Promise<void> => {
          if ((await post(school.api, index)).status === 200) await full(index + 1)
        }
        await full(2)
        school.alerts.splice(1)
        return () => limit(1_000_000)
      },
    })
  })

  test('F6 read-only: refused, served again when it can be written', async () => {
    const { school, connections } = await openWithConnections(newPath())
    const [writer] = connections
    await suffers(school, {
      reason: 'read_only',
      says: /cannot be opened for writing/,
      async cause() {
        writer?.exec('pragma query_only = on')
        return () => writer?.exec('pragma query_only = off')
      },
    })
  })

  test('F4 locked by another program: refused, served again when it lets go', async () => {
    const path = newPath()
    await suffers(await open(`sqlite:${path}`), {
      reason: 'locked',
      says: /look for a program that holds it open/,
      async cause() {
        const other = new DatabaseSync(path)
        other.exec('begin immediate')
        return () => other.close()
      },
    })
  })
})

const noPostgres = await whyNoPostgres()

describe.skipIf(noPostgres !== null)(
  noPostgres === null ? 'PostgreSQL: the database' : `PostgreSQL (cannot run here: ${noPostgres})`,
  () => {
    let server: PostgresServer
    let databases = 0
    beforeAll(async () => {
      server = await startPostgres()
    })
    afterAll(() => server.stop())
    const newUrl = (): Promise<string> => createDatabase(server.url, `unusable${++databases}`)

    test('F6 its tables gone: refused, served again when they are back', async () => {
      const url = await newUrl()
      await suffers(await open(url), {
        reason: 'gone',
        says: /Put the same one back/,
        async cause() {
          await ask(url, 'alter table conferencing_inbox rename to away')
          return () => ask(url, 'alter table away rename to conferencing_inbox')
        },
      })
    })

    test('F6 read-only, as after a fail-over to the wrong server: refused, served again when it takes writes', async () => {
      const url = await newUrl()
      const name = new URL(url).pathname.slice(1)
      const school = await open(url)
      const turn = async (setting: 'on' | 'off'): Promise<void> => {
        await ask(server.url, `alter database ${name} set default_transaction_read_only = ${setting}`)
        await ask(server.url, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
        // Finds its connections broken, and makes new ones.
        while (!(await school.conferencing.health()).ok);
      }
      await suffers(school, {
        reason: 'read_only',
        says: /lead it to the server that takes writes/,
        async cause() {
          await turn('on')
          school.alerts.splice(0)
          return () => turn('off')
        },
      })
    })

    test('F4 locked by another program: refused, served again when it lets go', async () => {
      const url = await newUrl()
      await suffers(await open(url), {
        reason: 'locked',
        says: /look for a program that holds it open/,
        async cause() {
          const other = new pg.Client({ connectionString: url })
          await other.connect()
          await other.query('begin; lock table conferencing_inbox in exclusive mode')
          return () => other.end()
        },
      })
    })

    test('F3 not there: refused, served again when the server is back', async () => {
      await suffers(await open(await newUrl()), {
        reason: 'unreachable',
        says: /used again as soon as it does/,
        async cause() {
          await server.kill()
          return () => server.start()
        },
      })
    })
  },
)
