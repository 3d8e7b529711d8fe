import { connect } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { FakeBbb, type FakeBbbOptions, type FakeBbbServer, ManualClock } from '../../src/testing/index.ts'
import { query, readAnswer, secret, signedTarget } from './support.ts'

const opened: FakeBbbServer[] = []

afterEach(async () => {
  for (const server of opened.splice(0)) await server.close()
})

async function serve(options: Partial<FakeBbbOptions> = {}) {
  const clock = new ManualClock()
  const server = await new FakeBbb({ secret, clock, ...options }).serve()
  opened.push(server)
  const { origin } = new URL(server.url)
  const call = async (name: string, text = '') => {
    const response = await fetch(origin + signedTarget(name, text), { redirect: 'manual' })
    return readAnswer(response.status, Object.fromEntries(response.headers), await response.text())
  }
  return { server, clock, origin, call }
}

/** Everything a raw connection gives for one request. */
function raw(origin: string, text: string): Promise<string> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text))
    const chunks: Buffer[] = []
    socket.on('data', chunk => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')))
  })
}

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`

describe('serve', () => {
  it('listens on loopback, under the address an administrator would give', async () => {
    const { server, call } = await serve()
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/bigbluebutton\/$/)
    expect((await call('getMeetings')).messageKey).toBe('noMeetings')
  })

  it('gives join links to itself', async () => {
    const { origin, call } = await serve()
    await call('create', 'meetingID=room-1&name=Algebra')
    const answer = await call('join', 'meetingID=room-1&fullName=Ada&role=VIEWER')
    expect(answer.headers.location?.startsWith(`${origin}/html5client/join?sessionToken=`)).toBe(true)
  })

  it('T5 sees the query as it came over the wire, and refuses what Tomcat refuses', async () => {
    const { origin } = await serve()
    const ok = signedTarget('isMeetingRunning', "meetingID=a%20b+c%2Bd'~*()!")
    expect(await raw(origin, get(ok))).toContain('<running>false</running>')
    expect(await raw(origin, get(`${ok}[`))).toMatch(/^HTTP\/1\.1 400 /)
    expect(await raw(origin, get(signedTarget('isMeetingRunning', `meetingID=ab&x=${'a'.repeat(70_000)}`)))).toMatch(
      /^HTTP\/1\.1 400 /,
    )
  })

  it('refuses bodies beyond a mebibyte', async () => {
    const { origin } = await serve()
    const body = 'a'.repeat(1_048_577)
    const answer = await raw(
      origin,
      `POST /bigbluebutton/api/create HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('answers HEAD without a body', async () => {
    const { origin } = await serve()
    const response = await fetch(origin + signedTarget('getMeetings'), { method: 'HEAD' })
    expect([response.status, await response.text()]).toEqual([200, ''])
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0)
  })

  it('closes completely, twice if need be, with requests open', async () => {
    const { server, origin, call } = await serve()
    await call('create', 'meetingID=room-1&name=Algebra')
    server.fake.faults.add({ kind: 'hang' })
    const hanging = call('getMeetings').catch((error: unknown) => error)
    await expect.poll(() => server.fake.faults.pending).toBe(0)
    await Promise.all([server.close(), server.close(), server.fake.close()])
    expect(await hanging).toBeInstanceOf(Error)
    await expect(fetch(origin)).rejects.toThrow()
    await expect(server.fake.serve()).rejects.toThrow('closed')
  })

  it('says when the port is taken', async () => {
    const { server } = await serve()
    const port = Number(new URL(server.url).port)
    await expect(new FakeBbb({ secret }).serve({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})

describe('faults on demand', () => {
  it('slow: the answer waits for the clock', async () => {
    const { server, clock, call } = await serve()
    server.fake.faults.add({ call: 'getMeetings', kind: 'slow', ms: 30_000 })
    let answered = false
    const slow = call('getMeetings').finally(() => {
      answered = true
    })
    await expect.poll(() => clock.pending).toBe(1)
    await clock.advance(29_999)
    expect(answered).toBe(false)
    await clock.advance(1)
    expect((await slow).returncode).toBe('SUCCESS')
  })

  it('drop: no answer; F19 with executed the call has happened all the same', async () => {
    const { server, call } = await serve()
    server.fake.faults.add({ call: 'create', kind: 'drop' })
    await expect(call('create', 'meetingID=room-1&name=Algebra')).rejects.toThrow()
    expect(server.fake.meeting('room-1')).toBeUndefined()
    server.fake.faults.add({ call: 'create', kind: 'drop', executed: true })
    await expect(call('create', 'meetingID=room-1&name=Algebra')).rejects.toThrow()
    expect(server.fake.meeting('room-1')?.name).toBe('Algebra')
  })

  it('garbage: HTTP 200 with something else in it', async () => {
    const { server, call } = await serve()
    server.fake.faults.add({ kind: 'garbage' })
    server.fake.faults.add({ kind: 'garbage', body: '<response/>' })
    const page = await call('getMeetings')
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html'])
    expect(page.body).toContain('Please log in')
    const xml = await call('getMeetings')
    expect([xml.headers['content-type'], xml.body]).toEqual(['text/xml;charset=utf-8', '<response/>'])
  })

  it('status: an nginx page, with the headers asked for', async () => {
    const { server, call } = await serve()
    server.fake.faults.add({ kind: 'status', status: 503, headers: { 'retry-after': '7' }, times: 2 })
    for (let count = 0; count < 2; count++) {
      const answer = await call('getMeetings')
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '7'])
      expect(answer.body).toContain('503 Service Temporarily Unavailable')
    }
    expect((await call('getMeetings')).status).toBe(200)
  })

  it.each(['length', 'chunked', 'close'] as const)(
    'F15 cut, framed by %s: the first N bytes and the end of the connection',
    async framing => {
      const { server, origin, call } = await serve()
      await call('create', query({ meetingID: 'room-1', name: 'Größe' }))
      const target = signedTarget('getMeetings')
      const whole = Buffer.from((await call('getMeetings')).body)
      for (const bytes of [0, 1, 37, whole.length - 1]) {
        server.fake.faults.add({ call: 'getMeetings', kind: 'cut', bytes, framing })
        const answer = await raw(origin, get(target))
        const [head = '', body = ''] = answer.split(/\r\n\r\n(.*)/s)
        expect(head).toContain(
          {
            length: `content-length: ${whole.length}`,
            chunked: 'transfer-encoding: chunked',
            close: 'connection: close',
          }[framing],
        )
        const sent = framing === 'chunked' ? body.replace(/^[0-9a-f]+\r\n/, '').replace(/\r\n$/, '') : body
        expect(
          Buffer.from(sent)
            .subarray(0, whole.length - 1)
            .equals(whole.subarray(0, bytes)),
        ).toBe(true)
      }
    },
  )

  it('hit only the call they are for, in the order they were added, and can be taken back', async () => {
    const { server, call } = await serve()
    const { faults } = server.fake
    faults.add({ call: 'hooks/list', kind: 'status', status: 502 })
    faults.add({ kind: 'status', status: 500 })
    faults.add({ kind: 'status', status: 504, times: 3 })
    expect(faults.pending).toBe(5)
    expect([(await call('getMeetings')).status, (await call('getMeetings')).status]).toEqual([500, 504])
    expect((await call('hooks/list')).status).toBe(502)
    faults.clear()
    expect([faults.pending, (await call('getMeetings')).status]).toEqual([0, 200])
  })
})

describe('T24 T25 secrets', () => {
  it('are nowhere in what is shown of the fake, its server, its sessions and its deliveries', async () => {
    const canary = 'canary-secret/with+odd=chars'
    const clock = new ManualClock()
    const fake = new FakeBbb({ secret: canary, clock })
    const server = await fake.serve()
    opened.push(server)
    const hook = `callbackURL=${encodeURIComponent(`${new URL(server.url).origin}/nobody`)}`
    const ask = (name: string, text: string) =>
      fake.handle({ method: 'GET', target: signedTarget(name, text, canary), headers: {} })
    await ask('hooks/create', hook)
    await ask('create', 'meetingID=room-1&name=Algebra&attendeePW=canary-attendee&moderatorPW=canary-moderator')
    await ask('join', 'meetingID=room-1&fullName=Ada&role=MODERATOR')
    const session = fake.simulate.join('room-1', { fullName: 'Bob' })
    await fake.idle()
    const shown = [fake, server, fake.simulate, fake.faults, session, fake.meeting('room-1'), fake.deliveries].flatMap(
      one => [inspect(one, { depth: 20, showHidden: true, getters: false }), JSON.stringify(one), String(one)],
    )
    expect(fake.deliveries.length).toBeGreaterThan(0)
    for (const text of shown) expect(text).not.toMatch(/canary|sessionToken=|checksum/)
    expect(server.secret).toBe(canary)
  })
})
