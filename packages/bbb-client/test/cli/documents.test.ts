import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { playConsole } from './console.ts'

const root = join(import.meta.dirname, '../../../..')
const documents = globSync(['README.md', 'docs/*.md', 'packages/bbb-client/README.md'], { cwd: root })
  .sort()
  .filter(file => /^```console\n\$ bbb /m.test(readFileSync(join(root, file), 'utf8')))

test('there are documents that show the command', () => {
  expect(documents).not.toEqual([])
})

test.each(documents)('%s shows what its commands really say; if not: UPDATE_DOCS=1 and this test again', async file => {
  const path = join(root, file)
  const written = readFileSync(path, 'utf8')
  const played = await playConsole(written)
  if (process.env.UPDATE_DOCS === '1') writeFileSync(path, played)
  else expect(played).toBe(written)
})
