import { DEFAULT_RETRY, type HttpClock, type ServerHealth, send, type Transport } from 'bbb-client/http'
import { z } from 'zod'
import { ConferencingError } from '../../errors.ts'
import type { ProviderCallOptions } from '../../provider.ts'
import { unanswered, unavailable } from './errors.ts'
import { parseJson } from './json.ts'

/** What opens Zoom's API, and where that is. */
export interface AccessToken {
  readonly value: string
  /** Scheme and host that the token may be sent to. */
  readonly origin: string
}

export interface TokenOptions {
  readonly accountId: string
  readonly clientId: string
  readonly clientSecret: string
  /** Scheme and host of the token endpoint. */
  readonly origin: string
  /** Where the API is, given what the token's answer says of it. */
  readonly apiOrigin: (told: string | undefined) => string
  readonly transport: Transport
  readonly health: ServerHealth
  readonly clock: HttpClock
  readonly timeoutMs: number
}

/** How long before its end a token is replaced, in milliseconds. */
const EARLY_MS = 60_000

const answer = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]{1,8192}$/),
  expires_in: z.number().positive().catch(3599),
  api_url: z.string().optional().catch(undefined),
})

const refusedAnswer = z.object({
  error: z
    .string()
    .regex(/^\w{1,40}$/)
    .catch('refused'),
})

/**
 * The access token of one account (server-to-server OAuth): asked for once, shared by all who wait for it, replaced
 * before it ends. In memory only.
 */
export class TokenSource {
  readonly #options: TokenOptions
  readonly #authorization: string
  #current: (AccessToken & { readonly goodUntil: number }) | undefined
  #asking: Promise<AccessToken> | undefined

  constructor(options: TokenOptions) {
    this.#options = options
    const pair = `${options.clientId}:${options.clientSecret}`
    this.#authorization = `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`
  }

  /** Throws `UNAUTHORIZED` when Zoom refuses the account's credentials, `UNAVAILABLE` when there is no answer in time. */
  get(call: string, how: ProviderCallOptions & { readonly deadlineMs: number }): Promise<AccessToken> {
    const current = this.#current
    if (current !== undefined && this.#options.clock.now() < current.goodUntil) return Promise.resolve(current)
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#waitFor(this.#asking, call, how)
  }

  /** Forgets a token that Zoom refused, unless somebody has replaced it already. */
  drop({ value }: AccessToken): void {
    if (this.#current?.value === value) this.#current = undefined
  }

  async #ask(): Promise<AccessToken> {
    const { accountId, origin, transport, health, clock, timeoutMs } = this.#options
    const askedAt = clock.now()
    const outcome = await send(
      {
        method: 'POST',
        origin,
        path: '/oauth/token',
        headers: {
          authorization: this.#authorization,
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
        },
        body: new URLSearchParams({ grant_type: 'account_credentials', account_id: accountId }).toString(),
        maxResponseBytes: 64 * 1024,
      },
      // Asking twice does no harm.
      { retry: DEFAULT_RETRY, timeoutMs, deadlineMs: 2 * timeoutMs, repeat: 'safe' },
      { transport, health, clock },
    )
    // Whatever happened here, the call that needed the token was not sent.
    if (outcome.kind !== 'response')
      throw unavailable('token', unanswered('token', outcome).details.reason ?? '', 'not-sent')
    const { response } = outcome
    let body: unknown
    try {
      body = parseJson(response.body, 'message')
    } catch {
      throw unavailable('token', 'not JSON', 'not-sent', response)
    }
    const granted = answer.safeParse(body)
    if (response.status !== 200 || !granted.success) {
      const refused = refusedAnswer.safeParse(body)
      if (response.status >= 500 || response.status === 429 || !refused.success)
        throw unavailable('token', `HTTP ${response.status}`, 'not-sent', response)
      throw new ConferencingError('UNAUTHORIZED', `Zoom refused our credentials: ${refused.data.error}.`, {
        provider: 'zoom',
        outcome: 'not-sent',
        userMessage: 'Zoom did not let us in. Please tell an administrator.',
        details: { call: 'token', http_status: String(response.status), reason: refused.data.error },
      })
    }
    const token = { value: granted.data.access_token, origin: this.#options.apiOrigin(granted.data.api_url) }
    const lifeMs = granted.data.expires_in * 1000
    this.#current = { ...token, goodUntil: askedAt + lifeMs - Math.min(EARLY_MS, lifeMs / 2) }
    return token
  }

  /** One request serves many callers; each waits no longer than it may. */
  async #waitFor(
    asking: Promise<AccessToken>,
    call: string,
    { signal, deadlineMs }: ProviderCallOptions & { readonly deadlineMs: number },
  ): Promise<AccessToken> {
    const { clock } = this.#options
    signal?.throwIfAborted()
    let release = (): void => {}
    const given = new Promise<never>((_resolve, reject) => {
      const timer = clock.setTimeout(() => reject(unavailable(call, 'no token in time', 'not-sent')), deadlineMs)
      const stop = (): void => reject(signal?.reason)
      signal?.addEventListener('abort', stop, { once: true })
      release = () => {
        clock.clearTimeout(timer)
        signal?.removeEventListener('abort', stop)
      }
    })
    try {
      return await Promise.race([asking, given])
    } finally {
      release()
    }
  }
}
