import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from 'lms-conferencing/sql'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { cli } from '../cli/support.ts'
import { temporaryDirectory } from '../sql/support.ts'
import { PlainProvider } from '../support/plain-provider.ts'
import { corpus, createLms } from './corpus.ts'

const runbook = join(import.meta.dirname, '../../../../docs/MIGRATION_RUNBOOK.md')
const ROWS = 310

/** Plays the blocks of the runbook, in their order, on a platform of all kinds of rows and two video services. */
async function play(markdown: string): Promise<string> {
  const lmsUrl = `sqlite:${join(temporaryDirectory(), 'lms.db')}`
  const lms = await createLms(lmsUrl)
  await lms.insert(corpus(ROWS))
  // Two weeks ahead of the clock, so that classes to come are to come.
  await lms.query("update live_classes set scheduled_at = '2026-03-15 12:00:00+00' where status = 'scheduled'")
  await lms.query("update live_classes set description = ''")
  // The LMS's own list of who was there: Zoom's reports know the first of each class, and nobody else.
  await lms.query(`create table class_attendance (id integer primary key, live_class_id char(36) not null,
    student_id varchar(36) not null, join_time datetime, leave_time datetime, duration_minutes integer,
    status varchar(20) not null, attendance_percentage decimal, participation_score integer)`)
  const over = await lms.query<{ id: string }>("select id from live_classes where status = 'completed' order by id")
  for (const [index, { id }] of over.entries()) {
    for (const [student, join, leave, minutes, status] of [
      [`student-${index % 9}`, '2026-03-01 12:01:00+00', '2026-03-01 12:46:00+00', 45, 'present'],
      ['student-10', '2026-03-01 12:00:00+00', '2026-03-01 12:50:00+00', 50, 'present'],
      ['student-11', '2026-03-01 12:40:00+00', null, null, 'present'],
      ['student-12', null, null, null, 'excused'],
    ] as const) {
      await lms.query(
        `insert into class_attendance (live_class_id, student_id, join_time, leave_time, duration_minutes, status)
           values ($1, $2, $3, $4, $5, $6)`,
        [id, student, join, leave, minutes, status],
      )
    }
  }
  const env = { LMS_DATABASE_URL: lmsUrl, DATABASE_URL: `sqlite:${join(temporaryDirectory(), 'classes.db')}` }
  const zoom = new PlainProvider({ name: 'zoom' })
  const openMeeting = zoom.openMeeting.bind(zoom)
  let made = 0
  // A meeting that was cancelled is gone: Zoom makes a new one.
  zoom.openMeeting = async (meeting, spec) => {
    const meetingId = `8600000000${++made}`
    return openMeeting({ ...meeting, meetingId, meetingKey: meetingId }, spec)
  }
  let asked = 0
  zoom.report = async ({ meetingId }) => [
    { type: 'started', instance: `run-${asked}`, at: Date.parse('2026-03-01T12:00:00Z') },
    {
      type: 'joined',
      instance: `run-${asked}`,
      session: '16778240',
      person: `student-${asked % 9}`,
      at: Date.parse('2026-03-01T12:01:00Z'),
    },
    {
      type: 'left',
      instance: `run-${asked}`,
      session: '16778240',
      person: `student-${asked % 9}`,
      at: Date.parse('2026-03-01T12:46:00Z'),
    },
    {
      type: 'ended',
      instance: `run-${asked++}`,
      at: Date.parse(meetingId === '' ? '2026-03-01T12:50:00Z' : '2026-03-01T13:00:00Z'),
    },
  ]
  let clockAt = Date.parse('2026-03-02T08:00:00Z')
  const io = {
    env,
    providers: { zoom, bbb: new PlainProvider() },
    clock: { ...systemClock, now: () => clockAt },
  }
  await (await openStore(env.DATABASE_URL)).close()
  onTestFinished(() => lms.close())
  const lines: string[] = []
  let inBlock = false
  for (const line of markdown.split('\n')) {
    if (!inBlock) {
      inBlock = line === '```console migrate'
      lines.push(line)
    } else if (line === '```') {
      inBlock = false
      lines.push(line)
    } else if (line.startsWith('$ ')) {
      lines.push(line)
      const command = line.slice(2)
      if (command.startsWith('sqlite3 ')) {
        const statement = /"(.*)"$/.exec(command)?.[1] ?? ''
        const rows = await lms.query<object>(statement)
        lines.push(
          ...rows.map(row =>
            Object.values(row)
              .map(value => value ?? '')
              .join('|'),
          ),
        )
        continue
      }
      const { out, err, code } = await cli(command.replace(/^lms-conferencing /, ''), io)
      lines.push(...`${out}${err}`.replace(/\n$/, '').split('\n'))
      if (code !== 0) lines.push(`(ends with ${code})`)
      clockAt += 60_000
    }
    // Every other line of a block is output, which is written anew.
  }
  return lines.join('\n')
}

test('dry run, run, verify, rollback, run again, finalize: the runbook shows what its commands really say; if not: UPDATE_DOCS=1', async () => {
  const written = readFileSync(runbook, 'utf8')
  const played = await play(written)
  if (process.env.UPDATE_DOCS === '1') writeFileSync(runbook, played)
  else expect(played).toBe(written)
})
