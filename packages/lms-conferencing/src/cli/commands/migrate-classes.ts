import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { ConferencingError } from '../../errors.ts'
import type { AttendanceTotals, RecordingSink } from '../../migration/index.ts'
import type { ConferenceProvider } from '../../provider.ts'
import { Stopped } from '../conferencing-session.ts'
import { examples, record, table, visible } from '../output.ts'
import { progressOf } from '../progress.ts'
import { providersFromEnv } from '../providers.ts'
import { type Session, type WithStore, whole } from '../session.ts'
import { type GlobalOptions, loadMigration, withLms } from './migrate.ts'

interface ClassesOptions {
  readonly course?: readonly string[]
  readonly limit?: number
  readonly undo?: boolean
  readonly dryRun?: boolean
}

interface HistoryOptions {
  readonly to?: string
  readonly maxGb: number
  readonly wait: boolean
  readonly dryRun?: boolean
}

const ENVIRONMENT = `
Environment, beside DATABASE_URL:
  BBB_SERVER_URL, BBB_SHARED_SECRET             the BigBlueButton server
  ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID, …            the Zoom account`

const BUCKET = `
For --to s3://…, as the AWS SDK reads them:
  AWS_ACCESS_KEY_ID, AWS_PROFILE, …             credentials, or those of the machine's role
  AWS_REGION                                    where the bucket is
  AWS_ENDPOINT_URL_S3                           a service that is not Amazon's`

/** Steps with the store: the classes themselves, those to come, and those that are over. */
export function migrateClassesCommands(migrate: Command, withStore: WithStore): void {
  migrate
    .command('adopt')
    .description("make a class in the store of every row of the LMS's table that has its provider")
    .option('--dry-run', 'only say how many')
    .addHelpText('after', examples('migrate adopt --dry-run', 'migrate adopt'))
    .action(
      withStore(async (session, given: GlobalOptions & { readonly dryRun?: boolean }, command: Command) =>
        withLms(session.io, command.optsWithGlobals(), true, async ({ migration, options, show }) => {
          const { dryRun } = given
          const result = await migration.adoptClasses({ ...options, ...common(session), dryRun })
          const { isComplete, ...counts } = result
          show(result, () => `${dryRun ? 'Would be, nothing was changed:\n' : ''}${record(counts)}`)
          return ended(session, isComplete)
        }),
      ),
    )

  migrate
    .command('classes')
    .description(
      'move classes to come from Zoom to BigBlueButton: the new meeting first, then the old one is cancelled',
    )
    .option('--course <id...>', 'only classes of these courses')
    .option('--limit <count>', 'at most so many', whole)
    .option('--undo', 'move them back: with a new Zoom meeting where the old one is gone')
    .option('--dry-run', 'only say how many')
    .addHelpText(
      'after',
      `${ENVIRONMENT}\n${examples('migrate classes --dry-run', 'migrate classes --course algebra-1', 'migrate classes --undo --course algebra-1')}`,
    )
    .action(
      withStore(async (session, { course, limit, undo, dryRun }: ClassesOptions) => {
        const migration = await loadMigration()
        const { zoom: from, bbb: to } = await both(session)
        const { onProgress, end } = progressFor(session)
        const options = {
          ...common(session),
          from,
          to,
          courseIds: course,
          limit,
          dryRun,
          onProgress,
        }
        const result = await (undo ? migration.undoMoves(options) : migration.moveClasses(options))
        end()
        const { problems, isComplete, ...counts } = result
        session.show(result, () => `${record(counts)}${problemText(problems)}`)
        return ended(session, isComplete)
      }),
    )

  migrate
    .command('history')
    .description('bring over who was there, and what was recorded, of Zoom classes that are over')
    .option('--to <place>', 'copy the files of the recordings to this folder, or bucket: s3://bucket/prefix')
    .option('--max-gb <size>', 'files that are larger stay at Zoom', whole, 10)
    .option('--no-wait', "stop at Zoom's limits instead of waiting for them, which may take until midnight UTC")
    .option('--dry-run', 'only say how many classes it would ask about')
    .addHelpText(
      'after',
      `${ENVIRONMENT}${BUCKET}\n${examples('migrate history --dry-run', 'migrate history', 'migrate history --to /srv/recordings --no-wait', 'migrate history --to s3://school/recordings')}`,
    )
    .action(
      withStore(async (session, { to, maxGb, wait, dryRun }: HistoryOptions) => {
        const migration = await loadMigration()
        const provider = providerNamed('zoom', session.io.providers ?? (await providersFromEnv(session.io.env)))
        const { io, clock } = session
        const sink = to === undefined ? undefined : await sinkAt(to, migration, io)
        const { onProgress, end } = progressFor(session)
        const result = await migration.importHistory({
          ...common(session),
          provider,
          dryRun,
          onProgress,
          ...(wait && {
            wait: async ms => {
              await sleep(ms, undefined, { signal: io.signal }).catch(() => {})
            },
          }),
          onWait: until => {
            end()
            io.err(
              `Zoom's limit is reached: waiting until ${until.toISOString()}. Ctrl-C, and the same command goes on later.\n`,
            )
          },
          ...(sink && { copies: { sink, maxBytes: maxGb * 2 ** 30 } }),
        })
        end()
        const { problems, copies, before, after, lowered, isComplete, resumeAt, waits: _, ...counts } = result
        session.show({ ...result, at: new Date(clock.now()) }, () =>
          [
            record(counts),
            `\n${totalsTable(before, after, 'facts')}`,
            to === undefined ? '' : `\n${record({ ...copies })}`,
            lowered.length > 0
              ? `\nCredited with less than before, look at them: ${visible(lowered.join(', '))}\n`
              : '',
            problemText(problems),
            resumeAt ? `\nZoom's limit is reached. Say the same again after ${resumeAt.toISOString()}.\n` : '',
          ].join(''),
        )
        return ended(session, isComplete)
      }),
    )
}

async function sinkAt(
  to: string,
  { folderSink }: Awaited<ReturnType<typeof loadMigration>>,
  { signal }: Session['io'],
): Promise<RecordingSink> {
  if (!to.startsWith('s3://')) return folderSink(to)
  const { s3SinkAt } = await loadS3()
  return s3SinkAt(to, { signal })
}

async function loadS3(): Promise<typeof import('../../s3.ts')> {
  try {
    return await import('../../s3.ts')
  } catch {
    throw new ConferencingError('INVALID', 'This needs the package @aws-sdk/client-s3: install it beside this one.')
  }
}

/** Attendance before and after, of people and minutes. */
export const totalsTable = (before: AttendanceTotals, after: AttendanceTotals, what: 'facts' | 'rows'): string =>
  table(
    ['attendance', what === 'rows' ? 'rows, facts' : 'facts', 'people', 'minutes'],
    [
      ['before', before.facts, before.people, Math.round(before.creditedMs / 60_000)],
      ['after', after.facts, after.people, Math.round(after.creditedMs / 60_000)],
    ],
  )

export const common = ({ store, tenantId, clock, who, io }: Session) => ({
  store,
  tenantId,
  clock,
  who,
  signal: io.signal,
})

export const progressFor = ({ io, clock }: Session) => progressOf({ io, now: () => clock.now() })

export function ended({ io }: Session, isComplete: boolean): 0 | 1 {
  if (io.signal?.aborted) throw new Stopped()
  return isComplete ? 0 : 1
}

async function both(
  session: Session,
): Promise<{ readonly zoom: ConferenceProvider; readonly bbb: ConferenceProvider }> {
  const providers = session.io.providers ?? (await providersFromEnv(session.io.env))
  return { zoom: providerNamed('zoom', providers), bbb: providerNamed('bbb', providers) }
}

function providerNamed(
  name: 'zoom' | 'bbb',
  providers: Readonly<Record<string, ConferenceProvider>>,
): ConferenceProvider {
  const provider = providers[name]
  if (provider) return provider
  throw new ConferencingError(
    'INVALID',
    name === 'zoom'
      ? 'Which Zoom account? Set ZOOM_ACCOUNT_ID and what belongs to it.'
      : 'Which BigBlueButton server? Set BBB_SERVER_URL and BBB_SHARED_SECRET.',
  )
}

const problemText = (
  problems: readonly { readonly classId: string; readonly code: string; readonly what: string }[],
): string =>
  problems.length === 0
    ? ''
    : `\n${table(
        ['class', 'code', 'not done because'],
        problems.slice(0, 50).map(({ classId, code, what }) => [classId, code, what]),
      )}`
