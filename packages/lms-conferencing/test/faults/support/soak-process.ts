// The whole of live classes in one process, at work on everything at once, on a clock that runs fast.
import { setTimeout as pause } from 'node:timers/promises'
import { BbbClient } from 'bbb-client'
import { createConferencing } from 'lms-conferencing'
import { attendanceCsv } from 'lms-conferencing/attendance'
import { openStore } from 'lms-conferencing/sql'
import { systemClock } from '../../../src/clock.ts'
import { fastNow, type SoakSettings } from './fast-clock.ts'
import { serve } from './serve.ts'
import { bbb, secret, tenantId } from './workload.ts'

const settings: SoakSettings = JSON.parse(process.argv[2] ?? '')
const clock = { ...systemClock, now: () => fastNow(settings) }
const store = await openStore(settings.url)
const client = new BbbClient({ url: settings.bbbUrl, secret })
let applied = 0
const conferencing = createConferencing({
  tenantId,
  store,
  clock,
  providers: { bbb: bbb(undefined, { client, clock }) },
  retention: { keepBodiesDays: settings.keepDays, keepRowsDays: settings.keepDays },
  notify: () => {
    applied++
  },
})
let isStopping = false

/** Its own timetable is for a clock that runs as clocks do. */
async function applying(): Promise<void> {
  while (!isStopping) {
    await conferencing.rounds.callbacks()
    await pause(10)
  }
}

/** What goes on beside the callbacks, without a pause: exports of every class, and every round there is. */
async function chores(): Promise<void> {
  const { close, keepCallbacks, results, sweep, retention } = conferencing.rounds
  while (!isStopping) {
    for (const { id } of await conferencing.listClasses()) {
      if (isStopping) return
      // A class may be deleted meanwhile.
      const found = await conferencing.attendance(id).catch(() => null)
      if (found) attendanceCsv(found.report.rows)
    }
    for (const round of [close, keepCallbacks, results, sweep, retention]) await round()
    await pause(settings.choresEveryMs)
  }
}
const doing = Promise.all([applying(), chores()])

serve({
  receive: request => conferencing.receiveCallback('bbb', request),
  counts: () => ({ applied, commits: 0, settledAfterP99Ms: 0 }),
  async stop() {
    isStopping = true
    await doing
    await conferencing.stop()
    await client.close()
    await store.close()
  },
})
