import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const reporter = join(import.meta.dirname, '../summary-reporter.ts')

/** Runs vitest on these test files and gives its exit code and the last line it printed. */
function runVitest(files: Record<string, string>): { code: number | null; lastLine: string | undefined } {
  const root = mkdtempSync(join(tmpdir(), 'summary-reporter-'))
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text)
    const args = [vitest, 'run', '--globals', '--root', root, '--reporter', 'default', '--reporter', reporter]
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    return { code: status, lastLine: stdout.trimEnd().split('\n').at(-1) }
  } finally {
    rmSync(root, { recursive: true })
  }
}

const passing = "test('passes', () => {}); test.skip('is skipped', () => {})"

test.each([
  ['all pass', passing, 0, '2 passed, 0 failed, 2 skipped'],
  ['a test fails', "test('fails', () => { throw new Error('no') })", 1, '1 passed, 1 failed, 1 skipped'],
  ['a file cannot be loaded', "import './nowhere.ts'", 1, '1 passed, 1 failed, 1 skipped'],
  [
    'a hook throws',
    "beforeAll(() => { throw new Error('no') }); test('x', () => {})",
    1,
    '1 passed, 1 failed, 2 skipped',
  ],
  ['a rejection is lost', "test('x', () => { Promise.reject(new Error('no')) })", 1, '2 passed, 1 failed, 1 skipped'],
])('the last line and the exit code when %s', (_, other, code, lastLine) => {
  expect(runVitest({ 'a.test.ts': passing, 'b.test.ts': other })).toEqual({ code, lastLine })
})

test('no test at all is no success', () => {
  expect(runVitest({}).code).toBe(1)
})
