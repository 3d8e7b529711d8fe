import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createConferencing } from 'lms-conferencing'
import { openStore } from 'lms-conferencing/sql'
import type { ConferenceProvider } from '../src/provider.ts'
import type { DashboardListName } from '../src/store-results.ts'
import { PlainProvider } from '../test/support/plain-provider.ts'
import { startPostgres, whyNoPostgres } from '../test/support/postgres-server.ts'
import { type BareDatabase, barePostgres, bareSqlite, now } from './dashboard/data.ts'

/** One measured figure beside the limit measured in the same run. */
export interface Figure {
  readonly name: string
  readonly ours: number
  readonly limit: number
  readonly unit: string
  readonly ratio: number
  readonly note?: string
}

/** Calls of each kind at each size; the first tenth only warms up. */
const CALLS = 400
const PAGE = 20

/**
 * A student's dashboard: 40 courses among all classes there are, with ten results to a class, at three sizes; then
 * courses with a long history. Each list through the use case, beside the bare SQL for the same rows and their count.
 */
export default async function dashboardBench({
  classes = 20_000,
}: {
  readonly classes?: number
} = {}): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'dashboard-bench-'))
  let stopServer: (() => Promise<void>) | undefined
  const removeAll = async (): Promise<void> => {
    await stopServer?.()
    rmSync(directory, { recursive: true, force: true })
  }
  const interrupted = (): void => void removeAll().finally(() => process.exit(130))
  process.once('SIGINT', interrupted)
  try {
    const figures: Figure[] = []
    const url = `sqlite:${join(directory, 'lms.db')}`
    figures.push(...(await onDatabase('SQLite', url, classes, () => bareSqlite(join(directory, 'lms.db')))))
    if ((await whyNoPostgres()) === null) {
      const server = await startPostgres(['shared_buffers=512MB', 'max_wal_size=8GB'])
      stopServer = server.stop
      figures.push(...(await onDatabase('PostgreSQL', server.url, classes, () => barePostgres(server.url))))
    }
    return figures
  } finally {
    process.off('SIGINT', interrupted)
    await removeAll()
  }
}

interface Measured {
  readonly ours: readonly number[]
  readonly limit: readonly number[]
  /** Most of any call. */
  readonly statements: number
}

async function onDatabase(
  name: string,
  url: string,
  classes: number,
  openBare: () => Promise<BareDatabase>,
): Promise<Figure[]> {
  let statements = 0
  const store = await openStore(url, { onStatement: () => statements++ })
  const bare = await openBare()
  const conferencing = createConferencing({
    providers: { none: nobody },
    store,
    clock: { now: () => now, setTimeout: () => ({ cancel() {} }), clearTimeout() {} },
    tenantId: 'school',
  })
  const say = (what: string): void => console.error(`  ${name}: ${what}`)

  /** The same students, in the same order, for both. */
  async function measure(list: DashboardListName, groups: readonly number[]): Promise<Measured> {
    const measured = { ours: [] as number[], limit: [] as number[], statements: 0 }
    for (let call = -CALLS / 10; call < CALLS; call++) {
      const group = groups[Math.abs(call * 7919) % groups.length] ?? 0
      const [courseIds, userId] = [bare.coursesOf(group), bare.studentOf(group, Math.abs(call))]
      const byHand = () => timed(() => bare.read(list, courseIds, userId, PAGE))
      const byUs = () =>
        timed(async () => (await conferencing.dashboard({ userId, courseIds, status: list, limit: PAGE }))[list].length)
      // Whoever comes second finds the pages in the cache.
      const first = call % 2 === 0 ? await byHand() : null
      statements = 0
      const ours = await byUs()
      measured.statements = Math.max(measured.statements, statements)
      const limit = first ?? (await byHand())
      if (ours.answer !== limit.answer) throw new Error(`${list}: ${ours.answer} classes, by hand ${limit.answer}`)
      if (call < 0) continue
      measured.limit.push(limit.ms)
      measured.ours.push(ours.ms)
    }
    return measured
  }

  try {
    const figures: Figure[] = []
    const at = new Map<string, Measured>()
    const sizes = [classes / 100, classes / 10, classes].map(size =>
      Math.max(1, Math.round(size / bare.classesOfGroup)),
    )
    for (const [index, groups] of sizes.entries()) {
      await bare.growTo(groups, done => say(`${done.toLocaleString('en')} of ${classes.toLocaleString('en')} classes`))
      const all = Array.from({ length: groups }, (_, group) => group)
      for (const list of ['upcoming', 'live', 'completed'] as const) at.set(`${list}${index}`, await measure(list, all))
    }
    const { classes: total, results } = await bare.count()
    for (const list of ['upcoming', 'live', 'completed'] as const) {
      const size = `${total.toLocaleString('en')} classes, ${results.toLocaleString('en')} results`
      figures.push(figure(`${name}, ${size}: ${list}`, at.get(`${list}2`)))
    }
    figures.push(
      growth(
        `${name}: growth of completed with all classes`,
        at.get('completed0'),
        at.get('completed2'),
        ratioOf(sizes),
      ),
    )

    const histories = [40, 400, 4000].map(length => Math.max(4, Math.round((length * Math.min(classes, 1e6)) / 1e6)))
    const long: Measured[] = []
    for (const [index, history] of histories.entries()) {
      say(`a course of ${history} classes`)
      const group = sizes.at(-1) ?? 0
      await bare.addHistory(group + index, history)
      long.push(await measure('completed', [group + index]))
    }
    const longest = histories.at(-1)
    figures.push(figure(`${name}, 40 courses of ${longest} old classes each: completed`, long.at(-1)))
    figures.push(growth(`${name}: growth of completed with a course's history`, long[0], long[2], ratioOf(histories)))
    return figures
  } finally {
    await bare.close()
    await store.close()
  }
}

function figure(name: string, measured: Measured | undefined): Figure {
  const { ours, limit, statements } = measured ?? { ours: [], limit: [], statements: 0 }
  const [a, b] = [percentile(ours, 50), percentile(limit, 50)]
  const p95 = `p95 ${percentile(ours, 95).toFixed(2)}, by hand ${percentile(limit, 95).toFixed(2)} ms`
  const note = `${p95}; statements: ${statements}; target: 1 statement, p95 < 20 ms, ≤ 1.5 × by hand`
  return { name, ours: a, limit: b, unit: 'ms', ratio: a / b, note }
}

function growth(name: string, small: Measured | undefined, large: Measured | undefined, times: number): Figure {
  const exponent = (pick: (measured: Measured) => readonly number[]): number =>
    small && large ? Math.log(percentile(pick(large), 50) / percentile(pick(small), 50)) / Math.log(times) : Number.NaN
  const [ours, limit] = [exponent(({ ours }) => ours), exponent(({ limit }) => limit)]
  return {
    name,
    ours,
    limit,
    unit: 'exponent',
    ratio: ours / limit,
    note: `${Math.round(times)} times as many; 0 is no growth`,
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly answer: T; readonly ms: number }> {
  const start = performance.now()
  const answer = await work()
  return { answer, ms: performance.now() - start }
}

/** How much larger the last is than the first. */
const ratioOf = (sizes: readonly number[]): number => (sizes.at(-1) ?? Number.NaN) / (sizes[0] ?? Number.NaN)

const percentile = (values: readonly number[], percent: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length * percent) / 100)] ?? Number.NaN

/** A dashboard that asked it for anything would fail. */
const nobody: ConferenceProvider = new Proxy(new PlainProvider({ name: 'none' }), {
  get(provider, key) {
    if (key === 'name') return provider.name
    throw new Error(`the dashboard asked the provider: ${String(key)}`)
  },
})
