import { inspect } from 'node:util'
import { openStore } from 'lms-conferencing/sql'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { describeStore } from '../../src/testing/index.ts'
import { sampleClass, sampleRow } from '../../src/testing/store/samples.ts'
import { type PostgresServer, startPostgres, whyNoPostgres } from '../support/postgres-server.ts'

const given = process.env.DATABASE_URL
const reason = given ? null : await whyNoPostgres()
const title = reason === null ? 'PostgreSQL' : `PostgreSQL (cannot run here: ${reason})`

const fault = (name: string) => ({ code: 'STORE_UNAVAILABLE', details: { reason: name } })

describe.skipIf(reason !== null)(title, () => {
  let server: PostgresServer | undefined
  let url = given ?? ''
  let schemas = 0
  /** Distinguishes runs that share a server. */
  const run = `t${process.pid}_`
  const newSchema = (): string => `${run}${++schemas}`

  beforeAll(async () => {
    if (given) return
    server = await startPostgres()
    url = server.url
  })

  afterAll(async () => {
    if (given) {
      for (let index = 1; index <= schemas; index++) await ask(`drop schema if exists ${run}${index} cascade`)
    }
    await server?.stop()
  })

  async function ask(statement: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query(statement)).rows
    } finally {
      await client.end()
    }
  }

  describeStore({ name: 'PostgreSQL', open: () => openStore(url, { schema: newSchema() }) })

  test('F25 migrations run once when 20 start at the same time', async () => {
    const schema = newSchema()
    const stores = await Promise.all(Array.from({ length: 20 }, () => openStore(url, { schema, poolSize: 1 })))
    const steps = await ask(`select version from ${schema}.conferencing_schema_versions order by version`)
    expect(steps.length).toBeGreaterThan(1)
    expect(steps).toEqual(steps.map((_, index) => ({ version: index + 1 })))
    for (const store of stores) await store.close()
  })

  test('F6 tables of a newer version are refused, and left as they are', async () => {
    const schema = newSchema()
    await (await openStore(url, { schema })).close()
    await ask(`insert into ${schema}.conferencing_schema_versions values (999, 'from the future')`)
    const before = await ask(`select * from ${schema}.conferencing_schema_versions order by version`)
    await expect(openStore(url, { schema })).rejects.toMatchObject(fault('newer_schema'))
    expect(await ask(`select * from ${schema}.conferencing_schema_versions order by version`)).toEqual(before)
  })

  test('F6 tables that are gone are told as such, and used again when they are back', async () => {
    const schema = newSchema()
    const store = await openStore(url, { schema })
    onTestFinished(() => store.close())
    await ask(`alter schema ${schema} rename to ${schema}_away`)
    await expect(store.receive([sampleRow('a')])).rejects.toMatchObject(fault('gone'))
    await ask(`alter schema ${schema}_away rename to ${schema}`)
    expect(await store.receive([sampleRow('a')])).toBe(1)
  })

  for (const setting of ['synchronous_commit', 'fsync'] as const) {
    test.skipIf(given && setting === 'fsync')(
      `F2 ${setting}=off is refused unless it is accepted by name`,
      async () => {
        const weak = given ? undefined : await startPostgres([`${setting}=off`])
        onTestFinished(async () => weak?.stop())
        const address = weak?.url ?? `${url}?options=-c%20${setting}%3Doff`
        const schema = newSchema()
        const refusal = await openStore(address, { schema }).catch((error: unknown) => error)
        expect(refusal).toMatchObject(fault('unsafe_settings'))
        expect(String(refusal)).toContain(setting)
        await expect(openStore(address, { schema, acceptUnsafe: ['full_page_writes'] })).rejects.toMatchObject(
          fault('unsafe_settings'),
        )
        await (await openStore(address, { schema, acceptUnsafe: [setting] })).close()
      },
    )
  }

  test('T46 refuses a schema that is no plain name', async () => {
    for (const schema of ['', '1a', 'A', 'a-b', 'a b', 'a"b', "a'b", 'a;', 'ä', 'a\n', 'x'.repeat(32)]) {
      await expect(openStore(url, { schema })).rejects.toMatchObject({ code: 'INVALID', details: { field: 'schema' } })
    }
  })

  test('a reserved word is a name like another', async () => {
    const store = await openStore(url, { schema: newSchema(), tablePrefix: 'select' })
    expect(await store.receive([sampleRow('a')])).toBe(1)
    await store.close()
  })

  test('keeps stores with different prefixes apart in one schema', async () => {
    const schema = newSchema()
    const one = await openStore(url, { schema, tablePrefix: 'one_' })
    const two = await openStore(url, { schema, tablePrefix: 'two_' })
    await one.transaction(tx => tx.insertClass(sampleClass()))
    expect(await two.read(tx => tx.listClasses({ tenantId: 'school' }))).toEqual([])
    expect(await one.read(tx => tx.listClasses({ tenantId: 'school' }))).toHaveLength(1)
    await one.close()
    await two.close()
  })

  test('T24 no error shows the address, its password, or what was to be stored', async () => {
    const canary = 'canary-7f3a'
    const wrong = new URL(url)
    wrong.pathname = `/${canary}`
    wrong.password = canary
    const store = await openStore(url, { schema: newSchema() })
    onTestFinished(() => store.close())
    const row = sampleClass({ id: canary, title: canary })
    await store.transaction(tx => tx.insertClass(row))
    const failures = [
      await openStore(wrong.href).catch((error: unknown) => error),
      await openStore(`postgres://u:${canary}@127.0.0.1:1/${canary}`).catch((error: unknown) => error),
      await store.transaction(tx => tx.insertClass(row)).catch((error: unknown) => error),
    ]
    expect(failures).toMatchObject([fault('refused'), fault('unreachable'), { code: 'CONFLICT' }])
    expect(inspect(failures, { depth: 10, showHidden: true })).not.toContain(canary)
  })
})
