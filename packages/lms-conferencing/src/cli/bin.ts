#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { createInterface } from 'node:readline/promises'
import { run } from './main.ts'
import { keepMemorySmall } from './memory.ts'

/** The manifest is two folders up from the source, and one from the built file. */
function ownVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = Object(JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')))
      if (name === 'lms-conferencing') return String(version)
    } catch {}
  }
  return 'unknown'
}

/** A container may run as a user without a name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `user ${process.getuid?.() ?? ''}`.trim()
  }
}

keepMemorySmall()

const stopping = new AbortController()

/** Once: whoever presses it again wants out at once, and no transaction is hurt by that. */
function stop(): void {
  if (!stopping.signal.aborted) process.stderr.write('Ending after this step; press Ctrl-C again to end at once.\n')
  stopping.abort()
}
process.once('SIGINT', stop)

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // The terminal is read key by key meanwhile: Ctrl-C is a key.
  const noAnswer = new AbortController()
  terminal.once('SIGINT', () => noAnswer.abort())
  try {
    return await terminal.question(question, { signal: noAnswer.signal })
  } catch (error) {
    if (!noAnswer.signal.aborted) throw error
    process.stderr.write('\n')
    return ''
  } finally {
    terminal.close()
  }
}

// `lms-conferencing inbox list | head` closes the pipe: that is no error.
process.stdout.on('error', error => {
  if (Reflect.get(error, 'code') !== 'EPIPE') throw error
})

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  out: text => process.stdout.write(text),
  err: text => process.stderr.write(text),
  ask: process.stdin.isTTY && process.stderr.isTTY ? ask : undefined,
  signal: stopping.signal,
  user: userName(),
  version: ownVersion(),
})
