import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { FakeBbb } from './fake-bbb.ts'
import type { FakeResponse } from './message.ts'

/** Where to listen. */
export interface ServeOptions {
  /** 0 takes a free one. @default 0 */
  port?: number | undefined
  /** @default '127.0.0.1' */
  host?: string | undefined
}

/** A fake server on a real socket. */
export interface FakeBbbServer {
  /** As a BigBlueButton administrator knows it: `http://127.0.0.1:PORT/bigbluebutton/`. */
  readonly url: string
  readonly secret: string
  readonly fake: FakeBbb
  /** Stops listening, ends every connection, and closes the fake. */
  close(): Promise<void>
}

/** Bodies beyond this are refused, as nginx does in front of BigBlueButton. */
const longestBody = 1_048_576

/** Room for the headers that Tomcat, and not Node, is to refuse. */
const maxHeaderSize = 262_144

/** Binds a fake to a socket. Use {@link FakeBbb.serve}. */
export async function listen(
  fake: FakeBbb,
  secret: string,
  { port = 0, host = '127.0.0.1' }: ServeOptions,
): Promise<{ origin: string; server: FakeBbbServer }> {
  const http = createServer({ maxHeaderSize, keepAliveTimeout: 60_000 }, (request, response) => {
    answer(fake, request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, host, resolve)
  })
  const address = http.address()
  const bound = typeof address === 'object' && address ? address.port : port
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      const closed = new Promise<void>(resolve => http.close(() => resolve()))
      http.closeAllConnections()
      await Promise.all([closed, fake.close()])
    })()
    return closing
  }
  return { origin, server: new Served(`${origin}/bigbluebutton/`, secret, fake, close) }
}

/** Keeps the secret out of what `inspect` and `JSON.stringify` show. */
class Served implements FakeBbbServer {
  readonly url: string
  readonly fake: FakeBbb
  readonly close: () => Promise<void>
  readonly #secret: string

  constructor(url: string, secret: string, fake: FakeBbb, close: () => Promise<void>) {
    this.url = url
    this.fake = fake
    this.close = close
    this.#secret = secret
  }

  get secret(): string {
    return this.#secret
  }
}

async function answer(fake: FakeBbb, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request)
  if (!body) {
    response.writeHead(413, { 'content-type': 'text/html', connection: 'close' })
    response.end('<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n</html>\r\n')
    return
  }
  const { method = 'GET', url: target = '/', headers } = request
  write(await fake.handle({ method, target, headers, body }), method, response)
}

/** `undefined` when it is too large. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > longestBody) return undefined
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

function write(answered: FakeResponse, method: string, response: ServerResponse): void {
  const { status, headers, damage } = answered
  const body = Buffer.from(answered.body, 'utf8')
  if (damage?.kind === 'hang') return
  if (damage?.kind === 'drop') {
    response.destroy()
    return
  }
  if (damage?.kind === 'cut') {
    cut(response, answered, body.subarray(0, damage.bytes), body.length, damage.framing)
    return
  }
  response.writeHead(status, { ...headers, 'content-length': body.length })
  response.end(method === 'HEAD' ? undefined : body)
}

/** Sends less than promised, and closes. */
function cut(
  response: ServerResponse,
  { status, headers }: FakeResponse,
  part: Uint8Array,
  whole: number,
  framing: 'length' | 'chunked' | 'close',
): void {
  const socket = response.socket
  if (!socket) return
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const frame = {
    length: `content-length: ${whole}`,
    chunked: 'transfer-encoding: chunked',
    close: 'connection: close',
  }[framing]
  socket.write([`HTTP/1.1 ${status} OK`, ...head, frame, '', ''].join('\r\n'))
  if (framing === 'chunked' && part.length > 0) {
    socket.write(`${part.length.toString(16)}\r\n`)
    socket.write(part)
    socket.write('\r\n')
  } else {
    socket.write(part)
  }
  socket.end()
}
