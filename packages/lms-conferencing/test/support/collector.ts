import { createServer } from 'node:http'
import type { CallbackRequest } from '../../src/provider.ts'

/** An endpoint for callbacks on this machine: keeps what arrives, and answers 200 with the text it is told. */
export async function collect(answer: (request: CallbackRequest) => string = () => '') {
  const received: CallbackRequest[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url: target = '', headers } = request
      const callback = { method, target, headers, body: Buffer.concat(chunks) }
      received.push(callback)
      response.end(answer(callback))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return {
    origin: `http://127.0.0.1:${address.port}`,
    take: (): readonly CallbackRequest[] => received.splice(0),
    async close(): Promise<void> {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}
