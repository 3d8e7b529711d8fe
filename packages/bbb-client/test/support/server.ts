import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BbbClient, type BbbClientOptions } from 'bbb-client'
import { Agent } from 'undici'

/** A secret of no server. */
export const SECRET = 'a-secret-of-tests-only-0123456789'

/** A real HTTP server on loopback that answers as the test says, and remembers what was asked. */
export interface TestServer {
  readonly url: string
  /** Path and query of each request, as they came over the socket. */
  readonly targets: readonly string[]
  /** What the next requests get. */
  answer(handler: (request: IncomingMessage, response: ServerResponse) => void): void
  /** A client of this server, with connections of its own that end with the server. */
  client(options?: Partial<BbbClientOptions>): BbbClient
  readonly connections: () => Promise<number>
  close(): Promise<void>
}

export async function testServer(): Promise<TestServer> {
  let handle = (_request: IncomingMessage, response: ServerResponse): void => {
    response.end()
  }
  const targets: string[] = []
  const server = createServer((request, response) => {
    targets.push(request.url ?? '')
    handle(request, response)
  })
  const url = `http://127.0.0.1:${await listen(server)}`
  const agent = new Agent()
  return {
    url,
    targets,
    answer(handler) {
      handle = handler
    },
    client: options =>
      new BbbClient({
        url,
        secret: SECRET,
        dispatcher: agent,
        onWarning: () => {},
        retry: { attempts: 1 },
        ...options,
      }),
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
      }),
    async close() {
      await agent.destroy()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** Listens on a free port of loopback and gives it back. */
export async function listen(server: Server | import('node:net').Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

/** An answer with nothing special about it. */
export function respond(response: ServerResponse, body: string | Uint8Array, status = 200, type = 'text/xml'): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

/** A SUCCESS with these elements in it. */
export function success(inner = ''): string {
  return `<response><returncode>SUCCESS</returncode>${inner}</response>`
}

export function failed(messageKey: string, message = ''): string {
  return `<response><returncode>FAILED</returncode><messageKey>${messageKey}</messageKey><message>${message}</message></response>`
}
