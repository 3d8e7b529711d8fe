import type { Command } from 'commander'
import type { Finding, FindingLevel } from '../../doctor/finding.ts'
import { diagnose, type ListenAddress } from '../../doctor.ts'
import { listenAddress } from '../arguments.ts'
import type { Io } from '../io.ts'
import { visible } from '../output.ts'
import { type Act, clientOptions, type ExitCode, show } from '../session.ts'

interface DoctorFlags {
  readonly callback?: string
  readonly listen?: ListenAddress
  readonly bbbVersion?: string
  readonly strict?: boolean
}

export function doctorCommand(program: Command, io: Io, act: Act): void {
  program
    .command('doctor')
    .description('Find out what is wrong between here and the server, and what to do about it.')
    .option('--callback <url>', 'the callback URL of your application: look at its form, its hook and its answers')
    .option(
      '--listen <[host:]port>',
      'receive a test callback here, in place of your application (opens and ends a test meeting)',
      listenAddress,
    )
    .option('--bbb-version <version>', 'the release of a server that does not tell it (bbb-conf --version)')
    .option('--strict', 'warnings count as failures')
    .addHelpText(
      'after',
      `
Ends with 0 when nothing fails, with 1 otherwise. Reads only, unless --listen is given. Shows no secret.

Examples:
  bbb doctor
  bbb doctor --callback https://lms.example.org/bbb
  bbb doctor --callback https://lms.example.org/bbb --listen 3000`,
    )
    .action(act((flags: DoctorFlags, command: Command) => doctor(flags, command, io)))
}

const MARKS: Readonly<Record<FindingLevel, string>> = { ok: '✓', warn: '!', fail: '✗' }

async function doctor(flags: DoctorFlags, command: Command, io: Io): Promise<ExitCode> {
  if (flags.listen !== undefined && flags.callback === undefined)
    command.error(
      "error: option '--listen' needs '--callback <url>', the address under which BigBlueButton reaches it.",
    )
  const findings = await diagnose({
    client: clientOptions(command, io),
    callbackUrl: flags.callback,
    listen: flags.listen,
    bbbVersion: flags.bbbVersion,
    signal: io.signal,
    readCertificate: io.readCertificate,
  })
  const bad = flags.strict ? ['fail', 'warn'] : ['fail']
  const isHealthy = !findings.some(({ level }) => bad.includes(level))
  show(command, io)({ healthy: isHealthy, findings }, () => render(findings))
  return isHealthy ? 0 : 1
}

function render(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ level, message, details = [], fix }) => [
    `${MARKS[level]} ${visible(message)}`,
    ...details.map(detail => `  - ${visible(detail)}`),
    ...(fix === undefined ? [] : [`  → ${visible(fix)}`]),
  ])
  const failures = findings.filter(({ level }) => level === 'fail').length
  const warnings = findings.filter(({ level }) => level === 'warn').length
  const some = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
  const end = failures + warnings === 0 ? 'All is well.' : `${some(failures, 'failure')}, ${some(warnings, 'warning')}.`
  return `${[...lines, '', end].join('\n')}\n`
}
