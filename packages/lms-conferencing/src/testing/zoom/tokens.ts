import type { Clock } from '../../clock.ts'
import { type FakeZoomResponse, json, problem, type ReadRequest } from './message.ts'
import type { Identifiers } from './world.ts'

export interface TokensOptions {
  readonly accountId: string
  readonly clientId: string
  readonly clientSecret: string
  readonly clock: Clock
  readonly random: Identifiers
  /** Told to clients as the base of the API. */
  readonly apiUrl: () => string
  /** A new token ends the one before it, as older reports have it. */
  readonly onlyNewest: boolean
}

const LIFE_SECONDS = 3599

const oauthError = (error: string, reason: string): FakeZoomResponse => json(400, { reason, error })

/** Zoom's token endpoint for server-to-server apps, and the check of what it gave. */
export class Tokens {
  readonly #options: TokensOptions
  readonly #good = new Map<string, number>()
  #clientSecret: string
  #issued = 0

  constructor(options: TokensOptions) {
    this.#options = options
    this.#clientSecret = options.clientSecret
  }

  /** How many were given so far. */
  get issued(): number {
    return this.#issued
  }

  /** From now on every token given so far is unknown. */
  revokeAll(): void {
    this.#good.clear()
  }

  /** The app got another secret: that of before is refused, and so are its tokens. */
  changeSecret(clientSecret: string): void {
    this.#clientSecret = clientSecret
    this.#good.clear()
  }

  answer(request: ReadRequest): FakeZoomResponse {
    const { accountId, clientId, clock, random, apiUrl, onlyNewest } = this.#options
    const expected = `Basic ${Buffer.from(`${clientId}:${this.#clientSecret}`).toString('base64')}`
    if (request.method !== 'POST') return json(405, { reason: 'Method Not Allowed', error: 'invalid_request' })
    if (request.header('authorization') !== expected)
      return oauthError('invalid_client', 'Invalid client_id or client_secret')
    // The fields are taken from either place.
    const form = new URLSearchParams(request.body)
    const field = (name: string): string | null => form.get(name) ?? request.query.get(name)
    if (field('grant_type') !== 'account_credentials')
      return oauthError('unsupported_grant_type', 'unsupported grant type')
    if (field('account_id') !== accountId) return oauthError('invalid_request', 'Bad Request')
    if (onlyNewest) this.#good.clear()
    const token = `eyJfake.${random.word()}`
    this.#good.set(token, clock.now() + LIFE_SECONDS * 1000)
    this.#issued++
    return json(200, {
      access_token: token,
      token_type: 'bearer',
      expires_in: LIFE_SECONDS,
      scope: 'meeting:read:meeting:admin meeting:write:meeting:admin',
      api_url: apiUrl(),
    })
  }

  /** The refusal of a call's token, if it is not good. */
  refusal(request: ReadRequest): FakeZoomResponse | undefined {
    const token = /^Bearer (.+)$/.exec(request.header('authorization') ?? '')?.[1] ?? ''
    const until = this.#good.get(token)
    if (until === undefined) return problem(401, 124, 'Invalid access token.')
    if (this.#options.clock.now() >= until) return problem(401, 124, 'Access token is expired.')
    return undefined
  }
}
