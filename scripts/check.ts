// Everything that must hold besides the tests, one part after the other; a failed part does not hide the next ones.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

const root = dirname(import.meta.dirname)
// Left to itself, biome ci colours every letter, also into a file.
const colors = `--colors=${process.stdout.isTTY ? 'force' : 'off'}`
const bin = (name: string): string => join(root, 'node_modules/.bin', name)
const script = (name: string): [string, string] => [process.execPath, join(import.meta.dirname, name)]

interface Part {
  readonly name: string
  readonly title: string
  readonly command: readonly [string, ...string[]]
}

const parts: readonly Part[] = [
  { name: 'lint', title: 'format and lint (biome)', command: [bin('biome'), 'ci', colors, '--error-on-warnings'] },
  { name: 'build', title: 'build of the packages (tsup)', command: ['pnpm', 'run', 'build'] },
  { name: 'types', title: 'types (tsc, vue-tsc)', command: ['pnpm', 'run', 'typecheck'] },
  { name: 'package', title: 'packages as users get them (needs the build)', command: script('check-package.ts') },
  { name: 'snippets', title: 'code blocks of the documentation', command: script('check-snippets.ts') },
  {
    name: 'unused',
    title: 'unused files, exports, dependencies (knip)',
    command: [bin('knip'), '--no-config-hints'],
  },
  { name: 'doors', title: 'who may import what', command: script('check-doors.ts') },
  { name: 'advisories', title: 'known holes in what is installed', command: script('check-advisories.ts') },
]

const help = `Usage: pnpm check [--only <part>]...

Runs every part, or only the named ones, and ends with status 1 if any failed.

${parts.map(({ name, title }) => `  ${name.padEnd(10)}${title}`).join('\n')}
`

function main(): number {
  const { values } = parseArgs({
    options: { only: { type: 'string', multiple: true }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const wanted = values.only?.flatMap(names => names.split(','))
  const unknown = wanted?.find(name => !parts.some(part => part.name === name))
  if (unknown !== undefined) throw new TypeError(`--only ${unknown}: there is no such part`)

  const chosen = parts.filter(({ name }) => wanted?.includes(name) ?? true)
  const results = chosen.map(part => ({ part, isOk: runPart(part) }))
  const failed = results.filter(({ isOk }) => !isOk).map(({ part }) => part.name)
  console.log(
    `\n${results.length - failed.length} parts passed, ${failed.length} failed${failed.length ? `: ${failed.join(', ')}` : ''}`,
  )
  if (failed.length) console.log(`Again, only these: pnpm check ${failed.map(name => `--only ${name}`).join(' ')}`)
  return failed.length ? 1 : 0
}

function runPart({ name, title, command: [file, ...args] }: Part): boolean {
  console.log(`\n── ${name}: ${title}`)
  const startedAt = performance.now()
  const { status, signal, error } = spawnSync(file, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const isOk = status === 0
  const reason = error?.message ?? (signal ? `ended by ${signal}` : `status ${status}`)
  console.log(isOk ? `✓ ${name} passed in ${seconds} s` : `✗ ${name} failed in ${seconds} s (${reason})`)
  return isOk
}

try {
  process.exitCode = main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.error(help)
  process.exitCode = 2
}
