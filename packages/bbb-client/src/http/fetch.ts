import { HttpFailure, type HttpRequest, type HttpResponse, type Transport, toHttpFailure } from './types.ts'

/** The part of `fetch` that is used; any implementation of it may be passed. */
export type FetchLike = (
  url: string,
  init: {
    method: string
    headers: Record<string, string>
    body?: Uint8Array<ArrayBuffer> | string
    redirect: 'manual'
    signal: AbortSignal
  },
) => Promise<{
  readonly status: number
  readonly headers: { forEach(callback: (value: string, name: string) => void): void }
  readonly body: AsyncIterable<Uint8Array> | null
}>

/**
 * A transport on any `fetch`, for runtimes and tools that have nothing else. fetch re-parses the URL, which our
 * encoding survives unchanged, and never says whether bytes left: every failure but a failed connection counts as sent.
 */
export function fetchTransport(fetch: FetchLike): Transport {
  return async request => {
    const { signal } = request
    if (signal.aborted) throw new HttpFailure('aborted', false)
    // Not every fetch obeys its signal; the caller's time is up all the same.
    let onAbort = (): void => {}
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(new HttpFailure('aborted', true))
      signal.addEventListener('abort', onAbort, { once: true })
    })
    try {
      return await Promise.race([exchange(fetch, request), aborted])
    } catch (error) {
      throw toHttpFailure(error, true)
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }
}

async function exchange(fetch: FetchLike, request: HttpRequest): Promise<HttpResponse> {
  const response = await fetch(request.origin + request.path, {
    method: request.method,
    headers: { ...request.headers },
    ...(request.body !== undefined && {
      body: typeof request.body === 'string' ? request.body : new Uint8Array(request.body),
    }),
    redirect: 'manual',
    signal: request.signal,
  })
  const headers: Record<string, string> = Object.create(null)
  response.headers.forEach((value, name) => {
    headers[name.toLowerCase()] = value
  })
  const chunks: Uint8Array[] = []
  let size = 0
  // What fetch has decoded on the way counts, too.
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > request.maxResponseBytes) throw new HttpFailure('too-large', true)
    chunks.push(chunk)
  }
  return { status: response.status, headers, body: Buffer.concat(chunks, size) }
}
