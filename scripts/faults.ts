// Plays the faults of the threat model in their full size on real databases, and reports what was lost and what doubled.
import { parseArgs } from 'node:util'
import { scenarios } from '../packages/lms-conferencing/test/faults/scenarios.ts'
import { soak } from '../packages/lms-conferencing/test/faults/soak.ts'
import { openDatabase } from '../packages/lms-conferencing/test/faults/support/databases.ts'
import type { Database, Outcome, Scenario, Tools } from '../packages/lms-conferencing/test/faults/support/scenario.ts'
import { whyNoPostgres } from '../packages/lms-conferencing/test/support/postgres-server.ts'

const help = `Usage: pnpm test:faults [--only F1,F31] [--database sqlite|postgres] [--quick] [--soak 30m] [--json]

Plays each fault in its full size, which takes hours, and prints one report. Ends with 1 when anything acknowledged was
lost, doubled or wrong, or when something did not hold. F2 (power loss), F6 and F8 have one size, that of every run of
the tests.

  --only       these faults alone
  --database   one database alone
  --quick      the small sizes, as in every run of the tests
  --soak       plays the soak (F23) alone, for so long (2m or more: 30m, 24h)
  --json       the report as JSON

${scenarios.map(({ fault, title }) => `  ${fault.padEnd(5)}${title}`).join('\n')}
`

interface Line {
  readonly fault: string
  readonly title: string
  readonly database: string
  readonly seconds: number
  /** `null`: not played, or stopped by an error. */
  readonly outcome: Outcome | null
  readonly error?: string | undefined
  readonly skipped?: string | undefined
}

interface Chosen {
  readonly scenarios: readonly Scenario[]
  readonly databases: readonly Database['name'][]
  readonly size: 'small' | 'full'
  readonly signal: AbortSignal
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      database: { type: 'string' },
      quick: { type: 'boolean' },
      soak: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // The second time nobody waits any more.
    process.once(signal, () => stopping.abort(new Error(`stopped by ${signal}`)))
  }
  const lines = await playAll({
    scenarios: values.soak === undefined ? chosen(values.only) : [soak(milliseconds(values.soak))],
    databases: databasesNamed(values.database),
    size: values.quick ? 'small' : 'full',
    signal: stopping.signal,
  })
  if (values.json) console.log(JSON.stringify(lines, null, 2))
  else report(lines)
  return lines.length > 0 && lines.every(isGood) && !stopping.signal.aborted ? 0 : 1
}

function chosen(only: string | undefined): readonly Scenario[] {
  if (only === undefined) return scenarios
  const numbers = only.toUpperCase().split(',')
  for (const number of numbers) {
    if (!scenarios.some(({ fault }) => fault === number)) throw new TypeError(`--only: there is no ${number}`)
  }
  return scenarios.filter(({ fault }) => numbers.includes(fault))
}

function databasesNamed(name: string | undefined): readonly Database['name'][] {
  if (name === undefined) return ['SQLite', 'PostgreSQL']
  if (name === 'sqlite') return ['SQLite']
  if (name === 'postgres') return ['PostgreSQL']
  throw new TypeError('--database: must be sqlite or postgres')
}

function milliseconds(duration: string): number {
  const { number, unit } = /^(?<number>\d+)(?<unit>[smh])$/.exec(duration)?.groups ?? {}
  const ofUnit = { s: 1000, m: 60_000, h: 3_600_000 }[unit ?? '']
  const ms = Number(number) * (ofUnit ?? Number.NaN)
  if (!(ms >= 120_000)) throw new TypeError('--soak: must be two minutes or more, such as 2m, 30m or 24h')
  return ms
}

const isGood = ({ outcome, skipped }: Line): boolean =>
  skipped !== undefined || (outcome !== null && outcome.lost + outcome.doubled + outcome.wrong + outcome.untyped === 0)

async function playAll({ scenarios, databases, size, signal }: Chosen): Promise<readonly Line[]> {
  const lines: Line[] = []
  for (const scenario of scenarios) {
    for (const name of databases.filter(one => scenario.databases.includes(one))) {
      if (signal.aborted) return lines
      const reason = (name === 'PostgreSQL' ? await whyNoPostgres() : null) ?? scenario.whyNot?.() ?? null
      if (reason !== null) {
        const { fault, title } = scenario
        lines.push({ fault, title, database: name, seconds: 0, outcome: null, skipped: reason })
      } else lines.push(await play(scenario, name, size, signal))
    }
  }
  return lines
}

async function play(
  { fault, title, run }: Scenario,
  name: Database['name'],
  size: Chosen['size'],
  signal: AbortSignal,
): Promise<Line> {
  const works: (() => unknown)[] = []
  let told = 0
  const tools: Tools = {
    cleanup: work => void works.push(work),
    progress(text) {
      // Not more than one line a second; to stderr, so that --json can be piped.
      if (performance.now() - told < 1000) return
      told = performance.now()
      console.error(`  ${text}`)
    },
    signal,
  }
  console.error(`${fault} on ${name}: ${title} …`)
  const start = performance.now()
  const line = (rest: Pick<Line, 'outcome' | 'error'>): Line => ({
    fault,
    title,
    database: name,
    seconds: (performance.now() - start) / 1000,
    ...rest,
  })
  try {
    return line({ outcome: await run(await openDatabase(name, tools), size, tools) })
  } catch (error) {
    if (signal.aborted) return line({ outcome: null, error: 'stopped' })
    console.error(error)
    return line({ outcome: null, error: error instanceof Error ? error.message : String(error) })
  } finally {
    for (const work of works.reverse()) await work()
  }
}

function report(lines: readonly Line[]): void {
  const rows = lines.map(line => {
    const { fault, database, seconds, outcome } = line
    const what = line.skipped !== undefined ? 'skipped' : isGood(line) ? 'holds' : 'FAILS'
    const counts = outcome
      ? [outcome.faults, outcome.events, outcome.lost, outcome.doubled, outcome.wrong, outcome.untyped]
      : Array.from({ length: 6 }, () => '')
    return [fault, database, what, ...counts.map(value => value.toLocaleString('en')), seconds.toFixed(0)]
  })
  printTable([['fault', 'database', '', 'faults', 'events', 'lost', 'doubled', 'wrong', 'untyped', 'seconds'], ...rows])
  for (const { fault, database, outcome, error, skipped } of lines) {
    const notes = error !== undefined ? [error] : skipped !== undefined ? [skipped] : (outcome?.notes ?? [])
    for (const note of notes) console.log(`${fault} ${database}: ${note}`)
  }
}

/** The first three columns are words, the others numbers. */
function printTable(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? []
  for (const row of rows) {
    const cells = row.map((cell, at) => (at < 3 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
    console.log(cells.join('  ').trimEnd())
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof TypeError ? error.message : error)
  console.error(help)
  process.exitCode = 1
}
