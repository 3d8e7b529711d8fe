import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { respond, SECRET, success, type TestServer, testServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
  server.answer((_request, response) => respond(response, success('<meetings/>')))
})
afterAll(() => server.close())

async function run(program: string, env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=lms-conferencing-source', '--input-type=module', '--eval', program, server.url, SECRET],
    { cwd: new URL('..', import.meta.url), env: { ...process.env, ...env } },
  )
  return stdout.trim()
}

describe('T58 in a process of its own', () => {
  it('importing opens nothing, sets no timer and loads no library of requests', async () => {
    const said = await run(`
      const { BbbClient } = await import('bbb-client')
      const client = new BbbClient({ url: 'https://bbb.example.org', secret: process.argv[2] })
      client.joinUrl({ meetingID: 'room', fullName: 'Ada', role: 'VIEWER' })
      const open = process.getActiveResourcesInfo().filter(name => /Timeout|Immediate|TCP|TLS|UDP|Addr|DNS/i.test(name))
      console.log(open.length, Object.getOwnPropertySymbols(globalThis).some(symbol => String(symbol).includes('undici.globalDispatcher.2')))
    `)
    expect(said).toBe('0 false')
  })

  it('a program that has made its calls ends by itself', async () => {
    const said = await run(`
      import { BbbClient } from 'bbb-client'
      const client = new BbbClient({ url: process.argv[1], secret: process.argv[2] })
      console.log((await client.getMeetings()).length)
    `)
    expect(said).toBe('0')
  })

  it('so does one with connections of its own, once they are closed', async () => {
    const said = await run(`
      import { BbbClient } from 'bbb-client'
      await using client = BbbClient.forTenant({ url: process.argv[1], secret: process.argv[2], blockPrivateNetworks: false, lookup: (name, options, done) => done(null, '127.0.0.1', 4) })
      console.log((await client.getMeetings()).length)
    `)
    expect(said).toBe('0')
  })

  it('a date without a zone is meant in that of HTTP, wherever the process runs', async () => {
    const program = `
      import { retryAfterMs } from 'bbb-client/http'
      console.log(retryAfterMs('Sun Nov 22 00:00:10 2026', Date.UTC(2026, 10, 22)))
    `
    expect(await run(program, { TZ: 'America/New_York' })).toBe('10000')
  })

  it('a failed call leaves no rejection that nobody handles', async () => {
    const said = await run(`
      import { BbbClient } from 'bbb-client'
      process.on('unhandledRejection', () => console.log('unhandled'))
      const client = new BbbClient({ url: 'http://127.0.0.1:1', secret: process.argv[2], retry: { baseDelayMs: 0 }, onWarning: () => {} })
      for (const options of [{}, { signal: AbortSignal.abort('no') }])
        await client.getMeetings({}, options).catch(error => console.log(error.code ?? error))
      await client.end({ meetingID: 'room' }).catch(error => console.log(error.outcome))
    `)
    expect(said.split('\n')).toEqual(['BBB_NETWORK', 'no', 'not-sent'])
  })
})
