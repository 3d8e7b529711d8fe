import { type Answer, readAnswer } from './answer.ts'
import type { Operation } from './api/operation.ts'
import { signCall } from './checksum.ts'
import { type ResolvedOptions, urlProblem } from './config.ts'
import {
  BbbApiError,
  BbbCircuitOpenError,
  type BbbError,
  BbbHttpError,
  BbbNetworkError,
  BbbParamError,
  BbbResponseError,
  BbbTimeoutError,
  type Outcome,
} from './errors.ts'
import { isTransientStatus } from './http/retry.ts'
import { isTransientReason, type SendOutcome, type ServerHealth, send } from './http/send.ts'
import type { Transport } from './http/types.ts'
import type { EncodeContext } from './params.ts'
import { QueryBuilder } from './query.ts'
import { Reader, ShapeError } from './reader.ts'

/** Options of one call. */
export interface CallOptions {
  /** Ends the call; it then rejects with `signal.reason`, untouched. */
  readonly signal?: AbortSignal | undefined
  /** For one request, in milliseconds. @default the client's */
  readonly timeoutMs?: number | undefined
  /** For the call with all its repetitions, in milliseconds. @default the client's */
  readonly deadlineMs?: number | undefined
}

/** What every call works with. */
export interface CallContext {
  readonly options: ResolvedOptions
  readonly transport: Transport
  readonly health: ServerHealth
  readonly warn: (message: string) => void
}

/** Longest path and query that nginx and Tomcat take with their defaults, with room for a proxy's additions. */
const MAX_PATH = 7_900

/** The signed path of a call: what `joinUrl` shows and every request sends. */
export function signedPath(call: string, query: string, options: ResolvedOptions): string {
  const algorithm = call.startsWith('hooks/') ? options.hooksChecksum : options.checksum
  const checksum = signCall(algorithm, call, query, options.secret)
  return `${options.basePath}${call}?${query === '' ? '' : `${query}&`}checksum=${checksum}`
}

function unsignedPath(call: string, query: string, options: ResolvedOptions): string {
  return `${options.basePath}${call}${query === '' ? '' : `?${query}`}`
}

export function encodeContext(call: string, context: CallContext): EncodeContext {
  return { call, checkUrl: value => urlProblem(value, context.options), warn: context.warn }
}

/**
 * The one way out: encode → sign → send → read → verdict → typed result.
 * Rejects with a `BbbError`, or with the signal's own reason.
 */
export async function call<P, R>(
  operation: Operation<P, R>,
  params: P,
  callOptions: CallOptions,
  context: CallContext,
): Promise<R> {
  const { options } = context
  const out = new QueryBuilder()
  const body = operation.encode(out, params, encodeContext(operation.call || 'index', context))
  const name = operation.call || 'index'
  const path =
    operation.signed === false
      ? unsignedPath(operation.call, out.toString(), options)
      : signedPath(operation.call, out.toString(), options)
  if (path.length > MAX_PATH)
    throw new BbbParamError(
      name,
      'query',
      `has ${path.length} characters of the ${MAX_PATH} that servers take: shorten texts and metadata, give documents in the body`,
    )

  const deadlineMs = callOptions.deadlineMs ?? options.deadlineMs
  const timeoutMs = Math.min(callOptions.timeoutMs ?? options.timeoutMs, deadlineMs)
  const outcome = await send(
    {
      method: body === undefined ? 'GET' : 'POST',
      origin: options.origin,
      path,
      headers: {
        accept: 'text/xml, application/xml, */*;q=0.5',
        'accept-encoding': 'identity',
        'user-agent': 'bbb-client',
        ...(body !== undefined && { 'content-type': body.contentType }),
      },
      body: body?.content,
      maxResponseBytes: options.maxResponseBytes,
    },
    {
      retry: options.retry,
      timeoutMs,
      deadlineMs,
      repeat: typeof operation.repeat === 'function' ? operation.repeat(params) : operation.repeat,
    },
    { transport: context.transport, health: context.health, clock: options.clock, signal: callOptions.signal },
  )
  if (outcome.kind !== 'response') throw transportError(name, outcome, { timeoutMs, deadlineMs }, options)

  const { response, attempts } = outcome
  const { status } = response
  const about = { call: name, attempts, status }
  if (status >= 300 && status < 400) {
    const errors = operation.failureInRedirect?.(response.headers.location ?? '') ?? []
    const [first] = errors
    if (first !== undefined)
      throw new BbbApiError({ ...about, messageKey: first.key, apiMessage: first.message, errors })
    throw new BbbResponseError({
      ...about,
      outcome: 'refused',
      problem: 'redirect',
      issues: [`HTTP ${status} to ${originOf(response.headers.location, options.origin)}`],
    })
  }

  if (operation.decodeText !== undefined && status === 200) {
    const text = operation.decodeText(Buffer.from(response.body).toString('utf8'))
    if (text !== undefined) return text
  }
  const answer = await readAnswer(response.body)
  if (answer.kind === 'failed') {
    const result = operation.absent?.(answer, attempts > 1)
    if (result !== undefined) return result.result
    throw new BbbApiError({
      ...about,
      messageKey: answer.messageKey,
      apiMessage: answer.message,
      errors: answer.errors,
    })
  }
  if (status < 200 || status > 299)
    throw new BbbHttpError({
      ...about,
      outcome: status >= 500 ? 'unknown' : 'refused',
      retryable: isTransientStatus(status),
      retryAfterMs: outcome.retryAfterMs,
    })
  if (answer.kind === 'unreadable') throw unreadableError(about, answer)

  try {
    return operation.decode(
      new Reader(answer.response, name, issue => context.warn(`${name}: left out: ${issue}`)),
      params,
    )
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    throw new BbbResponseError({ ...about, outcome: 'unknown', problem: 'shape', issues: [error.message] })
  }
}

function unreadableError(
  about: { call: string; attempts: number; status: number },
  answer: Extract<Answer, { kind: 'unreadable' }>,
): BbbError {
  return new BbbResponseError({ ...about, outcome: 'unknown', problem: answer.problem, issues: [answer.issue] })
}

function transportError(
  name: string,
  outcome: Exclude<SendOutcome, { kind: 'response' }>,
  limits: { timeoutMs: number; deadlineMs: number },
  options: ResolvedOptions,
): BbbError {
  const { origin } = options
  const { attempts } = outcome
  if (outcome.kind === 'open')
    return new BbbCircuitOpenError({ call: name, origin, retryAfterMs: outcome.retryAfterMs })
  const about = {
    call: name,
    attempts,
    origin,
    outcome: (outcome.sent ? 'unknown' : 'not-sent') satisfies Outcome as Outcome,
  }
  if (outcome.kind === 'timeout')
    return new BbbTimeoutError({
      ...about,
      retryable: true,
      limit: outcome.limit,
      timeoutMs: outcome.limit === 'attempt' ? limits.timeoutMs : limits.deadlineMs,
    })
  const { reason, systemCode } = outcome.failure
  if (reason === 'too-large' || reason === 'encoding') {
    const issue =
      reason === 'encoding' ? 'a content encoding other than identity' : `more than ${options.maxResponseBytes} bytes`
    return new BbbResponseError({ ...about, status: 0, problem: reason, issues: [issue] })
  }
  return new BbbNetworkError({ ...about, retryable: isTransientReason(outcome.failure), reason, systemCode })
}

/** Where a redirect points, without path and query, which may hold a checksum. */
function originOf(location: string | undefined, base: string): string {
  const origin = location === undefined ? undefined : URL.parse(location, base)?.origin
  return origin === undefined || origin === 'null' ? 'nowhere' : origin
}
