#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { run } from './main.ts'

/** The manifest is two folders up from the source, and one from the built file. */
function ownVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = Object(JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')))
      if (name === 'bbb-client') return String(version)
    } catch {}
  }
  return 'unknown'
}

async function ask(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // In a raw terminal Ctrl-C is a key, and no signal.
  terminal.once('SIGINT', interrupt)
  try {
    return await terminal.question(question, { signal })
  } finally {
    terminal.close()
  }
}

const interrupted = new AbortController()
const interrupt = (): void => {
  // A second Ctrl-C ends the process at once.
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  interrupted.abort(new Error('stopped'))
}
process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
// `bbb list | head` closes the pipe: that is no error.
process.stdout.on('error', error => {
  if (Reflect.get(error, 'code') !== 'EPIPE') throw error
})

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  out: text => process.stdout.write(text),
  err: text => process.stderr.write(text),
  ask: process.stdin.isTTY && process.stderr.isTTY ? ask : undefined,
  readFile,
  signal: interrupted.signal,
  version: ownVersion(),
})
process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
