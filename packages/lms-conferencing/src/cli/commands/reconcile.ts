import { type Command, InvalidArgumentError } from 'commander'
import { ConferencingError } from '../../errors.ts'
import { note } from '../../inbox/keeping.ts'
import { stopIfAsked, withConferencing } from '../conferencing-session.ts'
import { examples, table, visible } from '../output.ts'
import type { Session, WithStore } from '../session.ts'

interface Options {
  readonly class?: readonly string[]
  readonly since?: Date
  readonly dryRun?: boolean
}

interface Row {
  readonly classId: string
  /** `null`: the video service had no answer. */
  readonly added: number | null
  readonly gaps: number
  readonly contradictions: number
  readonly error: string | null
}

export function reconcileCommand(program: Command, withStore: WithStore): void {
  program
    .command('reconcile')
    .description('complete the attendance of classes from what the video service wrote down')
    .option('--class <id...>', 'these classes')
    .option('--since <time>', 'all that ended at this time or later: 2027-03-01, or 2027-03-01T08:00:00Z', moment)
    .option('--dry-run', 'only say which classes it would ask about')
    .addHelpText(
      'after',
      `
Environment, beside DATABASE_URL:
  BBB_SERVER_URL, BBB_SHARED_SECRET             the BigBlueButton server
  ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID, …            the Zoom account
${examples('reconcile --class algebra-1', 'reconcile --since 2027-03-01 --dry-run')}`,
    )
    .action(
      withStore(async (session, options: Options) => {
        if (!options.class === !options.since) throw new ConferencingError('INVALID', 'Give --class or --since.')
        const classes = options.class ?? (await endedSince(session, options.since))
        if (options.dryRun) {
          const found = { classes, dryRun: true }
          session.show(found, () => `Would be asked about, nothing was changed:\n${classes.map(line).join('')}`)
          return 0
        }
        const rows = await reconcileAll(session, classes)
        session.show({ classes: rows, dryRun: false }, () =>
          table(
            ['class', 'added', 'gaps', 'contradictions', 'not done because'],
            rows.map(row => [row.classId, row.added, row.gaps, row.contradictions, row.error]),
          ),
        )
        return rows.some(({ error }) => error !== null) ? 1 : 0
      }),
    )
}

/** One after the other: a service that has just come back is not helped by a crowd. */
async function reconcileAll(session: Session, classes: readonly string[]): Promise<readonly Row[]> {
  const { io } = session
  return withConferencing(session, async conferencing => {
    const rows: Row[] = []
    try {
      for (const classId of classes) {
        stopIfAsked(session)
        const row = await conferencing.reconcile(classId).then(
          ({ added, gaps, contradictions }) => ({
            classId,
            added,
            gaps: gaps.length,
            contradictions: contradictions.length,
            error: null,
          }),
          (error: unknown) => {
            if (!(error instanceof ConferencingError) || error.code === 'STORE_UNAVAILABLE') throw error
            return { classId, added: null, gaps: 0, contradictions: 0, error: `${error.code}: ${error.message}` }
          },
        )
        rows.push(row)
        const result = row.error ?? `${row.added} facts added`
        io.err(`${visible(`${rows.length}/${classes.length} ${classId}: ${result}`)}\n`)
      }
    } finally {
      if (rows.length > 0) await note(session, 'reconcile', rows.length)
    }
    return rows
  })
}

async function endedSince({ store, tenantId }: Session, since: Date | undefined): Promise<readonly string[]> {
  const found: string[] = []
  const limit = 500
  for (let offset = 0; ; offset += limit) {
    const rows = await store.read(tx =>
      tx.listClasses({ tenantId, status: 'completed', endedSince: since, limit, offset }),
    )
    found.push(...rows.map(({ liveClass }) => liveClass.id))
    if (rows.length < limit) return found
  }
}

const line = (id: string): string => `  ${visible(id)}\n`

function moment(given: string): Date {
  const at = /^20\d\d-\d\d-\d\d(T\S+)?$/.test(given) ? new Date(given) : null
  if (at && !Number.isNaN(at.getTime())) return at
  throw new InvalidArgumentError('It must be a time like 2027-03-01 or 2027-03-01T08:00:00Z.')
}
