import { statSync } from 'node:fs'
import { createConferencing } from 'lms-conferencing'
import { attendanceCsv } from 'lms-conferencing/attendance'
import { openStore } from 'lms-conferencing/sql'
import { openFiles } from './support/handles.ts'
import { SetClock } from './support/in-process.ts'
import { compareFacts, type Verdict } from './support/oracle.ts'
import { must, scenario } from './support/scenario.ts'
import { allOf } from './support/sender.ts'
import { bbb, firstDay, insertWorkload, makeWorkload, requestOf, tenantId } from './support/workload.ts'

interface Size {
  readonly rounds: number
  readonly daysBetween: number
  readonly perRound: number
}

const DAY = 86_400_000
const KEEP_DAYS = 30

export const keepBounds = scenario<Size>({
  fault: 'F23',
  title: 'months of callbacks, exports and retention: tables, log and handles keep their bounds',
  sizes: {
    small: { rounds: 8, daysBetween: 10, perRound: 100 },
    full: { rounds: 400, daysBetween: 1, perRound: 1000 },
  },
  async run(database, { rounds, daysBetween, perRound }, tools) {
    const url = await database.open()
    const store = await openStore(url)
    tools.cleanup(() => store.close())
    const clock = new SetClock(firstDay)
    const conferencing = createConferencing({
      tenantId,
      store,
      clock,
      providers: { bbb: bbb(undefined, { clock }) },
      retention: { keepBodiesDays: 1, keepRowsDays: KEEP_DAYS },
    })
    tools.cleanup(() => conferencing.stop())
    const total = { lost: 0, doubled: 0, wrong: 0, events: 0 }
    const rows: number[] = []
    const logs: number[] = []
    const handles: number[] = []
    for (let round = 0, firstClass = 0; round < rounds; round++) {
      tools.signal.throwIfAborted()
      const today = firstDay + round * daysBetween * DAY
      const workload = makeWorkload({ callbacks: perRound, firstClass, startsAt: today })
      firstClass += workload.classes.length
      await insertWorkload(store, workload)
      clock.set(today + DAY / 2)
      const all = allOf(workload)
      await Promise.all(all.map(index => conferencing.receiveCallback('bbb', requestOf(workload.delivery(index)))))
      await conferencing.rounds.callbacks()
      for (const { liveClass } of workload.classes) {
        attendanceCsv((await conferencing.attendance(liveClass.id)).report.rows)
      }
      await conferencing.rounds.retention()
      const verdict: Verdict = await compareFacts(store, workload, new Set(all))
      total.lost += verdict.lost
      total.doubled += verdict.doubled
      total.wrong += verdict.wrong
      total.events += workload.size
      const counts = await store.read(tx => tx.countInbox(tenantId))
      rows.push(Object.values(counts).reduce((sum, count) => sum + count))
      if (database.name === 'SQLite') logs.push(statSync(`${url.slice('sqlite:'.length)}-wal`).size)
      handles.push(openFiles().length)
      tools.progress(`round ${round + 1} of ${rounds}: ${rows.at(-1)} rows`)
    }
    must(
      Math.max(...rows) <= (Math.floor(KEEP_DAYS / daysBetween) + 1) * (total.events / rounds),
      'retention keeps the inbox at its bound',
    )
    must(Math.max(0, ...logs) <= 64 * 1024 * 1024, 'the write-ahead log stays below 64 MiB')
    // Once everything has run for the first time.
    const warm = handles.slice(2)
    must(Math.max(...warm) <= Math.max(...handles.slice(0, 3)), 'open handles do not grow in number')
    return {
      ...total,
      faults: 0,
      untyped: 0,
      notes: [
        `at most ${Math.max(...rows)} rows of ${total.events} received, log at most ${(Math.max(0, ...logs) / 2 ** 20).toFixed(1)} MiB, handles ${Math.min(...warm)} to ${Math.max(...warm)}`,
      ],
    }
  },
})
