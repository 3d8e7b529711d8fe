// A process that receives callbacks of its own making, and says on its output which ones it has for good.
import { writeSync } from 'node:fs'
import { openStore } from 'lms-conferencing/sql'
import { createInbox } from '../../src/inbox/index.ts'
import { jsonProvider } from './json-provider.ts'

const [url = '', count = '0'] = process.argv.slice(2)
const store = await openStore(url)
const inbox = createInbox({ tenantId: 'school', store, providers: { json: jsonProvider } })
inbox.start()

let next = 0
const send = async (): Promise<void> => {
  while (next < Number(count)) {
    const number = next++
    const body = new TextEncoder().encode(
      JSON.stringify([{ kind: 'other', meetingKey: `${number}`, name: '.'.repeat(900) }]),
    )
    await inbox.receive({ provider: 'json', callback: { serverId: 'server-1', kind: 'hook', body } })
    writeSync(1, `ack ${number}\n`)
  }
}
await Promise.all([send(), send(), send()])
await inbox.stop()
await store.close()
