import { DatabaseSync } from 'node:sqlite'
import { openStore } from 'lms-conferencing/sql'
import { createInbox } from '../../src/inbox/index.ts'
import { purgeInbox } from '../../src/inbox/keeping.ts'
import type { Store } from '../../src/store.ts'
import { sampleRow } from '../../src/testing/store/samples.ts'
import { ask } from './support/databases.ts'
import { isCheckpointing, type MarkedPoint, markedPoints } from './support/marked-points.ts'
import { compare } from './support/oracle.ts'
import { allApplied, Receiver, type ReceiverSettings } from './support/receiver.ts'
import { type Database, must, scenario, type Tools, untypedIn } from './support/scenario.ts'
import { quantile, Sender } from './support/sender.ts'
import { bbb, insertWorkload, makeWorkload, tenantId } from './support/workload.ts'

interface Size {
  readonly callbacks: number
  readonly kills: number
}

/** Beside the callbacks that come there are old ones, for the retention to forget. */
const FORGOTTEN_AT_ONCE = 500
const DAY = 86_400_000

/** The life of one process: where it ends if not at a random moment, and at which time that it comes there. */
function markOf(life: number, points: readonly MarkedPoint[]): ReceiverSettings['mark'] {
  if (life % 2 === 0) return undefined
  const number = (life - 1) / 2
  const point = points[number % points.length] ?? 'before ack'
  const round = Math.floor(number / points.length)
  // Many times per group, or seldom.
  const hit = point === 'in retention' || point === 'in dead-letter move' ? 1 + (round % 2) : 1 + ((round * 7) % 23)
  return { point, hit }
}

export const kill = scenario<Size>({
  fault: 'F1',
  title: 'kill -9 in a burst, at random and at marked points',
  sizes: { small: { callbacks: 5000, kills: 20 }, full: { callbacks: 100_000, kills: 200 } },
  async run(database, { callbacks, kills }, tools) {
    const url = await database.open()
    const workload = makeWorkload({ callbacks, poisoned: 1 })
    // A checkpoint is SQLite's; that of PostgreSQL is in the server, which F3 kills.
    const points = markedPoints.filter(point => database.name === 'SQLite' || point !== 'in checkpoint')
    const inRetention = Math.ceil(kills / 2 / points.length)
    const old = await prepare(url, workload, FORGOTTEN_AT_ONCE * (inRetention + 1))

    const sender = new Sender(workload, tools)
    const killedAt = new Map<string, number>()
    const starts: number[] = []
    let inCheckpoint = 0
    let untyped = 0
    for (let life = 0; life < kills; life++) {
      tools.signal.throwIfAborted()
      const mark = markOf(life, points)
      const receiver = await Receiver.start(
        { url, mark, isMended: false, maxAttempts: 1, retention: mark?.point === 'in retention' },
        tools,
      )
      let end: NodeJS.Signals | number | null = 'SIGKILL'
      let isKilledFromOutside = false
      if (receiver) {
        starts.push(receiver.startMs)
        let isDead = false
        void receiver.ended.then(() => {
          isDead = true
        })
        // What is left is spread over the lives to come; a point that is never reached ends like the others.
        const share = Math.max(1, Math.floor(sender.waiting / (kills - life)))
        const most = mark ? share * 2 : 1 + Math.floor(share * 1.6 * ((life * 0.618) % 1))
        await sender.send([receiver.port], { most, isOver: () => isDead })
        isKilledFromOutside = !isDead
        if (isKilledFromOutside) await receiver.kill()
        end = await receiver.ended
      }
      if (end !== 'SIGKILL') untyped++
      const where = isKilledFromOutside || !mark ? 'at random' : mark.point
      killedAt.set(where, (killedAt.get(where) ?? 0) + 1)
      if (where === 'in checkpoint' && isCheckpointing(url.slice('sqlite:'.length))) inCheckpoint++
      tools.progress(`${life + 1} of ${kills} kills, ${sender.acked} callbacks acknowledged`)
    }
    const last = await Receiver.start({ url }, tools)
    must(last !== null, 'it starts after the last kill')
    starts.push(last.startMs)
    await sender.send([last.port])
    must((await last.stop()) === 0, 'a receiver nobody kills ends well')
    must(sender.acked === workload.size, 'all is acknowledged in the end')

    const store = await openStore(url)
    tools.cleanup(() => store.close())
    await finish(store, tools)
    await checkForgotten(store, old)
    const verdict = await compare(store, workload, sender.answers.acked)
    await checkFiles(database, url)
    must(
      starts.every(ms => ms < 60_000),
      'it is soon ready again',
    )
    return {
      ...verdict,
      faults: kills,
      events: workload.size,
      untyped: untyped + untypedIn(sender.answers),
      notes: [
        `killed ${[...killedAt].map(([where, times]) => `${times} × ${where}`).join(', ')}`,
        ...(database.name === 'SQLite' ? [`a checkpoint was half done after ${inCheckpoint} kills`] : []),
        `start to ready: median ${Math.round(quantile(starts, 0.5))} ms, longest ${Math.round(quantile(starts, 1))} ms`,
      ],
    }
  },
})

/** Classes, and callbacks of long ago: half of them so old that the row goes, half so old that only the body does. */
async function prepare(
  url: string,
  workload: Parameters<typeof insertWorkload>[1],
  count: number,
): Promise<{ readonly stripped: number; readonly deleted: number }> {
  const store = await openStore(url)
  await insertWorkload(store, workload)
  const ages = [60, 200]
  for (const age of ages) {
    const receivedAt = new Date(Date.now() - age * DAY)
    await store.receive(
      Array.from({ length: count }, (_, index) =>
        sampleRow(`${age} days ago, ${index}`, { tenantId, provider: 'old', kind: 'old', receivedAt }),
      ),
    )
  }
  const inbox = createInbox({ tenantId, store, providers: { old: { events: () => [] } } })
  await inbox.drain()
  await inbox.stop()
  await store.close()
  return { stripped: count, deleted: count }
}

/** The fault in the reader is mended: what is dead is applied. */
async function finish(store: Store, tools: Tools): Promise<void> {
  const inbox = createInbox({ tenantId, store, providers: { bbb: bbb() } })
  inbox.start()
  await allApplied(store, tools)
  await inbox.replay({ state: 'dead' })
  await allApplied(store, tools)
  await inbox.stop()
  const { dead } = await store.read(tx => tx.countInbox(tenantId))
  must(dead === 0, 'all is applied')
}

async function checkForgotten(store: Store, old: { readonly stripped: number; readonly deleted: number }) {
  await purgeInbox({ store, tenantId, who: 'retention' })
  let stripped = 0
  for (let afterSeq = 0; ; ) {
    const rows = await store.read(tx => tx.listInbox({ tenantId, limit: 2000, afterSeq }))
    const last = rows.at(-1)
    if (!last) break
    afterSeq = last.seq
    stripped += rows.filter(({ isStripped }) => isStripped).length
    must(
      rows.every(({ kind, isStripped }) => (kind === 'old') === isStripped),
      'retention forgets what is old, and nothing else',
    )
  }
  must(stripped === old.stripped, 'retention keeps the digests of the last 120 days')
}

async function checkFiles({ name }: Database, url: string): Promise<void> {
  if (name === 'SQLite') {
    const file = new DatabaseSync(url.slice('sqlite:'.length))
    const answer = file.prepare('pragma integrity_check').get()?.integrity_check
    file.close()
    must(answer === 'ok', 'the integrity check passes')
    return
  }
  const found = await ask(url, `select 1 from pg_available_extensions where name = 'amcheck'`)
  if (found.length === 0) return
  await ask(url, 'create extension if not exists amcheck')
  // Throws for an index that does not agree with its table.
  await ask(
    url,
    `select bt_index_check(indexrelid, true) from pg_index join pg_class on pg_class.oid = indrelid
     where relname like 'conferencing_%'`,
  )
}
