import { stringify } from 'node:querystring'
import { type AnyHandler, getResponse, HttpResponse, http, isPassthroughResponse, RequestHandler } from 'msw'
import { type Dispatcher, getGlobalDispatcher, setGlobalDispatcher, Response as UndiciResponse } from 'undici'
import type { FakeBbb } from './testing/fake-bbb.ts'
import type { FakeResponse } from './testing/message.ts'

/** How {@link bbbHandlers} are told apart from other handlers. */
export interface BbbHandlersOptions {
  /**
   * The server to stand in for; everything at its origin is answered.
   * @default BigBlueButton's own paths (`/bigbluebutton`, `/html5client`, `/playback`) at any origin
   */
  readonly url?: string | undefined
}

const OWN_PATHS = /^\/(bigbluebutton|html5client|playback)(\/|$)/

/** Path and query as undici was given them: a `Request` re-parses its URL, which could change what was signed. */
const targets = new WeakMap<Request, string>()

/**
 * msw handlers that answer as a BigBlueButton server. msw sees global `fetch`, `node:http` and axios; for undici, which
 * `bbb-client` uses, add {@link interceptUndici}.
 *
 * @example
 * ```ts
 * const fake = new FakeBbb({ secret })
 * const server = setupServer(...bbbHandlers(fake))
 * ```
 */
export function bbbHandlers(fake: Pick<FakeBbb, 'handle'>, options: BbbHandlersOptions = {}): RequestHandler[] {
  const origin = options.url === undefined ? undefined : new URL(options.url).origin
  const isOurs = ({ request }: { request: Request }): boolean => {
    const url = new URL(request.url)
    return origin === undefined ? OWN_PATHS.test(url.pathname) : url.origin === origin
  }
  return [
    http.all(isOurs, async ({ request }) => {
      const answer = await fake.handle({
        method: request.method,
        target: targets.get(request) ?? request.url,
        headers: Object.fromEntries(request.headers),
        body: new Uint8Array(await request.arrayBuffer()),
      })
      return toResponse(answer, request.signal)
    }),
  ]
}

async function toResponse({ status, headers, body, damage }: FakeResponse, signal: AbortSignal): Promise<Response> {
  if (damage?.kind === 'drop') return HttpResponse.error()
  if (damage?.kind === 'hang') {
    await new Promise(resolve => {
      if (signal.aborted) resolve(undefined)
      signal.addEventListener('abort', resolve, { once: true })
    })
    return HttpResponse.error()
  }
  if (damage?.kind === 'cut') {
    const part = Buffer.from(body).subarray(0, damage.bytes)
    return new HttpResponse(cutStream(part, damage.framing === 'close'), { status, headers: { ...headers } })
  }
  const isEmpty = status === 204 || status === 304
  return new HttpResponse(isEmpty ? null : body, { status, headers: { ...headers } })
}

/** A body that stops early. Where only the end of the connection marks its end, that cannot be told from a whole one. */
function cutStream(part: Uint8Array, endsSilently: boolean): ReadableStream<Uint8Array> {
  let given = false
  return new ReadableStream({
    pull(controller) {
      if (!given && part.length > 0) controller.enqueue(part)
      else if (endsSilently) controller.close()
      else controller.error(connectionError('other side closed'))
      given = true
    },
  })
}

/** The part of msw's `setupServer()` that is used. */
export interface MswServer {
  listHandlers(): readonly AnyHandler[]
}

/** Takes an interception back, when called or at the end of a `using` block. */
export interface UndiciInterception extends Disposable {
  (): void
}

/** Where Node's own `fetch` looks for its dispatcher. */
const BUILT_IN = Symbol.for('undici.globalDispatcher.1')

/**
 * Lets an msw server answer requests made through undici's global dispatcher (`request`, undici's `fetch`, `bbb-client`),
 * which msw 3 does not see. Code under test stays as it is. What no handler answers goes on to the network.
 *
 * Replaces the global dispatcher until the returned function is called; Node's own `fetch` is left to msw.
 * For a dispatcher of your own: `agent.compose(mswInterceptor(server))`.
 *
 * @example
 * ```ts
 * server.listen()
 * const restore = interceptUndici(server)
 * // … tests …
 * restore()
 * ```
 */
export function interceptUndici(server: MswServer): UndiciInterception {
  let isActive = true
  const before = getGlobalDispatcher()
  const builtIn: unknown = Reflect.get(globalThis, BUILT_IN)
  const ours = before.compose(mswInterceptor({ listHandlers: () => (isActive ? server.listHandlers() : []) }))
  const use = (dispatcher: Dispatcher): void => {
    setGlobalDispatcher(dispatcher)
    // undici sets the dispatcher of Node's fetch too; msw answers there already, and would be asked twice.
    if (builtIn !== undefined) Reflect.set(globalThis, BUILT_IN, builtIn)
  }
  use(ours)
  const restore = (): void => {
    isActive = false
    // Somebody who replaced it meanwhile keeps what they set.
    if (getGlobalDispatcher() === ours) use(before)
  }
  return Object.assign(restore, { [Symbol.dispose]: restore })
}

/** {@link interceptUndici} for one dispatcher: an interceptor for `dispatcher.compose()`. */
export function mswInterceptor(server: MswServer): Dispatcher.DispatcherComposeInterceptor {
  return dispatch => (options, handler) => {
    const { origin, method, upgrade } = options
    // Asked for here and not later, so that the handlers of a `server.boundary()` are those of its caller.
    const handlers = server.listHandlers().filter(one => one instanceof RequestHandler)
    if (origin === undefined || upgrade || /^(CONNECT|TRACE)$/i.test(method) || handlers.length === 0)
      return dispatch(options, handler)
    const exchange = new Exchange(handler)
    exchange.run(async () => {
      const { request, rest } = await read(options, String(origin), exchange.signal)
      const response = await getResponse(handlers, request)
      if (response === undefined || isPassthroughResponse(response)) exchange.goOn(inner => dispatch(rest, inner))
      else await exchange.answer(response, method)
    })
    return true
  }
}

/** The request as msw sees it, and the options to go on with, in which a body that was read can be read again. */
async function read(
  options: Dispatcher.DispatchOptions,
  origin: string,
  signal: AbortSignal,
): Promise<{ request: Request; rest: Dispatcher.DispatchOptions }> {
  const { path, query, method, body } = options
  const target = query === undefined ? path : `${path}${path.includes('?') ? '&' : '?'}${stringify(query)}`
  const headers = toHeaders(options.headers)
  const init: RequestInit = { method, headers, signal }
  let rest = options
  if (body !== undefined && body !== null) {
    // undici's own Response, because it alone knows undici's own FormData.
    const content = new UndiciResponse(body)
    const bytes = await content.bytes()
    const type = content.headers.get('content-type')
    if (type !== null && typeof body !== 'string' && !headers.has('content-type')) headers.set('content-type', type)
    if (!/^(GET|HEAD)$/i.test(method)) init.body = new Uint8Array(bytes)
    if (isOneShot(body)) rest = { ...options, body: Buffer.from(bytes) }
  }
  const request = new Request(origin + target, init)
  targets.set(request, origin + target)
  return { request, rest }
}

function isOneShot(body: object | string): boolean {
  return typeof body === 'object' && !(body instanceof Uint8Array) && Symbol.asyncIterator in body
}

/** undici takes headers as an object, as a flat list, or as pairs. */
function toHeaders(given: Dispatcher.DispatchOptions['headers']): Headers {
  const headers = new Headers()
  const add = (name: string, value: string | readonly string[] | undefined): void => {
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) headers.append(name, String(one))
  }
  if (given === undefined || given === null) return headers
  if (Array.isArray(given)) {
    for (let i = 0; i + 1 < given.length; i += 2) add(String(given[i]), String(given[i + 1]))
  } else if (Symbol.iterator in given) {
    for (const [name, value] of given) add(name, value)
  } else {
    for (const [name, value] of Object.entries(given)) add(name, typeof value === 'number' ? String(value) : value)
  }
  return headers
}

/** One request between undici's handler and whoever answers: msw, or the network after all. */
class Exchange implements Dispatcher.DispatchController {
  rawHeaders: Buffer[] = []
  readonly rawTrailers: Buffer[] = []
  reason: Error | null = null
  readonly #handler: Dispatcher.DispatchHandler
  readonly #abort = new AbortController()
  /** Set once the request goes to the network. */
  #network: Dispatcher.DispatchController | undefined
  #isPaused = false
  #resume: (() => void) | undefined

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get aborted(): boolean {
    return this.#network?.aborted ?? this.#abort.signal.aborted
  }

  get paused(): boolean {
    return this.#network?.paused ?? this.#isPaused
  }

  abort(reason: Error): void {
    if (this.aborted) return
    this.reason = reason
    this.#abort.abort(reason)
    this.#resume?.()
    if (this.#network) this.#network.abort(reason)
    else this.#handler.onResponseError?.(this, reason)
  }

  pause(): void {
    if (this.#network) this.#network.pause()
    this.#isPaused = true
  }

  resume(): void {
    if (this.#network) this.#network.resume()
    this.#isPaused = false
    this.#resume?.()
  }

  /** Starts the request at once, so that it can be aborted while a handler takes its time. */
  run(work: () => Promise<void>): void {
    const start = async (): Promise<void> => {
      this.#handler.onRequestStart?.(this, {})
      if (!this.aborted) await work()
    }
    start().catch((error: unknown) => {
      if (this.aborted || this.#network) return
      this.#handler.onResponseError?.(this, error instanceof Error ? error : connectionError(String(error)))
    })
  }

  /** The network answers; it starts the request a second time, which the handler must not hear. */
  goOn(dispatch: (handler: Dispatcher.DispatchHandler) => void): void {
    if (this.aborted) return
    const handler = this.#handler
    dispatch({
      onRequestStart: controller => {
        this.#network = controller
        if (this.#abort.signal.aborted) controller.abort(this.reason ?? connectionError('aborted'))
        else if (this.#isPaused) controller.pause()
      },
      onRequestUpgrade: (controller, ...rest) => handler.onRequestUpgrade?.(controller, ...rest),
      onResponseStart: (controller, ...rest) => handler.onResponseStart?.(controller, ...rest),
      onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
      onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
      onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
      onResponseStarted: () => handler.onResponseStarted?.(),
      onBodySent: chunk => handler.onBodySent?.(chunk),
      onRequestSent: () => handler.onRequestSent?.(),
    })
  }

  async answer(response: Response, method: string): Promise<void> {
    if (this.aborted) return
    if (response.type === 'error') throw connectionError('other side closed')
    const headers: Record<string, string | string[]> = {}
    for (const [name, value] of response.headers) {
      this.rawHeaders.push(Buffer.from(name), Buffer.from(value))
      headers[name] = name === 'set-cookie' ? response.headers.getSetCookie() : value
    }
    this.#handler.onResponseStarted?.()
    this.#handler.onResponseStart?.(this, response.status, headers, response.statusText)
    if (response.body !== null && !/^HEAD$/i.test(method)) {
      for await (const chunk of response.body) {
        if (this.#isPaused && !this.aborted) await new Promise<void>(resolve => (this.#resume = resolve))
        if (this.aborted) return
        this.#handler.onResponseData?.(this, Buffer.from(chunk))
      }
    }
    if (!this.aborted) this.#handler.onResponseEnd?.(this, {})
  }
}

/** What undici says when a connection breaks. */
function connectionError(message: string): Error {
  return Object.assign(new Error(message), { name: 'SocketError', code: 'UND_ERR_SOCKET' })
}
