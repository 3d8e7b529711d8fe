import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { diagnose, type Finding, KNOWN_WEAKNESSES, SAFE_RELEASE, weaknessesOf } from 'bbb-client/doctor'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CANARY, codes, examine, serve, troubles } from './flavours.ts'

const find = (findings: readonly Finding[], code: string): Finding | undefined =>
  findings.find(finding => finding.code === code)

/** Answers every request as told, on loopback, for this test. */
async function answering(status: number, body = '', headers: Record<string, string> = {}): Promise<string> {
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(status, headers).end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(() => resolve()))
  })
  const { port }: AddressInfo = Object(server.address())
  return `http://127.0.0.1:${port}`
}

const INDEX = '<response><returncode>SUCCESS</returncode><version>2.0</version></response>'

describe('address and way', () => {
  test('a configuration that cannot be used is said without the secret', async () => {
    const findings = await diagnose({ client: { url: 'https://bbb.example.org', secret: 'short' } })
    expect(findings).toEqual([
      {
        level: 'fail',
        code: 'config-invalid',
        message: 'The configuration cannot be used: secret: is shorter than 16 characters.',
      },
    ])
  })

  test('T23 plain http to another machine is unwise', async () => {
    const client = { url: 'http://bbb.example.org', secret: CANARY, allowInsecureHttp: true, fetch: refusing }
    expect(troubles(await diagnose({ client }))).toEqual(['warn address-insecure', 'fail server-unreachable'])
  })

  test('nobody there, a web page, an error page, a redirect', async () => {
    const nobody = await diagnose({ client: { url: 'http://127.0.0.1:1', secret: CANARY } })
    expect(find(nobody, 'server-unreachable')?.message).toMatch(/^http:\/\/127.0.0.1:1 refused the connection/)
    for (const url of [
      await answering(200, '<!DOCTYPE html><title>Hello</title>'),
      await answering(404, 'not found'),
      await answering(502),
      await answering(302, '', { location: 'https://elsewhere.example/?checksum=1' }),
    ]) {
      const findings = await diagnose({ client: { url, secret: CANARY } })
      expect(troubles(findings)).toEqual(['fail server-unreachable'])
      expect(find(findings, 'server-unreachable')?.fix).toContain('bbb-conf --secret')
    }
  })

  test.each([
    ['CERT_HAS_EXPIRED', 'renew it'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'another host name'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'full chain'],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'TLS 1.2'],
  ])('TLS that failed with %s says what to do', async (code, fix) => {
    const client = {
      url: 'https://bbb.example.org',
      secret: CANARY,
      fetch: () => Promise.reject(Object.assign(new Error('failed'), { code })),
    }
    const findings = await diagnose({ client })
    expect(find(findings, 'server-tls-refused')?.fix).toContain(fix)
  })

  test.each([
    [30, []],
    [13, ['warn tls-expires-soon']],
    [-1, ['warn tls-expires-soon']],
  ])('a certificate with %i days left', async (days, expected) => {
    const { checkCertificate } = await import('../../src/doctor/server.ts')
    const { admit } = await import('../../src/doctor/patient.ts')
    const now = Date.UTC(2026, 10, 22)
    const clock = { now: () => now, random: () => 0, setTimeout, clearTimeout: () => {} }
    const options = { url: 'https://bbb.example.org', secret: CANARY, clock }
    const validTo = new Date(now + days * 86_400_000)
    const finding = await checkCertificate(admit(options, undefined), async () => ({ validTo, protocol: 'TLSv1.3' }))
    expect(troubles(finding ? [finding] : [])).toEqual(expected)
  })

  test('a certificate that cannot be seen is no finding', async () => {
    const { readCertificate } = await import('../../src/doctor/server.ts')
    await expect(readCertificate(new URL('https://127.0.0.1:1'), {})).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(readCertificate(new URL('https://127.0.0.1:1'), { signal })).rejects.toThrow()
  })

  test('a clock that is wrong', async () => {
    const { url } = await serve()
    const headerOf =
      (date: string): typeof fetch =>
      async (input, init) => {
        const answer = await fetch(input, init)
        return new Response(await answer.text(), { headers: { date } })
      }
    const now = Date.UTC(2026, 10, 22, 12)
    const clock = {
      now: () => now,
      random: () => 0,
      setTimeout,
      clearTimeout: (handle: unknown) => clearTimeout(Object(handle)),
    }
    const examineAt = async (seconds: number): Promise<Finding | undefined> => {
      const client = { url, secret: CANARY, clock, fetch: headerOf(new Date(now + seconds * 1000).toUTCString()) }
      return (await diagnose({ client })).find(({ code }) => code.startsWith('clock-'))
    }
    expect(await examineAt(3600)).toMatchObject({ code: 'clock-skewed', message: expect.stringMatching(/ahead of/) })
    expect(await examineAt(-3600)).toMatchObject({ code: 'clock-skewed', message: expect.stringMatching(/behind/) })
    expect(await examineAt(10)).toMatchObject({ code: 'clock-agrees' })
    const without = { url, secret: CANARY, fetch: headerOf('') }
    expect(codes(await diagnose({ client: without })).filter(code => code.startsWith('clock-'))).toEqual([])
  })

  test('a call that is refused for another reason, and a load balancer', async () => {
    const url = await answering(200, INDEX.replace('</version>', '</version><build>1.8.5</build>'))
    const findings = await diagnose({ client: { url, secret: CANARY } })
    expect(codes(findings)).toContain('load-balancer')
  })

  test('an API that is switched off', async () => {
    const { url } = await serve()
    const client = {
      url,
      secret: CANARY,
      fetch: (input: string) =>
        Promise.resolve(
          new Response(
            input.includes('isMeetingRunning')
              ? '<response><returncode>FAILED</returncode><messageKey>apiNotEnabled</messageKey><message>off</message></response>'
              : INDEX,
          ),
        ),
    }
    expect(troubles(await diagnose({ client }))).toContain('fail signed-call-failed')
  })
})

async function refusing(): Promise<never> {
  throw Object.assign(new Error('no such host'), { code: 'ENOTFOUND' })
}

describe('T23 releases', () => {
  const idsOf = (release: string): readonly string[] | undefined => weaknessesOf(release)?.flatMap(({ ids }) => ids)

  test('the floor has no weakness of the list, the release before it has', () => {
    expect(weaknessesOf(SAFE_RELEASE)).toEqual([])
    expect(weaknessesOf('3.0.34')).toHaveLength(1)
    expect(weaknessesOf('3.1.0')).toEqual([])
    expect(weaknessesOf('4.0.0')).toEqual([])
  })

  test('a release of an older branch has what was never fixed there', () => {
    expect(idsOf('2.7.8')).toContain('CVE-2026-46353')
    expect(idsOf('2.7.8')).not.toContain('CVE-2024-38518')
    expect(idsOf('2.7.7')).toContain('CVE-2024-38518')
    expect(idsOf('2.6.18')).not.toContain('CVE-2024-38518')
    expect(idsOf('2.6.17')).toContain('CVE-2024-38518')
    expect(idsOf('2.5.19')).toContain('CVE-2024-38518')
    expect(idsOf('3.0.0-beta.1')).not.toContain('CVE-2024-38518')
  })

  test('the four that matter most to an application are known at their release', () => {
    const fixedIn = (id: string): readonly string[] | undefined =>
      KNOWN_WEAKNESSES.find(({ ids }) => ids.includes(id))?.fixedIn
    expect(fixedIn('CVE-2026-46353')).toEqual(['3.0.21'])
    expect(fixedIn('CVE-2026-46351')).toEqual(['3.0.21'])
    expect(fixedIn('CVE-2026-41126')).toEqual(['3.0.24'])
    expect(fixedIn('CVE-2026-55489')).toEqual(['3.0.29'])
  })

  test('what is no release is unknown, not safe', async () => {
    expect(weaknessesOf('develop')).toBeUndefined()
    expect(troubles(await examine({ revealVersion: false }, {}, { bbbVersion: 'develop' }))).toContain(
      'warn version-unknown',
    )
  })

  test('text from the server is bounded', () => {
    expect(weaknessesOf('9'.repeat(100_000))).toBeUndefined()
  })
})

describe('hooks', () => {
  const WEBHOOKS = { algorithm: 'sha256' } as const

  test('a secret of its own', async () => {
    const { url } = await serve()
    const client = {
      url,
      secret: CANARY,
      fetch: async (input: string, init: RequestInit) => {
        const failed = '<response><returncode>FAILED</returncode><messageKey>checksumError</messageKey></response>'
        return input.includes('/hooks/list') ? new Response(failed) : fetch(input, init)
      },
    }
    expect(troubles(await diagnose({ client }))).toEqual(['fail hooks-secret-wrong'])
  })

  test('a service that is down', async () => {
    const { url, fake } = await serve()
    fake.faults.add({ kind: 'status', status: 502, call: 'hooks/ping' })
    expect(troubles(await diagnose({ client: { url, secret: CANARY } }))).toEqual(['fail hooks-broken'])
  })

  test('the application’s hook: missing, registered, narrowed', async () => {
    const receiver = await answering(401)
    const callbackUrl = `${receiver}/bbb`
    const { url } = await serve({ webhooks: WEBHOOKS })
    const { BbbClient } = await import('bbb-client')
    const bbb = new BbbClient({ url, secret: CANARY })
    const look = async (): Promise<string[]> =>
      codes(await diagnose({ client: { url, secret: CANARY }, callbackUrl })).slice(6)
    expect(await look()).toEqual(['hooks-healthy', 'hook-missing', 'callback-refuses-strangers'])
    const { hookID } = await bbb.hooks.create({ callbackURL: callbackUrl })
    expect(await look()).toEqual(['hooks-healthy', 'hook-registered', 'callback-refuses-strangers'])
    await bbb.hooks.destroy({ hookID })
    await bbb.hooks.create({ callbackURL: callbackUrl, meetingID: 'only-this', getRaw: true })
    expect(await look()).toEqual(['hooks-healthy', 'hook-narrowed', 'callback-refuses-strangers'])
  })
})

describe('the callback URL', () => {
  test.each([
    ['no url', 'callback-url-invalid'],
    ['ftp://lms.example.org/', 'callback-url-invalid'],
    ['https://user:pw@lms.example.org/', 'callback-url-invalid'],
    ['https://lms.example.org/#part', 'callback-url-invalid'],
    ['https://lms.example.org/?checksum=1', 'callback-url-invalid'],
    ['https://LMS.example.org', 'callback-url-invalid'],
    ['https://localhost/bbb', 'callback-url-private'],
    ['https://192.168.1.4/bbb', 'callback-url-private'],
    ['https://lms.local/bbb', 'callback-url-private'],
    ['http://lms.example.org/bbb', 'callback-url-insecure'],
  ])('%s: %s', async (callbackUrl, code) => {
    const { checkCallbackUrl } = await import('../../src/doctor/callback-url.ts')
    const { findings } = checkCallbackUrl(callbackUrl, 'https://bbb.example.org')
    expect(codes(findings)).toContain(code)
    expect(JSON.stringify(findings)).not.toContain('user:pw')
  })

  test('a good one is not spoken of', async () => {
    const { checkCallbackUrl } = await import('../../src/doctor/callback-url.ts')
    expect(checkCallbackUrl('https://lms.example.org/bbb?m=1', 'https://bbb.example.org')).toEqual({
      findings: [],
      isUsable: true,
    })
  })

  test.each([
    [401, 'callback-refuses-strangers'],
    [200, 'callback-accepts-strangers'],
    [404, 'callback-wrong-answer'],
    [403, 'callback-wrong-answer'],
    [405, 'callback-wrong-answer'],
    [302, 'callback-wrong-answer'],
    [500, 'callback-wrong-answer'],
  ])('an application that answers a stranger with %i: %s', async (status, code) => {
    const callbackUrl = `${await answering(status, '', { location: 'https://lms.example.org/' })}/bbb`
    const { url } = await serve()
    const findings = await diagnose({ client: { url, secret: CANARY }, callbackUrl })
    expect(codes(findings).at(-1)).toBe(code)
  })

  test('an application that is not there', async () => {
    const findings = await examine({}, {}, { callbackUrl: 'http://127.0.0.1:1/bbb' })
    expect(troubles(findings)).toEqual(['fail hook-missing', 'fail callback-unreachable'])
  })
})

describe('the test callback', () => {
  /** Time passes at once where the doctor waits for a callback, and nowhere else. */
  const impatient = {
    now: Date.now,
    random: Math.random,
    setTimeout: (callback: () => void, ms: number) =>
      ms === 15_000 ? setImmediate(callback) : setTimeout(callback, ms),
    clearTimeout: (handle: unknown) => {
      clearTimeout(Object(handle))
      clearImmediate(Object(handle))
    },
  }

  test('that never comes', async () => {
    const callbackUrl = 'http://127.0.0.1:1/bbb'
    const client = { clock: impatient, deadlineMs: 10_000, timeoutMs: 9_000 }
    const findings = await examine({}, client, { callbackUrl, listen: { port: 0 } })
    expect(troubles(findings)).toEqual(['fail callback-not-received'])
  })

  test('at a port that is taken', async () => {
    const taken = Number(new URL(await answering(200)).port)
    const findings = await examine({}, {}, { callbackUrl: `http://127.0.0.1:${taken}/bbb`, listen: { port: taken } })
    expect(find(findings, 'config-invalid')?.message).toContain('EADDRINUSE')
  })

  test('T28 Bearer over plain http is no warning but a failure', async () => {
    const { judgeScheme } = await import('../../src/doctor/test-callback.ts')
    expect(judgeScheme('bearer', null, 'http://lms.example.org/bbb')).toMatchObject({ level: 'fail' })
    expect(judgeScheme('bearer', null, 'https://lms.example.org/bbb')).toMatchObject({ level: 'warn' })
  })

  test('of another secret, and without a signature', async () => {
    const { judgeRequest } = await import('../../src/doctor/test-callback.ts')
    const { signWebhook } = await import('bbb-client/webhooks')
    const callbackUrl = 'https://lms.example.org/bbb'
    const foreign = signWebhook({ callbackUrl, secret: 'another-secret-of-tests-0123456789', events: [] })
    expect(judgeRequest(foreign, callbackUrl, CANARY)).toMatchObject({
      code: 'callback-secret-wrong',
      message: expect.stringMatching(/another secret/),
    })
    expect(judgeRequest({ ...foreign, target: '/bbb' }, callbackUrl, CANARY)).toMatchObject({
      code: 'callback-secret-wrong',
      message: expect.stringMatching(/without any signature/),
    })
  })

  test('a meeting or a hook that is refused', async () => {
    const { url, fake } = await serve()
    const options = { client: { url, secret: CANARY }, callbackUrl: 'http://127.0.0.1:0/bbb', listen: { port: 0 } }
    fake.faults.add({ kind: 'status', status: 500, call: 'create' })
    expect(troubles(await diagnose(options))).toEqual(['fail test-meeting-failed'])
    fake.faults.add({ kind: 'status', status: 500, call: 'hooks/create' })
    expect(troubles(await diagnose(options))).toEqual(['fail test-meeting-failed'])
    fake.faults.add({ kind: 'status', status: 500, call: 'hooks/destroy' })
    expect(troubles(await diagnose(options))).toEqual(['warn left-behind'])
  })
})
