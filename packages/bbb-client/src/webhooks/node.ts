import { Buffer } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BbbWebhookError } from './errors.ts'
import type { CallbackHandler } from './handler.ts'

/** What frameworks put on a Node request after reading its body. */
type NodeRequest = IncomingMessage & { readonly body?: unknown; readonly rawBody?: unknown }

/** How much of a body that is too large is read and thrown away, in multiples of the limit. */
const DISCARDED_MULTIPLES = 16

/**
 * For `http.createServer`, Express (`app.post(path, toNodeHandler(handler))`, before any body parser or behind
 * `express.raw`) and everything else with Node's request and response. Deadlines are the server's
 * (`server.headersTimeout`, `server.requestTimeout`).
 */
export function toNodeHandler(
  handler: CallbackHandler,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const answer = await handler({
      method: request.method ?? '',
      target: request.url ?? '',
      headers: request.headers,
      body: bodyOf(request),
    })
    if (response.headersSent) return
    // Paused means given up on: the body is larger than anybody should send.
    const abandoned = request.isPaused()
    if (!abandoned) request.resume()
    response.writeHead(answer.status, abandoned ? { ...answer.headers, connection: 'close' } : answer.headers)
    response.end(answer.body)
  }
}

function bodyOf(request: NodeRequest): unknown {
  const { body, rawBody } = request
  if (rawBody instanceof Uint8Array) return rawBody
  if (body instanceof Uint8Array || typeof body === 'string') return body
  // Read by somebody who kept no bytes: what is left is a parsed value, which is refused as such.
  if (request.readableDidRead) return { parsed: body }
  return (maxBytes: number) => readAll(request, maxBytes)
}

/**
 * Collects up to `maxBytes`. Of more, the rest is thrown away as it comes, up to a bound: a sender that is cut off
 * instead of answered would take it for a failure and repeat.
 */
function readAll(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const done = (settle: () => void) => {
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone)
      settle()
    }
    const tooLarge = () => new BbbWebhookError('too_large', `The body is larger than ${maxBytes} bytes.`)
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (size <= maxBytes) chunks.push(chunk)
      else chunks.length = 0
      if (size > maxBytes * DISCARDED_MULTIPLES) {
        request.pause()
        done(() => reject(tooLarge()))
      }
    }
    const onEnd = () => done(() => (size > maxBytes ? reject(tooLarge()) : resolve(Buffer.concat(chunks))))
    const onGone = () =>
      done(() => reject(new BbbWebhookError('aborted', 'The sender hung up before the body was complete.')))
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
  })
}
