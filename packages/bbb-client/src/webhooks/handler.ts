import { BbbWebhookError } from './errors.ts'
import { prepareOptions, type VerifyWebhookOptions } from './options.ts'
import { type ReceivedWebhook, receiveWebhook } from './receive.ts'
import { headerValues, MAX_BODY_BYTES, rawBody, type WebhookHeaders, type WebhookRequest } from './request.ts'

/** A request on its way in, from any framework. */
export interface CallbackInput {
  readonly method: string
  /** Path and query as they arrived. */
  readonly target: string
  readonly headers: WebhookHeaders
  /** The raw bytes or text, or a function that reads them and gives up above `maxBytes`. Anything else was parsed. */
  readonly body: unknown
}

/** What to answer. */
export interface CallbackAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Never rejects. */
export type CallbackHandler = (input: CallbackInput) => Promise<CallbackAnswer>

/** Who is told about what the sender is not told. */
export interface CallbackObservers {
  /**
   * A refusal, for counting by `error.reason`. The request is given when its body was read, so that it can be kept and
   * verified again after a wrong secret was put right.
   */
  readonly onRefused?: ((error: BbbWebhookError, request: WebhookRequest | undefined) => void) | undefined
  /**
   * Signed, but unreadable: keep the bytes as a dead letter. The answer is 2xx once this has resolved, because a
   * repetition would bring the same bytes.
   */
  readonly onMalformed?: ((error: BbbWebhookError, request: WebhookRequest) => void | Promise<void>) | undefined
  /** `handle` threw, or the set-up is wrong; the answer was 503, and the sender will try again for about 5 minutes. */
  readonly onError: (error: unknown) => void
}

export interface CallbackHandlerOptions<Received> extends CallbackObservers {
  /** Verifies and reads: `request => receiveRecordingReady(request, { secrets })` and its siblings. */
  readonly receive: (request: WebhookRequest) => Received | Promise<Received>
  /** Stores what came. 2xx is answered only after it has resolved. */
  readonly handle: (received: Received, request: WebhookRequest) => void | Promise<void>
  /** @default 'POST' */
  readonly method?: 'GET' | 'POST' | undefined
  /** The media type the request must have; none is asked for when absent. */
  readonly contentType?: string | undefined
  /** @default 1_048_576 */
  readonly maxBodyBytes?: number | undefined
  /** @default 10 */
  readonly retryAfterSeconds?: number | undefined
}

export interface WebhookHandlerOptions extends VerifyWebhookOptions, CallbackObservers {
  /** Stores the events. 2xx is answered only after it has resolved. */
  readonly handle: (received: ReceivedWebhook, request: WebhookRequest) => void | Promise<void>
  /** @default 10 */
  readonly retryAfterSeconds?: number | undefined
  /**
   * Told once when a callback was signed with SHA-1, which bbb-webhooks does unless told otherwise.
   * @default process.emitWarning
   */
  readonly onWarning?: ((message: string) => void) | undefined
}

const TEXT = { 'content-type': 'text/plain; charset=utf-8' }
const STORED: CallbackAnswer = { status: 204, headers: {}, body: '' }
/**
 * The one answer to everything that is not accepted. bbb-webhooks takes 401 as delivered; with any other status it
 * repeats for five minutes and then drops the whole hook (upstream `callback-emitter.js`), which a stranger must not
 * be able to cause.
 */
const REFUSED: CallbackAnswer = { status: 401, headers: TEXT, body: 'refused\n' }

/**
 * The answers of a callback route, whatever the callback: 2xx only after `handle` has resolved, 503 with `Retry-After`
 * when it threw, 405 for another method, and 401 with one constant body for every refusal.
 */
export function createCallbackHandler<Received>(options: CallbackHandlerOptions<Received>): CallbackHandler {
  const { method = 'POST', maxBodyBytes = MAX_BODY_BYTES, retryAfterSeconds = 10 } = options
  const later: CallbackAnswer = {
    status: 503,
    headers: { ...TEXT, 'retry-after': String(retryAfterSeconds) },
    body: 'try again later\n',
  }
  const fail = (error: unknown): CallbackAnswer => {
    quietly(() => options.onError(error))
    return later
  }
  return async input => {
    if (input.method !== method) {
      return { status: 405, headers: { ...TEXT, allow: method }, body: 'method not allowed\n' }
    }
    let request: WebhookRequest | undefined
    try {
      // Read before anything is refused: a sender that is answered while it still writes may never see the answer.
      const body = method === 'GET' ? '' : await readBody(input.body, maxBodyBytes)
      request = { method: input.method, target: input.target, headers: input.headers, body }
      if (method === 'POST') requirePlainBody(input.headers, options.contentType)
      await options.handle(await options.receive(request), request)
      return STORED
    } catch (error) {
      if (!(error instanceof BbbWebhookError) || error.reason === 'parsed') return fail(error)
      if (error.verified && request !== undefined) {
        try {
          await options.onMalformed?.(error, request)
          return STORED
        } catch (failure) {
          return fail(failure)
        }
      }
      quietly(() => options.onRefused?.(error, request))
      return REFUSED
    }
  }
}

/**
 * {@link createCallbackHandler} for bbb-webhooks. Wrong options throw here, not on the first request.
 *
 * @throws BbbConfigError
 * @example
 * const handler = createWebhookHandler({ callbackUrl, secrets, handle: ({ events }) => inbox.add(events), onError: log })
 * http.createServer(toNodeHandler(handler))
 */
export function createWebhookHandler(options: WebhookHandlerOptions): CallbackHandler {
  const { maxBodyBytes } = prepareOptions(options)
  const warn = options.onWarning ?? (message => process.emitWarning(message, { code: 'BBB_WEBHOOK_SHA1' }))
  let warned = false
  return createCallbackHandler({
    receive: request => {
      const received = receiveWebhook(request, options)
      if (received.algorithm === 'sha1' && !warned) {
        warned = true
        quietly(() =>
          warn(
            'Callbacks are signed with SHA-1: set hookChecksumAlgorithm: sha256 in the configuration of bbb-webhooks.',
          ),
        )
      }
      return received
    },
    handle: options.handle,
    contentType: 'application/x-www-form-urlencoded',
    maxBodyBytes,
    retryAfterSeconds: options.retryAfterSeconds,
    onRefused: options.onRefused,
    onMalformed: options.onMalformed,
    onError: options.onError,
  })
}

async function readBody(body: unknown, maxBytes: number): Promise<Uint8Array | string> {
  const read: unknown = typeof body === 'function' ? await body(maxBytes) : body
  return rawBody(read, maxBytes)
}

function requirePlainBody(headers: unknown, contentType: string | undefined): void {
  const encodings = headerValues(headers, 'content-encoding')
  if (encodings.some(encoding => encoding.trim().toLowerCase() !== 'identity')) {
    throw new BbbWebhookError('encoding', 'The body is compressed, which BigBlueButton never does.')
  }
  if (contentType === undefined) return
  const [type = ''] = headerValues(headers, 'content-type')
  if (type.replace(/;.*$/s, '').trim().toLowerCase() !== contentType) {
    throw new BbbWebhookError('content_type', `The body is not ${contentType}.`)
  }
}

/** An observer that throws must not change the answer. */
function quietly(notify: () => void): void {
  try {
    notify()
  } catch {}
}
