import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { BbbClient } from 'bbb-client'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runWith } from './support.ts'

const SECRET = 'a-secret-of-tests-only-0123456789'
const BIN = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url))

/** The real command in a process of its own. */
function start(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ['--conditions=lms-conferencing-source', BIN, ...words], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const said = { out: '', err: '' }
  child.stdout.on('data', chunk => {
    said.out += chunk
  })
  child.stderr.on('data', chunk => {
    said.err += chunk
  })
  return { child, said, closed: once(child, 'close') }
}

async function firstOutput(child: ChildProcess): Promise<void> {
  await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')])
}

describe('the process', () => {
  test('bbb fake serves until Ctrl-C, and ends cleanly', async () => {
    const { child, said, closed } = start(['fake', '--port', '0'])
    await firstOutput(child)
    const url = /BBB_SERVER_URL=(\S+)/.exec(said.out)?.[1] ?? ''
    const secret = /BBB_SHARED_SECRET=(\S+)/.exec(said.out)?.[1] ?? ''
    const bbb = new BbbClient({ url, secret })
    await bbb.create({ meetingID: 'algebra', name: 'Algebra' })
    expect(await (await fetch(url)).text()).toContain('Algebra')
    child.kill('SIGINT')
    expect(await closed).toEqual([0, null])
    expect(said.err).toBe('')
    await expect(bbb.version()).rejects.toMatchObject({ code: 'BBB_NETWORK' })
  })

  test('bbb fake uses the secret it is given, without showing it', async () => {
    const { child, said, closed } = start(['fake', '--port', '0', '--json'], { BBB_SHARED_SECRET: SECRET })
    await firstOutput(child)
    const { url, ...rest } = JSON.parse(said.out)
    expect(rest).toEqual({})
    expect(await new BbbClient({ url, secret: SECRET }).getMeetings()).toEqual([])
    child.kill('SIGTERM')
    expect(await closed).toEqual([0, null])
    expect(said.out + said.err).not.toContain(SECRET)
  })

  test('Ctrl-C stops a call that hangs, with exit status 1', async () => {
    const asked = Promise.withResolvers<void>()
    const server = createServer(() => asked.resolve())
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      return new Promise(resolve => server.close(() => resolve()))
    })
    const { port }: AddressInfo = Object(server.address())
    const { child, said, closed } = start(['list'], {
      BBB_SERVER_URL: `http://127.0.0.1:${port}`,
      BBB_SHARED_SECRET: SECRET,
    })
    await asked.promise
    child.kill('SIGINT')
    expect(await closed).toEqual([1, null])
    expect(said).toEqual({ out: '', err: 'bbb: stopped.\n' })
  })

  test('usage is exit status 2, and --version that of the package', async () => {
    const wrong = start(['nonsense'])
    expect(await wrong.closed).toEqual([2, null])
    const version = start(['--version'])
    expect(await version.closed).toEqual([0, null])
    expect(version.said.out).toMatch(/^\d+\.\d+\.\d+/)
  })
})

describe('bbb fake', () => {
  test.each([
    ['fake --bbb-version 1.1', /cannot start: version must be/],
    ['fake --webhooks 9.9', /Allowed choices are 3\.5\.0/],
    ['fake --port many', /whole number/],
  ])('%s is wrong usage', async (words, err) => {
    expect(await runWith(words)).toMatchObject({ code: 2, err })
  })

  test('at a port that is taken is wrong usage', async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => new Promise(resolve => server.close(() => resolve())))
    const { port }: AddressInfo = Object(server.address())
    expect(await runWith(`fake --port ${port}`)).toMatchObject({ code: 2, err: /EADDRINUSE/ })
  })
})
