import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { glob, readFile, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FetchHandler } from 'lms-conferencing/http'
import { builtPage } from '../../web/built.ts'
import type { Person } from './school.ts'
import { startPage } from './start-page.ts'

const buildScript = fileURLToPath(new URL('../../web/build.ts', import.meta.url))

/** Builds the page of `examples/web` unless it is there. Without it the API serves all the same, so nothing is thrown. */
export async function preparePage(say: (line: string) => void): Promise<void> {
  if (await builtPage()) return
  say('Building the page (examples/web) …')
  // In a process of its own: building changes the environment, and brings a compiler along.
  const child = spawn(process.execPath, [buildScript], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (said += chunk))
  const status = await new Promise(resolve => child.once('close', resolve).once('error', resolve))
  if (status !== 0) say(`The page could not be built, so there is only the API:\n${said.trim() || String(status)}`)
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
}

/** Nothing from elsewhere, nothing inline. The attendance picture is a blob that the page makes. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const shared = {
  'Content-Security-Policy': policy,
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly headers: Readonly<Record<string, string>>
}

export interface PageOptions {
  /** Named on the start page, where no other page was built. */
  readonly framework: string
  /** Everybody one can be; for demonstrations only. */
  readonly people: () => readonly Person[]
}

/**
 * Serves the page of `examples/web` as it was built: its files, and for every other address that a browser opens the
 * page itself, which finds its way by the address. Also `/demo/people.json`, which a real application does not have.
 */
export function createPage({ framework, people }: PageOptions): FetchHandler {
  // As they are now: the page of a server that runs does not change under it.
  const loading = loadFiles().catch(() => new Map<string, PageFile>())
  const answer = (body: string | Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>>, status = 200) =>
    new Response(body, { status, headers: { ...shared, ...headers } })

  return async request => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return answer('Method not allowed', { Allow: 'GET, HEAD', 'Content-Type': 'text/plain' }, 405)
    }
    const { pathname } = new URL(request.url)
    if (pathname === '/demo/people.json') {
      return answer(JSON.stringify(people()), { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
    }
    const start = () =>
      answer(startPage(framework), { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-cache' })
    if (pathname === '/demo/') return start()
    const files = await loading
    const file = files.get(pathname)
    if (file) {
      if (request.headers.get('if-none-match') === file.headers.ETag) {
        return new Response(null, { status: 304, headers: { ...shared, ...file.headers } })
      }
      return answer(file.bytes, file.headers)
    }
    if (extname(pathname) !== '' || !request.headers.get('accept')?.includes('text/html')) {
      return answer('Not found', { 'Content-Type': 'text/plain' }, 404)
    }
    const page = files.get('/index.html')
    return page ? answer(page.bytes, page.headers) : start()
  }
}

/** All files at once: a few hundred kilobytes, and no path of a request ever reaches the disk. */
async function loadFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>()
  const folder = await builtPage()
  if (folder === null) return files
  for await (const name of glob('**/*', { cwd: folder })) {
    const path = join(folder, name)
    if (!(await stat(path)).isFile()) continue
    const bytes = new Uint8Array(await readFile(path))
    const address = `/${name.replaceAll('\\', '/')}`
    files.set(address, {
      bytes,
      headers: {
        'Content-Type': types[extname(name)] ?? 'application/octet-stream',
        // What has a hash in its name never changes.
        'Cache-Control': address.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
        ETag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
      },
    })
  }
  return files
}
