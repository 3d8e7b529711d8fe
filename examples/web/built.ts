import { createHash } from 'node:crypto'
import { existsSync, globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What the page is made of, seen from the root of the repository. */
const sources = [
  'examples/web/{index.html,build.ts,vite.config.ts,package.json}',
  'examples/web/{public,src}/**/*.*',
  'packages/lms-conferencing/src/browser.ts',
  'packages/lms-conferencing/src/browser/**/*.ts',
]

/** Where the page is built from the sources, and for the feature flags, as they are now. */
export async function pageFolder(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of globSync(sources, { cwd: root }).sort()) {
    hash.update(`${file}\0`).update(await readFile(join(root, file)))
  }
  for (const [name, value] of Object.entries(process.env).sort()) {
    if (name.startsWith('VITE_')) hash.update(`${name}\0${value}\0`)
  }
  return join(root, 'examples/web/dist', hash.digest('hex').slice(0, 12))
}

/** The folder of the built page; `null` when it was never built from these sources. */
export async function builtPage(): Promise<string | null> {
  const folder = await pageFolder()
  return existsSync(join(folder, 'index.html')) ? folder : null
}
