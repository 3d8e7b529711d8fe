import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  attendanceTable,
  courses,
  playClass,
  preparePage,
  type RunningSchool,
  terminalNarrator,
  tokenOf,
} from '@examples/school'
import { ManualClock } from 'bbb-client/testing'
import { start } from './start.ts'

const HELP = `Plays one live class from planning to recording, with a fake BigBlueButton and an LMS on this machine.

Usage: pnpm demo [--exit] [--port <number>] [--help]

  --exit           stop after the story; status 0 when it ended well (also with CI=true)
  --port <number>  where the LMS listens; any free port when it is taken (default 3000)
`

/** How often simulated time moves on while the demo keeps serving, in milliseconds. */
const TICK_MS = 250
/** The story takes less, so told from here it ends before now. */
const STORY_MS = 90 * 60_000
const DAY_MS = 24 * 60 * 60_000

try {
  const { values } = parseArgs({
    options: { exit: { type: 'boolean' }, port: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  })
  const { port = '3000' } = values
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new TypeError('--port: must be a number from 0 to 65535')
  if (values.help) console.log(HELP)
  else await main(values.exit === true || process.env.CI === 'true', port)
} catch (error) {
  if (!(error instanceof TypeError)) throw error
  console.error(`${error.message}\n\n${HELP}`)
  process.exitCode = 2
}

async function main(exitAfterwards: boolean, port: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lms-demo-'))
  const stopped = Promise.withResolvers<void>()
  const stop = (): void => stopped.resolve()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  let running: RunningSchool | undefined
  try {
    await preparePage(line => console.log(line))
    const clock = new ManualClock({ startAt: Date.now() - STORY_MS })
    running = await open(folder, clock, port)
    const told = tell(running, clock)
    // Ctrl-C in the middle of the story ends it there.
    if ((await Promise.race([told.then(() => 'told'), stopped.promise])) === 'told' && !exitAfterwards) {
      console.log(
        '\nServing until Ctrl-C. Open the LMS in a browser and choose who you are; each tab can be another person.',
      )
      const ticking = setInterval(() => void clock.advance(Math.max(0, Date.now() - clock.now())), TICK_MS)
      await stopped.promise
      clearInterval(ticking)
      console.log('\nStopping.')
    }
    told.catch(() => {})
  } catch (error) {
    process.exitCode = 1
    console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
    await running?.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The LMS of the example beside a fake BigBlueButton; on another port when that one is taken. */
async function open(folder: string, clock: ManualClock, port: string): Promise<RunningSchool> {
  const env = { ...process.env, BBB_SERVER_URL: undefined, DATABASE_URL: `sqlite:${join(folder, 'lms.db')}` }
  try {
    return await start({ env: { ...env, PORT: port }, clock })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    console.log(`Port ${port} is taken; taking a free one.`)
    return await start({ env: { ...env, PORT: '0' }, clock })
  }
}

async function tell({ url, bbb, conferencing }: RunningSchool, clock: ManualClock): Promise<void> {
  const [course] = courses
  if (course === undefined || bbb === null) throw new Error('the school has no course')
  const bbbUrl = new URL(bbb.url).origin
  console.log(`The LMS is at ${url}, the fake BigBlueButton at ${bbbUrl}. Times are simulated.\n`)
  const player = (user: { userId: string; displayName: string }) => ({
    displayName: user.displayName,
    token: tokenOf(user),
  })
  const end = await playClass({
    lms: url,
    courseId: course.id,
    teacher: player(course.teacher),
    students: course.students.map(player),
    now: () => clock.now(),
    async pass(ms) {
      await clock.advance(ms)
      // Callbacks are acknowledged once stored, and have their effect a moment later.
      await conferencing.rounds.callbacks()
    },
    narrator: terminalNarrator(),
  })
  console.log(`\nAttendance of "${end.title}"\n\n${attendanceTable(end.attendance)}`)
  const counts = Map.groupBy(
    end.attendance.filter(line => line.status !== null),
    line => line.status,
  )
  console.log(`\n${[...counts].map(([status, lines]) => `${lines.length} ${status}`).join(', ')}`)
  // The story is history now; what comes next is for whoever opens the page.
  await clock.advance(Math.max(0, Date.now() - clock.now()))
  await conferencing.createClass({
    courseId: course.id,
    teacherId: course.teacher.userId,
    title: 'Respiration, step by step',
    startsAt: new Date(clock.now() + DAY_MS),
  })
  console.log(`\nRecording   ${end.recordingUrl}`)
  console.log(`LMS         ${url}`)
  console.log(`Fake server ${bbbUrl}`)
}
