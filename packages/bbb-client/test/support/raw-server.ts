import { createServer, type Socket } from 'node:net'
import { BbbClient, type BbbClientOptions } from 'bbb-client'
import { Agent } from 'undici'
import { TestClock } from './clock.ts'
import { listen, SECRET } from './server.ts'

/** One request as it came, and the socket it came on. */
export interface RawRequest {
  readonly socket: Socket
  /** Method and target of the request line. */
  readonly line: string
  /** Counts all requests of the server from 1. */
  readonly number: number
}

/** A TCP server that reads requests and answers with whatever bytes the test wants. */
export interface RawServer {
  readonly url: string
  readonly clock: TestClock
  readonly requests: readonly string[]
  readonly sockets: ReadonlySet<Socket>
  answer(handler: (request: RawRequest) => void): void
  /** The next request, once it is there. */
  next(): Promise<RawRequest>
  client(options?: Partial<BbbClientOptions>): BbbClient
  close(): Promise<void>
}

export async function rawServer(): Promise<RawServer> {
  let handle = (_request: RawRequest): void => {}
  let waiting: ((request: RawRequest) => void)[] = []
  const requests: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    let received = ''
    socket.on('data', chunk => {
      received += chunk.toString('latin1')
      const end = received.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0)
      if (received.length < end + 4 + length) return
      const line = received.slice(0, received.indexOf(' HTTP/'))
      received = received.slice(end + 4 + length)
      requests.push(line)
      const request = { socket, line, number: requests.length }
      handle(request)
      for (const resolve of waiting.splice(0)) resolve(request)
    })
  })
  const url = `http://127.0.0.1:${await listen(server)}`
  const clock = new TestClock()
  const agent = new Agent()
  return {
    url,
    clock,
    requests,
    sockets,
    answer(handler) {
      handle = handler
    },
    next: () =>
      new Promise(resolve => {
        waiting = [...waiting, resolve]
      }),
    client: options =>
      new BbbClient({ url, secret: SECRET, dispatcher: agent, clock, onWarning: () => {}, ...options }),
    async close() {
      await agent.destroy()
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

export const BODY = '<response><returncode>SUCCESS</returncode><meetings/></response>'

/** A whole HTTP message. */
export function message(status: string, headers: readonly string[] = [], body: string | Uint8Array = ''): Buffer {
  const length = headers.some(header => /^(content-length|transfer-encoding):/i.test(header))
    ? []
    : [`Content-Length: ${Buffer.byteLength(body)}`]
  const head = [`HTTP/1.1 ${status}`, ...headers, ...length].join('\r\n')
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), Buffer.from(body)])
}
