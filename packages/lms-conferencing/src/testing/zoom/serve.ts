import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { FakeZoomRequest, FakeZoomResponse } from './message.ts'

/** A fake on a real socket. */
export interface FakeZoomServer {
  /** Of tokens and API alike: `http://127.0.0.1:PORT`. */
  readonly url: string
  /** Stops listening and ends every connection. */
  close(): Promise<void>
}

interface Answering {
  handle(request: FakeZoomRequest): Promise<FakeZoomResponse>
}

/** Binds a fake to a socket. */
export async function listen(fake: Answering, port: number): Promise<FakeZoomServer> {
  const http = createServer((request, response) => {
    answer(fake, request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, '127.0.0.1', resolve)
  })
  const address = http.address()
  const bound = typeof address === 'object' && address ? address.port : port
  return {
    url: `http://127.0.0.1:${bound}`,
    async close() {
      const closed = new Promise<void>(resolve => http.close(() => resolve()))
      http.closeAllConnections()
      await closed
    },
  }
}

async function answer(fake: Answering, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  const { method = 'GET', url: target = '/', headers } = request
  const answered = await fake.handle({ method, target, headers, body: Buffer.concat(chunks) })
  if (answered.damage === 'hang') return
  if (answered.damage === 'drop') {
    response.destroy()
    return
  }
  response.writeHead(answered.status, answered.headers)
  response.end(answered.body)
}
