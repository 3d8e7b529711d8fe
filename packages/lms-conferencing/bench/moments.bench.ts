import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { createConferencing } from 'lms-conferencing'
import { openStore } from 'lms-conferencing/sql'
import { PlainProvider } from '../test/support/plain-provider.ts'

/** One measured figure beside the limit measured in the same run. */
export interface Figure {
  readonly name: string
  readonly ours: number
  readonly limit: number
  readonly unit: string
  readonly ratio: number
  readonly note?: string
}

const CALLS = 3000
const EVENTS = 2000
const EVENTS_A_SECOND = 200
/** Two seconds and a half apart, so that what is told of a class is told of the last. */
const EVENTS_OF_A_CLASS = 4

/** Moments a person waits for: the link into a class, and their coming shown in its attendance. On SQLite, in a file. */
export default async function momentsBench(): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'moments-bench-'))
  const store = await openStore(`sqlite:${join(directory, 'lms.db')}`)
  const provider = new PlainProvider()
  /** Who waits for word of which class. */
  const waiting = new Map<string, ((at: number) => void)[]>()
  const conferencing = createConferencing({
    providers: { bbb: provider },
    store,
    notify: ({ type, liveClass }) => {
      if (type !== 'attendance-changed') return
      for (const tell of waiting.get(liveClass.id)?.splice(0) ?? []) tell(performance.now())
    },
  })
  try {
    const teacher = { userId: 'tea', displayName: 'Tea', role: 'moderator' } as const
    const start = async (title: string): Promise<string> => {
      const { id } = await conferencing.createClass({
        courseId: 'course',
        teacherId: 'tea',
        title,
        startsAt: new Date(),
      })
      await conferencing.startClass(id, teacher)
      return id
    }

    const id = await start('Lesson')
    const joining: number[] = []
    const bare: number[] = []
    for (let call = -CALLS / 10; call < CALLS; call++) {
      const person = { userId: `student-${call}`, displayName: 'Ana Ñ', role: 'attendee' } as const
      const before = performance.now()
      const row = await store.read(tx => tx.getClass('default', id))
      if (row) await provider.joinLink(row.meeting, person)
      const between = performance.now()
      await conferencing.joinInfo(id, person)
      if (call < 0) continue
      bare.push(between - before)
      joining.push(performance.now() - between)
    }

    conferencing.start()
    const delays: number[] = []
    const classes: string[] = []
    for (let n = 0; n < EVENTS / EVENTS_OF_A_CLASS; n++) classes.push(await start(`Lesson ${n}`))
    const sent: Promise<void>[] = []
    const begin = performance.now()
    for (let n = 0; n < EVENTS; n++) {
      // At its own time, however long the others take: a sender does not wait for us.
      const due = begin + (n * 1000) / EVENTS_A_SECOND
      if (due > performance.now()) await sleep(due - performance.now())
      const classId = classes[n % classes.length] ?? id
      sent.push(
        new Promise((resolve, reject) => {
          const from = performance.now()
          const list = waiting.get(classId) ?? []
          waiting.set(classId, list)
          list.push(at => {
            delays.push(at - from)
            resolve()
          })
          const event = {
            type: 'joined',
            instance: 'run',
            session: `session-${n}`,
            person: `student-${n}`,
            at: Date.now(),
          } as const
          conferencing
            .receiveCallback('bbb', provider.callback({ meetingKey: `meeting-${classId}` }, event))
            .catch(reject)
        }),
      )
    }
    await Promise.all(sent)
    const [ours, limit] = [percentile(joining, 99), percentile(bare, 99)]
    return [
      {
        name: 'join_info, provider healthy: p99',
        ours,
        limit,
        unit: 'ms',
        ratio: ours / limit,
        note: `p50 ${percentile(joining, 50).toFixed(2)} ms; limit: one read and one signed link; target: p99 < 20 ms`,
      },
      {
        name: `callback received to attendance changed, ${EVENTS_A_SECOND}/s: p99`,
        ours: percentile(delays, 99),
        limit: 1000,
        unit: 'ms',
        ratio: percentile(delays, 99) / 1000,
        note: `p50 ${percentile(delays, 50).toFixed(1)} ms; limit: the target`,
      },
    ]
  } finally {
    await conferencing.stop()
    await store.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

const percentile = (values: readonly number[], percent: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length * percent) / 100)] ?? Number.NaN
