// One of those that work on the same table: the migration and the adoption, what each is measured against, or an LMS that goes on writing.
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { keepMemorySmall } from '../../src/cli/memory.ts'
import { systemClock } from '../../src/clock.ts'
import { adoptClasses, expandTable, migrationPlan, openLmsDatabase, runMigration } from '../../src/migration/index.ts'
import { openStore } from '../../src/sql/index.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'

// As the command does.
keepMemorySmall()

const [role = '', url = '', batch = '2000', storeUrl = ''] = process.argv.slice(2)

/** A connection as an application has it: statements, and nothing between. */
async function connect(at = url): Promise<{
  run: (statement: string, values?: readonly string[]) => Promise<readonly unknown[]>
  close: () => unknown
}> {
  if (at.startsWith('sqlite:')) {
    const database = new DatabaseSync(at.slice('sqlite:'.length), { timeout: 30_000 })
    return {
      run: async (statement, values = []) => database.prepare(statement).all(...values),
      close: () => database.close(),
    }
  }
  const client = new pg.Client({ connectionString: at })
  await client.connect()
  return {
    run: async (statement, values = []) =>
      (
        await client.query(
          statement.replaceAll(/\?(\d)/g, (_, number) => `$${number}`),
          [...values],
        )
      ).rows,
    close: () => client.end(),
  }
}

/** The same rows in batches of the same size, the same columns, as many bytes; and nothing is looked at. */
async function bareUpdate(): Promise<number> {
  const { run, close } = await connect()
  const began = performance.now()
  const text = (id: string): string => (url.startsWith('sqlite:') ? id : `${id}::uuid`)
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const rows = await run(
      // Under another name, or it would be sorted by the text instead of read from the index.
      `select cast(id as varchar(36)) as last from live_classes where id > ${text('?1')} order by id limit 1 offset ${Number(batch) - 1}`,
      [after],
    )
    const until = String(Reflect.get(Object(rows[0] ?? { last: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }), 'last'))
    await run(
      `update live_classes set provider = 'zoom', meeting_id = zoom_meeting_id, moderator_password = '',
         attendee_password = password, provider_reason = 'zoom_id_and_link', migration_outcome = 'migrated',
         migration_digest = '${'x'.repeat(55)}' where id > ${text('?1')} and id <= ${text('?2')}`,
      [after, until],
    )
    if (rows.length === 0) break
    after = until
  }
  const took = performance.now() - began
  await close()
  return took
}

async function migrate(): Promise<object> {
  const plan = migrationPlan()
  const lms = await openLmsDatabase(url, { plan })
  const options = { lms, plan, clock: systemClock, who: 'bench' }
  const began = performance.now()
  let filling = 0
  let batches = 0
  const { changed, longestLockMs, isComplete, counts } = await runMigration({
    ...options,
    onProgress: ({ step }) => {
      if (step !== 'filling') return
      batches++
      filling = performance.now() - began
    },
  })
  const took = performance.now() - began
  await lms.close()
  return {
    took,
    filling,
    batch: Math.ceil(changed / Math.max(1, batches)),
    changed,
    longestLockMs,
    isComplete,
    rows: counts?.rows,
  }
}

/** Makes a class of every row, in a store of its own; every other writer of the store waits for the longest transaction. */
async function adopt(): Promise<object> {
  const plan = migrationPlan()
  const lms = await openLmsDatabase(url, { plan, readOnly: true })
  const store = await openStore(storeUrl, { schema: 'adopted' })
  let longestLockMs = 0
  const timed = Object.create(store, {
    transaction: {
      async value(work: Parameters<typeof store.transaction>[0]) {
        return store.transaction(async tx => {
          const began = performance.now()
          const result = await work(tx)
          longestLockMs = Math.max(longestLockMs, performance.now() - began)
          return result
        })
      },
    },
    read: { value: (work: Parameters<typeof store.read>[0]) => store.read(work) },
    refreshStatistics: { value: () => store.refreshStatistics() },
  })
  const began = performance.now()
  const { adopted, shared, isComplete } = await adoptClasses({
    lms,
    plan,
    store: timed,
    clock: systemClock,
    who: 'bench',
  })
  const took = performance.now() - began
  await store.close()
  await lms.close()
  return { took, changed: adopted, shared, isComplete, longestLockMs }
}

/** So many classes into the same table of a store, by one statement for each batch, and nothing else. */
async function bareInsert(): Promise<object> {
  const store = await openStore(storeUrl, { schema: 'bare' })
  await store.transaction(tx => tx.insertClass(sampleClass()))
  await store.close()
  const { run, close } = await connect(storeUrl)
  const table = storeUrl.startsWith('sqlite:') ? 'conferencing_classes' : 'bare.conferencing_classes'
  const rows = Number(batch)
  const began = performance.now()
  for (let first = 0; first < rows; first += 200) {
    // A row that is there, with other names: as many bytes, in an order that no index likes.
    const columns = `tenant_id, course_id, teacher_id, title, description, starts_at, duration_minutes, status, provider,
      server_id, moderator_password, attendee_password, meeting_details, provisioning, provisioning_reason, record,
      has_recording, started_at, ended_at, created_at, updated_at, version`
    const names = Array.from({ length: Math.min(200, rows - first) }, (_, index) => {
      const name = Math.imul(first + index + 1, 2_654_435_761) >>> 0
      return `('${name.toString(16).padStart(8, '0')}-0000-4000-8000-${String(first + index).padStart(12, '0')}')`
    })
    await run(
      `insert into ${table} (id, meeting_id, meeting_key, ${columns})
         select given.id, given.id, given.id, ${columns} from ${table} as one,
           (${names.map((name, index) => `select ${name.slice(1, -1)}${index === 0 ? ' as id' : ''}`).join(' union all ')}) as given
         where one.tenant_id = 'school' and one.id = 'class-1'`,
    )
  }
  const took = performance.now() - began
  await close()
  return { took }
}

/** Changes one row and adds one, again and again, until it is told to stop; says how long the slowest took. */
async function write(): Promise<object> {
  const { run, close } = await connect()
  let isRunning = true
  process.stdin.on('end', () => {
    isRunning = false
  })
  process.stdin.resume()
  process.stdout.write('ready\n')
  const waits: number[] = []
  const id = url.startsWith('sqlite:') ? '?1' : '?1::uuid'
  for (let count = 0; isRunning; count++) {
    const key = `${Math.floor(Math.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')}-00ff-4000-8000-000000000000`
    const began = performance.now()
    await run(
      `insert into live_classes (id, course_id, title, description, scheduled_at, duration_minutes, status, zoom_meeting_id,
         has_recording, recording_processed, created_at, updated_at)
       values (${id}, ${id}, 'new', '', '2026-03-01 12:00:00+00', 60, 'scheduled', '85012345678', false, false,
         '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00')`,
      [key],
    )
    await run(`update live_classes set description = 'changed ${count}' where id = ${id}`, [key])
    waits.push((performance.now() - began) / 2)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  await close()
  waits.sort((a, b) => a - b)
  return { writes: waits.length * 2, slowest: waits.at(-1), p99: waits[Math.floor(waits.length * 0.99)] }
}

if (role === 'expand') {
  const plan = migrationPlan()
  const lms = await openLmsDatabase(url, { plan })
  await expandTable({ lms, plan, clock: systemClock, who: 'bench' })
  await lms.close()
}
const result =
  role === 'migrate'
    ? await migrate()
    : role === 'bare'
      ? { took: await bareUpdate() }
      : role === 'write'
        ? await write()
        : role === 'adopt'
          ? await adopt()
          : role === 'bare-insert'
            ? await bareInsert()
            : {}
process.stdout.write(`${JSON.stringify({ ...result, rss: process.resourceUsage().maxRSS * 1024 })}\n`)
