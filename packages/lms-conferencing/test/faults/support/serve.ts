import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { ConferencingError } from '../../../src/errors.ts'
import type { CallbackRequest } from '../../../src/provider.ts'
import { openFiles } from './handles.ts'
import type { ReceiverStats, ToReceiver } from './receiver.ts'

export interface Served {
  /** Resolves when the callback may be acknowledged. */
  receive(request: CallbackRequest): Promise<unknown>
  /** Called before it is. */
  beforeAck?(): void
  counts(): Omit<ReceiverStats, 'rss' | 'handles'>
  /** Lets what runs come to its end. */
  stop(): Promise<void>
}

/** Takes callbacks over a socket, and orders from the process that started this one, which it does not outlive. */
export function serve({ receive, beforeAck = () => {}, counts, stop }: Served): void {
  const server = createServer(async (request, response) => {
    try {
      const { method = '', url: target = '', headers } = request
      await receive({ method, target, headers, body: await buffer(request) })
      beforeAck()
      response.writeHead(204).end()
    } catch (error) {
      response.writeHead(statusOf(error)).end()
    }
  })
  const stats = (): ReceiverStats => ({
    ...counts(),
    rss: process.memoryUsage.rss(),
    // Senders' connections come and go.
    handles: openFiles().filter(target => !target.startsWith('socket:')).length,
  })
  const end = async (): Promise<void> => {
    server.close()
    server.closeIdleConnections()
    await stop()
    process.disconnect()
  }
  process.on('message', (message: ToReceiver) => {
    if (message === 'stats') process.send?.(stats())
    else if (message === 'stop') void end()
    else if ('blockMs' in message) block(message.blockMs)
  })
  process.on('disconnect', () => process.exit())
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    if (typeof address === 'object' && address !== null) process.send?.({ port: address.port })
  })
}

const statusOf = (error: unknown): number => {
  if (!(error instanceof ConferencingError)) return 500
  return error.code === 'STORE_UNAVAILABLE' ? 503 : error.code === 'CALLBACK_REJECTED' ? 401 : 500
}

function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}
