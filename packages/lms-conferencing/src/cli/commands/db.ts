import type { Command } from 'commander'
import { examples, table } from '../output.ts'
import type { WithStore } from '../session.ts'

export function dbCommands(program: Command, withStore: WithStore): void {
  const db = program.command('db').description('the database')

  db.command('migrate')
    .description('make the tables and bring them up to date')
    .addHelpText('after', examples('db migrate'))
    .action(
      withStore(async ({ show }) => {
        show({ schema: 'up to date' }, () => 'The tables are up to date.\n')
      }),
    )

  db.command('check')
    .description('whether the database can be used as it is, and what is in it; changes nothing')
    .addHelpText('after', examples('db check --json'))
    .action(
      withStore(
        async ({ store, tenantId, show }) => {
          const { inbox, operations } = await store.read(async tx => ({
            inbox: await tx.countInbox(tenantId),
            operations: await tx.listOperations(tenantId, 5),
          }))
          show({ schema: 'up to date', inbox, operations }, () => {
            const counts = table(['callbacks', 'count'], Object.entries(inbox))
            const done = operations.map(({ at, who, what, count }) => [at, who, what, count])
            const log = done.length === 0 ? '' : `\n${table(['last done', 'by', 'what', 'count'], done)}`
            return `The tables are up to date.\n\n${counts}${log}`
          })
        },
        { migrations: 'require' },
      ),
    )
}
