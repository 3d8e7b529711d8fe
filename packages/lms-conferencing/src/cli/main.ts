import { Command, CommanderError } from 'commander'
import { ConferencingError } from '../errors.ts'
import { dbCommands } from './commands/db.ts'
import { hooksCommands } from './commands/hooks.ts'
import { inboxCommands } from './commands/inbox.ts'
import { migrateCommands } from './commands/migrate.ts'
import { migrateAttendanceCommand } from './commands/migrate-attendance.ts'
import { migrateClassesCommands } from './commands/migrate-classes.ts'
import { reconcileCommand } from './commands/reconcile.ts'
import { rolloutCommands } from './commands/rollout.ts'
import { Stopped } from './conferencing-session.ts'
import type { Io } from './io.ts'
import { visible } from './output.ts'
import { type ExitCode, openSession, type WithStore } from './session.ts'

const MORE = `
Environment:
  DATABASE_URL  sqlite:path/to/file.db or postgres://user:password@host/database

  Commands that ask a video service, or verify its callbacks, read BBB_… and ZOOM_…: see their --help.

Exit status: 0 done, 1 not done, 2 wrong usage, 130 stopped by Ctrl-C.

Examples:
  lms-conferencing db check
  lms-conferencing inbox list --state dead
  lms-conferencing inbox replay --dead --dry-run`

/** Runs one command line, given without `node` and script. Never throws, never exits. */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  let exitCode: ExitCode = 0
  const program = new Command('lms-conferencing')
    .description('Look after the database of lms-conferencing.')
    .version(io.version, '-V, --version', 'show the version of this command')
    .option('--database <url>', 'the database (default: DATABASE_URL, which other users of the machine cannot see)')
    .option('--schema <name>', 'of the tables in PostgreSQL (default: public)')
    .option('--table-prefix <name>', 'begins the name of every table (default: conferencing_)')
    .option('--tenant <id>', 'whose data', 'default')
    .option('--json', 'show results as JSON')
    .addHelpText('after', MORE)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      outputError: (text, write) => write(`lms-conferencing: ${text}`),
    })
    .exitOverride()
  const withStore: WithStore = (handler, options = {}) =>
    async function (...args) {
      const session = await openSession(this, io, options)
      try {
        exitCode = (await handler(session, ...args)) ?? 0
      } finally {
        await session.store.close()
      }
    }
  dbCommands(program, withStore)
  inboxCommands(program, withStore)
  reconcileCommand(program, withStore)
  hooksCommands(program, withStore)
  rolloutCommands(program, withStore)
  const migrate = migrateCommands(program, io, code => {
    exitCode = code
  })
  migrateClassesCommands(migrate, withStore)
  migrateAttendanceCommand(migrate, withStore)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    // Said already, by commander.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    io.err(`lms-conferencing: ${visible(error instanceof Error ? error.message : String(error))}\n`)
    if (error instanceof Stopped) return 130
    return (error instanceof ConferencingError && error.code === 'INVALID') || error instanceof TypeError ? 2 : 1
  }
}
