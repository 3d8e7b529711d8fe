import { type BbbClient, BbbClient as Client } from '../client.ts'
import type { BbbClientOptions, ResolvedOptions } from '../config.ts'
import { BbbError } from '../errors.ts'
import { CircuitBreaker } from '../http/breaker.ts'
import { fetchTransport } from '../http/fetch.ts'
import { RetryBudget } from '../http/retry.ts'
import { type SendOutcome, send } from '../http/send.ts'
import type { HttpRequest } from '../http/types.ts'
import { undiciTransport } from '../http/undici.ts'

/** What is examined, and how it is asked. */
export interface Patient {
  readonly options: BbbClientOptions
  readonly resolved: ResolvedOptions
  readonly signal: AbortSignal | undefined
}

/** A client that asks once: a diagnosis wants the first answer, not the best of three. */
export function clientOf({ options }: Patient, changes: Partial<BbbClientOptions> = {}): BbbClient {
  return new Client({ ...options, ...changes, retry: { attempts: 1 }, onWarning: () => {} })
}

/** One request past the client, for what the client does not show: headers, statuses, other addresses. */
export function ask(
  { options, resolved, signal }: Patient,
  request: Pick<HttpRequest, 'method' | 'origin' | 'path' | 'headers' | 'body'>,
): Promise<SendOutcome> {
  const { retry, timeoutMs, deadlineMs, clock, maxResponseBytes } = resolved
  return send(
    { ...request, maxResponseBytes },
    { retry: { ...retry, attempts: 1 }, timeoutMs, deadlineMs, repeat: 'unsent' },
    {
      transport: options.fetch === undefined ? undiciTransport(options.dispatcher) : fetchTransport(options.fetch),
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
