import type { Command } from 'commander'
import type { CallOptions } from '../call.ts'
import { BbbClient } from '../client.ts'
import { type BbbClientOptions, bbbOptionsFromEnv } from '../config.ts'
import type { Io } from './io.ts'
import { json, withoutSecrets } from './output.ts'

/** How a command ended: 0 done, 1 not done, 2 wrong usage. */
export type ExitCode = 0 | 1 | 2

/** Makes an action of a handler, whose exit code (0 when it says none) becomes that of the command. */
export type Act = <Args extends readonly unknown[]>(
  handler: (...args: Args) => Promise<ExitCode | undefined> | Promise<void>,
) => (...args: Args) => Promise<void>

/** What every command works with. */
export interface Session {
  readonly io: Io
  readonly client: BbbClient
  readonly call: CallOptions
  /** Shows a result: for people, or as JSON without secrets. */
  show(value: unknown, forPeople: () => string): void
}

interface GlobalOptions {
  readonly json?: boolean
  readonly timeout?: number
}

/** The client's options: environment, and what the command line says. */
export function clientOptions(command: Command, io: Io): BbbClientOptions {
  const { timeout } = command.optsWithGlobals<GlobalOptions>()
  const deadlineMs = timeout === undefined ? undefined : timeout * 1000
  return {
    ...bbbOptionsFromEnv(io.env),
    ...io.client,
    deadlineMs,
    timeoutMs: deadlineMs,
    onWarning: message => io.err(`bbb: warning: ${message}\n`),
  }
}

export function show(command: Command, io: Io): Session['show'] {
  const { json: asJson } = command.optsWithGlobals<GlobalOptions>()
  return (value, forPeople) => io.out(asJson ? json(withoutSecrets(value)) : forPeople())
}

export function openSession(command: Command, io: Io): Session {
  return {
    io,
    client: new BbbClient(clientOptions(command, io)),
    call: { signal: io.signal },
    show: show(command, io),
  }
}

/** For what cannot be undone: `--yes`, or the word typed by a person. */
export async function confirmed(
  command: Command,
  io: Io,
  about: { readonly what: string; readonly word: string; readonly yes: boolean | undefined },
): Promise<boolean> {
  if (about.yes === true) return true
  if (io.ask === undefined) command.error(`error: ${about.what} Nobody is here to confirm it: say --yes.`)
  const answer = await io.ask(`${about.what} Type ${about.word} to go on: `, io.signal)
  if (answer.trim() === about.word) return true
  io.err('bbb: not confirmed, nothing was done.\n')
  return false
}
