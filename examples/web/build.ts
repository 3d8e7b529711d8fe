// Builds the page into a folder named after its sources, so that a changed page is built again, an unchanged one never,
// and several builds at once do not touch each other.
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { build } from 'vite'
import { builtPage, pageFolder } from './built.ts'

/** Older builds are swept out after this, in milliseconds: whoever still serves one has it in memory. */
const keptMs = 24 * 60 * 60_000

async function main(): Promise<void> {
  if (await builtPage()) return
  // Under a test runner it is `test`, and then the libraries would be those for development.
  process.env.NODE_ENV = 'production'
  const folder = await pageFolder()
  const unfinished = `${folder}.${process.pid}`
  await mkdir(dirname(folder), { recursive: true })
  try {
    await build({
      root: import.meta.dirname,
      logLevel: 'warn',
      build: { outDir: unfinished, emptyOutDir: true },
    })
    await rename(unfinished, folder)
  } catch (error) {
    // Another process may have been faster.
    if (!(await builtPage())) throw error
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  await sweep(folder)
}

async function sweep(current: string): Promise<void> {
  for (const name of await readdir(dirname(current))) {
    const folder = join(dirname(current), name)
    const isOld = Date.now() - (await stat(folder)).mtimeMs > keptMs
    if (name !== basename(current) && isOld) await rm(folder, { recursive: true, force: true })
  }
}

await main()
