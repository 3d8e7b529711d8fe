import { Buffer } from 'node:buffer'
import { BbbWebhookError } from './errors.ts'
import type { CallbackHandler } from './handler.ts'

const DISCARDED_MULTIPLES = 16

/** For Hono, Deno-style servers and everything else that takes a `Request` and gives a `Response`. */
export function toFetchHandler(handler: CallbackHandler): (request: Request) => Promise<Response> {
  return async request => {
    const { pathname, search } = new URL(request.url)
    const answer = await handler({
      method: request.method,
      target: pathname + search,
      headers: request.headers,
      body: request.bodyUsed ? { parsed: true } : (maxBytes: number) => readAll(request, maxBytes),
    })
    return new Response(answer.status === 204 ? null : answer.body, { status: answer.status, headers: answer.headers })
  }
}

/** As in the Node adapter: keep up to the limit, throw away a bounded rest, then give up. */
async function readAll(request: Request, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = request.body?.getReader()
  try {
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      size += next.value.length
      if (size <= maxBytes) chunks.push(next.value)
      else chunks.length = 0
      if (size > maxBytes * DISCARDED_MULTIPLES) break
    }
  } catch {
    throw new BbbWebhookError('aborted', 'The sender hung up before the body was complete.')
  }
  if (size > maxBytes) {
    await reader?.cancel().catch(() => {})
    throw new BbbWebhookError('too_large', `The body is larger than ${maxBytes} bytes.`)
  }
  return Buffer.concat(chunks)
}
