import { inspect } from 'node:util'
import { BbbClient, type BbbClientOptions, BbbConfigError, bbbOptionsFromEnv } from 'bbb-client'
import { describe, expect, it } from 'vitest'
import { refusal } from '../support/outcome.ts'
import { SECRET } from '../support/server.ts'

const make = (options: Partial<BbbClientOptions>): BbbClient =>
  new BbbClient({ url: 'https://bbb.example.org', secret: SECRET, onWarning: () => {}, ...options })

describe('T13 the server address', () => {
  it.each([
    ['https://bbb.example.org', 'https://bbb.example.org/bigbluebutton/api/'],
    ['https://bbb.example.org/', 'https://bbb.example.org/bigbluebutton/api/'],
    ['https://bbb.example.org/bigbluebutton', 'https://bbb.example.org/bigbluebutton/api/'],
    ['https://bbb.example.org/bigbluebutton/', 'https://bbb.example.org/bigbluebutton/api/'],
    ['https://bbb.example.org/bigbluebutton/api', 'https://bbb.example.org/bigbluebutton/api/'],
    ['https://bbb.example.org/bigbluebutton/api/', 'https://bbb.example.org/bigbluebutton/api/'],
    ['bbb.example.org', 'https://bbb.example.org/bigbluebutton/api/'],
    ['HTTPS://BBB.Example.ORG:443/bigbluebutton//', 'https://bbb.example.org/bigbluebutton/api/'],
    ['https://lb.example.org/tenant-1/bigbluebutton/api', 'https://lb.example.org/tenant-1/bigbluebutton/api/'],
    ['https://bbb.example.org:8443', 'https://bbb.example.org:8443/bigbluebutton/api/'],
    ['http://127.0.0.1:8090', 'http://127.0.0.1:8090/bigbluebutton/api/'],
    ['http://localhost', 'http://localhost/bigbluebutton/api/'],
    ['http://[::1]:80', 'http://[::1]/bigbluebutton/api/'],
  ])('%s is %s', (url, expected) => {
    expect(make({ url }).url).toBe(expected)
  })

  it.each([
    ['nothing', ''],
    ['plain http', 'http://bbb.example.org'],
    ['another scheme', 'ftp://bbb.example.org'],
    ['a user', 'https://user@bbb.example.org'],
    ['a password', 'https://user:pass@bbb.example.org'],
    ['a query', 'https://bbb.example.org/?a=1'],
    ['an empty query', 'https://bbb.example.org/?'],
    ['a fragment', 'https://bbb.example.org/#x'],
    ['no host', 'https://'],
    ['no address', 'https://exa mple'],
    ['a script', 'javascript:alert(1)'],
    ['a name that only ends in localhost', 'http://evil-localhost'],
    ['a name under localhost', 'http://localhost.evil.example'],
    ['a port that is none', 'https://bbb.example.org:99999'],
  ])('%s is refused', (_what, url) => {
    expect(() => make({ url })).toThrow(BbbConfigError)
    expect(() => make({ url: undefined as never })).toThrow(/url/)
  })

  it('plain http to another machine only by an option that says so', () => {
    expect(make({ url: 'http://bbb.example.org', allowInsecureHttp: true }).url).toBe(
      'http://bbb.example.org/bigbluebutton/api/',
    )
  })

  it('cannot be changed afterwards', () => {
    const client = make({})
    expect(() => Object.assign(client, { url: 'https://evil.example/' })).toThrow(TypeError)
    expect(client.joinUrl({ meetingID: 'room', fullName: 'Ada', role: 'VIEWER' })).toMatch(
      /^https:\/\/bbb\.example\.org\//,
    )
  })

  it.each([{ ca: 'x' }, { blockPrivateNetworks: true }, { lookup: () => {} }])(
    '%j cannot be kept by a dispatcher or fetch that is given',
    option => {
      expect(() => make({ ...option, fetch: globalThis.fetch })).toThrow(BbbConfigError)
    },
  )
})

describe('T27 bad secrets', () => {
  it.each([
    ['empty', '', /empty/],
    ['a list of none', [], /empty/],
    ['no text', undefined, /empty/],
    ['a number', 1234567890123456, /empty/],
    ['a blank before it', ` ${SECRET}`, /white space/],
    ['a line end after it', `${SECRET}\n`, /white space/],
    ['15 characters', 'a'.repeat(15), /16/],
    ['the one of the documentation', '639259d4-9dd8-4b25-bf01-95f9567eaf4b', /sample/],
    ['the one of the public test server', '8cd8ef52e8e101574e400365b55e11a6', /sample/],
    ['a good one and a bad one', [SECRET, 'tiny-one'], /16/],
  ])('%s is refused, and the rule named', async (_what, secret, rule) => {
    const error = await refusal(() => make({ secret: secret as string }))
    expect(error).toBeInstanceOf(BbbConfigError)
    expect(error).toMatchObject({ code: 'BBB_CONFIG_INVALID', option: 'secret' })
    expect(String(error)).toMatch(rule)
    for (const value of [secret].flat().filter(value => typeof value === 'string' && value.length > 4))
      expect(inspect(error)).not.toContain(String(value).trim())
  })

  it('16 characters are enough, and a sample is for this machine only', () => {
    make({ secret: 'abcdefghijklmnop' })
    make({ url: 'http://127.0.0.1', secret: '639259d4-9dd8-4b25-bf01-95f9567eaf4b' })
  })
})

describe('T26 a secret that changes', () => {
  const person = { meetingID: 'room', fullName: 'Ada', role: 'VIEWER' } as const
  const checksumOf = (secret: BbbClientOptions['secret']): string =>
    make({ secret }).joinUrl(person).split('checksum=')[1] ?? ''

  it('the newest of a list signs', () => {
    expect(checksumOf([SECRET, 'older-secret-0123456789'])).toBe(checksumOf(SECRET))
  })

  /** Options whose secret is asked for. */
  const changing = (secret: () => string | readonly string[]): BbbClientOptions => ({
    url: 'https://bbb.example.org',
    get secret() {
      return secret()
    },
  })

  it('a getter is asked for each call, so that no restart is needed', () => {
    let secret: string | readonly string[] = SECRET
    const client = new BbbClient(changing(() => secret))
    expect(client.joinUrl(person)).toContain(checksumOf(SECRET))
    const tenant = BbbClient.forTenant(Object.freeze(changing(() => secret)))
    secret = ['newer-secret-0123456789', SECRET]
    expect(client.joinUrl(person)).toContain(checksumOf('newer-secret-0123456789'))
    expect(tenant.joinUrl(person)).toContain(checksumOf('newer-secret-0123456789'))
  })

  it('what it gives is checked at construction and when it changes', () => {
    expect(() => new BbbClient(changing(() => 'short'))).toThrow(/16/)
    let secret = SECRET
    const client = new BbbClient(changing(() => secret))
    secret = ''
    expect(() => client.joinUrl(person)).toThrow(/empty/)
  })
})

describe('T25 objects do not give their secret away', () => {
  const canary = `canary+/=%&'"(.*)-0123456789`
  const forms = [canary, encodeURIComponent(canary), Buffer.from(canary).toString('base64'), 'canary']

  it('printed, serialised, copied or walked over, a client shows its address', () => {
    const client = make({ secret: [canary, `${canary}-older`] })
    const lines: string[] = []
    const { log } = console
    console.log = (...args: unknown[]) => lines.push(args.join(' '))
    try {
      console.table(client)
      console.table([client])
    } finally {
      console.log = log
    }
    const own = Reflect.ownKeys(client).map(key => inspect(Reflect.get(client, key), { depth: 9, showHidden: true }))
    const shown = [
      inspect(client),
      inspect(client, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true }),
      inspect(client, { customInspect: false, depth: 9, showHidden: true }),
      inspect({ nested: [client] }, { depth: 9 }),
      JSON.stringify(client),
      JSON.stringify({ client }),
      String(client),
      `${client}`,
      JSON.stringify({ ...client }),
      JSON.stringify(Object.entries(client)),
      String(Object.getOwnPropertyNames(Object.getPrototypeOf(client))),
      ...own,
      ...lines,
    ]
    for (const text of shown) for (const form of forms) expect(text).not.toContain(form)
    expect(inspect(client)).toContain('https://bbb.example.org/bigbluebutton/api/')
    expect(JSON.parse(JSON.stringify(client))).toEqual({
      url: 'https://bbb.example.org/bigbluebutton/api/',
      secret: '[redacted]',
    })
    let copied: unknown
    try {
      copied = structuredClone(client)
    } catch (error) {
      copied = error
    }
    expect(inspect(copied, { depth: 9, showHidden: true })).not.toContain('canary')
  })
})

describe('options', () => {
  it.each([
    [{ timeoutMs: 0 }],
    [{ timeoutMs: -1 }],
    [{ timeoutMs: Number.NaN }],
    [{ deadlineMs: 1.5 }],
    [{ maxResponseBytes: 0 }],
    [{ allowedUrlOrigins: ['lms.example'] }],
    [{ retry: { attempts: 0 } }],
    [{ retry: { baseDelayMs: -5 } }],
    [{ breaker: { failures: 0 } }],
  ])('%j is refused', options => {
    expect(() => make(options)).toThrow(BbbConfigError)
  })

  it.each([{ timeoutMs: 0 }, { deadlineMs: Number.NaN }, { deadlineMs: 1e12 }])(
    'of one call: %j is refused before anything is sent',
    async options => {
      await expect(make({}).getMeetings({}, options)).rejects.toBeInstanceOf(BbbConfigError)
    },
  )

  it('come from the environment, several secrets newest first', () => {
    const options = bbbOptionsFromEnv({
      BBB_SERVER_URL: 'https://bbb.example.org',
      BBB_SHARED_SECRET: `${SECRET} older-secret-0123456789`,
      BBB_CHECKSUM: 'sha512',
    })
    expect(options).toMatchObject({
      secret: [SECRET, 'older-secret-0123456789'],
      checksum: 'sha512',
      allowInsecureHttp: false,
    })
    expect(new BbbClient(options).url).toBe('https://bbb.example.org/bigbluebutton/api/')
  })

  it.each([
    [{}, 'BBB_SERVER_URL'],
    [{ BBB_SERVER_URL: 'https://bbb.example.org' }, 'BBB_SHARED_SECRET'],
    [{ BBB_SERVER_URL: 'x', BBB_SHARED_SECRET: SECRET, BBB_CHECKSUM: 'md5' }, 'BBB_CHECKSUM'],
    [{ BBB_SERVER_URL: 'x', BBB_SHARED_SECRET: SECRET, BBB_ALLOW_INSECURE_HTTP: 'yes' }, 'BBB_ALLOW_INSECURE_HTTP'],
  ])('of the environment %# name what is missing or wrong', async (env, option) => {
    const error = await refusal(() => bbbOptionsFromEnv(env))
    expect(error).toMatchObject({ code: 'BBB_CONFIG_INVALID', option })
    expect(String(error)).not.toContain(SECRET)
  })

  it('making a client opens nothing and starts no timer', () => {
    const before = process.getActiveResourcesInfo().length
    make({})
    expect(process.getActiveResourcesInfo()).toHaveLength(before)
  })
})
