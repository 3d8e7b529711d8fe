// A process that receives callbacks over a socket, stores and applies them; made to be killed.
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { openStore } from 'lms-conferencing/sql'
import { createInbox } from '../../src/inbox/index.ts'
import { jsonProvider } from './json-provider.ts'

const store = await openStore(process.argv[2] ?? '')
const inbox = createInbox({ tenantId: 'school', store, providers: { json: jsonProvider } })
inbox.start()

const server = createServer((request, response) => {
  buffer(request)
    .then(body => inbox.receive({ provider: 'json', callback: { serverId: 'server-1', kind: 'hook', body } }))
    .then(
      () => response.writeHead(204).end(),
      () => response.writeHead(503).end(),
    )
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object') process.stdout.write(`${address?.port}\n`)
})
// Should the test die first, nobody is left behind.
process.stdin.on('end', () => process.exit()).resume()
