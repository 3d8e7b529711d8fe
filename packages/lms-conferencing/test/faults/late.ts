import { createConferencing } from 'lms-conferencing'
import { openStore } from 'lms-conferencing/sql'
import { SetClock } from './support/in-process.ts'
import { compare } from './support/oracle.ts'
import { must, scenario } from './support/scenario.ts'
import { allOf } from './support/sender.ts'
import { bbb, firstDay, insertWorkload, makeWorkload, requestOf, sentAtOf, tenantId } from './support/workload.ts'

const DAY = 86_400_000
const ACCEPTED = 7 * DAY

export const late = scenario<{ readonly callbacks: number }>({
  fault: 'F9',
  title: 'callbacks up to seven days late, and later',
  sizes: { small: { callbacks: 600 }, full: { callbacks: 20_000 } },
  async run(database, { callbacks }, tools) {
    const url = await database.open()
    const workload = makeWorkload({ callbacks })
    const store = await openStore(url)
    tools.cleanup(() => store.close())
    await insertWorkload(store, workload)
    const clock = new SetClock(firstDay)
    const alerts: string[] = []
    const conferencing = createConferencing({
      tenantId,
      store,
      clock,
      providers: { bbb: bbb(undefined, { clock }) },
      alert: ({ alert }) => void alerts.push(alert.type),
    })
    tools.cleanup(() => conferencing.stop())

    // Every second class comes in time, if only just; the others come too late, if only just.
    const isInTime = (index: number): boolean =>
      Number(workload.happening(index).classId.slice('class-'.length)) % 2 === 0
    const delayOf = (index: number): number =>
      isInTime(index) ? Math.round((ACCEPTED * (index % 11)) / 10) % (ACCEPTED + 1) : ACCEPTED + 1 + (index % 3) * DAY
    const deliveries = allOf(workload)
      .map(index => ({ index, at: sentAtOf(workload.happening(index)) + delayOf(index) }))
      .sort((a, b) => a.at - b.at)
    let done = 0
    for (const { index, at } of deliveries) {
      tools.signal.throwIfAborted()
      clock.set(at)
      await conferencing.receiveCallback('bbb', requestOf(workload.delivery(index)))
      if (++done % 200 === 0) {
        await conferencing.rounds.callbacks()
        tools.progress(`${done} of ${workload.size} callbacks`)
      }
    }
    await conferencing.rounds.callbacks()

    const inTime = new Set(allOf(workload).filter(isInTime))
    const before = await compare(store, workload, inTime)
    must(before.lost + before.doubled + before.wrong === 0, 'what is up to seven days late counts at its own time')
    const counts = await store.read(tx => tx.countInbox(tenantId))
    must(counts.stale === workload.size - inTime.size, 'what is later is kept and not applied')
    must(alerts.includes('callbacks-stale'), 'somebody is told')
    const { stale } = await conferencing.inbox.requeue({ who: 'admin' })
    must(stale === counts.stale, 'all of it can be put back')
    await conferencing.rounds.callbacks()
    return {
      ...(await compare(store, workload, new Set(allOf(workload)))),
      faults: workload.size,
      events: workload.size,
      untyped: 0,
      notes: [`${inTime.size} in time, ${stale} later than seven days and put back by hand`],
    }
  },
})
