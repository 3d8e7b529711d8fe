import { BbbApiError, BbbNetworkError, BbbResponseError, BbbTimeoutError } from 'bbb-client'
import { bbbHandlers, interceptUndici, mswInterceptor } from 'bbb-client/msw'
import { FakeBbb } from 'bbb-client/testing'
import { delay, HttpResponse, http, passthrough } from 'msw'
import { setupServer } from 'msw/node'
import {
  Agent,
  FormData,
  getGlobalDispatcher,
  MockAgent,
  request,
  setGlobalDispatcher,
  fetch as undiciFetch,
} from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ending } from '../support/outcome.ts'
import { SECRET, type TestServer, testServer } from '../support/server.ts'
import { openClass, production } from './application.ts'

const BUILT_IN = Symbol.for('undici.globalDispatcher.1')
const builtIn = (): unknown => Reflect.get(globalThis, BUILT_IN)

const fake = new FakeBbb({ secret: SECRET })
const server = setupServer(...bbbHandlers(fake))
const before = { global: getGlobalDispatcher(), builtIn: builtIn() }
let restore: ReturnType<typeof interceptUndici>
let elsewhere: TestServer

beforeAll(async () => {
  elsewhere = await testServer()
  server.listen({ onUnhandledFrame: 'bypass' })
  restore = interceptUndici(server)
})
afterEach(() => {
  server.resetHandlers()
  fake.faults.clear()
})
afterAll(async () => {
  restore()
  server.close()
  await Promise.all([fake.close(), elsewhere.close()])
})

describe('an unmodified application', () => {
  test('opens a class on a server that is not there', async () => {
    const link = await openClass(production(SECRET), 'Algebra & co. – 100 % “new”')
    expect(fake.meeting('class-of-27-letters')?.name).toBe('Algebra & co. – 100 % “new”')
    const page = await fetch(link, { redirect: 'manual' })
    expect(page.status).toBe(302)
  })

  test('is told no as by a real server', async () => {
    const wrong = production('another-secret-of-tests-0123456789')
    await expect(wrong.getMeetings()).rejects.toMatchObject({ messageKey: 'checksumError' })
    await expect(wrong.getMeetings()).rejects.toBeInstanceOf(BbbApiError)
  })

  test('posts documents, and gets captions as JSON', async () => {
    const bbb = production(SECRET)
    const meeting = await bbb.create({
      meetingID: 'with-slides',
      name: 'Slides',
      presentations: [{ name: 'slides.pdf', content: new Uint8Array([37, 80, 68, 70]) }],
    })
    expect(meeting.meetingID).toBe('with-slides')
    const recordID = fake.simulate.addRecording({ meetingID: 'with-slides' })
    await bbb.putRecordingTextTrack({
      recordID,
      kind: 'captions',
      lang: 'en',
      file: new TextEncoder().encode('WEBVTT\n'),
    })
    expect(await bbb.getRecordingTextTracks({ recordID })).toEqual(expect.any(Array))
  })
})

describe('every client is answered', () => {
  test('T1 the raw query of undici reaches the handler byte for byte', async () => {
    let seen: string | undefined
    const raw: Pick<FakeBbb, 'handle'> = {
      handle: async ({ target }) => {
        seen = target
        return { status: 200, headers: {}, body: 'ok' }
      },
    }
    server.use(...bbbHandlers(raw))
    // A literal apostrophe and unescaped brackets: what a URL class would rewrite, and so break the signature.
    const path = "/bigbluebutton/api/create?name=O'Brien&a=%7E*%2a+x|[1]"
    await getGlobalDispatcher().request({ origin: 'https://bbb.example.org', path, method: 'GET' })
    expect(seen).toBe(`https://bbb.example.org${path}`)
  })

  test('global fetch, undici request and undici fetch get the same', async () => {
    const url = 'https://bbb.example.org/bigbluebutton/api/'
    const viaFetch = await (await fetch(url)).text()
    const viaRequest = await request(url)
    const viaUndici = await undiciFetch(url)
    expect(viaFetch).toContain('<returncode>SUCCESS</returncode>')
    expect(await viaRequest.body.text()).toBe(viaFetch)
    expect(await viaUndici.text()).toBe(viaFetch)
    expect(viaUndici.headers.get('content-type')).toBe(viaRequest.headers['content-type'])
  })

  test('a client of global fetch', async () => {
    const { BbbClient } = await import('bbb-client')
    const bbb = new BbbClient({ url: 'https://bbb.example.org', secret: SECRET, fetch: globalThis.fetch })
    await bbb.create({ meetingID: "room-o'brien ~*", name: 'Fetched' })
    expect(fake.meeting("room-o'brien ~*")?.name).toBe('Fetched')
  })

  test('a dispatcher of one’s own, by mswInterceptor', async () => {
    const agent = new Agent()
    const { BbbClient } = await import('bbb-client')
    const bbb = new BbbClient({
      url: 'https://bbb.example.org',
      secret: SECRET,
      dispatcher: agent.compose(mswInterceptor(server)),
    })
    expect((await bbb.version()).version).toBe('2.0')
    await agent.close()
  })

  test('request bodies of every kind, headers of every kind, and query options', async () => {
    server.use(
      http.all('https://echo.example/*', async ({ request: incoming }) =>
        HttpResponse.json({
          url: incoming.url,
          type: incoming.headers.get('content-type'),
          one: incoming.headers.get('x-one'),
          body: await incoming.text(),
        }),
      ),
    )
    const echo = async (options: Parameters<typeof request>[1]): Promise<Record<string, string>> => {
      const answer = await request('https://echo.example/path?a=1', { method: 'POST', ...options })
      const json: Record<string, string> = JSON.parse(await answer.body.text())
      return json
    }
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('pie')
      yield Buffer.from('ces')
    }
    const { Readable } = await import('node:stream')
    const form = new FormData()
    form.append('field', 'value')
    expect(await echo({ body: 'text', headers: { 'x-one': '1' } })).toMatchObject({ body: 'text', one: '1' })
    expect(await echo({ body: new Uint8Array([97, 98]), headers: ['x-one', '1'] })).toMatchObject({
      body: 'ab',
      one: '1',
    })
    expect(await echo({ body: Readable.from(pieces()), headers: new Map([['x-one', '1']]) })).toMatchObject({
      body: 'pieces',
      one: '1',
    })
    expect(await echo({ body: form })).toMatchObject({
      type: expect.stringMatching(/^multipart\/form-data; boundary=/),
    })
    expect(await echo({ query: { b: 'x y' } })).toMatchObject({ url: 'https://echo.example/path?a=1&b=x%20y' })
    expect(await echo({ headers: null })).toMatchObject({ body: '' })
  })

  test('several cookies stay several, and HEAD has no body', async () => {
    server.use(
      http.all('https://cookies.example/', () => {
        const headers = new Headers({ 'x-kind': 'test' })
        headers.append('set-cookie', 'a=1')
        headers.append('set-cookie', 'b=2')
        return new HttpResponse('body', { headers })
      }),
    )
    const answer = await request('https://cookies.example/', { method: 'HEAD' })
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    expect(await answer.body.text()).toBe('')
  })

  test('a long answer read slowly arrives whole', async () => {
    const long = 'x'.repeat(3_000_000)
    server.use(http.get('https://long.example/', () => new HttpResponse(long)))
    const answer = await request('https://long.example/', { highWaterMark: 1024 })
    let length = 0
    for await (const chunk of answer.body) length += chunk.length
    expect(length).toBe(long.length)
  })
})

describe('what nobody answers goes on to the network', () => {
  test('whole: body, streamed body, query, answer', async () => {
    elsewhere.answer((incoming, response) => {
      incoming.pipe(response)
    })
    const path = "/path?q=O'x"
    const plain = await getGlobalDispatcher().request({ origin: elsewhere.url, path, method: 'POST', body: 'plain' })
    expect(await plain.body.text()).toBe('plain')
    expect(elsewhere.targets.at(-1)).toBe(path)
    const { Readable } = await import('node:stream')
    const streamed = await request(elsewhere.url, { method: 'POST', body: Readable.from(['str', 'eam']) })
    expect(await streamed.body.text()).toBe('stream')
  })

  test('also when a handler says passthrough(), or gives no answer', async () => {
    elsewhere.answer((_incoming, response) => {
      response.end('real')
    })
    server.use(
      http.get(`${elsewhere.url}/a`, () => passthrough()),
      http.get(`${elsewhere.url}/b`, () => undefined),
    )
    expect(await (await request(`${elsewhere.url}/a`)).body.text()).toBe('real')
    expect(await (await request(`${elsewhere.url}/b`)).body.text()).toBe('real')
  })

  test('and can be aborted there', async () => {
    const controller = new AbortController()
    elsewhere.answer(() => controller.abort(new Error('enough')))
    await expect(request(elsewhere.url, { signal: controller.signal })).rejects.toThrow('enough')
  })

  test('a refused connection is the client’s own error', async () => {
    const { BbbClient } = await import('bbb-client')
    const closed = await testServer()
    await closed.close()
    server.use(http.all(`${closed.url}/*`, () => passthrough()))
    const bbb = new BbbClient({ url: closed.url, secret: SECRET, retry: { attempts: 1 } })
    await expect(bbb.version()).rejects.toMatchObject({ reason: 'refused', outcome: 'not-sent' })
  })
})

describe('trouble', () => {
  const patient = { retry: { attempts: 1 } } as const

  test.each([
    ['drop', { kind: 'drop' }, BbbNetworkError],
    ['cut, framed by length', { kind: 'cut', bytes: 40 }, BbbNetworkError],
    ['cut, in chunks', { kind: 'cut', bytes: 40, framing: 'chunked' }, BbbNetworkError],
    ['cut, by the end of the connection', { kind: 'cut', bytes: 40, framing: 'close' }, BbbResponseError],
    ['garbage', { kind: 'garbage' }, BbbResponseError],
  ] as const)('%s is the error it is on a socket', async (_name, fault, kind) => {
    const { BbbClient } = await import('bbb-client')
    const bbb = new BbbClient({ url: 'https://bbb.example.org', secret: SECRET, ...patient })
    fake.faults.add(fault)
    expect(await ending(bbb.getMeetings())).toMatchObject({ error: expect.any(kind) })
  })

  test('drop and cut are failures for global fetch too', async () => {
    const url = 'https://bbb.example.org/bigbluebutton/api/'
    fake.faults.add({ kind: 'drop' })
    await expect(fetch(url)).rejects.toThrow(TypeError)
    fake.faults.add({ kind: 'cut', bytes: 10 })
    await expect(fetch(url).then(answer => answer.text())).rejects.toThrow()
  })

  test('a server that hangs meets the deadline, and the call’s own signal', async () => {
    const { BbbClient } = await import('bbb-client')
    const bbb = new BbbClient({ url: 'https://bbb.example.org', secret: SECRET, timeoutMs: 20, ...patient })
    fake.faults.add({ kind: 'hang', times: 3 })
    await expect(bbb.getMeetings()).rejects.toBeInstanceOf(BbbTimeoutError)
    const controller = new AbortController()
    const pending = request('https://bbb.example.org/bigbluebutton/api/', { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(pending).rejects.toThrow('enough')
  })

  test('a handler that never answers can be aborted; one that throws is a failed request', async () => {
    const controller = new AbortController()
    server.use(
      http.get('https://slow.example/', async () => {
        controller.abort(new Error('enough'))
        await delay('infinite')
      }),
      http.get('https://broken.example/', () => {
        throw new Error('broken handler')
      }),
    )
    await expect(request('https://slow.example/', { signal: controller.signal })).rejects.toThrow('enough')
    await expect(request('https://broken.example/')).rejects.toThrow('broken handler')
  })
})

describe('which requests are BigBlueButton’s', () => {
  test('without a url: its paths at any host, nothing else', async () => {
    const [handler] = bbbHandlers(fake)
    const takes = async (url: string): Promise<boolean | undefined> => handler?.test({ request: new Request(url) })
    expect(await takes('https://any.example/bigbluebutton/api/getMeetings?x=1')).toBe(true)
    expect(await takes('https://any.example/bigbluebutton')).toBe(true)
    expect(await takes('https://any.example/html5client/join?sessionToken=t')).toBe(true)
    expect(await takes('https://any.example/playback/presentation/2.3/id')).toBe(true)
    expect(await takes('https://any.example/bigbluebuttons')).toBe(false)
    expect(await takes('https://any.example/api/users')).toBe(false)
  })

  test('with a url: that origin only, so that two servers stay two', async () => {
    const other = new FakeBbb({ secret: SECRET })
    server.use(...bbbHandlers(other, { url: 'https://bbb-2.example.org/bigbluebutton/' }))
    const { BbbClient } = await import('bbb-client')
    await new BbbClient({ url: 'https://bbb-2.example.org', secret: SECRET }).create({
      meetingID: 'only-2',
      name: 'Two',
    })
    expect([fake.meeting('only-2'), other.meeting('only-2')?.name]).toEqual([undefined, 'Two'])
    await other.close()
  })

  test('a boundary’s handlers are those of its caller', async () => {
    const scoped = server.boundary(async () => {
      server.use(http.get('https://scoped.example/', () => new HttpResponse('inside')))
      return (await request('https://scoped.example/')).body.text()
    })
    expect(await scoped()).toBe('inside')
    expect(server.listHandlers()).toHaveLength(1)
  })
})

describe('T58 nothing global stays changed', () => {
  test('restore puts both global dispatchers back, and using does it by itself', () => {
    restore()
    expect(getGlobalDispatcher()).toBe(before.global)
    expect(builtIn()).toBe(before.builtIn)
    {
      using _interception = interceptUndici(server)
      expect(getGlobalDispatcher()).not.toBe(before.global)
      expect(builtIn()).toBe(before.builtIn)
    }
    expect(getGlobalDispatcher()).toBe(before.global)
    restore = interceptUndici(server)
  })

  test('a dispatcher that somebody else set meanwhile stays theirs; ours falls silent', async () => {
    const inner = interceptUndici(server)
    const intercepted = getGlobalDispatcher()
    const theirs = new MockAgent()
    const beforeTheirs = { global: intercepted, builtIn: builtIn() }
    setGlobalDispatcher(theirs)
    inner()
    expect(getGlobalDispatcher()).toBe(theirs)
    setGlobalDispatcher(beforeTheirs.global)
    Reflect.set(globalThis, BUILT_IN, beforeTheirs.builtIn)
    await theirs.close()
    expect((await production(SECRET).version()).version).toBe('2.0')
    restore()
    setGlobalDispatcher(before.global)
    Reflect.set(globalThis, BUILT_IN, before.builtIn)
    restore = interceptUndici(server)
  })
})
