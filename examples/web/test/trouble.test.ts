import type { BrowserContext, Page, WebSocketRoute } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { start as startExpress } from '../../express/src/start.ts'
import { start as startFastify } from '../../fastify/src/start.ts'
import { courses, students, teachers, tokenOf } from '../../school/src/index.ts'
import { chromiumPath, expectAccessible, picture, unlessBrowser } from './support/browser.ts'
import { openStage, type Stage } from './support/stage.ts'

const [katarzyna] = teachers
const [amelie] = students
const biology = courses[0]?.id ?? ''

describe.skipIf(chromiumPath === undefined).each([
  ['Fastify', startFastify],
  ['Express', startExpress],
] as const)(`the page in trouble, on %s${unlessBrowser}`, (name, start) => {
  let stage: Stage
  beforeEach(async ({ onTestFailed }) => {
    stage = await openStage(start)
    onTestFailed(() => stage.pictures(`failed-${name.toLowerCase()}-trouble`))
  })
  afterEach(() => stage?.close())

  const shot = (page: Page, what: string) => picture(page, `${name.toLowerCase()}/${what}`)

  /** A class that somebody else plans meanwhile. */
  async function planElsewhere(title: string): Promise<void> {
    const response = await fetch(`${stage.url}/api/v1/courses/${biology}/create_virtual_class/`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokenOf(katarzyna)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ title, scheduled_at: new Date(stage.now() + 3_600_000).toISOString() }),
    })
    expect(response.status).toBe(200)
  }

  it('says that the video service does not answer, and works again once it does', async () => {
    const teacher = await stage.enter(katarzyna, `/courses/${biology}`)
    stage.bbb.fake.faults.add({ kind: 'status', status: 503, times: 1_000 })
    await teacher.getByRole('button', { name: 'New class' }).click()
    await teacher.getByLabel('Title').fill('Photosynthesis')
    await teacher.getByRole('button', { name: 'Plan class' }).click()
    await teacher.getByText('“Photosynthesis” is planned. Its room is not there yet').waitFor()
    const planned = teacher.getByRole('article')
    await planned.getByText('Room being prepared').waitFor()
    await planned.getByRole('button', { name: 'Start class' }).click()
    await planned.getByRole('alert').waitFor()
    expect(await planned.getByRole('alert').textContent()).toMatch(/That did not work.*[a-z]\./)
    await expectAccessible(teacher)
    await shot(teacher, 'video-service-down')
    // The tab that was to hold the room is gone.
    expect(teacher.context().pages()).toHaveLength(1)

    stage.bbb.fake.faults.clear()
    await planned.getByRole('button', { name: 'Try to make the room again' }).click()
    await teacher.getByText('The room of “Photosynthesis” is there.').waitFor()
    const [room] = await Promise.all([
      teacher.context().waitForEvent('page'),
      planned.getByRole('button', { name: 'Start class' }).click(),
    ])
    await room.getByRole('heading', { name: 'Photosynthesis' }).waitFor()
  })

  it('says that live updates are cut, looks every 30 seconds, and is live again by itself', async () => {
    let isCut = false
    const open = new Set<WebSocketRoute>()
    const student = await stage.enter(amelie ?? katarzyna, '/dashboard', async (context: BrowserContext) => {
      await context.routeWebSocket(/socket\.io/, socket => {
        if (isCut) {
          void socket.close()
          return
        }
        socket.connectToServer()
        open.add(socket)
      })
    })
    await student.getByText('Nothing is planned.').waitFor()
    await planElsewhere('Told at once')
    await student.getByRole('heading', { name: 'Told at once' }).waitFor()

    isCut = true
    for (const socket of open) await socket.close()
    await student.getByText('Live updates are interrupted.').waitFor()
    await expectAccessible(student)
    await shot(student, 'socket-cut')
    await planElsewhere('Found by looking')
    await student.context().clock.fastForward(31_000)
    await student.getByRole('heading', { name: 'Found by looking' }).waitFor()

    isCut = false
    await student.context().clock.fastForward(31_000)
    await student.getByText('Connected again.').waitFor()
    await planElsewhere('Told at once again')
    await student.getByRole('heading', { name: 'Told at once again' }).waitFor()
  })

  it('says that the server cannot be reached, and goes on once it is back, without being loaded again', async () => {
    const teacher = await stage.enter(katarzyna, `/courses/${biology}`)
    await planElsewhere('Before')
    await teacher.getByRole('heading', { name: 'Before' }).waitFor()
    await teacher.evaluate('window.isTheSamePage = true')
    await stage.stop()
    await teacher.getByText('The server cannot be reached.').waitFor()
    await expectAccessible(teacher)
    await shot(teacher, 'server-gone')
    // What it showed is still there to be read.
    await teacher.getByRole('heading', { name: 'Before' }).waitFor()
    await teacher.getByRole('button', { name: 'Reschedule' }).click()
    await teacher.getByRole('button', { name: 'Save' }).click()
    await teacher.getByRole('dialog').getByText('The server cannot be reached. Please check your connection.').waitFor()

    await stage.restart()
    await teacher.getByText('Connected again.').waitFor()
    await teacher.getByRole('button', { name: 'Save' }).click()
    await teacher.getByText('“Before” is changed.').waitFor()
    await planElsewhere('After')
    await teacher.getByRole('heading', { name: 'After' }).waitFor()
    expect(await teacher.evaluate('window.isTheSamePage')).toBe(true)
  })
})
