import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { start as startExpress } from '../../express/src/start.ts'
import { start as startFastify } from '../../fastify/src/start.ts'
import { students, teachers } from '../../school/src/index.ts'
import { chromiumPath, expectAccessible, picture, unlessBrowser } from './support/browser.ts'
import { openStage, type Stage } from './support/stage.ts'

const [katarzyna] = teachers
const [amelie, huong] = students as [(typeof students)[0], (typeof students)[0]]

describe.skipIf(chromiumPath === undefined).each([
  ['Fastify', startFastify],
  ['Express', startExpress],
] as const)(`a class in the browser, on %s${unlessBrowser}`, (name, start) => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage(start)
  })
  afterAll(() => stage?.close())

  const shot = (page: Page, what: string, forGuide?: string, height = 640) =>
    picture(
      page,
      `${name.toLowerCase()}/${what}`,
      name === 'Fastify' && forGuide !== undefined ? { name: forGuide, height } : undefined,
    )

  it('goes from its course to its recording', async ({ onTestFailed }) => {
    onTestFailed(() => stage.pictures(`failed-${name.toLowerCase()}`))
    const teacher = await stage.arrive()
    await teacher.getByRole('heading', { name: 'Who are you?' }).waitFor()
    await expectAccessible(teacher)
    await teacher.getByRole('button', { name: katarzyna.displayName }).click()

    // A course, and the class that comes with it.
    await teacher.getByRole('button', { name: 'New course' }).click()
    await teacher.getByLabel('Name of the course').fill('Marine biology')
    await expectAccessible(teacher)
    await teacher.getByRole('dialog').getByRole('button', { name: 'New course' }).click()
    await teacher.getByText('“Marine biology” is there, with its first class.').waitFor()
    await expectAccessible(teacher)
    await shot(teacher, '01-courses', 'page-courses')
    await teacher.getByRole('link', { name: 'Marine biology' }).click()
    const first = teacher.getByRole('article')
    await first.getByText('Scheduled').waitFor()
    await expectAccessible(teacher)
    expect(await first.getByRole('heading').textContent()).toContain('Marine biology')
    expect(await first.textContent()).toContain('8 March 2027')

    // It is wanted today.
    await first.getByRole('button', { name: 'Reschedule' }).click()
    const dialog = teacher.getByRole('dialog')
    await dialog.getByLabel('Title').fill('Tides and tide pools')
    await dialog.getByLabel('Date and time').fill('2027-03-01T10:00')
    await expectAccessible(teacher)
    await shot(teacher, '02-reschedule', 'page-reschedule', 740)
    await dialog.getByRole('button', { name: 'Save' }).click()
    await teacher.getByText('“Tides and tide pools” is changed.').waitFor()
    await first.getByText('10:00 – 11:00 CET').waitFor()

    // Two students wait on their dashboards.
    const [one, two] = [await stage.enter(amelie), await stage.enter(huong)]
    await one.getByText('No class is running at the moment.').waitFor()
    await one.getByText('Starts in 14 minutes').waitFor()
    await expectAccessible(one)
    await shot(one, '03-upcoming', 'page-upcoming')
    const [calendar] = await Promise.all([
      one.waitForEvent('download'),
      one.getByRole('button', { name: 'Add to calendar: Tides and tide pools' }).click(),
    ])
    expect(calendar.suggestedFilename()).toBe('class.ics')
    await two.getByRole('button', { name: 'Follow all my classes in a calendar' }).click()
    const feed = await two.getByLabel('Address of your calendar').inputValue()
    expect(await (await fetch(feed)).text()).toContain('SUMMARY:Tides and tide pools')
    await expectAccessible(two)

    await stage.pass(15)
    const [teachersRoom] = await Promise.all([
      teacher.context().waitForEvent('page'),
      first.getByRole('button', { name: 'Start class' }).click(),
    ])
    await teachersRoom.getByRole('heading', { name: 'Tides and tide pools' }).waitFor()

    // They are told by themselves, and join by the link each is given.
    const rooms: Page[] = []
    for (const student of [one, two]) {
      const join = student.getByRole('button', { name: 'Join Class: Tides and tide pools' })
      await join.waitFor()
      if (student === one) {
        await expectAccessible(one)
        await shot(one, '04-live', 'page-live')
      }
      const [room] = await Promise.all([student.context().waitForEvent('page'), join.click()])
      await room.getByRole('heading', { name: 'Tides and tide pools' }).waitFor()
      rooms.push(room)
    }
    const joinedAt = performance.now()
    const present = teacher.getByRole('region', { name: 'In class now' })
    for (const { displayName } of [amelie, huong]) await present.getByText(displayName).waitFor()
    console.log(
      `${name}: the teacher sees both ${Math.round(performance.now() - joinedAt)} ms after the second one came`,
    )
    await present.getByText('2 people').waitFor()
    await expectAccessible(teacher)
    await shot(teacher, '05-in-class', 'page-in-class')
    const [room, othersRoom] = rooms as [Page, Page]
    await room.getByRole('button', { name: /hand/i }).click()
    await othersRoom.getByText('hand raised').waitFor()
    await expectAccessible(room)
    await shot(room, '06-room', 'page-room', 360)

    // One goes after forty-eight minutes, the class ends after sixty.
    await stage.pass(48)
    await othersRoom.getByRole('button', { name: 'Leave' }).click()
    await present.getByText('1 person').waitFor()
    await present.getByText('Was here').waitFor()
    await stage.pass(12)
    await first.getByRole('button', { name: 'End class' }).click()
    await expectAccessible(teacher)
    await teacher.getByRole('button', { name: 'Yes, end it' }).click()
    await teacher.getByText('“Tides and tide pools” is over.').waitFor()
    await one.getByText(/(59|60|61) minutes in class/).waitFor()
    await stage.pass(1)

    // What is left of it.
    const [drawn] = await Promise.all([
      teacher.waitForResponse(/timeline\.svg/),
      teacher.getByRole('link', { name: 'Attendance and recordings: Tides and tide pools' }).click(),
    ])
    const row = (who: typeof amelie) => teacher.getByRole('row', { name: who.displayName })
    await row(amelie).waitFor()
    expect(await row(amelie).textContent()).toMatch(/present\s*(59|60|61)\s*(100|99\.\d)%/)
    expect(await row(huong).textContent()).toMatch(/left early\s*(47|48|49)\s*(79|80|81)(\.\d)?%/)
    expect(await teacher.getByRole('row').filter({ hasText: 'absent' }).count()).toBe(students.length - 2)
    const svg = await drawn.text()
    expect(svg).toContain(`aria-label="${amelie.displayName}: present`)
    expect(svg).toContain(`aria-label="${huong.displayName}: left early`)
    const image = teacher.getByRole('img', { name: /Timeline of the class/ })
    await image.waitFor()
    await teacher.evaluate("document.querySelector('figure img').decode()")
    expect(await teacher.evaluate("document.querySelector('figure img').naturalWidth")).toBeGreaterThan(500)
    const [table] = await Promise.all([
      teacher.waitForEvent('download'),
      teacher.getByRole('button', { name: 'Download as table (CSV)' }).click(),
    ])
    expect(table.suggestedFilename()).toBe('attendance.csv')

    // The recording appears on both sides, and only what is published.
    await stage.pass(15)
    await teacher.getByText('Published', { exact: true }).waitFor()
    await expectAccessible(teacher)
    await shot(teacher, '07-attendance', 'page-attendance')
    await one.getByRole('link', { name: 'Watch recording: Tides and tide pools' }).click()
    await one.waitForURL(/\/classes\/[^/]+\/recording$/)
    const watch = one.getByRole('link', { name: /Watch: slides and sound/ })
    await watch.waitFor()
    await expectAccessible(one)
    await shot(one, '08-recording', 'page-recording', 560)
    const [playback] = await Promise.all([one.context().waitForEvent('page'), watch.click()])
    await playback.getByRole('heading', { name: 'Tides and tide pools' }).waitFor()
    await playback.close()
    await teacher.getByRole('button', { name: 'Unpublish' }).click()
    await teacher.getByText('The recording is not published any more.').waitFor()
    await one.getByText('There is no recording to watch yet.').waitFor()

    // Deleting is asked twice.
    await teacher.getByRole('button', { name: 'Delete' }).click()
    await teacher.getByRole('heading', { name: 'Delete this recording?' }).waitFor()
    await teacher.getByRole('button', { name: 'Delete recording' }).click()
    await teacher.getByRole('heading', { name: 'Delete it for good?' }).waitFor()
    await expectAccessible(teacher)
    await teacher.getByRole('button', { name: 'Yes, delete for good' }).click()
    await teacher.getByText('The recording is deleted.').waitFor()
    await teacher.getByText('There is no recording yet.').waitFor()

    expect(stage.complaints).toEqual([])
  }, 180_000)
})
