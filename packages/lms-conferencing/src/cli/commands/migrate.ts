import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { systemClock } from '../../clock.ts'
import { ConferencingError } from '../../errors.ts'
import type { Counts, RunOptions, RunResult, SignedReport } from '../../migration/index.ts'
import { Stopped } from '../conferencing-session.ts'
import type { Io } from '../io.ts'
import { type Cell, examples, json, record, table } from '../output.ts'
import { progressOf } from '../progress.ts'
import { type ExitCode, whole } from '../session.ts'

type Migration = typeof import('../../migration/index.ts')

export interface GlobalOptions {
  readonly database?: string
  readonly json?: boolean
  readonly lms?: string
  readonly map?: string
}

interface Step {
  readonly migration: Migration
  readonly options: RunOptions
  readonly io: Io
  show(value: unknown, forPeople: () => string): void
}

type Handler<Options> = (step: Step, options: Options) => Promise<ExitCode | undefined>

interface Dry {
  readonly dryRun?: boolean
}

/** The steps that take the table of an LMS from Zoom's columns to the new ones. */
export function migrateCommands(program: Command, io: Io, ended: (code: ExitCode) => void): Command {
  const migrate = program
    .command('migrate')
    .description('move a platform from Zoom to BigBlueButton, step by step')
    .option('--lms <url>', "the LMS's own database (default: LMS_DATABASE_URL, or else the database)")
    .option('--map <file>', 'JSON that names its table and columns, where it is not live_classes')
    .addHelpText(
      'after',
      `
The steps, in their order: plan, expand, run, verify, switch, finalize; rollback works until finalize.
Beside them: adopt, classes, history, attendance. See docs/MIGRATION_RUNBOOK.md.
${examples('migrate plan', 'migrate expand', 'migrate run', 'migrate doctor')}`,
    )

  const step = <Options extends object>(
    name: string,
    { description, readOnly, more = [name] }: { description: string; readOnly: boolean; more?: readonly string[] },
    handler: Handler<Options>,
  ): Command =>
    migrate
      .command(name)
      .description(description)
      .addHelpText('after', examples(...more.map(words => `migrate ${words}`)))
      .action(async function (this: Command) {
        const given = this.optsWithGlobals<GlobalOptions & Dry & Options>()
        ended((await withLms(io, given, readOnly || given.dryRun === true, handler)) ?? 0)
      })

  step(
    'plan',
    { description: 'what would become of every row; nothing can be written', readOnly: true },
    async ({ migration, options, show }) => {
      const result = requireAll(await migration.planMigration(options))
      show(
        result,
        () => `${countsText(result.counts)}\nsource digest  ${result.sourceDigest}\n\nNothing was changed.\n`,
      )
      return 0
    },
  )

  step(
    'expand',
    { description: 'add the new columns, empty, and the view with the old names and the new', readOnly: false },
    async ({ migration, options, show }) => {
      const added = await migration.expandTable(options)
      const { view } = options.plan
      show({ added, view }, () =>
        added.length === 0
          ? `The columns are there already.\nMade the view ${view}.\n`
          : `Added to ${options.plan.table}: ${added.join(', ')}.\nMade the view ${view}.\n`,
      )
      return 0
    },
  )

  step<Dry>(
    'run',
    {
      description: 'decide every row and fill the new columns, in small batches, while the LMS goes on',
      readOnly: false,
      more: ['run --dry-run', 'run'],
    },
    async ({ migration, options, show }, { dryRun }) => {
      const result = dryRun ? await migration.planMigration(options) : await migration.runMigration(options)
      if (options.signal?.aborted) throw new Stopped()
      show(result, () => runText(result))
      return result.isComplete ? 0 : 1
    },
  ).option('--dry-run', 'only say what would be done; nothing can be written')

  step(
    'verify',
    { description: 'look through every row, and sign a report', readOnly: false },
    async ({ migration, options, show }) => {
      const report = requireAll(await migration.verifyMigration(options))
      show(report, () => reportText(report))
      return report.ok ? 0 : 1
    },
  )

  step(
    'switch',
    { description: 'have the view read the new columns', readOnly: false },
    async ({ migration, options, show }) => {
      const report = requireAll(await migration.switchReads(options))
      show(report, () => `${reportText(report)}\n${options.plan.view} reads the new columns now.\n`)
      return 0
    },
  )

  step<{ readonly dropColumns?: boolean }>(
    'rollback',
    { description: 'take everything back; works until finalize', readOnly: false },
    async ({ migration, options, show }, { dropColumns }) => {
      const result = await migration.rollbackMigration({ ...options, dropColumns })
      if (!result.isComplete) throw new Stopped()
      show(result, () =>
        [
          `${result.emptied} rows have their new columns empty again; the view is gone.\n`,
          result.theirs > 0 ? `${result.theirs} rows, which the LMS filled itself, are as they were.\n` : '',
          result.dropped.length > 0
            ? `Dropped: ${result.dropped.join(', ')}.\n`
            : 'The columns are still there, empty where they were ours.\n',
        ].join(''),
      )
      return 0
    },
  ).option('--drop-columns', 'drop them in SQLite too, which lets nobody write meanwhile')

  step<{ readonly yes?: boolean; readonly acceptRejected?: boolean; readonly dropColumns?: boolean }>(
    'finalize',
    {
      description: 'end it: after this there is no way back',
      readOnly: false,
      more: ['finalize', 'finalize --accept-rejected --yes'],
    },
    async ({ migration, options, show, io: { ask, err } }, { yes, ...how }) => {
      if (!yes && !(await isSure(ask))) {
        err('Nothing was finalized.\n')
        return 1
      }
      const result = requireAll(await migration.finalizeMigration({ ...options, ...how }))
      show(result, () =>
        [
          result.report ? reportText(result.report) : '',
          result.dropped.length > 0 ? `\nDropped: ${result.dropped.join(', ')}.\n` : '',
          '\nThe migration is finalized. The old columns are untouched.\n',
        ].join(''),
      )
      return 0
    },
  )
    .option('--yes', 'do not ask')
    .option('--accept-rejected', 'rows without a provider stay so')
    .option(
      '--drop-columns',
      'drop the columns of the migration itself in SQLite too, which lets nobody write meanwhile',
    )

  step(
    'doctor',
    { description: 'whether it is safe to go on; changes nothing, ends with 1 when it is not', readOnly: true },
    async ({ migration, options, show }) => {
      const found = await migration.diagnoseMigration(options)
      if (options.signal?.aborted) throw new Stopped()
      show(
        found,
        () => `${found.checks.map(({ ok, what }) => `${ok ? '✓' : '✗'} ${what}\n`).join('')}\n${found.next}\n`,
      )
      return found.ok ? 0 : 1
    },
  )

  step(
    'status',
    { description: 'how far it is, and who did what', readOnly: true },
    async ({ migration, options, show }) => {
      const status = await migration.migrationStatus(options)
      show(status, () => {
        const log = status.log.map(({ at, who, what, rows }) => [at, who, what, rows])
        return [
          record({ phase: status.phase ?? 'not begun', next: status.next }),
          status.counts ? `\n${countsText(status.counts)}` : '',
          log.length > 0 ? `\n${table(['when', 'who', 'what', 'rows'], log)}` : '',
        ].join('')
      })
      return 0
    },
  )

  step<{ readonly limit: number }>(
    'rejected',
    { description: 'rows that nothing is decided about, and why', readOnly: true, more: ['rejected --limit 500'] },
    async ({ migration, options, show }, { limit }) => {
      const rows = await migration.rejectedRows(options, limit)
      show(rows, () =>
        table(
          ['id', 'reason', 'doubtful'],
          rows.map(({ id, reason, isDoubtful }) => [id, reason, isDoubtful ? 'yes' : 'no']),
        ),
      )
      return 0
    },
  ).option('--limit <count>', 'at most so many', whole, 50)

  return migrate
}

/** Opens the LMS's database for one handler. */
export async function withLms<Options>(
  io: Io,
  given: GlobalOptions & Options,
  readOnly: boolean,
  handler: Handler<Options>,
): Promise<ExitCode | undefined> {
  const { url, map } = await lmsOf(io, given)
  const migration = await loadMigration()
  const plan = migration.migrationPlanFrom(map)
  const lms = await migration.openLmsDatabase(url, { plan, readOnly })
  const clock = io.clock ?? systemClock
  const { onProgress, end } = progressOf({ io, now: () => clock.now() })
  const options = { lms, plan, clock, who: io.user, signal: io.signal, onProgress }
  try {
    return await handler(
      {
        migration,
        options,
        io,
        show(value, forPeople) {
          end()
          io.out(given.json ? json(value) : forPeople())
        },
      },
      given,
    )
  } finally {
    end()
    await lms.close()
  }
}

/** Loaded late: its libraries are optional, and help needs none of them. */
export async function loadMigration(): Promise<Migration> {
  try {
    return await import('../../migration/index.ts')
  } catch (error) {
    throw new ConferencingError('INVALID', 'This needs the package kysely: install it beside this one.', {
      cause: error,
    })
  }
}

/** Which database, and what the map says of its tables. */
export async function lmsOf(
  io: Io,
  given: GlobalOptions,
): Promise<{ readonly url: string; readonly map: Readonly<Record<string, unknown>> }> {
  const url = given.lms ?? io.env.LMS_DATABASE_URL ?? given.database ?? io.env.DATABASE_URL
  if (!url) throw new ConferencingError('INVALID', 'Which database? Set LMS_DATABASE_URL, or give --lms.')
  if (given.map === undefined) return { url, map: {} }
  try {
    const map: unknown = JSON.parse(await readFile(given.map, 'utf8'))
    if (typeof map === 'object' && map !== null && !Array.isArray(map)) return { url, map: { ...map } }
  } catch {}
  throw new ConferencingError('INVALID', 'The map cannot be read, or is no JSON object.', { details: { field: 'map' } })
}

/** `null`, or not complete: somebody pressed Ctrl-C. */
function requireAll<T extends object>(result: T | null): T {
  if (result === null || ('isComplete' in result && result.isComplete === false)) throw new Stopped()
  return result
}

const countsText = (counts: Counts | null): string => {
  if (!counts) return ''
  const { reasons, ...outcomes } = counts
  const rows: Cell[][] = Object.entries(reasons).map(([reason, count]) => [reason, count])
  return `${record(outcomes)}${rows.length > 0 ? `\n${table(['reason', 'rows'], rows)}` : ''}`
}

const runText = (result: RunResult): string =>
  [
    countsText(result.counts),
    `\n${result.isDryRun ? 'Would be written, nothing was changed' : 'Written'}: ${result.changed} rows.\n`,
    result.isComplete ? '' : 'The LMS writes faster than this can follow: run it again at a quieter hour.\n',
  ].join('')

const reportText = ({ counts, ...report }: SignedReport): string =>
  `${countsText(counts)}\n${record({
    verified: report.ok ? 'yes' : 'no',
    'caught up with': report.caughtUp,
    undecided: report.undecided,
    stale: report.stale,
    wrong: report.wrong,
    'source digest': report.sourceDigest,
    'signed by': report.who,
    at: report.at,
    digest: report.digest,
  })}`

async function isSure(ask: Io['ask']): Promise<boolean> {
  if (!ask) throw new ConferencingError('INVALID', 'Finalizing cannot be undone: say --yes.')
  return (await ask('Finalizing cannot be undone. Type "finalize" to go on: ')).trim() === 'finalize'
}
