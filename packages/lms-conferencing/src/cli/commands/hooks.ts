import type { Command } from 'commander'
import type { ProviderHealth } from '../../use-cases/watch.ts'
import { withConferencing } from '../conferencing-session.ts'
import { type Cell, examples, table } from '../output.ts'
import type { ExitCode, WithStore } from '../session.ts'

export function hooksCommands(program: Command, withStore: WithStore): void {
  program
    .command('hooks')
    .description('what makes video services call back')
    .command('ensure')
    .description('make sure that they do, and repair what got lost; the running application does so every few minutes')
    .addHelpText(
      'after',
      `
Environment, beside DATABASE_URL:
  BBB_SERVER_URL, BBB_SHARED_SECRET   the BigBlueButton server
  BBB_WEBHOOK_URL                     the public address of the callback route, as the application has it
${examples('hooks ensure')}`,
    )
    .action(
      withStore(session =>
        withConferencing<ExitCode>(session, async conferencing => {
          await conferencing.rounds.keepCallbacks()
          const { providers } = await conferencing.health()
          session.show(
            providers.map(({ name, callbacks }) => ({ name, callbacks })),
            () => table(['provider', 'server', 'callbacks'], providers.flatMap(rowsOf)),
          )
          return providers.some(({ callbacks }) => callbacks.some(({ code }) => code !== null)) ? 1 : 0
        }),
      ),
    )
}

function rowsOf({ name, callbacks }: ProviderHealth): readonly (readonly Cell[])[] {
  if (callbacks.length === 0) return [[name, null, 'none to keep']]
  return callbacks.map(({ serverId, found, code }) => [name, serverId, found ?? `not kept: ${code}`])
}
