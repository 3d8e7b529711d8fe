import { FakeBbb, type FakeBbbOptions } from 'bbb-client/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runWith, terminal } from './support.ts'

const SECRET = 'a-secret-of-tests-only-0123456789'

interface Flavour {
  readonly name: string
  readonly server?: Partial<FakeBbbOptions>
  readonly env?: Readonly<Record<string, string>>
  readonly listens?: boolean
  readonly code: 0 | 1
  readonly says: RegExp
}

const flavours: readonly Flavour[] = [
  { name: 'healthy', listens: true, code: 0, says: /\nAll is well\.\n$/ },
  {
    name: 'wrong secret',
    env: { BBB_SHARED_SECRET: 'another-secret-of-tests-0123456789' },
    code: 1,
    says: /✗ The server refuses the secret, with every checksum algorithm\.\n {2}→ Copy the secret anew from `bbb-conf --secret`/,
  },
  {
    name: 'SHA-1 only',
    server: { supportedChecksumAlgorithms: ['sha1'] },
    code: 1,
    says: /✗ Calls are signed with sha256, and the server takes only sha1\.\n {2}→ Better: add sha256/,
  },
  {
    name: 'SHA-1 only, and told so',
    server: { supportedChecksumAlgorithms: ['sha1'] },
    env: { BBB_CHECKSUM: 'sha1' },
    code: 0,
    says: /! Calls are signed with SHA-1, which is weak/,
  },
  {
    name: 'old release',
    server: { version: '2.7.3' },
    code: 1,
    says: /✗ The server runs 2\.7\.3 .*\n(?: {2}- .*\n)+ {2}- CVE-2024-38518: .*\n {2}→ Update to 3\.0\.35 or later/,
  },
  { name: 'hooks missing', server: { webhooks: false }, code: 0, says: /! bbb-webhooks does not answer here \(404\)/ },
  {
    name: 'hooks missing where they are needed',
    server: { webhooks: false },
    listens: true,
    code: 1,
    says: /✗ bbb-webhooks does not answer here \(404\).*\n {2}→ Install it/,
  },
  {
    name: 'Bearer',
    server: { webhooks: { auth: 'bearer' } },
    listens: true,
    code: 0,
    says: /! Callbacks arrive, and carry the shared secret itself .*\n {2}→ Set bbb\.auth2_0: false/,
  },
  {
    name: 'body-blind webhooks',
    server: { webhooks: { version: '3.3.1' } },
    listens: true,
    code: 1,
    says: /✗ Callbacks carry a checksum that does not cover their content .*\n {2}→ Update bbb-webhooks/,
  },
]

async function doctor({ server, env, listens }: Partial<Flavour>, flags: readonly string[] = []) {
  const fake = await new FakeBbb({
    secret: SECRET,
    version: '3.0.37',
    revealVersion: true,
    webhooks: { algorithm: 'sha256' },
    ...server,
  }).serve()
  onTestFinished(() => fake.close())
  const listening = listens ? ['--callback', 'http://127.0.0.1:0/bbb', '--listen', '0'] : []
  return runWith(['doctor', ...listening, ...flags], {
    env: { BBB_SERVER_URL: fake.url, BBB_SHARED_SECRET: SECRET, ...env },
  })
}

describe('T23 bbb doctor against a server of each kind', () => {
  test.each(flavours)('$name: exit status $code', async flavour => {
    const { code, out } = await doctor(flavour)
    expect(out).toMatch(flavour.says)
    expect(code).toBe(flavour.code)
    expect(out).not.toContain(SECRET)
  })

  test('--strict: a warning is enough', async () => {
    expect((await doctor({ server: { webhooks: false } }, ['--strict'])).code).toBe(1)
    expect((await doctor({ listens: true }, ['--strict'])).code).toBe(0)
  })

  test('--json: the same as data', async () => {
    const { out, code } = await doctor({ server: { webhooks: { version: '3.3.1' } }, listens: true }, ['--json'])
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      healthy: false,
      findings: expect.arrayContaining([
        { level: 'fail', code: 'callback-body-blind', message: expect.any(String), fix: expect.any(String) },
      ]),
    })
  })

  test('--bbb-version helps where the server is silent', async () => {
    const silent = { server: { revealVersion: false } }
    expect(await doctor(silent)).toMatchObject({ code: 0, out: /does not tell its release/ })
    expect(await doctor(silent, ['--bbb-version', '3.0.20'])).toMatchObject({ code: 1, out: /CVE-2026-46353/ })
  })

  test('the certificate is part of it', async () => {
    const { out } = await terminal().bbb('doctor', {
      readCertificate: async () => ({ validTo: new Date(0), protocol: 'TLSv1.2' }),
    })
    expect(out).toMatch(/! TLSv1\.2, certificate valid until 1970-01-01: -\d+ days from now\.\n {2}→ Renew it/)
  })
})
