import { openStore } from 'lms-conferencing/sql'
import { expect, onTestFinished, test } from 'vitest'
import { ConferencingError } from '../../src/errors.ts'
import { createQuarantine, type QuarantineOptions } from '../../src/inbox/quarantine.ts'
import type { CallbackRequest, VerifiedCallback } from '../../src/provider.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { intercept, setUp, statesOf } from './support.ts'

const request = (text: string, headers: Record<string, string> = {}): CallbackRequest => ({
  method: 'POST',
  target: '/callback/token',
  headers: new Headers({ 'content-type': 'application/json', cookie: 'canary', ...headers }),
  body: new TextEncoder().encode(text),
})

async function open(options: Partial<QuarantineOptions> = {}) {
  const memory = await openStore('sqlite::memory:')
  let transactions = 0
  const store = intercept(memory, () => {
    transactions++
  })
  const clock = new ManualClock('2026-01-05T09:00:00Z')
  const quarantine = createQuarantine({ tenantId: 'school', store, clock, ...options })
  onTestFinished(async () => {
    await quarantine.stop()
    await memory.close()
  })
  const kept = async () => store.read(tx => tx.listRefused({ tenantId: 'school', limit: 5000 }))
  return { store, clock, quarantine, kept, count: () => transactions }
}

test('T37 a flood of strangers costs one transaction a second, and a bounded number of rows', async () => {
  const { quarantine, clock, kept, count } = await open({ rows: 150 })
  for (let second = 1; second <= 3; second++) {
    for (let index = 0; index < 5000; index++) quarantine.add('json', request(`${second} ${index}`), 'mismatch')
    expect(count()).toBe(second - 1)
    clock.advance(1000)
    await quarantine.flush()
    expect(count()).toBe(second)
  }
  const rows = await kept()
  expect(rows).toHaveLength(150)
  expect(new TextDecoder().decode(rows.at(-1)?.body)).toMatch(/^3 /)
  expect(JSON.stringify(rows)).not.toContain('canary')
})

test('T37 bytes are bounded, too', async () => {
  const { quarantine, kept } = await open({ bytes: 3000 })
  for (let index = 0; index < 10; index++) {
    quarantine.add('json', request(`${index}`.padEnd(900, '.')), 'mismatch')
    await quarantine.flush()
  }
  expect(await kept()).toHaveLength(3)
})

test('T41 what was refused for our own mistake is verified and applied later, the rest stays', async () => {
  const { quarantine, kept } = await open()
  const { inbox, store } = await setUp()
  for (const text of ['[]', '[1]', 'forged']) quarantine.add('json', request(text), 'mismatch')
  const verify = (provider: string, { body, headers, method, target }: CallbackRequest): VerifiedCallback => {
    expect([provider, method, target]).toEqual(['json', 'POST', '/callback/token'])
    expect(headers).toEqual({ 'content-type': 'application/json' })
    if (new TextDecoder().decode(body) === 'forged') throw new ConferencingError('CALLBACK_REJECTED', 'No.')
    return { serverId: 'server-1', kind: 'hook', body }
  }
  const down = async (): Promise<void> => {
    throw new ConferencingError('STORE_UNAVAILABLE', 'Down.')
  }
  await expect(quarantine.requeue({ verify, receive: down })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(await kept()).toHaveLength(3)
  expect(await quarantine.requeue({ verify, receive: inbox.receive })).toBe(2)
  expect(await quarantine.requeue({ verify, receive: inbox.receive })).toBe(0)
  expect(await kept()).toHaveLength(1)
  expect(await statesOf(store)).toHaveLength(2)
})

test('a store that is away costs the quarantine its content, and nobody else anything', async () => {
  const memory = await openStore('sqlite::memory:')
  const { quarantine, clock } = await open({ store: memory })
  await memory.close()
  quarantine.add('json', request('a'), 'mismatch')
  clock.advance(1000)
  await quarantine.flush()
})
