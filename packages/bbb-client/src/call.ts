import { randomUUID } from 'node:crypto'
import { readAnswer } from './answer.ts'
import type { Operation } from './api/operation.ts'
import { signCall } from './checksum.ts'
import { type ResolvedOptions, urlProblem, whole } from './config.ts'
import { BbbParamError } from './errors.ts'
import { type Asked, apiError, httpError, redirectError, transportError, unreadableError } from './failures.ts'
import { type ServerHealth, send } from './http/send.ts'
import type { Transport } from './http/types.ts'
import { type EncodeContext, RequestDraft } from './params.ts'
import { Reader, ShapeError } from './reader.ts'
import { buildXml } from './xml.ts'

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

/** XML first, whatever else a call answers; no compression, so that a limit on the body is one. */
const HEADERS: Readonly<Record<string, string>> = {
  accept: 'text/xml, application/xml, */*;q=0.5',
  'accept-encoding': 'identity',
  'user-agent': 'bbb-client',
}

/** The index and ping take no checksum, and get none: nothing is signed that need not be. */
const UNSIGNED = new Set(['', 'hooks/ping'])

/** Longest path and query that nginx and Tomcat take with their defaults, with room for a proxy's additions. */
const MAX_PATH = 7_900

/** The signed path of a call: what `joinUrl` shows and every request sends. */
export function signedPath(call: string, query: string, options: ResolvedOptions): string {
  const algorithm = call.startsWith('hooks/') ? options.hooksChecksum : options.checksum
  const checksum = signCall(algorithm, call, query, options.secrets()[0])
  return checkedLength(call, `${options.basePath}${call}?${query === '' ? '' : `${query}&`}checksum=${checksum}`)
}

function unsignedPath(call: string, query: string, options: ResolvedOptions): string {
  return checkedLength(call, `${options.basePath}${call}${query === '' ? '' : `?${query}`}`)
}

function checkedLength(call: string, path: string): string {
  if (path.length <= MAX_PATH) return path
  const problem = `has ${path.length} characters of the ${MAX_PATH} that servers take: shorten texts and metadata, give documents in the body`
  throw new BbbParamError(call, 'query', problem)
}

/** What codecs of this call are given. */
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
  const name = operation.call || 'index'
  const out = new RequestDraft()
  operation.encode(out, params, encodeContext(name, context))
  const path = (UNSIGNED.has(operation.call) ? unsignedPath : signedPath)(operation.call, out.toString(), options)
  const repeat = typeof operation.repeat === 'function' ? operation.repeat(out) : operation.repeat
  const deadlineMs = whole('deadlineMs', callOptions.deadlineMs ?? options.deadlineMs, 1)
  const timeoutMs = Math.min(whole('timeoutMs', callOptions.timeoutMs ?? options.timeoutMs, 1), deadlineMs)
  const asked: Asked = { call: name, path, out, repeat, timeoutMs, deadlineMs, options }

  const body = out.modules.length > 0 || out.file !== undefined ? await bodyOf(out) : undefined
  const outcome = await send(
    {
      method: body === undefined ? 'GET' : 'POST',
      origin: options.origin,
      path,
      headers: body === undefined ? HEADERS : { ...HEADERS, 'content-type': body.contentType },
      body: body?.content,
      maxResponseBytes: options.maxResponseBytes,
    },
    { retry: options.retry, timeoutMs, deadlineMs, repeat },
    { transport: context.transport, health: context.health, clock: options.clock, signal: callOptions.signal },
  )
  if (outcome.kind !== 'response') throw transportError(asked, outcome)

  const { response, attempts } = outcome
  const { status } = response
  if (status >= 300 && status < 400) {
    const location = response.headers.location ?? ''
    const errors = operation.failureInRedirect?.(location) ?? []
    const [first] = errors
    if (first === undefined) throw redirectError(asked, outcome, location)
    throw apiError(asked, outcome, { messageKey: first.key, message: first.message, errors })
  }
  if (operation.decodeText !== undefined && status === 200) {
    const text = operation.decodeText(Buffer.from(response.body).toString('utf8'))
    if (text !== undefined) return text
  }
  const answer = await readAnswer(response.body)
  if (answer.kind === 'failed') {
    const result = operation.absent?.(answer, attempts > 1)
    if (result !== undefined) return result.result
    throw apiError(asked, outcome, answer)
  }
  if (status < 200 || status > 299) throw httpError(asked, outcome)
  if (answer.kind === 'unreadable') throw unreadableError(asked, outcome, answer.problem, answer.issue)

  try {
    return operation.decode(new Reader(answer.response, name, issue => context.warn(`${name}: left out: ${issue}`)))
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    throw unreadableError(asked, outcome, 'shape', error.message)
  }
}

/** What goes beside the query; the checksum never covers it, so nothing that decides anything is there. */
async function bodyOf({
  modules,
  file,
}: RequestDraft): Promise<{ readonly contentType: string; readonly content: Uint8Array | string }> {
  // The bare media type: some releases compare the whole header (BigBlueButton's ContentTypeValidator).
  if (file === undefined)
    return { contentType: 'application/xml', content: await buildXml({ name: 'modules', children: modules }) }
  const boundary = `----bbb-client-${randomUUID()}`
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${file.name}"\r\nContent-Type: application/octet-stream\r\n\r\n`
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    content: Buffer.concat([Buffer.from(head), file.content, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  }
}
