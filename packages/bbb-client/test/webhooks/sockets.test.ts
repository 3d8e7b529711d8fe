import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { createWebhookHandler, toFetchHandler, toNodeHandler, type WebhookHandlerOptions } from 'bbb-client/webhooks'
import { afterEach, describe, expect, it } from 'vitest'
import { URL as CALLBACK, SECRET, signed } from './wire.ts'

const LIMIT = 4096
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function core(more: Partial<WebhookHandlerOptions> = {}) {
  const seen: string[] = []
  const handler = createWebhookHandler({
    callbackUrl: CALLBACK,
    secrets: SECRET,
    maxBodyBytes: LIMIT,
    handle: ({ events }) => void seen.push(...events.map(event => event.id)),
    onRefused: error => void seen.push(error.reason),
    onError: error => void seen.push(String(error)),
    ...more,
  })
  return { handler, seen }
}

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

async function listen(listener: Listener): Promise<number> {
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return (server.address() as AddressInfo).port
}

interface Sent {
  readonly method?: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

const good = (): Sent => {
  const { target, headers, body } = signed()
  return { target, headers, body }
}

async function send(port: number, { method = 'POST', target, headers, body }: Sent) {
  const outgoing = request({ host: '127.0.0.1', port, method, path: target, headers })
  outgoing.end(body)
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  return { status: incoming.statusCode, headers: incoming.headers, body: Buffer.concat(chunks).toString() }
}

/** Consumes the body as body parsers of Express do, and leaves `value` in its place. */
const parsedAs =
  (value: (bytes: Buffer) => unknown, next: Listener): Listener =>
  async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    await next(Object.assign(incoming, { body: value(Buffer.concat(chunks)) }), outgoing)
  }

/** A fetch-style server: the request as `Request`, the answer from `Response`. */
const fetchStyle =
  (handle: (request: Request) => Promise<Response>): Listener =>
  async (incoming, outgoing) => {
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        for await (const chunk of incoming) controller.enqueue(chunk)
        controller.close()
      },
    })
    const post = incoming.method === 'POST' ? { body, duplex: 'half' as const } : {}
    const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)] as [string, string])
    const response = await handle(
      new Request(`http://127.0.0.1${incoming.url}`, { method: incoming.method ?? 'GET', headers, ...post }),
    )
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    outgoing.end(await response.text())
  }

const frameworks: Record<string, (handler: ReturnType<typeof core>['handler']) => Listener> = {
  'node:http': toNodeHandler,
  'Express behind express.raw()': handler => parsedAs(bytes => bytes, toNodeHandler(handler)),
  'Express behind express.text()': handler => parsedAs(bytes => bytes.toString(), toNodeHandler(handler)),
  'a framework that keeps rawBody': handler => (incoming, outgoing) =>
    parsedAs(bytes => {
      Object.assign(incoming, { rawBody: bytes })
      return { parsed: true }
    }, toNodeHandler(handler))(incoming, outgoing),
  'Fastify with a buffer parser': handler =>
    parsedAs(
      bytes => bytes,
      async (incoming: IncomingMessage & { body?: unknown }, outgoing) => {
        const { method = '', url = '', headers, body } = incoming
        const answer = await handler({ method, target: url, headers, body })
        outgoing.writeHead(answer.status, answer.headers).end(answer.body)
      },
    ),
  'fetch-style': handler => fetchStyle(toFetchHandler(handler)),
}

describe.each(Object.entries(frameworks))('T29 T41 over a socket: %s', (_name, adapt) => {
  it('takes what is signed, refuses what is not, and knows one method', async () => {
    const { handler, seen } = core()
    const port = await listen(adapt(handler))
    expect(await send(port, good())).toMatchObject({ status: 204, body: '' })
    const bytes = Buffer.from(good().body)
    bytes[100] = (bytes[100] ?? 0) ^ 1
    expect(await send(port, { ...good(), body: bytes })).toMatchObject({ status: 401, body: 'refused\n' })
    expect(await send(port, { ...good(), headers: { 'content-type': 'text/plain' } })).toMatchObject({
      status: 401,
      body: 'refused\n',
    })
    expect(await send(port, { ...good(), headers: { ...good().headers, 'content-encoding': 'gzip' } })).toMatchObject({
      status: 401,
    })
    expect(await send(port, { ...good(), method: 'GET', body: '' })).toMatchObject({
      status: 405,
      headers: { allow: 'POST' },
    })
    expect(seen).toEqual(['user-joined', 'mismatch', 'content_type', 'encoding'])
  })

  it('503 with Retry-After when storing fails', async () => {
    const { handler } = core({ handle: () => Promise.reject(new Error('down')) })
    const port = await listen(adapt(handler))
    expect(await send(port, good())).toMatchObject({ status: 503, headers: { 'retry-after': '10' } })
  })

  it('a body above the limit is answered 401, not cut off, also without Content-Length', async () => {
    const { handler, seen } = core()
    const port = await listen(adapt(handler))
    const large = signed({ domain: 'd'.repeat(LIMIT * 8) })
    const body = String(large.body)
    for (const framing of [{ 'content-length': String(body.length) }, { 'transfer-encoding': 'chunked' }]) {
      const answer = await send(port, {
        target: large.target,
        headers: { ...large.headers, ...framing } as Record<string, string>,
        body,
      })
      expect(answer).toMatchObject({ status: 401, body: 'refused\n' })
    }
    expect(seen).toEqual(['too_large', 'too_large'])
  })
})

describe('T29 frameworks that parsed the body', () => {
  it('get 503 and a clear error, whichever way they did it', async () => {
    const { handler, seen } = core()
    const node = toNodeHandler(handler)
    const fetchHandler = toFetchHandler(handler)
    const listeners: Listener[] = [
      parsedAs(bytes => Object.fromEntries(new URLSearchParams(bytes.toString())), node),
      parsedAs(() => undefined, node),
      fetchStyle(async incoming => {
        await incoming.text()
        return fetchHandler(incoming)
      }),
    ]
    for (const listener of listeners) expect(await send(await listen(listener), good())).toMatchObject({ status: 503 })
    expect(seen).toEqual(Array(3).fill(expect.stringMatching(/BbbWebhookError: The body is not raw/)))
  })

  it('a placeholder that a body parser left on an unread request does no harm', async () => {
    const { handler, seen } = core()
    const node = toNodeHandler(handler)
    const port = await listen((incoming, outgoing) => node(Object.assign(incoming, { body: {} }), outgoing))
    expect(await send(port, good())).toMatchObject({ status: 204 })
    expect(seen).toEqual(['user-joined'])
  })
})

describe('T37 bodies of strangers', () => {
  it('one without end is thrown away up to a bound, then the connection is closed', async () => {
    const { handler, seen } = core()
    const port = await listen(toNodeHandler(handler))
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    const received: Buffer[] = []
    socket.on('data', chunk => received.push(chunk))
    socket.write(
      `POST ${good().target} HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 999999999\r\n\r\n`,
    )
    const chunk = Buffer.alloc(8192, 97)
    const pump = () => {
      while (!socket.destroyed && socket.write(chunk)) {}
    }
    socket.on('drain', pump)
    pump()
    await new Promise<void>(resolve => socket.on('close', () => resolve()))
    expect(seen).toEqual(['too_large'])
    const answer = Buffer.concat(received).toString()
    if (answer !== '') expect(answer).toMatch(/^HTTP\/1\.1 401 /)
  })

  it('a sender that hangs up is no error of ours', async () => {
    let refused: (() => void) | undefined
    const told = new Promise<void>(resolve => {
      refused = resolve
    })
    const { handler, seen } = core({
      onRefused: error => {
        seen.push(error.reason)
        refused?.()
      },
    })
    const port = await listen(toNodeHandler(handler))
    const socket = connect(port, '127.0.0.1')
    socket.write(
      `POST ${good().target} HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 500\r\n\r\nhalf`,
      () => socket.destroy(),
    )
    await told
    expect(seen).toEqual(['aborted'])
  })

  it('a fetch-style request without body is refused, one without end is given up', async () => {
    const { handler, seen } = core()
    const handle = toFetchHandler(handler)
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await handle(new Request(`https://x.example${good().target}`, { method: 'POST', headers }))).status).toBe(
      401,
    )
    let cancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull: controller => controller.enqueue(new Uint8Array(1024)),
      cancel: () => {
        cancelled = true
      },
    })
    const request = new Request(`https://x.example${good().target}`, {
      method: 'POST',
      headers,
      body: endless,
      duplex: 'half',
    })
    expect((await handle(request)).status).toBe(401)
    expect(cancelled).toBe(true)
    expect(seen).toEqual(['mismatch', 'too_large'])
  })
})
