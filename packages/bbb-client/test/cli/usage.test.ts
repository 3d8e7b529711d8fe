import { describe, expect, test } from 'vitest'
import { runWith, terminal } from './support.ts'

const COMMANDS = [
  '',
  'create',
  'join-url',
  'list',
  'info',
  'end',
  'recordings',
  'recordings list',
  'recordings publish',
  'recordings unpublish',
  'recordings delete',
  'tracks',
  'tracks list',
  'tracks put',
  'hooks',
  'hooks list',
  'hooks ensure',
  'hooks destroy',
  'hooks ping',
  'doctor',
  'fake',
]

describe('help', () => {
  test.each(COMMANDS)('of bbb %s describes it, with examples', async command => {
    const { code, out, err } = await runWith([...command.split(' ').filter(Boolean), '--help'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^Usage: bbb/)
    expect(out).toMatch(/\nExamples?:\n {2}bbb /)
  })

  test('names every command', async () => {
    const { out } = await runWith('--help')
    const named = [...out.matchAll(/^ {2}([a-z-]+)(?: |$)/gm)].map(([, name]) => name)
    expect(named).toEqual(expect.arrayContaining(COMMANDS.filter(name => name !== '' && !name.includes(' '))))
  })

  test('every example is a command line that the command takes', async () => {
    const env = { BBB_SERVER_URL: 'https://bbb.example.org', BBB_SHARED_SECRET: 'a-secret-of-tests-only-0123456789' }
    for (const command of COMMANDS) {
      const { out } = await runWith([...command.split(' ').filter(Boolean), '--help'])
      for (const [, line = ''] of out.matchAll(/^ {2}bbb (.+)$/gm)) {
        const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')
        if (words[0] === 'fake') words.push('--help')
        const client = { fetch: () => Promise.reject(new Error('no network')) }
        const { err } = await runWith(words, { env, client, readCertificate: () => Promise.reject(new Error('no')) })
        expect(err, line).not.toMatch(/error: (unknown|missing|option|required|too many)/)
      }
    }
  })

  test('--version', async () => {
    expect(await runWith('--version')).toEqual({ code: 0, out: '1.2.3\n', err: '' })
  })
})

describe('exit status 2 and one sentence for wrong usage', () => {
  test.each([
    ['nonsense', /unknown command 'nonsense'/],
    ['list --nonsense', /unknown option '--nonsense'/],
    ['list something', /too many arguments/],
    ['info', /missing required argument 'meetingID'/],
    ['recordings nonsense', /unknown command 'nonsense'/],
    ['list --timeout soon', /whole number/],
    ['doctor --listen 3000', /needs '--callback <url>'/],
    ['doctor --callback https://lms.example.org/ --listen 70000', /port/],
  ])('bbb %s', async (words, err) => {
    const ran = await terminal().bbb(words)
    expect(ran).toMatchObject({ code: 2, out: '', err })
    expect(ran.err.trim().split('\n').length).toBeLessThanOrEqual(2)
  })

  test.each([
    [{}, /^bbb: BBB_SERVER_URL/],
    [{ BBB_SERVER_URL: 'https://bbb.example.org' }, /^bbb: BBB_SHARED_SECRET/],
    [{ BBB_SERVER_URL: 'https://bbb.example.org', BBB_SHARED_SECRET: 'short' }, /16 characters.*bbb-conf --secret/],
    [
      { BBB_SERVER_URL: 'https://bbb.example.org', BBB_SHARED_SECRET: 'long-enough-as-a-secret', BBB_CHECKSUM: 'md5' },
      /^bbb: BBB_CHECKSUM/,
    ],
  ])('environment %#', async (env, err) => {
    expect(await runWith('list', { env })).toMatchObject({ code: 2, out: '', err })
  })
})

describe('exit status 1 for what failed', () => {
  test('one sentence says what to do; --verbose adds the details', async () => {
    const { bbb } = terminal()
    const wrong = {
      env: { BBB_SERVER_URL: 'https://bbb.example.org', BBB_SHARED_SECRET: 'another-secret-of-the-cli' },
    }
    const short = await bbb('list', wrong)
    expect(short).toMatchObject({ code: 1, out: '', err: /^bbb: getMeetings failed with checksumError: .*\n$/ })
    expect(short.err.trim().split('\n')).toHaveLength(1)
    const long = await bbb('list --verbose', wrong)
    expect(long.err).toMatch(/\n {2}code: BBB_API_FAILED\n {2}call: getMeetings\n {2}attempts: 1\n/)
    expect(long.err).toMatch(/messageKey: checksumError/)
  })

  test('a network that fails says which way', async () => {
    const client = { fetch: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })) }
    const ran = await terminal().bbb('list --timeout 1 --verbose', {
      client: { ...client, clock: hurried },
    })
    expect(ran).toMatchObject({ code: 1, err: /has no address: check the host name/ })
    expect(ran.err).toMatch(/systemCode: ENOTFOUND/)
  })

  test('an interruption ends the call', async () => {
    const controller = new AbortController()
    const fetch = (_url: string, { signal }: { signal: AbortSignal }): Promise<never> => {
      const ended = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      controller.abort(new Error('stopped'))
      return ended
    }
    const ran = await terminal().bbb('list', { signal: controller.signal, client: { fetch } })
    expect(ran).toEqual({ code: 1, out: '', err: 'bbb: stopped.\n' })
  })

  test('an interruption of a question does nothing', async () => {
    const { bbb, fake } = terminal()
    await bbb('create algebra')
    const controller = new AbortController()
    const ask = async (): Promise<string> => {
      controller.abort(new Error('stopped'))
      throw new DOMException('The operation was aborted', 'AbortError')
    }
    const ran = await bbb('end algebra', { signal: controller.signal, ask })
    expect(ran).toEqual({ code: 1, out: '', err: 'bbb: stopped.\n' })
    expect(fake.meeting('algebra')).toBeDefined()
  })

  test('T7 SHA-1 is used when it is asked for, with a warning', async () => {
    const { bbb, fake } = terminal({ supportedChecksumAlgorithms: ['sha1'] })
    const env = {
      BBB_SERVER_URL: 'https://bbb.example.org',
      BBB_SHARED_SECRET: `s3cret+/=%&'"$(.*)-of-the-cli`,
      BBB_CHECKSUM: 'sha1',
    }
    expect(await bbb('list', { env })).toMatchObject({ code: 0, err: /^bbb: warning: .*SHA-1 is weak/ })
    expect(fake.faults.pending).toBe(0)
  })
})

/** No pause between repetitions. */
const hurried = {
  now: () => 0,
  random: () => 0,
  setTimeout: (callback: () => void, ms: number) => (ms === 0 ? setImmediate(callback) : undefined),
  clearTimeout: (handle: unknown) => clearImmediate(Object(handle)),
}
