import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { alertAdvice } from '../../src/alert.ts'
import { instruments } from '../../src/metrics.ts'
import { operationsStory } from './operations-story.ts'
import { cli } from './support.ts'

const figures = [
  '| figure | kind | unit | what |',
  '| --- | --- | --- | --- |',
  ...Object.entries(instruments).map(
    ([name, { kind, unit, description }]) => `| \`${name}\` | ${kind} | \`${unit}\` | ${description} |`,
  ),
].join('\n')

const file = join(import.meta.dirname, '../../../../docs/OPERATIONS.md')

test('docs/OPERATIONS.md shows what its commands really say; if not: UPDATE_DOCS=1 and this test again', async () => {
  const { env, clock, apply, close } = await operationsStory()
  onTestFinished(close)
  const written = readFileSync(file, 'utf8')
  const lines: string[] = []
  let inBlock = false
  for (const line of written.split('\n')) {
    const isFence = line.startsWith('```')
    if (!inBlock || isFence || line.startsWith('$ ')) lines.push(line)
    // Every other line of a block is output, which is written anew.
    if (inBlock && line.startsWith('$ lms-conferencing ')) {
      const { out, err } = await cli(line.slice('$ lms-conferencing '.length), { env, clock })
      lines.push(...(err + out).trimEnd().split('\n'))
      await apply()
      clock.advance(60_000)
    }
    if (isFence) inBlock = !inBlock && line === '```console'
  }
  const played = lines.join('\n').replace(/(<!-- instruments -->\n)[\s\S]*(<!-- \/instruments -->)/, `$1${figures}\n$2`)
  if (process.env.UPDATE_DOCS === '1') writeFileSync(file, played)
  else expect(played).toBe(written)
})

test('docs/OPERATIONS.md says what to do about each alert', () => {
  const told = [...readFileSync(file, 'utf8').matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, type]) => type)
  expect(told.sort()).toEqual(Object.keys(alertAdvice).sort())
})
