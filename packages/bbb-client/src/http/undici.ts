import { type Dispatcher, getGlobalDispatcher } from 'undici'
import { HttpFailure, type HttpRequest, type HttpResponse, type Transport, toHttpFailure } from './types.ts'

/**
 * A transport on undici's dispatcher: the global one unless given, looked up per request, so that proxies, pools and
 * MockAgent work as undici users expect. The dispatch handler costs half of `undici.request` and says when the first
 * byte left, which decides what may be repeated.
 */
export function undiciTransport(dispatcher?: Dispatcher | undefined): Transport {
  return request => dispatch(dispatcher ?? getGlobalDispatcher(), request)
}

function dispatch(dispatcher: Dispatcher, request: HttpRequest): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const { signal } = request
    if (signal.aborted) return reject(new HttpFailure('aborted', false))
    let sent = false
    let abort: ((reason: Error) => void) | undefined
    let abandoned = false
    let status = 0
    let headers: Record<string, string> = {}
    const chunks: Uint8Array[] = []
    let size = 0

    const settle = (finish: () => void): void => {
      signal.removeEventListener('abort', onAbort)
      finish()
    }
    const fail = (failure: HttpFailure): void => {
      abandoned = true
      settle(() => reject(failure))
      abort?.(failure)
    }
    const onAbort = (): void => fail(new HttpFailure('aborted', sent))
    signal.addEventListener('abort', onAbort, { once: true })

    try {
      dispatcher.dispatch(
        {
          origin: request.origin,
          path: request.path,
          method: request.method,
          headers: { ...request.headers },
          body: request.body ?? null,
          // The deadline is ours: one absolute timer instead of undici's idle ones.
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        {
          onRequestStart(controller) {
            abort = reason => controller.abort(reason)
            if (abandoned) return controller.abort(new HttpFailure('aborted', false))
            sent = true
          },
          onResponseStart(_controller, statusCode, responseHeaders) {
            status = statusCode
            headers = flatten(responseHeaders)
            const encoding = headers['content-encoding']
            if (encoding !== undefined && encoding !== '' && encoding.toLowerCase() !== 'identity')
              fail(new HttpFailure('encoding', true))
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
            if (abandoned) return
            abandoned = true
            settle(() => reject(toHttpFailure(error, sent)))
          },
        },
      )
    } catch (error) {
      // undici checks its arguments and its own state before anything is sent.
      abandoned = true
      settle(() => reject(toHttpFailure(error, false)))
    }
  })
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value
  return flat
}
