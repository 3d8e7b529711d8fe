import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { preparePage } from '../../school/src/index.ts'
import { builtPage } from '../built.ts'

let folder = ''
beforeAll(async () => {
  const said: string[] = []
  await preparePage(line => said.push(line))
  folder = (await builtPage()) ?? ''
  expect(folder, said.join('\n')).not.toBe('')
})

const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
const gzipped = (name: string): number => gzipSync(read(name)).length

describe('the built page', () => {
  it('is under 120 kB gzipped at the first load', () => {
    const html = read('index.html')
    const first = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(([, name]) => name ?? '')
    expect(first.length).toBeGreaterThan(1)
    const size = ['index.html', ...first].reduce((sum, name) => sum + gzipped(name), 0)
    console.log(`first load: ${(size / 1000).toFixed(1)} kB gzipped in ${first.length + 1} files`)
    expect(size).toBeLessThan(120_000)
  })

  it('needs nothing of Node, and nothing from elsewhere', () => {
    for (const name of globSync('assets/*.js', { cwd: folder })) {
      expect(read(name), name).not.toMatch(/["'`]node:|\brequire\(|\bBuffer\.|\bprocess\.(env|version|nextTick)/)
    }
    const html = read('index.html')
    expect(html).not.toMatch(/(?:src|href)="(?!\/)/)
    for (const name of globSync('assets/*.css', { cwd: folder })) expect(read(name)).not.toMatch(/url\(|@import/)
  })
})
