import { courses, type RunningSchool, teachers, tokenOf } from '@examples/school'
import { FakeBbb, type FakeBbbServer, type FakeFault, ManualClock } from 'bbb-client/testing'
import { signWebhook } from 'bbb-client/webhooks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { start } from '../src/start.ts'

const secret = 'canary-secret+of/the=server&%'
const [course] = courses
const [teacher] = teachers
const callbackUrl = 'http://127.0.0.1:9/api/v1/classes/bbb-webhook/4be1c7'

let bbb: FakeBbbServer
let running: RunningSchool
let log: string

const write = (line: string): void => {
  log += line
}

/** The example against a server of its own, or an address where none is. */
async function run(env: Readonly<Record<string, string>> = {}): Promise<void> {
  log = ''
  running = await start({
    env: {
      PORT: '0',
      DATABASE_URL: 'sqlite::memory:',
      BBB_SERVER_URL: bbb.url,
      BBB_SHARED_SECRET: secret,
      BBB_WEBHOOK_URL: callbackUrl,
      ...env,
    },
    logger: { level: 'debug', stream: { write } },
  })
}

beforeEach(async () => {
  bbb = await new FakeBbb({ secret, clock: new ManualClock({ startAt: Date.now() }) }).serve({ port: 0 })
})
afterEach(async () => {
  await running.close()
  await bbb.close()
})

async function ask(method: string, path: string, body?: object) {
  const response = await fetch(`${running.url}/api/v1/courses/${path}`, {
    method,
    headers: { authorization: `Bearer ${tokenOf(teacher)}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const answer = (await response.json()) as {
    data: { id: string; status: string; meeting_created: boolean; provisioning_reason: string | null }
    error: { code: string; message: string }
  }
  return { status: response.status, ...answer }
}

const plan = () =>
  ask('POST', `${course?.id}/create_virtual_class/`, {
    title: 'Photosynthesis',
    scheduled_at: new Date(Date.now() + 3_600_000).toISOString(),
  })

/** The lines of the log that are warnings or worse. */
const warnings = (): string[] => log.split('\n').filter(line => /"level":(40|50|60)/.test(line))

const fault = (given: FakeFault): void => {
  // Every try meets it, and so does the hook that is kept beside the class.
  bbb.fake.faults.add({ ...given, call: 'create', times: 20 })
}

describe('what goes wrong between the LMS and BigBlueButton', () => {
  const cases: readonly {
    readonly title: string
    readonly env?: Readonly<Record<string, string>>
    readonly arrange?: () => void
    readonly code: string
    readonly says: RegExp
  }[] = [
    {
      title: 'a wrong secret',
      env: { BBB_SHARED_SECRET: 'canary-another-secret-altogether' },
      code: 'UNAUTHORIZED',
      says: /checksumError.*compare the shared secret/,
    },
    {
      title: 'a server that is not there',
      env: { BBB_SERVER_URL: 'http://127.0.0.1:9' },
      code: 'UNAVAILABLE',
      says: /refused the connection: check port, firewall/,
    },
    {
      title: 'an HTML page instead of XML',
      arrange: () => fault({ kind: 'garbage' }),
      code: 'UNAVAILABLE',
      says: /a web page came instead of an API answer: check the server URL/,
    },
    {
      title: 'a truncated answer',
      arrange: () => fault({ kind: 'cut', bytes: 90 }),
      code: 'UNAVAILABLE',
      says: /incomplete|broke the connection/,
    },
  ]

  it.each(cases)(
    '$title: a typed error that says what to do, and the process goes on',
    async ({ env, arrange, code, says }) => {
      arrange?.()
      await run(env)
      const planned = await plan()
      // The class is kept and tried again; nobody lost what they typed.
      expect(planned).toMatchObject({
        status: 200,
        data: { meeting_created: false, provisioning_reason: expect.any(String) },
      })
      expect(warnings().join('\n')).toContain(`"code":"${code}"`)
      expect(warnings().join('\n')).toMatch(says)

      const started = await ask('POST', `live-classes/${planned.data.id}/start_class/`)
      expect(started.status).toBeGreaterThanOrEqual(500)
      expect(started.error.code).toBe(code)
      expect(started.error.message).toMatch(/^[A-Z].*\.$/)

      expect(await ask('GET', `live-classes/${planned.data.id}/`)).toMatchObject({
        status: 200,
        data: { status: 'scheduled' },
      })
      expect(log + JSON.stringify([planned, started])).not.toMatch(/canary|checksum=|[0-9a-f]{64}/)
    },
  )

  it('works again by itself once the server does', async () => {
    fault({ kind: 'garbage' })
    await run()
    const { data } = await plan()
    bbb.fake.faults.clear()
    expect(await ask('POST', `live-classes/${data.id}/start_class/`)).toMatchObject({
      status: 200,
      data: { status: 'live' },
    })
  })
})

describe('what goes wrong between BigBlueButton and the LMS', () => {
  const events = [
    {
      data: {
        type: 'event',
        id: 'meeting-ended',
        attributes: { meeting: { 'internal-meeting-id': 'x-1' } },
        event: { ts: 1_795_370_308_177 },
      },
    },
  ]

  it('a callback with a wrong checksum: 401, a line that says what to check, and the process goes on', async () => {
    await run()
    const post = async (given: { target: string; headers: Record<string, string>; body: string }) => {
      const response = await fetch(new URL(given.target, running.url), {
        method: 'POST',
        headers: given.headers,
        body: given.body,
      })
      return { status: response.status, text: await response.text() }
    }
    const good = signWebhook({ callbackUrl, secret, events })
    const forged = signWebhook({ callbackUrl, secret: 'canary-a-secret-somebody-guessed', events })
    const refused = await post(forged)
    expect(refused).toMatchObject({ status: 401 })
    expect(warnings().join('\n')).toMatch(
      /CALLBACK_REJECTED.*No secret and callback URL explain the checksum\. Check that/,
    )
    const signature = new URL(forged.target, running.url).searchParams.get('checksum') ?? 'none'
    expect(log + refused.text).not.toContain(signature)
    expect(log + refused.text).not.toContain('canary')
    expect(await post(good)).toMatchObject({ status: 200 })
  })
})
