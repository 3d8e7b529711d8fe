import { HttpFailure, type Transport, toHttpFailure } from './types.ts'

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
    if (request.signal.aborted) throw new HttpFailure('aborted', false)
    try {
      const response = await fetch(request.origin + request.path, {
        method: request.method,
        headers: { ...request.headers },
        ...(request.body !== undefined && {
          body: typeof request.body === 'string' ? request.body : new Uint8Array(request.body),
        }),
        redirect: 'manual',
        signal: request.signal,
      })
      const headers: Record<string, string> = {}
      response.headers.forEach((value, name) => {
        headers[name.toLowerCase()] = value
      })
      const chunks: Uint8Array[] = []
      let size = 0
      for await (const chunk of response.body ?? []) {
        size += chunk.length
        if (size > request.maxResponseBytes) throw new HttpFailure('too-large', true)
        chunks.push(chunk)
      }
      return { status: response.status, headers, body: Buffer.concat(chunks, size) }
    } catch (error) {
      throw toHttpFailure(error, true)
    }
  }
}
