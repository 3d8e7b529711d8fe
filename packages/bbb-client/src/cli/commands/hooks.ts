import type { Command } from 'commander'
import { ensureHook, type HookAction } from '../../hook-keeper.ts'
import { list } from '../arguments.ts'
import type { Io } from '../io.ts'
import { record, table } from '../output.ts'
import { type Act, type ExitCode, openSession } from '../session.ts'

interface EnsureFlags {
  readonly meeting?: string
  readonly event?: readonly string[]
  readonly raw?: boolean
}

/** hooks list, ensure, destroy, ping. */
export function hookCommands(program: Command, io: Io, act: Act): void {
  const hooks = program
    .command('hooks')
    .description('List, register and remove callbacks (needs bbb-webhooks).')
    .addHelpText('after', '\nExamples:\n  bbb hooks list\n  bbb hooks ensure https://lms.example.org/bbb')
  hooks
    .command('list')
    .description('Show the registered callbacks.')
    .addHelpText('after', '\nExample:\n  bbb hooks list')
    .action(act((_flags: object, command: Command) => listHooks(command, io)))
  hooks
    .command('ensure')
    .description('Register a callback unless it is registered as wanted. Safe to repeat, for example by cron.')
    .argument('<url>', 'where callbacks go')
    .option('--meeting <id>', 'only of this meeting (default: all)')
    .option('--event <ids>', 'only these events; several by comma (default: all)', list)
    .option('--raw', 'the internal messages of the server instead of events')
    .addHelpText(
      'after',
      '\nExamples:\n  bbb hooks ensure https://lms.example.org/bbb\n  bbb hooks ensure https://lms.example.org/bbb --event user-joined,user-left',
    )
    .action(act((url: string, flags: EnsureFlags, command: Command) => ensure(url, flags, command, io)))
  hooks
    .command('destroy')
    .description('Remove a callback.')
    .argument('<hookID>', 'as list shows it')
    .addHelpText('after', '\nExample:\n  bbb hooks destroy 7b4d4f4c-8f1c-4d0e-9f0b-6b2a0f8f4c1d')
    .action(act((hookID: string, _flags: object, command: Command) => destroy(hookID, command, io)))
  hooks
    .command('ping')
    .description('Ask whether bbb-webhooks answers.')
    .addHelpText('after', '\nExample:\n  bbb hooks ping')
    .action(act((_flags: object, command: Command) => ping(command, io)))
}

async function listHooks(command: Command, io: Io): Promise<void> {
  const { client, call, show } = openSession(command, io)
  const hooks = await client.hooks.list({}, call)
  show(hooks, () =>
    hooks.length === 0
      ? 'No hook is registered.\n'
      : table(
          ['HOOK', 'CALLBACK', 'MEETING', 'EVENTS', 'RAW', 'PERMANENT'],
          hooks.map(one => [
            one.hookID,
            one.callbackURL,
            one.meetingID ?? 'all',
            one.eventID?.join(',') ?? 'all',
            one.rawData,
            one.permanentHook,
          ]),
        ),
  )
}

const ACTIONS: Readonly<Record<HookAction, string>> = {
  kept: 'It was registered as wanted.',
  created: 'It was missing and is registered now.',
  repaired: 'It was registered otherwise and is made anew.',
  permanent: 'The configuration of the server registers it otherwise; no call can change that.',
}

async function ensure(callbackURL: string, flags: EnsureFlags, command: Command, io: Io): Promise<ExitCode> {
  const { client, call, show } = openSession(command, io)
  const wanted = { callbackURL, meetingID: flags.meeting, eventID: flags.event, getRaw: flags.raw }
  const ensured = await ensureHook(client, wanted, call)
  show(ensured, () =>
    record({
      hook: ensured.hookID,
      state: ACTIONS[ensured.action],
      ...(ensured.differences.length > 0 && { differed: ensured.differences.join(', ') }),
    }),
  )
  return ensured.action === 'permanent' ? 1 : 0
}

async function destroy(hookID: string, command: Command, io: Io): Promise<ExitCode> {
  const { client, call, show } = openSession(command, io)
  if (!(await client.hooks.destroy({ hookID }, call))) {
    io.err(`bbb: there is no hook ${hookID}, or it is a permanent one of the server's configuration.\n`)
    return 1
  }
  show({ hookID, removed: true }, () => `Hook ${hookID} is removed.\n`)
  return 0
}

async function ping(command: Command, io: Io): Promise<void> {
  const { client, call, show } = openSession(command, io)
  await client.hooks.ping({}, call)
  show({ answers: true }, () => 'bbb-webhooks answers.\n')
}
