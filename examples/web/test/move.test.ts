import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from 'lms-conferencing'
import {
  bucketOf,
  changeRollout,
  expandTable,
  finalizeMigration,
  migrationPlan,
  openLmsDatabase,
  planMigration,
  type Rollout,
  type RunOptions,
  rollbackMigration,
  runMigration,
  switchReads,
  verifyMigration,
} from 'lms-conferencing/migration'
import { openStore } from 'lms-conferencing/sql'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
// biome-ignore lint/style/noRestrictedImports: no part of the package, but the rows its tests and ours move
import * as rows from '../../../packages/lms-conferencing/test/migration/corpus.ts'
import { start as startExpress } from '../../express/src/start.ts'
import { start as startFastify } from '../../fastify/src/start.ts'
import { admin, courses } from '../../school/src/index.ts'
import { chromiumPath, expectAccessible, picture, unlessBrowser } from './support/browser.ts'
import { openStage, type Stage } from './support/stage.ts'

/** Two of each kind of row there is. */
const corpus = [...rows.corpus(2 * rows.kindNames.length)]
const countOf = (outcome: string): number => corpus.filter(({ expected }) => expected.outcome === outcome).length
const becauseOf = (reason: string): number => corpus.filter(({ expected }) => expected.reason === reason).length

/** A school that moves: its server, the LMS beside it, and whoever gives the commands of the runbook. */
interface Move {
  readonly stage: Stage
  readonly lms: rows.Lms
  /** For every step of the migration, over a connection of its own. */
  readonly steps: RunOptions
  rollout(change: Partial<Rollout>): Promise<void>
  close(): Promise<void>
}

async function openMove(start: typeof startFastify): Promise<Move> {
  const folder = await mkdtemp(join(tmpdir(), 'lms-move-'))
  const lmsUrl = `sqlite:${join(folder, 'old.db')}`
  const lms = await rows.createLms(lmsUrl)
  await lms.insert(corpus)
  let clock: Clock | undefined
  let storeUrl = ''
  const stage = await openStage(options => {
    clock = options.clock
    storeUrl = options.env?.DATABASE_URL ?? ''
    return start({ ...options, env: { ...options.env, LMS_DATABASE_URL: lmsUrl } })
  })
  if (clock === undefined) throw new Error('the stage has no clock')
  const beside: { readonly clock: Clock; readonly who: string } = { clock, who: 'ada' }
  const plan = migrationPlan()
  const database = await openLmsDatabase(lmsUrl, { plan })
  const store = await openStore(storeUrl)
  return {
    stage,
    lms,
    steps: { lms: database, plan, ...beside },
    async rollout(change) {
      await changeRollout({ store, ...beside, what: 'rollout', change: before => ({ ...before, ...change }) })
    },
    async close() {
      await stage.close()
      await store.close()
      await database.close()
      await lms.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

describe.skipIf(chromiumPath === undefined).each([
  ['Fastify', startFastify],
  ['Express', startExpress],
] as const)(`the administration of a school that moves, on %s${unlessBrowser}`, (name, start) => {
  let move: Move
  let office: Page
  beforeAll(async () => {
    move = await openMove(start)
    office = await move.stage.enter(admin, '/admin')
  })
  afterAll(() => move?.close())

  const panel = () => office.getByRole('region', { name: 'Move of the old classes' })
  const decision = () => office.getByRole('region', { name: 'Move to the new video service' })

  /** The page as it is now, looked at for whatever keeps somebody out, and kept as a picture. */
  async function look(what: string): Promise<void> {
    await expectAccessible(office)
    await picture(office, `${name.toLowerCase()}/move-${what}`)
  }
  /** Every figure of the panel, by its label. */
  async function figures(): Promise<Record<string, string>> {
    const labels = await panel().locator('dt').allTextContents()
    const values = await panel().locator('dt + dd').allTextContents()
    return Object.fromEntries(labels.map((label, index) => [label.trim(), values[index]?.trim() ?? '']))
  }
  /** The lines of a table of the panel, without its head. */
  async function lines(table: string): Promise<string[][]> {
    const found = await panel().getByRole('region', { name: table }).locator('tbody tr').all()
    return Promise.all(found.map(async row => (await row.locator('td').allTextContents()).map(cell => cell.trim())))
  }
  const inPhase = (phase: string) => panel().locator('[aria-current=step]').getByText(phase, { exact: true }).waitFor()
  const says = (text: string) => panel().getByText(text).first().waitFor()

  it('plans: nothing is begun, and the page says with what to begin', async ({ onTestFailed }) => {
    onTestFailed(() => move.stage.pictures(`failed-${name.toLowerCase()}-move`))
    const { counts } = await planMigration(move.steps)
    expect(counts?.rows).toBe(corpus.length)
    await office.reload()
    await says('Not begun')
    await says('lms-conferencing migrate expand')
    expect(await panel().locator('[aria-current=step]').count()).toBe(0)
    expect(await panel().getByText('Last check').count()).toBe(0)
    await look('1-plan')
  })

  it('expands: prepared, nothing decided yet', async () => {
    await expandTable(move.steps)
    await office.reload()
    await inPhase('Prepared')
    await says('lms-conferencing migrate run')
    expect(await lines('What was done')).toEqual([[expect.stringContaining('1 March 2027'), 'Prepared', 'ada', '0']])
    await look('2-expanded')
  })

  it('runs: every class has its outcome, and what has to be looked at says why', async () => {
    await runMigration(move.steps)
    await office.reload()
    await inPhase('Decided')
    await says('lms-conferencing migrate verify')
    await says(`${corpus.length} classes`)
    expect(await figures()).toMatchObject({
      'Taken over': String(countOf('migrated')),
      'Stay on the old service': String(countOf('kept')),
      'Filled in by the LMS': '0',
      'To be looked at': String(countOf('rejected')),
    })
    const whys = await lines('Why classes have to be looked at')
    expect(whys[0]).toEqual(['A link or an id of no known service', 'Correct it, or accept it', '6'])
    expect(whys).toContainEqual(['Two services are named', 'Take out what is wrong', '2'])
    expect(whys.map(([, , count]) => Number(count)).reduce((sum, count) => sum + count, 0)).toBe(countOf('rejected'))
    expect(becauseOf('unknown_service')).toBe(6)
    await says('lms-conferencing migrate rejected')
    await look('3-run')
  })

  it('does not verify what somebody wrote by hand, and says so', async () => {
    const [one] = corpus.filter(({ expected }) => expected.outcome === 'migrated')
    const set = (provider: string) =>
      move.lms.query('update live_classes set provider = $1 where id = $2', [provider, one?.old.id ?? ''])
    await set('bbb')
    const report = await verifyMigration(move.steps)
    expect(report?.ok).toBe(false)
    await office.reload()
    await inPhase('Decided')
    await says('Something does not fit')
    await says('1 class has values that do not follow from the old ones')
    await says('lms-conferencing migrate doctor')
    await look('4-wrong')
    await set('zoom')
  })

  it('verifies: the signed report says who, when, and that everything fits', async () => {
    const report = await verifyMigration(move.steps)
    expect(report?.ok).toBe(true)
    await office.reload()
    await inPhase('Checked')
    await says('lms-conferencing migrate switch')
    await says('Everything fits')
    await says(report?.digest ?? 'no digest')
    expect(await figures()).toMatchObject({
      'Signed by': 'ada',
      When: expect.stringContaining('Monday, 1 March 2027 at 09:'),
      'Classes checked': String(corpus.length),
    })
    await look('5-verified')
  })

  it('goes back and forward again', async () => {
    await rollbackMigration(move.steps)
    await office.reload()
    await says('Taken back')
    await says('lms-conferencing migrate expand')
    expect(await panel().getByText('Everything fits').count()).toBe(0)
    await look('6-rolled-back')
    await expandTable(move.steps)
    await runMigration(move.steps)
    await verifyMigration(move.steps)
  })

  it('switches: the last step waits for the classes that could not be decided', async () => {
    await switchReads(move.steps)
    await office.reload()
    await inPhase('Switched over')
    await says(`Look at ${countOf('rejected')} classes that could not be decided.`)
    await panel()
      .getByRole('button', { name: /^Show \d older lines$/ })
      .click()
    const done = (await lines('What was done')).map(([, what]) => what)
    expect(done.slice(0, 2)).toEqual(['Switched over', 'Checked'])
    expect(done.at(-1)).toBe('Prepared')
    expect(done).toContain('Taken back')
    await look('7-switched')
  })

  it('says where a course is, and why, as the rollout goes on', async () => {
    const biology = courses[0]?.title ?? ''
    const ask = async (course: string): Promise<string> => {
      await decision().getByLabel('What is decided for a course?').selectOption(course)
      await decision().getByRole('button', { name: 'Look up' }).click()
      await decision().getByText(`New classes of ${course}`).waitFor()
      return (await decision().getByRole('status').textContent()) ?? ''
    }
    const reach = async (change: Partial<Rollout>, phase: string): Promise<void> => {
      await move.rollout(change)
      await office.reload()
      await decision().locator('[aria-current=step]').getByText(phase, { exact: true }).waitFor()
    }
    await reach({}, 'Preparation')
    expect(await ask(biology)).toMatch(/on zoom\. *Nobody goes to bbb yet\./)
    await reach({ phase: 'testing', allow: ['history'] }, 'Testing')
    await decision().getByText('1 course goes first').waitFor()
    expect(await ask(biology)).toMatch(/on zoom\. *Only courses on the list go first/)
    expect(await ask('History of the sea')).toMatch(/on bbb\. *The course is on the list/)
    await look('8-testing')
    const bucket = bucketOf('biology')
    await reach({ phase: 'gradual', percentage: Math.ceil((bucket + 1) / 100), deny: ['chemistry'] }, 'Gradual')
    await decision()
      .getByText(/^\d+% of courses go$/)
      .waitFor()
    expect(await ask(biology)).toContain(`bucket ${bucket} of 10000 is among them`)
    await reach({ percentage: 0, overrides: { history: 'zoom' }, newCoursesSince: '2027-02-01T00:00:00Z' }, 'Gradual')
    await decision().getByText('New courses go, since 1 February 2027').waitFor()
    expect(await ask(biology)).toContain(`bucket ${bucket} of 10000 is not among them yet`)
    expect(await ask('History of the sea')).toMatch(/on zoom\. *Decided by hand for this course\./)
    await look('9-gradual')
    // What was decided by another rollout is not shown beside this one.
    await move.rollout({ phase: 'full', isOldEnabled: false })
    await office.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await decision().getByText('The old service is switched off for new classes').waitFor()
    expect(await decision().getByRole('status').textContent()).toBe('')
    expect(await ask(biology)).toContain('on bbb')
  })

  it('speaks Arabic, and fits a phone', async () => {
    await office.getByLabel('Language').selectOption('ar')
    const region = office.getByRole('region', { name: 'نقل الحصص القديمة' })
    await region.getByText('التحويل', { exact: true }).first().waitFor()
    // The page's own words; what people wrote, codes and commands stay as they are.
    const latin = await office.evaluate(`(() => {
      const copy = document.querySelector('[aria-labelledby=migration]').cloneNode(true)
      for (const verbatim of copy.querySelectorAll('code, bdi')) verbatim.remove()
      return copy.textContent.match(/[A-Za-z]{3,}/g)
    })()`)
    expect(latin).toBeNull()
    await look('10-arabic')
    for (const width of [360, 768]) {
      await office.setViewportSize({ width, height: 800 })
      expect([width, await office.evaluate('document.documentElement.scrollWidth - innerWidth')]).toEqual([width, 0])
      await look(`11-${width}`)
    }
    await office.getByRole('combobox').first().selectOption('en')
    await office.setViewportSize({ width: 1180, height: 820 })
  })

  it('ends: nothing is left to be done, and no page complained', async () => {
    await finalizeMigration({ ...move.steps, acceptRejected: true })
    await move.rollout({ phase: 'cleanup' })
    await office.reload()
    await inPhase('Finished')
    await says('Nothing is left to be done.')
    await decision().getByText('The move is over.').waitFor()
    expect(await panel().getByText('migrate rejected').count()).toBe(0)
    await look('12-finished')
    expect(move.stage.complaints).toEqual([])
  })
})
