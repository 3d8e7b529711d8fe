import type { Conferencing } from '../conferencing.ts'
import type { Logger } from '../logger.ts'
import { visible } from './output.ts'
import { providersFromEnv } from './providers.ts'
import type { Session } from './session.ts'

/** Runs work with the use cases over the session's store and the environment's video services; nothing runs beside it. */
export async function withConferencing<T>(
  session: Session,
  work: (conferencing: Conferencing) => Promise<T>,
): Promise<T> {
  const providers = await providersFromEnv(session.io.env)
  const { createConferencing } = await import('../conferencing.ts')
  const conferencing = createConferencing({
    providers,
    store: session.store,
    tenantId: session.tenantId,
    clock: session.clock,
    // Asked only where a class is made, which no command does.
    chooseProvider: () => Object.keys(providers)[0] ?? '',
    logger: troubleOnly(session),
  })
  try {
    return await work(conferencing)
  } finally {
    await conferencing.stop()
  }
}

/** Warnings and errors, to standard error. */
function troubleOnly({ io }: Session): Logger {
  const say: Logger['warn'] = (message, fields = {}) => {
    const said = Object.entries(fields).flatMap(([name, value]) => (value == null ? [] : [`${name}: ${value}`]))
    io.err(`${visible([message, ...said].join(', '))}\n`)
  }
  return { debug() {}, info() {}, warn: say, error: say }
}

/** Thrown to leave work between two of its steps. */
export class Stopped extends Error {
  override readonly name = 'Stopped'

  constructor() {
    super('Stopped. What was done is done; the same command goes on from there.')
  }
}

/** Leaves the work when somebody has pressed Ctrl-C: called between two steps. */
export function stopIfAsked({ io }: Session): void {
  if (io.signal?.aborted) throw new Stopped()
}
