// Runs packages/*/bench/*.bench.ts one after the other and prints how close our code comes to the limit measured in the same run.
import { globSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

/** One line of a bench's result. A bench file's default export is an async function that gives a list of these. */
export interface BenchRow {
  readonly name: string
  /** Our figure and the limit's, in `unit`. */
  readonly ours: number
  readonly limit: number
  readonly unit: string
  /** How the two compare, said so that bigger is better; the name or note tells the target. */
  readonly ratio: number
  readonly note?: string | undefined
}

const root = dirname(import.meta.dirname)
const benches = globSync('packages/*/bench/*.bench.ts', { cwd: root })
  .sort()
  .map(file => ({ file, name: basename(file, '.bench.ts') }))

const help = `Usage: pnpm bench [name…] [--json] [--classes n]

Runs every bench, or those whose name contains one of the given words. --json prints the rows as JSON.
--classes is how many classes the dashboard's bench makes; pnpm bench:dashboard makes a million.

${benches.map(({ name, file }) => `  ${name.padEnd(16)}${file}`).join('\n') || '  (no bench yet)'}
`

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const memory = Math.round(totalmem() / 2 ** 30)
  return `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${availableParallelism()} × ${model}, ${memory} GiB`
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'boolean' }, classes: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const classes = values.classes === undefined ? undefined : Number(values.classes)
  if (classes !== undefined && !(Number.isInteger(classes) && classes > 0))
    throw new TypeError('--classes: a number above 0')
  const chosen = benches.filter(({ name }) => positionals.length === 0 || positionals.some(word => name.includes(word)))
  if (chosen.length === 0) throw new TypeError(`no bench is named ${positionals.join(' or ') || 'yet'}`)

  const results: { bench: string; rows: readonly BenchRow[] }[] = []
  for (const { name, file } of chosen) {
    // Progress goes to stderr, so that --json can be piped.
    console.error(`${name} …`)
    const module: { default?: unknown } = await import(pathToFileURL(join(root, file)).href)
    if (typeof module.default !== 'function') throw new TypeError(`${file} has no default function`)
    results.push({ bench: name, rows: await module.default({ classes }) })
  }
  if (values.json) console.log(JSON.stringify({ machine: machine(), results }, null, 2))
  else {
    for (const { bench, rows } of results) {
      console.log(`\n${bench}`)
      printTable(rows)
    }
    console.log(`\n${machine()}`)
  }
  return 0
}

function printTable(rows: readonly BenchRow[]): void {
  const number = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 4 })
  const cells = [
    ['', 'ours', 'limit', '', 'ratio', ''],
    ...rows.map(row => [row.name, number(row.ours), number(row.limit), row.unit, row.ratio.toFixed(2), row.note ?? '']),
  ]
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map(line => line[column]?.length ?? 0))) ?? []
  for (const line of cells) {
    const padded = line.map((cell, at) =>
      at === 0 || at === 3 || at === 5 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
    )
    console.log(`  ${padded.join('  ').trimEnd()}`)
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error)
  console.error(help)
  process.exitCode = 1
}
