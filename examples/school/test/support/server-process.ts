import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** An example as its own process, the way `node src/server.ts` starts it. */
export interface ServerProcess {
  readonly url: string
  /** All it has written so far. */
  log(): string
  /** Sends the signal and resolves with how the process ended. */
  kill(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

/** Resolves once it listens; rejects with what it wrote when it ends before that. */
export async function startServer(serverFile: URL, env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const child = spawn(process.execPath, ['--conditions=lms-conferencing-source', fileURLToPath(serverFile)], {
    env: { PATH: process.env.PATH, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const listening = Promise.withResolvers<string>()
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', line => {
      lines.push(line)
      const url = /the LMS is at (http:\/\/[\d.:]+)/.exec(line)?.[1]
      if (url) listening.resolve(url)
    })
  }
  const ended = endOf(child)
  child.once('close', code => listening.reject(new Error(`ended with ${code}: ${lines.join('\n')}`)))
  const url = await listening.promise
  return {
    url,
    log: () => lines.join('\n'),
    kill(signal) {
      child.kill(signal)
      return ended
    },
  }
}

async function endOf(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  await once(child, 'close')
  return { code: child.exitCode, signal: child.signalCode }
}
