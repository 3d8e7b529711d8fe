import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { corpus, createLms } from '../test/migration/corpus.ts'
import { startPostgres, whyNoPostgres } from '../test/support/postgres-server.ts'
import type { Figure } from './inbox.bench.ts'

/** `MIGRATION_ROWS=10000,30000,100000` for a smaller round. */
const SIZES = (process.env.MIGRATION_ROWS ?? '10000,100000,1000000').split(',').map(Number)

/** An empty database with `rows` rows in it, twice. */
interface Databases {
  readonly name: string
  make(rows: number): Promise<{
    readonly ours: string
    readonly bare: string
    /** Where adopted classes go. */
    readonly store: string
    remove(): Promise<void>
  }>
}

interface Measured {
  readonly took: number
  readonly rss: number
  readonly longestLockMs?: number
  readonly changed?: number
  readonly isComplete?: boolean
  /** Rows in a batch, on average. */
  readonly batch?: number
  /** How long the first pass took. */
  readonly filling?: number
  readonly slowest?: number
  readonly p99?: number
  readonly writes?: number
}

/**
 * A platform of a million rows is migrated while it goes on writing: against a bare UPDATE that writes the same columns
 * of the same rows in batches of the same size and looks at nothing, beside the same writers. Ours decides each row,
 * digests it, writes it if nobody else did meanwhile, remembers how far it is, and then looks at all rows again.
 */
export default async function migrationBench(): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'migration-bench-'))
  const server = (await whyNoPostgres()) === null ? await startPostgres() : undefined
  try {
    return [...(await onDatabase(sqliteIn(directory))), ...(server ? await onDatabase(postgresAt(server.url)) : [])]
  } finally {
    await server?.stop()
    rmSync(directory, { recursive: true })
  }
}

async function onDatabase({ name, make }: Databases): Promise<Figure[]> {
  const figures: Figure[] = []
  const times: number[] = []
  for (const rows of SIZES) {
    const { ours, bare, store, remove } = await make(rows)
    // One after the other, so that neither has the other's work beside it.
    const own = await besideWriters(ours, 'migrate')
    const limit = await besideWriters(bare, 'bare', own.worker.batch)
    const adopted = await finished(start('adopt', ours, '', store))
    const inserted = await finished(start('bare-insert', ours, String(adopted.changed), store))
    await remove()
    const { took, rss, longestLockMs = Number.NaN } = own.worker
    times.push(took)
    const say = (ms: number | undefined): string => `${Math.round(ms ?? Number.NaN)} ms`
    console.error(
      `  ${name}, ${rows} rows: ${Math.round(took / 1000)} s beside ${own.writer.writes} writes of the LMS (bare: ${Math.round(limit.worker.took / 1000)} s); ` +
        `${own.worker.batch} rows in a batch, first pass ${Math.round((own.worker.filling ?? 0) / 1000)} s; memory ${Math.round(rss / 2 ** 20)} MiB; longest lock ${say(longestLockMs)}; slowest write of the LMS ${say(own.writer.slowest)}, ` +
        `p99 ${say(own.writer.p99)} (beside the bare UPDATE ${say(limit.writer.slowest)}, ${say(limit.writer.p99)})`,
    )
    figures.push({
      name: `${name}: ${rows} rows migrated with writers`,
      ours: Math.round(rows / (took / 1000)),
      limit: Math.round(rows / (limit.worker.took / 1000)),
      unit: 'rows/s',
      ratio: limit.worker.took / took,
      note: `limit: a bare UPDATE; target ≥ 0.33 (${(took / limit.worker.took).toFixed(2)} × its time); ${Math.round(rss / 2 ** 20)} MiB (target < 300), lock ${say(longestLockMs)} (target ≤ 200)`,
    })
    const perSecond = ({ took }: Measured): number => Math.round((adopted.changed ?? 0) / (took / 1000))
    figures.push({
      name: `${name}: ${adopted.changed} of them adopted`,
      ours: perSecond(adopted),
      limit: perSecond(inserted),
      unit: 'rows/s',
      ratio: inserted.took / adopted.took,
      note: `limit: the rows of the classes alone, inserted by hand; ${Math.round(adopted.rss / 2 ** 20)} MiB, longest transaction ${say(adopted.longestLockMs)}`,
    })
  }
  const [first = 1, last = 1] = [times[0], times.at(-1)]
  const exponent = Math.log(last / first) / Math.log((SIZES.at(-1) ?? 1) / (SIZES[0] ?? 1))
  if (SIZES.length > 1) console.error(`  ${name}: time grows with the rows to the power of ${exponent.toFixed(2)}`)
  return figures
}

async function besideWriters(
  url: string,
  role: 'migrate' | 'bare',
  batch = 0,
): Promise<{ worker: Measured; writer: Measured }> {
  await finished(start('expand', url))
  const writer = start('write', url)
  const written = finished(writer)
  await new Promise<void>(resolve => writer.stdout?.once('data', () => resolve()))
  const worker = await finished(start(role, url, String(batch)))
  writer.stdin?.end()
  return { worker, writer: await written }
}

const script = join(import.meta.dirname, '../test/migration/migrating-process.ts')

const start = (role: string, url: string, ...more: readonly string[]): ChildProcess =>
  spawn(process.execPath, ['--conditions=lms-conferencing-source', script, role, url, ...more], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })

async function finished(child: ChildProcess): Promise<Measured> {
  let last = ''
  if (child.stdout) for await (const line of createInterface(child.stdout)) last = line
  return JSON.parse(last)
}

const sqliteIn = (directory: string): Databases => ({
  name: 'SQLite',
  async make(rows) {
    const [ours, bare, store] = ['ours', 'bare', 'store'].map(name => join(directory, `${name}-${rows}.db`)) as [
      string,
      string,
      string,
    ]
    const lms = await createLms(`sqlite:${ours}`)
    await lms.query('pragma journal_mode = wal')
    await lms.insert(corpus(rows, { plain: true }))
    await lms.close()
    copyFileSync(ours, bare)
    return {
      ours: `sqlite:${ours}`,
      bare: `sqlite:${bare}`,
      store: `sqlite:${store}`,
      async remove() {
        for (const path of [ours, bare, store])
          for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
      },
    }
  },
})

const postgresAt = (url: string): Databases => ({
  name: 'PostgreSQL',
  async make(rows) {
    const names = [`ours_${rows}`, `bare_${rows}`] as const
    const ask = async (statement: string): Promise<void> => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.query(statement)
      await client.end()
    }
    const [ours, bare] = names.map(name => url.replace(/[^/]*$/, name)) as [string, string]
    await ask(`create database ${names[0]}`)
    const lms = await createLms(ours)
    await lms.insert(corpus(rows, { plain: true }))
    await lms.query('vacuum analyze live_classes')
    await lms.close()
    await ask(`create database ${names[1]} template ${names[0]}`)
    return {
      ours,
      bare,
      store: ours,
      async remove() {
        for (const name of names) await ask(`drop database ${name}`)
      },
    }
  },
})
