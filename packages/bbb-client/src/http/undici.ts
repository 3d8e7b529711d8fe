import type { LookupFunction } from 'node:net'
import type { Agent, Dispatcher, getGlobalDispatcher } from 'undici'
import { blockedError, isPrivateAddress, publicLookup } from './guard.ts'
import { HttpFailure, type HttpRequest, type HttpResponse, type Transport, toHttpFailure } from './types.ts'

export type { Dispatcher } from 'undici'

const NO_HEADERS: Readonly<Record<string, string>> = {}

let globalDispatcher: typeof getGlobalDispatcher | undefined

/**
 * A transport on undici's dispatcher: the global one unless given, looked up per request, so that proxies, pools and
 * MockAgent work as undici users expect. The dispatch handler costs half of `undici.request` and says when the first
 * byte left, which decides what may be repeated.
 */
export function undiciTransport(dispatcher?: Dispatcher | undefined): Transport {
  if (dispatcher !== undefined) return request => dispatch(dispatcher, request)
  return async request => {
    // Loaded with the first request: it is most of what importing this package would cost.
    globalDispatcher ??= (await import('undici')).getGlobalDispatcher
    return dispatch(globalDispatcher(), request)
  }
}

/** What connections of one's own may be told. */
export interface ConnectionOptions {
  /** Certificates trusted beside those of Node, in PEM. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[] | undefined
  /** Refuses every address that is not public, for each connection anew. */
  readonly blockPrivateNetworks: boolean
  /** Name look-up; `node:dns` unless given. */
  readonly lookup?: LookupFunction | undefined
}

/** An agent with connections of its own: TLS 1.2 or later, always verified. */
export async function ownAgent(options: ConnectionOptions): Promise<Agent> {
  const { Agent, buildConnector } = await import('undici')
  const { rootCertificates } = await import('node:tls')
  const { blockPrivateNetworks } = options
  const ca = options.ca === undefined ? undefined : [...rootCertificates, ...[options.ca].flat()]
  const lookup = blockPrivateNetworks ? publicLookup(options.lookup) : options.lookup
  const connect = buildConnector({
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    ...(ca !== undefined && { ca }),
    ...(lookup !== undefined && { lookup }),
  })
  return new Agent({
    connect(target, callback) {
      // An address needs no look-up, so it is looked at here.
      if (blockPrivateNetworks && /^[\d.]+$|:/.test(target.hostname) && isPrivateAddress(target.hostname))
        return callback(blockedError(), null)
      connect(target, callback)
    },
  })
}

/** What undici is told. Instances inherit nothing, so that nothing left on Object.prototype becomes part of a request. */
class DispatchOptions implements Dispatcher.DispatchOptions {
  readonly origin: string
  readonly path: string
  readonly method: HttpRequest['method']
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | string | null
  /** The deadline is ours: one absolute timer instead of undici's idle ones. */
  readonly headersTimeout = 0
  readonly bodyTimeout = 0

  constructor(request: HttpRequest) {
    this.origin = request.origin
    this.path = request.path
    this.method = request.method
    this.headers = request.headers
    this.body = request.body ?? null
  }
}
Object.setPrototypeOf(DispatchOptions.prototype, null)

/** Headers by lower-case name; instances inherit nothing. */
class HeaderBag {
  [name: string]: string
}
Object.setPrototypeOf(HeaderBag.prototype, null)
Reflect.deleteProperty(HeaderBag.prototype, 'constructor')

function dispatch(dispatcher: Dispatcher, request: HttpRequest): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const { signal } = request
    if (signal.aborted) return reject(new HttpFailure('aborted', false))
    let sent = false
    let abort: ((reason: Error) => void) | undefined
    let abandoned = false
    let status = 0
    let headers: Readonly<Record<string, string>> = NO_HEADERS
    const chunks: Uint8Array[] = []
    let size = 0

    const settle = (finish: () => void): void => {
      signal.removeEventListener('abort', onAbort)
      finish()
    }
    const fail = (failure: HttpFailure): void => {
      if (abandoned) return
      abandoned = true
      settle(() => reject(failure))
      abort?.(failure)
    }
    const onAbort = (): void => fail(new HttpFailure('aborted', sent))
    signal.addEventListener('abort', onAbort, { once: true })

    try {
      dispatcher.dispatch(new DispatchOptions(request), {
        onRequestStart(controller) {
          abort = reason => controller.abort(reason)
          if (abandoned) return controller.abort(new HttpFailure('aborted', false))
          sent = true
        },
        onResponseStart(_controller, statusCode, responseHeaders) {
          status = statusCode
          headers = flatten(responseHeaders)
          if (isEncoded(headers)) fail(new HttpFailure('encoding', true))
          else if (Number(headers['content-length']) > request.maxResponseBytes)
            fail(new HttpFailure('too-large', true))
        },
        onResponseData(_controller, chunk) {
          if (abandoned) return
          size += chunk.length
          if (size > request.maxResponseBytes) fail(new HttpFailure('too-large', true))
          else chunks.push(chunk)
        },
        onResponseEnd() {
          if (abandoned) return
          const [only] = chunks
          const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size)
          settle(() => resolve({ status, headers, body }))
        },
        onResponseError(_controller, error) {
          fail(toHttpFailure(error, sent))
        },
      })
    } catch (error) {
      // undici checks its arguments and its own state before anything is sent.
      fail(toHttpFailure(error, false))
    }
  })
}

/** Whether the body is anything but the bytes themselves; it was asked for as it is. */
function isEncoded(headers: Readonly<Record<string, string>>): boolean {
  const content = headers['content-encoding']?.trim().toLowerCase() ?? ''
  const transfer = headers['transfer-encoding']?.trim().toLowerCase() ?? ''
  return (content !== '' && content !== 'identity') || (transfer !== '' && transfer !== 'chunked')
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flat = new HeaderBag()
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (value !== undefined) flat[name.toLowerCase()] = typeof value === 'string' ? value : value.join(', ')
  }
  return flat
}
