import { openStore } from 'lms-conferencing/sql'
import { expect, onTestFinished, test } from 'vitest'
import { ConferencingError } from '../../src/errors.ts'
import { createQuarantine, type QuarantineOptions, type Refusal } from '../../src/inbox/quarantine.ts'
import type { CallbackRequest, VerifiedCallback } from '../../src/provider.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { intercept, setUp, statesOf } from './support.ts'

const request = (text: string, headers: Record<string, string> = {}): CallbackRequest => ({
  method: 'POST',
  target: '/callback/token',
  headers: new Headers({ 'content-type': 'application/json', cookie: 'canary', ...headers }),
  body: new TextEncoder().encode(text),
})

const refusal = (text: string, headers: Record<string, string> = {}): Refusal => ({
  provider: 'json',
  request: request(text, headers),
  reason: 'mismatch',
  signatureHeaders: ['x-signature'],
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
    for (let index = 0; index < 5000; index++) quarantine.add(refusal(`${second} ${index}`))
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
    quarantine.add(refusal(`${index}`.padEnd(900, '.')))
    await quarantine.flush()
  }
  expect(await kept()).toHaveLength(3)
})

test('T41 what was refused for our own mistake is verified and applied later, the rest stays', async () => {
  const { quarantine, kept } = await open()
  const { inbox, store } = await setUp()
  for (const text of ['[]', '[1]', 'forged']) quarantine.add(refusal(text))
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
  const counts = { passed: 2, refused: { CALLBACK_REJECTED: 1 } }
  expect(await quarantine.requeue({ verify, receive: down, dryRun: true })).toEqual(counts)
  expect(await kept()).toHaveLength(3)
  expect(await quarantine.requeue({ verify, receive: inbox.receive })).toEqual(counts)
  expect(await quarantine.requeue({ verify, receive: inbox.receive })).toEqual({ ...counts, passed: 0 })
  expect(await kept()).toHaveLength(1)
  expect(await statesOf(store)).toHaveLength(2)
})

test('a store that is away costs the quarantine its content, and nobody else anything', async () => {
  const memory = await openStore('sqlite::memory:')
  const { quarantine, clock } = await open({ store: memory })
  await memory.close()
  quarantine.add(refusal('a'))
  clock.advance(1000)
  await quarantine.flush()
})

test('T24 keeps what signs, and never the Authorization header, which may be the secret itself; says so', async () => {
  const { quarantine, kept, store } = await open()
  quarantine.add(refusal('[]', { 'x-signature': 'abc', authorization: 'Bearer canary-of-the-api-secret' }))
  quarantine.add(refusal('[1]', { Authorization: 'Basic canary' }))
  await quarantine.flush()
  const rows = await kept()
  expect(rows.map(({ headers }) => headers)).toEqual([
    { 'content-type': 'application/json', 'x-signature': 'abc', authorization: '[removed]' },
    { 'content-type': 'application/json', authorization: '[removed]' },
  ])
  expect(JSON.stringify(rows)).not.toContain('canary')
  const verify = (_: string, { headers, body }: CallbackRequest): VerifiedCallback => {
    if (headers instanceof Headers || !headers['x-signature']) throw new ConferencingError('CALLBACK_REJECTED', 'No.')
    return { serverId: 'server-1', kind: 'hook', body }
  }
  const received: string[] = []
  const receive = async ({ callback }: { callback: VerifiedCallback }): Promise<void> => {
    received.push(new TextDecoder().decode(callback.body))
  }
  expect(await quarantine.requeue({ verify, receive })).toEqual({ passed: 1, refused: { credential_not_kept: 1 } })
  expect(received).toEqual(['[]'])
  expect(await store.read(tx => tx.countRefused('school'))).toBe(1)
})

test('requeues only those that are asked for, and a challenge leaves without being stored', async () => {
  const { quarantine, kept } = await open()
  for (const text of ['a', 'b', 'c']) quarantine.add(refusal(text))
  await quarantine.flush()
  const ids = (await kept()).map(({ id }) => id)
  const verify = (): VerifiedCallback => ({ serverId: 's', kind: 'challenge', body: new Uint8Array(), answer: '{}' })
  const receive = () => Promise.reject(new Error('nothing to store'))
  const looked: number[] = []
  const onProgress = (count: number) => void looked.push(count)
  expect(await quarantine.requeue({ verify, receive, ids: ids.slice(1), onProgress })).toEqual({
    passed: 2,
    refused: {},
  })
  expect(looked).toEqual([2])
  expect((await kept()).map(({ id }) => id)).toEqual(ids.slice(0, 1))
})
