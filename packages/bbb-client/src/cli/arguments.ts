import { InvalidArgumentError } from 'commander'
import type { JoinRole } from '../api/join.ts'

/** `--meta course=101`, repeatable. */
export function pair(given: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = given.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It must have the form name=value.')
  return { ...before, [given.slice(0, at)]: given.slice(at + 1) }
}

/** Repeatable, and several at once by comma. */
export function list(given: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...given.split(',').filter(Boolean)]
}

/** Repeatable. */
export function collect(given: string, before: readonly string[] = []): readonly string[] {
  return [...before, given]
}

export function whole(given: string): number {
  const value = Number(given)
  if (!/^\d{1,15}$/.test(given)) throw new InvalidArgumentError('It must be a whole number.')
  return value
}

export function role(given: string): JoinRole {
  const name = given.toUpperCase()
  if (name === 'MODERATOR' || name === 'VIEWER') return name
  throw new InvalidArgumentError('It must be moderator or viewer.')
}

/** `8090` or `0.0.0.0:8090`. */
export function listenAddress(given: string): { readonly host?: string; readonly port: number } {
  const match = /^(?:(.+):)?(\d{1,5})$/.exec(given)
  const port = Number(match?.[2])
  if (!match || port > 65_535) throw new InvalidArgumentError('It must be a port, or host:port.')
  return { ...(match[1] !== undefined && { host: match[1].replace(/^\[|\]$/g, '') }), port }
}
