import { type Command, InvalidArgumentError } from 'commander'
import { type Clock, systemClock } from '../clock.ts'
import { ConferencingError } from '../errors.ts'
import type { OpenStoreOptions } from '../sql/index.ts'
import type { Store } from '../store.ts'
import type { Io } from './io.ts'
import { json } from './output.ts'

/** How a command ended: 0 done, 1 not done, 2 wrong usage, 130 stopped by Ctrl-C. */
export type ExitCode = 0 | 1 | 2 | 130

/** What every command works with. */
export interface Session {
  readonly io: Io
  readonly store: Store
  readonly tenantId: string
  readonly clock: Clock
  /** Who, for what is noted. */
  readonly who: string
  /** Shows a result: for people, or as JSON. */
  show(value: unknown, forPeople: () => string): void
}

/** Makes an action: opens the store, runs the handler with the arguments, closes the store. */
export type WithStore = <Args extends readonly unknown[]>(
  handler: (session: Session, ...args: Args) => Promise<ExitCode | undefined> | Promise<void>,
  options?: Pick<OpenStoreOptions, 'migrations'>,
) => (this: Command, ...args: Args) => Promise<void>

interface GlobalOptions {
  readonly database?: string
  readonly schema?: string
  readonly tablePrefix?: string
  readonly tenant: string
  readonly json?: boolean
}

export async function openSession(
  command: Command,
  io: Io,
  options: Pick<OpenStoreOptions, 'migrations'>,
): Promise<Session> {
  const {
    database = io.env.DATABASE_URL,
    schema,
    tablePrefix,
    tenant,
    json: asJson,
  } = command.optsWithGlobals<GlobalOptions>()
  if (!database) {
    throw new ConferencingError('INVALID', 'Which database? Set DATABASE_URL, or give --database.')
  }
  const { openStore } = await loadSql()
  const store = await openStore(database, { schema, tablePrefix, poolSize: 2, ...options })
  return {
    io,
    store,
    tenantId: tenant,
    clock: io.clock ?? systemClock,
    who: io.user,
    show: (value, forPeople) => io.out(asJson ? json(value) : forPeople()),
  }
}

/** Loaded late: its libraries are optional, and help needs none of them. */
async function loadSql(): Promise<typeof import('../sql/index.ts')> {
  try {
    return await import('../sql/index.ts')
  } catch (error) {
    throw new ConferencingError('INVALID', 'The database needs the package kysely: install it beside this one.', {
      cause: error,
    })
  }
}

export function whole(given: string): number {
  if (!/^\d{1,15}$/.test(given)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(given)
}
