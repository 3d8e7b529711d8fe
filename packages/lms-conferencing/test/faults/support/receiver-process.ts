// A process that takes callbacks over a socket, stores and applies them, and can be told to misbehave.
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { openStore } from 'lms-conferencing/sql'
import { ConferencingError } from '../../../src/errors.ts'
import { createInbox } from '../../../src/inbox/index.ts'
import { purgeInbox } from '../../../src/inbox/keeping.ts'
import { dieAt } from './marked-points.ts'
import type { ReceiverSettings, ReceiverStats, ToReceiver } from './receiver.ts'
import { bbb, tenantId } from './workload.ts'

const settings: ReceiverSettings = JSON.parse(process.argv[2] ?? '')
const { url, mark, isMended = true, maxAttempts } = settings
const reached = mark ? dieAt(mark.point, mark.hit, url) : () => {}
const store = await openStore(url, { lockWaitMs: settings.lockWaitMs })
const provider = bbb(() => isMended)
let applied = 0
const inbox = createInbox({
  tenantId,
  store,
  providers: { bbb: provider },
  maxAttempts,
  pollMs: settings.pollMs,
  onApplied: changes => {
    for (const { newFacts } of changes) applied += newFacts
  },
})
inbox.start()

const statusOf = (error: unknown): number => {
  if (!(error instanceof ConferencingError)) return 500
  return error.code === 'STORE_UNAVAILABLE' ? 503 : error.code === 'CALLBACK_REJECTED' ? 401 : 500
}

const server = createServer(async (request, response) => {
  try {
    const { method = '', url: target = '', headers } = request
    const body = await buffer(request)
    await inbox.receive({ provider: 'bbb', callback: provider.verify({ method, target, headers, body }) })
    reached('before ack')
    response.writeHead(204).end()
  } catch (error) {
    response.writeHead(statusOf(error)).end()
  }
})

async function purgeAgainAndAgain(): Promise<void> {
  for (;;) await purgeInbox({ store, tenantId, who: 'retention' }).catch(() => {})
}

const stats = (): ReceiverStats => ({
  applied,
  rss: process.memoryUsage.rss(),
  handles: process.getActiveResourcesInfo().filter(name => name !== 'TCPSocketWrap' && name !== 'Timeout').length,
})

process.on('message', (message: ToReceiver) => {
  if (message === 'stats') process.send?.(stats())
  else if (message === 'stop') void stop()
  else if ('blockMs' in message) block(message.blockMs)
})
// Should the parent die first, nobody is left behind.
process.on('disconnect', () => process.exit())

function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

async function stop(): Promise<void> {
  server.close()
  server.closeIdleConnections()
  await inbox.stop()
  await store.close()
  process.disconnect()
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) process.send?.({ port: address.port })
  if (settings.retention) void purgeAgainAndAgain()
})
