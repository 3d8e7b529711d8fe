import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'tsup'
import { type BenchRow, median } from './support/measure.ts'

const root = join(import.meta.dirname, '..')

/** Milliseconds of one import in a fresh process, as that process measures them. */
function cold(module: string): number {
  const program = `const began = performance.now(); await import(process.argv[1]); console.log(performance.now() - began)`
  return Number(
    execFileSync(process.execPath, ['--input-type=module', '--eval', program, module], { encoding: 'utf8' }),
  )
}

/** What importing the built package costs, beside an import of nothing. */
export default async function bench(): Promise<readonly BenchRow[]> {
  const directory = mkdtempSync(join(root, 'node_modules', '.bench-'))
  try {
    await build({
      entry: { index: join(root, 'src/index.ts'), webhooks: join(root, 'src/webhooks/index.ts') },
      outDir: directory,
      format: 'esm',
      target: 'node22',
      splitting: true,
      silent: true,
      dts: false,
      config: false,
      removeNodeProtocol: false,
    })
    const rows: BenchRow[] = []
    for (const [name, target] of [
      ['index', 30],
      ['webhooks', 8],
    ] as const) {
      const rounds: [number[], number[]] = [[], []]
      for (let round = -2; round < 15; round++) {
        const ours = cold(join(directory, `${name}.js`))
        const limit = cold('node:crypto')
        if (round >= 0) {
          rounds[0].push(ours)
          rounds[1].push(limit)
        }
      }
      const [ours, limit] = [median(rounds[0]), median(rounds[1])]
      rows.push({
        name: `cold import, ${name} (<= ${target} ms)`,
        ours,
        limit,
        unit: 'ms',
        ratio: target / ours,
        note: 'ratio: target over ours; limit: import of a module that is loaded anyway',
      })
    }
    return rows
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
