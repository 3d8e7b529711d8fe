import { type Command, Option } from 'commander'
import { ConferencingError } from '../../errors.ts'
import { erasePerson, purgeInbox, replayInbox } from '../../inbox/keeping.ts'
import type { InboxRow, InboxState } from '../../store.ts'
import { record, table } from '../output.ts'
import { type WithStore, whole } from '../session.ts'

const states: readonly InboxState[] = ['new', 'applied', 'ignored', 'dead']

interface ListOptions {
  readonly state?: InboxState
  readonly limit: number
  readonly after?: number
}

interface Dry {
  readonly dryRun?: boolean
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
    .description('put a callback, or all dead ones, back to be applied by the running application')
    .argument('[seq]', 'its number', whole)
    .option('--dead', 'all that failed too often')
    .addOption(dryRun())
    .action(
      withStore(async (session, seq: number | undefined, options: Dry & { readonly dead?: boolean }) => {
        if ((seq === undefined) === !options.dead) throw new ConferencingError('INVALID', 'Give a number, or --dead.')
        const which = seq === undefined ? ({ state: 'dead' } as const) : { seq }
        const count = await replayInbox({ ...session, which, dryRun: options.dryRun })
        session.show({ replayed: count, dryRun: options.dryRun ?? false }, () => done(options, { replayed: count }))
        return seq !== undefined && count === 0 ? 1 : 0
      }),
    )

  inbox
    .command('purge')
    .description('forget what is old; what waits to be applied stays')
    .option('--keep-bodies-days <days>', 'what callbacks say is kept so long', whole, 30)
    .option('--keep-rows-days <days>', 'that they came is known so long; at least 30', whole, 120)
    .addOption(dryRun())
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
          `${counts.waiting} callbacks that name this person wait to be applied: erase again afterwards.\n`,
        )
        return 1
      }),
    )
}

const summary = ({ body, tenantId, ...row }: InboxRow) => ({ ...row, bytes: body.length })

const done = ({ dryRun }: Dry, counts: Readonly<Record<string, number>>): string =>
  `${dryRun ? 'Would be done, nothing was changed:' : 'Done:'}\n${record(counts)}`

async function isSure(ask: ((question: string) => Promise<string>) | undefined): Promise<boolean> {
  if (!ask) throw new ConferencingError('INVALID', 'Erasing cannot be undone: say --yes.')
  return (await ask('Erasing cannot be undone. Type "erase" to go on: ')).trim() === 'erase'
}
