// A process that takes callbacks over a socket, stores and applies them, and can be told to die at a marked point.
import { openStore } from 'lms-conferencing/sql'
import { createInbox } from '../../../src/inbox/index.ts'
import { purgeInbox } from '../../../src/inbox/keeping.ts'
import { dieAt } from './marked-points.ts'
import type { ReceiverSettings } from './receiver.ts'
import { quantile } from './sender.ts'
import { serve } from './serve.ts'
import { bbb, tenantId } from './workload.ts'

const settings: ReceiverSettings = JSON.parse(process.argv[2] ?? '')
const { url, mark, isMended = true, maxAttempts } = settings
const reached = mark ? dieAt(mark.point, mark.hit, url) : () => {}
const store = await openStore(url, { lockWaitMs: settings.lockWaitMs })
const provider = bbb(() => isMended)
let applied = 0
let commits = 0
const settledAfterMs: number[] = []
const storeGroup = store.receive.bind(store)
store.receive = rows => {
  commits++
  return storeGroup(rows)
}
const inbox = createInbox({
  tenantId,
  store,
  providers: { bbb: provider },
  maxAttempts,
  pollMs: settings.pollMs,
  onApplied: changes => {
    for (const { newFacts } of changes) applied += newFacts
  },
  onSettled: settled => {
    for (const { waitedMs } of settled) settledAfterMs.push(waitedMs)
  },
})
inbox.start()
serve({
  receive: request => inbox.receive({ provider: 'bbb', callback: provider.verify(request) }),
  beforeAck: () => reached('before ack'),
  counts: () => ({ applied, commits, settledAfterP99Ms: quantile(settledAfterMs, 0.99) }),
  async stop() {
    await inbox.stop()
    await store.close()
  },
})
if (settings.retention) for (;;) await purgeInbox({ store, tenantId, who: 'retention' }).catch(() => {})
