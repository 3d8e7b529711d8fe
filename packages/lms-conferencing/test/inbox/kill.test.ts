import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { openStore } from 'lms-conferencing/sql'
import { expect, onTestFinished, test } from 'vitest'
import { createInbox } from '../../src/inbox/index.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import { onEachDatabase } from '../support/databases.ts'
import { jsonProvider } from './json-provider.ts'
import { eventsOf, insertClasses, joined } from './support.ts'

const CALLBACKS = 2000
const AT_ONCE = 25
const KILLS = 12

interface Receiver {
  readonly port: number
  kill(): Promise<void>
}

async function startReceiver(url: string): Promise<Receiver> {
  const script = join(import.meta.dirname, 'receiver-process.ts')
  const child: ChildProcess = spawn(process.execPath, ['--conditions=lms-conferencing-source', script, url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  onTestFinished(kill)
  if (!child.stdout) throw new Error('no output')
  for await (const line of createInterface(child.stdout)) return { port: Number(line), kill }
  throw new Error('the receiver did not start')
}

/** Resolves with whether the receiver said that it has the callback. */
function post(port: number, agent: Agent, body: string): Promise<boolean> {
  return new Promise(resolve => {
    request({ port, host: '127.0.0.1', method: 'POST', agent }, response => {
      response.resume().on('close', () => resolve(response.complete && response.statusCode === 204))
    })
      .on('error', () => resolve(false))
      .end(body)
  })
}

onEachDatabase(({ open }) => {
  test(`F1 ${KILLS} × kill -9 in a burst of ${CALLBACKS} callbacks: nothing acknowledged is lost, nothing counts twice`, async () => {
    const url = await open()
    const setup = await openStore(url)
    await insertClasses(setup, sampleClass())
    await setup.close()

    const unsent = Array.from({ length: CALLBACKS }, (_, index) =>
      JSON.stringify([joined('meeting-class-1', `session ${index}`, index)]),
    )
    const acknowledged = new Set<string>()
    let repeated = 0

    for (let kills = 0; unsent.length > 0; kills++) {
      const receiver = await startReceiver(url)
      const agent = new Agent({ keepAlive: true })
      // Somewhere in the middle of a group, each time elsewhere; the last receiver lives.
      let untilKill = kills < KILLS ? 40 + ((kills * 61) % 97) : Number.POSITIVE_INFINITY
      let isDead = false
      const send = async (): Promise<void> => {
        for (let body = unsent.pop(); body !== undefined; body = unsent.pop()) {
          if (await post(receiver.port, agent, body)) acknowledged.add(body)
          else {
            unsent.unshift(body)
            repeated++
          }
          if (--untilKill === 0) {
            isDead = true
            await receiver.kill()
          }
          if (isDead) return
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, send))
      await receiver.kill()
      agent.destroy()
      if (kills > KILLS) throw new Error('callbacks are refused by a receiver nobody killed')
    }
    expect(acknowledged.size).toBe(CALLBACKS)
    expect(repeated).toBeGreaterThan(0)

    const store = await openStore(url)
    const inbox = createInbox({ tenantId: 'school', store, providers: { json: jsonProvider } })
    await inbox.drain()
    const rows = await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 2 * CALLBACKS }))
    const bodies = rows.map(({ body }) => new TextDecoder().decode(body))
    expect(bodies.toSorted()).toEqual([...acknowledged].sort())
    expect(await store.read(tx => tx.countInbox('school'))).toEqual({ new: 0, applied: CALLBACKS, ignored: 0, dead: 0 })
    const sessions = (await eventsOf(store)).map(event => event.type === 'joined' && event.session)
    expect(sessions.toSorted()).toEqual(Array.from({ length: CALLBACKS }, (_, index) => `session ${index}`).sort())
    await store.close()

    if (!url.startsWith('sqlite:')) return
    const database = new DatabaseSync(url.slice('sqlite:'.length))
    expect(database.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
    database.close()
  }, 180_000)
})
