import { Command, CommanderError } from 'commander'
import { BbbApiError, BbbConfigError, BbbError, BbbParamError } from '../errors.ts'
import { whole } from './arguments.ts'
import { doctorCommand } from './commands/doctor.ts'
import { fakeCommand } from './commands/fake.ts'
import { hookCommands } from './commands/hooks.ts'
import { meetingCommands } from './commands/meetings.ts'
import { recordingCommands } from './commands/recordings.ts'
import type { Io } from './io.ts'
import { visible } from './output.ts'
import type { Act, ExitCode } from './session.ts'

const ENVIRONMENT = `
Environment:
  BBB_SERVER_URL           the server, as \`bbb-conf --secret\` shows it
  BBB_SHARED_SECRET        its secret; several by blanks, the newest first
  BBB_CHECKSUM             sha1, sha256 (default), sha384 or sha512
  BBB_ALLOW_INSECURE_HTTP  true: plain http to another machine

Exit status: 0 done, 1 not done, 2 wrong usage or configuration.

Examples:
  bbb doctor
  bbb create algebra --name Algebra --record
  bbb join-url algebra --name Ada --role moderator
  bbb fake`

/** Runs one command line, given without `node` and script. Never throws, never exits. */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  let exitCode: ExitCode = 0
  const program = new Command('bbb')
    .description('Talk to a BigBlueButton server.')
    .version(io.version, '-V, --version', 'show the version of this command')
    .option('--json', 'show results as JSON')
    .option('--verbose', 'show details of errors')
    .option('--timeout <seconds>', 'for each call, with all its repetitions (default: 15)', whole)
    .addHelpText('after', ENVIRONMENT)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: io.out, writeErr: io.err, outputError: (text, write) => write(`bbb: ${text}`) })
    .exitOverride()
  const act: Act =
    handler =>
    async (...args) => {
      exitCode = (await handler(...args)) ?? 0
    }
  for (const register of [meetingCommands, recordingCommands, hookCommands, doctorCommand, fakeCommand])
    register(program, io, act)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    return failed(error, io, program.opts<{ verbose?: boolean }>().verbose ?? false)
  }
}

function failed(error: unknown, io: Io, verbose: boolean): ExitCode {
  // Said already, by commander.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (io.signal.aborted && !(error instanceof BbbError)) {
    io.err('bbb: stopped.\n')
    return 1
  }
  if (!(error instanceof BbbError)) {
    io.err(`bbb: ${visible(error instanceof Error ? error.message : String(error))}\n`)
    return 1
  }
  io.err(`bbb: ${visible(sentence(error))}\n`)
  if (verbose) io.err(details(error))
  return error instanceof BbbConfigError || error instanceof BbbParamError ? 2 : 1
}

function sentence(error: BbbError): string {
  if (!(error instanceof BbbConfigError)) return error.message
  const hint = 'On the server, `bbb-conf --secret` shows address and secret; `bbb --help` says where they go.'
  return `${error.message}. ${hint}`
}

function details(error: BbbError): string {
  const { code, call, attempts, outcome, retryable } = error
  const more = error instanceof BbbApiError ? { messageKey: error.messageKey, status: error.status } : {}
  const status = 'status' in error ? { status: error.status } : {}
  const system = 'systemCode' in error && error.systemCode !== undefined ? { systemCode: error.systemCode } : {}
  const fields = { code, call, attempts, outcome, retryable, ...status, ...more, ...system }
  return Object.entries(fields)
    .map(([name, value]) => `  ${name}: ${visible(String(value))}\n`)
    .join('')
}
