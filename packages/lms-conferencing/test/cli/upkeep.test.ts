import { BbbClient } from 'bbb-client'
import { FakeBbb } from 'bbb-client/testing'
import { signWebhook } from 'bbb-client/webhooks'
import { openStore } from 'lms-conferencing/sql'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createConferencing } from '../../src/conferencing.ts'
import { bbbProvider } from '../../src/providers/bbb/index.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import { onEachDatabase } from '../support/databases.ts'
import { cli } from './support.ts'

const secret = 'the-right-secret-of-the-bbb-server'
const callbackUrl = 'https://lms.example/api/v1/classes/bbb-webhook/9f2c4e'
const bbbEnv = { BBB_SERVER_URL: 'https://bbb.example', BBB_SHARED_SECRET: secret, BBB_WEBHOOK_URL: callbackUrl }

/** A database whose application had the wrong secret when three callbacks came, and one that nobody signed. */
async function withQuarantine(url: string): Promise<void> {
  const store = await openStore(url)
  const conferencing = createConferencing({
    providers: {
      bbb: bbbProvider({
        client: new BbbClient({ url: 'https://bbb.example', secret }),
        callbacks: { url: callbackUrl, secrets: 'an-outdated-secret-of-the-bbb-server' },
      }),
    },
    store,
  })
  const attributes = { meeting: { 'internal-meeting-id': 'room-1', 'external-meeting-id': 'room' } }
  for (const ts of [1, 2, 3]) {
    const events = [{ data: { type: 'event', id: 'meeting-created', attributes, event: { ts } } }]
    const made = signWebhook({ callbackUrl, secret, events, timestamp: Date.now() })
    const request = { ...made, body: Buffer.from(made.body) }
    await expect(conferencing.receiveCallback('bbb', request)).rejects.toMatchObject({ code: 'CALLBACK_REJECTED' })
  }
  const junk = {
    method: 'POST',
    target: '/x',
    headers: { authorization: 'Bearer canary' },
    body: Buffer.from('canary'),
  }
  await expect(conferencing.receiveCallback('bbb', junk)).rejects.toMatchObject({ code: 'CALLBACK_REJECTED' })
  await conferencing.stop()
  await store.close()
}

async function withClasses(url: string, ...providers: readonly string[]): Promise<void> {
  const store = await openStore(url)
  await store.transaction(async tx => {
    for (const [index, provider] of providers.entries()) {
      const ended = { startedAt: new Date('2027-03-01T09:00:00Z'), endedAt: new Date('2027-03-01T10:00:00Z') }
      const about = { tenantId: 'default', id: `class-${index + 1}`, provider, status: 'completed', ...ended } as const
      await tx.insertClass(sampleClass(about, { provider, serverId: 'default', meetingKey: `key-${index}` }))
    }
  })
  await store.close()
}

describe('lms-conferencing', () => {
  onEachDatabase(({ open }) => {
    test('T41 T52 inbox requeue: what would happen, then what does, then nothing; with the right secret only', async () => {
      const url = await open()
      await withQuarantine(url)
      const lms = (words: string, env: object = bbbEnv) => cli(words, { env: { DATABASE_URL: url, ...env } })
      const refused = await lms('inbox refused')
      expect(refused.out.split('\n')).toHaveLength(6)
      expect(refused.out).toMatch(/bbb +mismatch +6 +if signed\n/)
      expect(refused.out + (await lms('--json inbox refused')).out).not.toMatch(/canary|checksum=/)

      const wrong = await lms('--json inbox requeue', {
        ...bbbEnv,
        BBB_SHARED_SECRET: 'still-another-secret-of-the-server',
      })
      expect(JSON.parse(wrong.out)).toMatchObject({ passed: 0, refused: { mismatch: 3, credential_not_kept: 1 } })
      const dry = await lms('inbox requeue --dry-run')
      expect(dry).toMatchObject({ code: 0, err: '' })
      expect(dry.out).toMatch(
        /^Would be done, nothing was changed:\npassed +3\nstale +0\nstill refused: credential_not_kept +1\n$/,
      )
      expect(JSON.parse((await lms('--json inbox list')).out)).toEqual([])

      const one = JSON.parse((await lms('--json inbox refused --limit 1')).out)[0].id
      expect(JSON.parse((await lms(`--json inbox requeue ${one}`)).out)).toMatchObject({ passed: 1, refused: {} })
      expect((await lms('inbox requeue')).out).toMatch(/^Done:\npassed +2\n/)
      expect((await lms('inbox requeue')).out).toMatch(/^Done:\npassed +0\n/)
      expect(JSON.parse((await lms('--json inbox list --state new')).out)).toHaveLength(3)
      expect((await lms('db check')).out).toMatch(/ada +requeue +2\n/)
    })

    test('T52 reconcile: which classes, then what was found, and which service had no answer', async () => {
      const url = await open()
      await withClasses(url, 'bbb', 'nothing')
      const lms = (words: string) => cli(words, { env: { DATABASE_URL: url, ...bbbEnv } })
      const dry = await lms('reconcile --since 2027-03-01 --dry-run')
      expect(dry).toEqual({
        code: 0,
        out: 'Would be asked about, nothing was changed:\n  class-1\n  class-2\n',
        err: '',
      })
      expect((await lms('--json reconcile --since 2027-03-02 --dry-run')).out).toContain('"classes": []')
      const done = await lms('reconcile --since 2027-03-01T10:00:00Z')
      expect(done.code).toBe(1)
      expect(done.out).toMatch(/class-1 +0 +0 +0 +-\nclass-2 +- +0 +0 +UNSUPPORTED: No provider named "nothing"/)
      expect(done.err).toMatch(/^1\/2 class-1: 0 facts added\n2\/2 class-2: UNSUPPORTED/)
      expect(await lms('reconcile --class class-1')).toMatchObject({ code: 0 })
      expect(await lms('reconcile --class nobody')).toMatchObject({ code: 1 })
      expect((await lms('db check')).out).toMatch(/ada +reconcile +2\n/)
    })

    test('inbox replay: several, and all', async () => {
      const url = await open()
      await withQuarantine(url)
      const lms = (words: string) => cli(words, { env: { DATABASE_URL: url, ...bbbEnv } })
      await lms('inbox requeue')
      expect((await lms('inbox replay 1 2')).out).toMatch(/replayed +2\n/)
      expect(await lms('inbox replay 1 99')).toMatchObject({ code: 1 })
      expect((await lms('inbox replay --all --dry-run')).out).toMatch(/replayed +3\n/)
      expect(await lms('inbox replay 1 --all')).toMatchObject({ code: 2 })
      expect(await lms('inbox replay')).toMatchObject({ code: 2 })
    })
  })

  test('hooks ensure: registers where there is nothing, finds it the next time, says when nobody answers', async () => {
    const fake = new FakeBbb({ secret })
    const served = await fake.serve()
    onTestFinished(() => fake.close())
    const env = { DATABASE_URL: 'sqlite::memory:', BBB_SERVER_URL: served.url, BBB_SHARED_SECRET: secret }
    const lms = (more: object = {}) => cli('hooks ensure', { env: { ...env, BBB_WEBHOOK_URL: callbackUrl, ...more } })
    expect((await lms()).out).toMatch(/bbb +default +hook created/)
    expect(await lms()).toMatchObject({ code: 0, out: expect.stringMatching(/bbb +default +hook kept/) })
    expect(await lms({ BBB_WEBHOOK_URL: '' })).toMatchObject({
      code: 0,
      out: expect.stringMatching(/bbb +- +none to keep/),
    })
    const other = await lms({ BBB_SHARED_SECRET: 'a-secret-that-is-another-one' })
    expect(other).toMatchObject({ code: 1, out: expect.stringMatching(/bbb +default +not kept: UNAUTHORIZED/) })
    expect(other.err).toContain('callbacks not kept')
    expect(other.out + other.err).not.toMatch(/checksum=|a-secret/)
  })

  test('Ctrl-C ends between two steps, with 130', async () => {
    const env = { DATABASE_URL: 'sqlite::memory:', ...bbbEnv }
    const stopped = await cli('reconcile --class a b c', { env, signal: AbortSignal.abort() })
    expect(stopped).toMatchObject({ code: 130, out: '', err: expect.stringContaining('Stopped.') })
  })

  test('T24 what is wrong with the environment is named, without its value', async () => {
    const database = { DATABASE_URL: 'sqlite::memory:' }
    const wrong = [
      [{}, 'BBB_SERVER_URL'],
      [{ BBB_SERVER_URL: 'https://bbb.example' }, 'BBB_SHARED_SECRET'],
      [{ BBB_SERVER_URL: 'https://bbb.example', BBB_SHARED_SECRET: 'canary' }, 'secret'],
      [{ ZOOM_ACCOUNT_ID: 'canary' }, 'ZOOM_CLIENT_ID'],
      [{ ...bbbEnv, BBB_MUTE_ON_START: 'canary' }, 'BBB_MUTE_ON_START'],
    ] as const
    for (const [env, name] of wrong) {
      const { code, out, err } = await cli('inbox requeue', { env: { ...database, ...env } })
      expect([code, out]).toEqual([2, ''])
      expect(err).toContain(name)
      expect(err).not.toContain('canary')
    }
  })

  test('each command has help with an example', async () => {
    const names = ['db migrate', 'db check', 'reconcile', 'hooks ensure']
    for (const name of ['list', 'show', 'replay', 'refused', 'requeue', 'purge', 'erase']) names.push(`inbox ${name}`)
    for (const name of names) {
      const { code, out, err } = await cli(`${name} --help`)
      expect([code, err]).toEqual([0, ''])
      expect(out).toMatch(new RegExp(`Examples?:\n  lms-conferencing ${name}`))
    }
  })
})
