import { type Command, Option } from 'commander'
import { ConferencingError } from '../../errors.ts'
import { erasePerson, purgeInbox, replayInbox } from '../../inbox/keeping.ts'
import type { InboxRow, InboxSelection, InboxState } from '../../store.ts'
import { refusedEntryOf } from '../../use-cases/upkeep.ts'
import { stopIfAsked, withConferencing } from '../conferencing-session.ts'
import { examples, record, table } from '../output.ts'
import { type ExitCode, type WithStore, whole } from '../session.ts'

const states: readonly InboxState[] = ['new', 'applied', 'ignored', 'dead', 'stale']

interface ListOptions {
  readonly state?: InboxState
  readonly limit: number
  readonly after?: number
}

interface Dry {
  readonly dryRun?: boolean
}

interface ReplayOptions extends Dry {
  readonly dead?: boolean
  readonly all?: boolean
}

export function inboxCommands(program: Command, withStore: WithStore): void {
  const inbox = program.command('inbox').description('the callbacks that were received')
  const dryRun = (): Option => new Option('--dry-run', 'only say what would happen')

  inbox
    .command('list')
    .description('callbacks in the order they were received')
    .addOption(new Option('--state <state>', 'only these').choices(states))
    .option('--limit <count>', 'at most so many', whole, 50)
    .option('--after <seq>', 'only after this one: the last of the page before', whole)
    .addHelpText('after', examples('inbox list --state dead', 'inbox list --after 4711 --json'))
    .action(
      withStore(async ({ store, tenantId, show }, { state, limit, after: afterSeq }: ListOptions) => {
        const rows = await store.read(tx => tx.listInbox({ tenantId, state, limit, afterSeq }))
        show(rows.map(summary), () =>
          table(
            ['seq', 'received', 'state', 'provider', 'kind', 'tries', 'reason'],
            rows.map(row => [row.seq, row.receivedAt, row.state, row.provider, row.kind, row.attempts, row.reason]),
          ),
        )
      }),
    )

  inbox
    .command('show')
    .description('one callback')
    .argument('<seq>', 'its number', whole)
    .option('--body', 'with what it says: personal data')
    .addHelpText('after', examples('inbox show 4711'))
    .action(
      withStore(async ({ store, tenantId, show }, seq: number, options: { readonly body?: boolean }) => {
        const row = await store.read(tx => tx.getInbox(tenantId, seq))
        if (!row) throw new ConferencingError('INVALID', `There is no callback ${seq}.`)
        const body = options.body ? new TextDecoder().decode(row.body) : undefined
        const { waitingFor, isStripped, nextAttemptAt, ...rest } = summary(row)
        show({ ...summary(row), body }, () =>
          record({
            ...rest,
            nextAttemptAt: row.state === 'new' ? nextAttemptAt : null,
            waitingFor: waitingFor.join(', '),
            body: isStripped ? 'forgotten' : (body ?? `${row.body.length} bytes`),
          }),
        )
      }),
    )

  inbox
    .command('replay')
    .description('put callbacks back to be applied by the running application')
    .argument('[seq...]', 'their numbers', (given: string, before: readonly number[] = []) => [...before, whole(given)])
    .option('--dead', 'all that failed too often')
    .option('--all', 'all that are kept: changes nothing that is right already')
    .addOption(dryRun())
    .addHelpText('after', examples('inbox replay --dead --dry-run', 'inbox replay 4711 4712'))
    .action(
      withStore(async (session, seqs: readonly number[], options: ReplayOptions) => {
        const which = selection(seqs, options)
        const count = await replayInbox({ ...session, which, dryRun: options.dryRun })
        session.show({ replayed: count, dryRun: options.dryRun ?? false }, () => done(options, { replayed: count }))
        return seqs.length > 0 && count < seqs.length ? 1 : 0
      }),
    )

  inbox
    .command('refused')
    .description('requests that did not pass, in the order they came')
    .option('--limit <count>', 'at most so many', whole, 50)
    .option('--after <id>', 'only after this one: the last of the page before', whole)
    .addHelpText('after', examples('inbox refused'))
    .action(
      withStore(async ({ store, tenantId, show }, { limit, after: afterId }: ListOptions) => {
        const found = await store.read(tx => tx.listRefused({ tenantId, limit, afterId }))
        const rows = found.map(refusedEntryOf)
        show(rows, () =>
          table(
            ['id', 'received', 'provider', 'reason', 'bytes', 'can pass later'],
            rows.map(row => [
              row.id,
              row.receivedAt,
              row.provider,
              row.reason,
              row.bytes,
              row.credentialRemoved ? 'if signed' : 'yes',
            ]),
          ),
        )
      }),
    )

  inbox
    .command('requeue')
    .description('verify refused requests again, and have those that pass and the stale callbacks applied')
    .argument('[id...]', 'only these refused requests', (given: string, before: readonly number[] = []) => [
      ...before,
      whole(given),
    ])
    .addOption(dryRun())
    .addHelpText(
      'after',
      `
After a wrong secret was mended, or a clock. The secrets come from the environment, beside DATABASE_URL:
  BBB_SERVER_URL, BBB_SHARED_SECRET, BBB_WEBHOOK_URL   as the application has them
  ZOOM_ACCOUNT_ID, ZOOM_WEBHOOK_SECRET, …              likewise
${examples('inbox requeue --dry-run')}`,
    )
    .action(
      withStore((session, ids: readonly number[], options: Dry) =>
        withConferencing<ExitCode>(session, async ({ inbox: upkeep }) => {
          const { passed, refused, stale } = await upkeep.requeue({
            who: session.who,
            ids: ids.length > 0 ? ids : undefined,
            dryRun: options.dryRun,
            onProgress(looked) {
              if (looked % 100 === 0) session.io.err(`${looked} requests verified\n`)
              stopIfAsked(session)
            },
          })
          const kept = Object.entries(refused).map(([reason, count]) => [`still refused: ${reason}`, count] as const)
          session.show({ passed, stale, refused, dryRun: options.dryRun ?? false }, () =>
            done(options, { passed, stale, ...Object.fromEntries(kept) }),
          )
          return 0
        }),
      ),
    )

  inbox
    .command('purge')
    .description('forget what is old; what waits to be applied stays')
    .option('--keep-bodies-days <days>', 'what callbacks say is kept so long', whole, 30)
    .option('--keep-rows-days <days>', 'that they came is known so long; at least 30', whole, 120)
    .addOption(dryRun())
    .addHelpText('after', examples('inbox purge --keep-bodies-days 7 --dry-run'))
    .action(
      withStore(async (session, options: Dry & { readonly keepBodiesDays: number; readonly keepRowsDays: number }) => {
        const counts = await purgeInbox({ ...session, ...options })
        session.show({ ...counts, dryRun: options.dryRun ?? false }, () => done(options, { ...counts }))
      }),
    )

  inbox
    .command('erase')
    .description('make a person nobody: forget what names them, and keep their attendance under a pseudonym')
    .argument('<person>', 'their id in the learning platform')
    .option('--yes', 'do not ask')
    .addOption(dryRun())
    .addHelpText('after', examples('inbox erase student-17 --dry-run'))
    .action(
      withStore(async (session, personId: string, options: Dry & { readonly yes?: boolean }) => {
        if (!options.dryRun && !options.yes && !(await isSure(session.io.ask))) {
          session.io.err('Nothing was erased.\n')
          return 1
        }
        const counts = await erasePerson({ ...session, personId, dryRun: options.dryRun })
        session.show({ ...counts, dryRun: options.dryRun ?? false }, () => done(options, { ...counts }))
        if (counts.waiting === 0) return 0
        session.io.err(
          `Callbacks that name this person and wait to be applied: ${counts.waiting}. Erase again afterwards.\n`,
        )
        return 1
      }),
    )
}

function selection(seqs: readonly number[], { dead, all }: ReplayOptions): InboxSelection {
  const given = [seqs.length > 0, dead, all].filter(Boolean)
  if (given.length !== 1) throw new ConferencingError('INVALID', 'Give numbers, --dead or --all.')
  return seqs.length > 0 ? { seqs } : { state: all ? 'any' : 'dead' }
}

const summary = ({ body, tenantId, ...row }: InboxRow) => ({ ...row, bytes: body.length })

const done = ({ dryRun }: Dry, counts: Readonly<Record<string, number>>): string =>
  `${dryRun ? 'Would be done, nothing was changed:' : 'Done:'}\n${record(counts)}`

async function isSure(ask: ((question: string) => Promise<string>) | undefined): Promise<boolean> {
  if (!ask) throw new ConferencingError('INVALID', 'Erasing cannot be undone: say --yes.')
  return (await ask('Erasing cannot be undone. Type "erase" to go on: ')).trim() === 'erase'
}
