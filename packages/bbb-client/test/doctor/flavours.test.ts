import type { BbbClientOptions } from 'bbb-client'
import type { DiagnoseOptions } from 'bbb-client/doctor'
import { diagnose } from 'bbb-client/doctor'
import type { FakeBbbOptions } from 'bbb-client/testing'
import { describe, expect, test } from 'vitest'
import { CANARY, codes, examine, serve, TEST_CALLBACK, troubles } from './flavours.ts'

interface Flavour {
  readonly name: string
  readonly server?: Partial<FakeBbbOptions>
  readonly client?: Partial<BbbClientOptions>
  readonly options?: Partial<DiagnoseOptions>
  readonly troubles: readonly string[]
}

const flavours: readonly Flavour[] = [
  { name: 'healthy', options: TEST_CALLBACK, troubles: [] },
  { name: 'healthy, without a hook', troubles: ['warn hooks-none'] },
  { name: 'wrong secret', client: { secret: 'another-secret-of-tests-0123456789' }, troubles: ['fail secret-wrong'] },
  {
    name: 'the right secret behind a new one',
    client: { secret: ['another-secret-of-tests-0123456789', CANARY] },
    troubles: ['fail secret-older'],
  },
  {
    name: 'SHA-1 only',
    server: { supportedChecksumAlgorithms: ['sha1'] },
    troubles: ['fail checksum-refused'],
  },
  {
    name: 'SHA-1 only, and told so',
    server: { supportedChecksumAlgorithms: ['sha1'] },
    client: { checksum: 'sha1' },
    options: TEST_CALLBACK,
    troubles: ['warn checksum-sha1'],
  },
  {
    name: 'SHA-512 only',
    server: { supportedChecksumAlgorithms: ['sha512'] },
    troubles: ['fail checksum-refused'],
  },
  { name: 'old release', server: { version: '2.7.3' }, troubles: ['fail version-vulnerable', 'warn hooks-none'] },
  { name: 'weak release', server: { version: '3.0.20' }, troubles: ['fail version-vulnerable', 'warn hooks-none'] },
  {
    name: 'a release that is not told',
    server: { revealVersion: false },
    troubles: ['warn version-unknown', 'warn hooks-none'],
  },
  {
    name: 'a release told by the administrator',
    server: { revealVersion: false },
    options: { bbbVersion: '3.0.22' },
    troubles: ['fail version-vulnerable', 'warn hooks-none'],
  },
  { name: 'hooks missing', server: { webhooks: false }, troubles: ['warn hooks-missing'] },
  {
    name: 'hooks missing where they are wanted',
    server: { webhooks: false },
    options: TEST_CALLBACK,
    troubles: ['fail hooks-missing'],
  },
  { name: 'hooks of 2.x', server: { webhooks: { version: '2.6.1' } }, troubles: ['fail hooks-checksum-refused'] },
  {
    name: 'hooks of 2.x, and told so',
    server: { webhooks: { version: '2.6.1' } },
    client: { hooksChecksum: 'sha1' },
    options: TEST_CALLBACK,
    troubles: ['warn callback-old-scheme'],
  },
  {
    name: 'Bearer',
    server: { webhooks: { auth: 'bearer' } },
    options: TEST_CALLBACK,
    troubles: ['warn callback-bearer'],
  },
  {
    name: 'body-blind webhooks',
    server: { webhooks: { version: '3.3.1' } },
    options: TEST_CALLBACK,
    troubles: ['fail callback-body-blind'],
  },
  {
    name: 'callbacks signed with SHA-1',
    server: { webhooks: { algorithm: 'sha1' } },
    options: TEST_CALLBACK,
    troubles: ['warn callback-sha1'],
  },
]

describe('T23 the right diagnosis of each kind of server', () => {
  test.each(flavours)('$name', async ({ server = {}, client, options, troubles: expected }) => {
    expect(troubles(await examine(server, client, options))).toEqual(expected)
  })

  test('T24 no finding of any of them holds the secret, in any spelling', async () => {
    const spellings = [
      CANARY,
      encodeURIComponent(CANARY),
      JSON.stringify(CANARY).slice(1, -1),
      Buffer.from(CANARY).toString('base64'),
      Buffer.from(CANARY).toString('base64url'),
    ]
    for (const { server = {}, client, options } of flavours) {
      const text = JSON.stringify(await examine(server, client, options))
      expect(spellings.filter(spelling => text.includes(spelling))).toEqual([])
      expect(text).not.toMatch(/checksum=|[0-9a-f]{40}/)
    }
  })
})

describe('a diagnosis', () => {
  test('that is healthy says what is fine', async () => {
    expect(codes(await examine({}, {}, TEST_CALLBACK))).toEqual([
      'address-local',
      'server-answers',
      'clock-agrees',
      'version-current',
      'secret-accepted',
      'checksum-accepted',
      'hooks-healthy',
      'callback-signed',
    ])
  })

  test('leaves no meeting and no hook behind', async () => {
    const { url } = await serve()
    await diagnose({ client: { url, secret: CANARY }, ...TEST_CALLBACK })
    const after = await diagnose({ client: { url, secret: CANARY } })
    expect(troubles(after)).toEqual(['warn hooks-none'])
    const { BbbClient } = await import('bbb-client')
    expect(await new BbbClient({ url, secret: CANARY }).getMeetings()).toEqual([])
  })

  test('reads only, unless it is to receive a callback', async () => {
    const { url, fake } = await serve()
    await diagnose({ client: { url, secret: CANARY }, callbackUrl: 'http://127.0.0.1:1/bbb' })
    expect(fake.toJSON()).toMatchObject({ meetings: 0 })
    expect(fake.deliveries).toEqual([])
  })

  test('ends when it is told to, and clears away what it began', async () => {
    const { url } = await serve({ webhooks: { algorithm: 'sha256' } })
    const controller = new AbortController()
    const reason = new Error('enough')
    // The callback goes to a port where nobody is, so the diagnosis waits until it is ended.
    const { BbbClient } = await import('bbb-client')
    const watcher = new BbbClient({ url, secret: CANARY })
    const pending = diagnose({
      client: { url, secret: CANARY },
      callbackUrl: 'http://127.0.0.1:1/bbb',
      listen: { port: 0 },
      signal: controller.signal,
    })
    const poll = async (): Promise<void> => {
      if ((await watcher.getMeetings()).length === 0) return poll()
      controller.abort(reason)
    }
    await Promise.all([expect(pending).rejects.toBe(reason), poll()])
    expect(await watcher.getMeetings()).toEqual([])
    expect(await watcher.hooks.list()).toEqual([])
  })

  test('of an aborted signal asks nobody', async () => {
    await expect(
      diagnose({ client: { url: 'http://127.0.0.1:1', secret: CANARY }, signal: AbortSignal.abort(new Error('no')) }),
    ).rejects.toThrow('no')
  })
})
