import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { start } from '../../fastify/src/start.ts'
import { admin, courses, students, teachers } from '../../school/src/index.ts'
import { chromiumPath, expectAccessible, picture, unlessBrowser } from './support/browser.ts'
import { openStage, type Stage } from './support/stage.ts'

const [katarzyna] = teachers
const amelie = students[0] ?? katarzyna
const biology = courses[0]?.id ?? ''

describe.skipIf(chromiumPath === undefined)(`the places of the page${unlessBrowser}`, () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage(start)
  })
  afterAll(() => stage?.close())

  it('speaks a right-to-left language, mirrored, and keeps it', async () => {
    const student = await stage.enter(amelie)
    await student.getByLabel('Language').selectOption('ar')
    await student.getByRole('heading', { name: 'حصصي' }).waitFor()
    expect(await student.evaluate('[document.documentElement.dir, document.documentElement.lang]')).toEqual([
      'rtl',
      'ar',
    ])
    await student.reload()
    await student.getByRole('heading', { name: 'مباشر الآن' }).waitFor()
    // What comes first stands on the right.
    const heading = await student.getByRole('heading', { name: 'حصصي' }).boundingBox()
    expect((heading?.x ?? 0) + (heading?.width ?? 0)).toBeGreaterThan(1_000)
    await expectAccessible(student)
    await picture(student, 'places/arabic')
  })

  it.each([360, 768, 1440])('fits a screen %d pixels wide, without scrolling sideways', async width => {
    for (const [who, path] of [
      [amelie, '/dashboard'],
      [katarzyna, `/courses/${biology}`],
      [katarzyna, '/courses'],
      [admin, '/admin'],
    ] as const) {
      const page = await stage.enter(who, path)
      await page.setViewportSize({ width, height: 800 })
      await page.getByRole('heading', { level: 1 }).waitFor()
      expect([path, await page.evaluate('document.documentElement.scrollWidth - innerWidth')]).toEqual([path, 0])
      await page.context().close()
    }
  })

  it('is all there for a keyboard', async () => {
    const teacher = await stage.enter(katarzyna, `/courses/${biology}`)
    await teacher.getByRole('heading', { level: 1 }).waitFor()
    await teacher.keyboard.press('Tab')
    expect(await teacher.evaluate('document.activeElement.textContent')).toBe('Skip to the content')
    await teacher.keyboard.press('Enter')
    await teacher.keyboard.press('Tab')
    await teacher.keyboard.press('Enter')
    await teacher.getByRole('dialog', { name: 'New class' }).waitFor()
    // The dialog has the focus where one types first; a mistake is said and focused.
    expect(await teacher.evaluate('document.activeElement.labels[0].textContent')).toBe('Title')
    await teacher.keyboard.press('Enter')
    await teacher.getByText('Please give the class a title.').waitFor()
    await expectAccessible(teacher)
    await teacher.keyboard.press('Escape')
    await teacher.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await teacher.evaluate('document.activeElement.textContent.trim()')).toBe('New class')
  })

  it('plans a class in another time zone, for as long as one likes, and cancels it', async () => {
    const teacher = await stage.enter(katarzyna, `/courses/${biology}`)
    await teacher.getByRole('button', { name: 'New class' }).click()
    await teacher.getByLabel('Title').fill('With our friends in Tokyo')
    await teacher.getByLabel('Date and time').fill('2027-03-02T18:00')
    await teacher.getByLabel('Time zone').selectOption('Asia/Tokyo')
    await teacher.getByText('For you: Tuesday, 2 March 2027 at 10:00').waitFor()
    await teacher.getByLabel('Another duration').check()
    await teacher.getByLabel('Minutes', { exact: true }).fill('0')
    await teacher.getByRole('button', { name: 'Plan class' }).click()
    await teacher.getByText('Please choose between 1 and 1440 minutes.').waitFor()
    await teacher.getByLabel('Minutes', { exact: true }).fill('75')
    await picture(teacher, 'places/new-class', { name: 'page-new-class', height: 790 })
    await teacher.getByRole('button', { name: 'Plan class' }).click()
    await teacher.getByText('“With our friends in Tokyo” is planned.').waitFor()
    const planned = teacher.getByRole('article').filter({ hasText: 'Tokyo' })
    await planned.getByText('10:00 – 11:15 CET').waitFor()
    await planned.getByText('1 hour 15 minutes').waitFor()
    await planned.getByRole('button', { name: 'Cancel class' }).click()
    await teacher.getByRole('button', { name: 'Yes, cancel it' }).click()
    await planned.getByText('Cancelled').waitFor()
  })

  it('leads nowhere that is not, and nobody where they may not be', async () => {
    const student = await stage.enter(amelie, '/nowhere')
    await student.getByText('There is no such page.').waitFor()
    await expectAccessible(student)
    await student.goto(`${stage.url}/classes/nothing`)
    await student.getByText('This cannot be shown').waitFor()
    await expectAccessible(student)
    await student.goto(`${stage.url}/admin`)
    await student.getByText('Only an administrator may do that.').first().waitFor()
    const stranger = await stage.arrive()
    await stranger.goto(`${stage.url}/courses/${biology}`)
    await stranger.getByRole('button', { name: katarzyna.displayName }).click()
    await stranger.getByRole('heading', { name: courses[0]?.title ?? '' }).waitFor()
  })

  it('shows administrators how the server does, and puts callbacks back that were given up', async () => {
    const office = await stage.enter(admin, '/admin')
    await office.getByText('All is well').waitFor()
    await office.getByText('No callback was given up.').waitFor()
    await expectAccessible(office)
    await stage.sendNonsense()
    await stage.pass(20)
    await office.reload()
    const dead = office.getByRole('region', { name: 'Callbacks that were given up' })
    await dead.getByRole('row').nth(1).waitFor()
    expect(await dead.getByRole('row').nth(1).textContent()).toMatch(/bbb · hook.*timestamp.*8/s)
    await expectAccessible(office)
    await picture(office, 'places/admin')
    await office.getByRole('button', { name: /^Put back: / }).click()
    await office.getByText('1 callback was put back.').waitFor()
    await office.getByText('No callback was given up.').waitFor()
  })
})

describe.skipIf(chromiumPath === undefined)(`the feature flags${unlessBrowser}`, () => {
  it.each([
    ['VITE_VIRTUAL_CLASSES_ENABLED', '/', 'Virtual classes are switched off in this school.'],
    ['VITE_RECORDING_PLAYBACK_ENABLED', '/classes/any/recording', 'Recordings cannot be watched here at the moment.'],
  ])('%s=false switches its part off', async (flag, path, text) => {
    process.env[flag] = 'false'
    let stage: Stage | undefined
    try {
      stage = await openStage(start)
      const student = await stage.enter(amelie, path)
      await student.getByText(text).waitFor()
      await expectAccessible(student)
    } finally {
      delete process.env[flag]
      await stage?.close()
    }
  })
})
