import { BbbClient } from '../client.ts'
import { type BbbClientOptions, type ResolvedOptions, resolveOptions } from '../config.ts'
import { BbbError } from '../errors.ts'
import { CircuitBreaker } from '../http/breaker.ts'
import { RetryBudget } from '../http/retry.ts'
import { type SendOutcome, send } from '../http/send.ts'
import type { HttpRequest } from '../http/types.ts'
import { type ClientTransport, clientTransport } from '../transport.ts'

/** What is examined, and how it is asked. */
export interface Patient {
  readonly options: BbbClientOptions
  readonly resolved: ResolvedOptions
  readonly transport: ClientTransport
  readonly signal: AbortSignal | undefined
  /** Everybody who asked, to be closed at the end. */
  readonly clients: BbbClient[]
}

/** Throws `BbbConfigError` when the options cannot be used. */
export function admit(options: BbbClientOptions, signal: AbortSignal | undefined): Patient {
  return { options, resolved: resolveOptions(options), transport: clientTransport(options), signal, clients: [] }
}

/** Closes the connections that were made for the diagnosis. */
export async function discharge({ transport, clients }: Patient): Promise<void> {
  await Promise.all([transport.close(), ...clients.map(client => client.close())])
}

/** A client that asks once: a diagnosis wants the first answer, not the best of three. */
export function clientOf({ options, clients }: Patient, changes: Partial<BbbClientOptions> = {}): BbbClient {
  const client = new BbbClient({ ...options, ...changes, retry: { attempts: 1 }, onWarning: () => {} })
  clients.push(client)
  return client
}

/** One request past the client, for what the client does not show: headers, statuses, other addresses. */
export function ask(
  { resolved, transport, signal }: Patient,
  request: Pick<HttpRequest, 'method' | 'origin' | 'path' | 'headers' | 'body'>,
): Promise<SendOutcome> {
  const { retry, timeoutMs, deadlineMs, clock, maxResponseBytes } = resolved
  return send(
    { ...request, maxResponseBytes },
    { retry: { ...retry, attempts: 1 }, timeoutMs, deadlineMs, repeat: 'unsent' },
    {
      transport: transport.send,
      health: { budget: new RetryBudget(), breaker: new CircuitBreaker(resolved.breaker) },
      clock,
      signal,
    },
  )
}

/** How a call ended: its value, or the error that it was refused with. An abort passes through. */
export async function attempt<T>(
  call: Promise<T>,
): Promise<{ readonly value: T; readonly error?: never } | { readonly value?: never; readonly error: BbbError }> {
  try {
    return { value: await call }
  } catch (error) {
    if (error instanceof BbbError) return { error }
    throw error
  }
}
