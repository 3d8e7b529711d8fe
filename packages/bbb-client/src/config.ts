import type { LookupFunction } from 'node:net'
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from './checksum.ts'
import { BbbConfigError } from './errors.ts'
import { type BreakerOptions, DEFAULT_BREAKER } from './http/breaker.ts'
import type { FetchLike } from './http/fetch.ts'
import { DEFAULT_RETRY, type RetryPolicy } from './http/retry.ts'
import { type HttpClock, systemHttpClock } from './http/send.ts'
import type { Dispatcher } from './http/undici.ts'

/** How a {@link BbbClient} reaches its server. */
export interface BbbClientOptions {
  /** The server: its host, with or without `/bigbluebutton` and `/api`, as `bbb-conf --secret` prints it. */
  readonly url: string
  /**
   * The shared secret; a list while it changes, the newest first, which signs. Read for every call, so a getter changes it
   * without a restart.
   */
  readonly secret: string | readonly string[]
  /** Hash of the checksum. SHA-1 only for servers that take nothing else. @default 'sha256' */
  readonly checksum?: ChecksumAlgorithm | undefined
  /** Hash for the hooks calls, where bbb-webhooks is older than the server (2.x takes SHA-1 only). @default checksum */
  readonly hooksChecksum?: ChecksumAlgorithm | undefined
  /** Accepts `http:` for a host that is not this machine. @default false */
  readonly allowInsecureHttp?: boolean | undefined
  /** For one request, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number | undefined
  /** For a call with all its repetitions, in milliseconds. @default 15_000 */
  readonly deadlineMs?: number | undefined
  /** When and how often requests are repeated. @default three requests, pauses up to 1, 2, 4 seconds */
  readonly retry?: Partial<RetryPolicy> | undefined
  /** When a failing server is left alone. @default after 10 failures in a row, for up to 5 seconds */
  readonly breaker?: Partial<BreakerOptions> | undefined
  /** Largest answer read, in bytes. @default 16_777_216 */
  readonly maxResponseBytes?: number | undefined
  /** Certificates of a private authority, in PEM, trusted beside those of Node. Verification cannot be turned off. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[] | undefined
  /**
   * Refuses to connect to anything that is not a public address (this machine, private networks, link-local…), looked
   * at for each connection. @default false; true for `BbbClient.forTenant`
   */
  readonly blockPrivateNetworks?: boolean | undefined
  /** Name look-up of the client's own connections. @default that of node:dns */
  readonly lookup?: LookupFunction | undefined
  /** An undici dispatcher (proxy, pool). @default undici's global one, looked up per request */
  readonly dispatcher?: Dispatcher | undefined
  /** A `fetch` to use instead of undici. */
  readonly fetch?: FetchLike | undefined
  /** Origins that URL parameters (logout, logo, documents…) may have. @default any */
  readonly allowedUrlOrigins?: readonly string[] | undefined
  /** Hears of things that are allowed but unwise, once each; never holds a secret. @default process.emitWarning */
  readonly onWarning?: ((message: string) => void) | undefined
  /** Time and chance, for tests. */
  readonly clock?: HttpClock | undefined
}

/** Options checked and completed. Not exported: it holds the secret. */
export interface ResolvedOptions {
  /** Scheme, host and port. */
  readonly origin: string
  /** Path of the API with the last slash, for example `/bigbluebutton/api/`. */
  readonly basePath: string
  /** The newest signs. */
  readonly secrets: () => readonly [newest: string, ...older: string[]]
  readonly checksum: ChecksumAlgorithm
  readonly hooksChecksum: ChecksumAlgorithm
  readonly timeoutMs: number
  readonly deadlineMs: number
  readonly retry: RetryPolicy
  readonly breaker: BreakerOptions
  readonly maxResponseBytes: number
  readonly allowedUrlOrigins: readonly string[] | undefined
  readonly onWarning: (message: string) => void
  readonly clock: HttpClock
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Secrets that stand in documentation and sample code, and so protect nothing. */
const SAMPLE_SECRETS = new Set([
  '639259d4-9dd8-4b25-bf01-95f9567eaf4b',
  '8cd8ef52e8e101574e400365b55e11a6',
  'your-bbb-shared-secret-here',
  '330a8b08c3b4c61533e1d0c5ce1ac88f',
])

/** Checks options and completes them. Throws {@link BbbConfigError} naming the option, never its value. */
export function resolveOptions(options: BbbClientOptions): ResolvedOptions {
  const { origin, basePath, loopback } = resolveUrl(options.url, options.allowInsecureHttp ?? false)
  let read: unknown
  let checked: readonly [string, ...string[]] | undefined
  const secrets = (): readonly [string, ...string[]] => {
    const given = options.secret
    if (checked === undefined || given !== read) {
      const [newest, ...older] = [given].flat()
      checked = [checkSecret(newest, loopback), ...older.map(secret => checkSecret(secret, loopback))]
      read = given
    }
    return checked
  }
  secrets()
  const checksum = algorithm('checksum', options.checksum ?? 'sha256')
  return Object.freeze<ResolvedOptions>({
    origin,
    basePath,
    secrets,
    checksum,
    hooksChecksum: algorithm('hooksChecksum', options.hooksChecksum ?? checksum),
    timeoutMs: whole('timeoutMs', options.timeoutMs ?? 10_000, 1),
    deadlineMs: whole('deadlineMs', options.deadlineMs ?? 15_000, 1),
    retry: {
      attempts: whole('retry.attempts', options.retry?.attempts ?? DEFAULT_RETRY.attempts, 1),
      baseDelayMs: whole('retry.baseDelayMs', options.retry?.baseDelayMs ?? DEFAULT_RETRY.baseDelayMs, 0),
      maxDelayMs: whole('retry.maxDelayMs', options.retry?.maxDelayMs ?? DEFAULT_RETRY.maxDelayMs, 0),
    },
    breaker: {
      failures: whole('breaker.failures', options.breaker?.failures ?? DEFAULT_BREAKER.failures, 1),
      openMs: whole('breaker.openMs', options.breaker?.openMs ?? DEFAULT_BREAKER.openMs, 0),
    },
    maxResponseBytes: whole('maxResponseBytes', options.maxResponseBytes ?? 16 * 1024 * 1024, 1),
    allowedUrlOrigins: options.allowedUrlOrigins?.map(allowed => {
      const parsed = URL.parse(allowed)
      if (parsed === null) throw new BbbConfigError('allowedUrlOrigins', 'holds something that is no URL')
      return parsed.origin
    }),
    onWarning: options.onWarning ?? (message => process.emitWarning(message, 'BbbClientWarning')),
    clock: options.clock ?? systemHttpClock,
  })
}

function resolveUrl(
  given: unknown,
  allowInsecureHttp: boolean,
): { origin: string; basePath: string; loopback: boolean } {
  if (typeof given !== 'string' || given === '')
    throw new BbbConfigError('url', 'is required, for example https://bbb.example.org')
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `https://${given}`
  const parsed = URL.parse(withScheme)
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new BbbConfigError('url', 'must be an https: address')
  if (parsed.username !== '' || parsed.password !== '')
    throw new BbbConfigError('url', 'must not hold a user name or password')
  if (/[?#]/.test(given)) throw new BbbConfigError('url', 'must not hold a query or fragment')
  const loopback = LOOPBACK.test(parsed.hostname)
  if (parsed.protocol === 'http:' && !loopback && !allowInsecureHttp)
    throw new BbbConfigError(
      'url',
      'must be https: (or set allowInsecureHttp, which shows every password to the network)',
    )
  const path = parsed.pathname.replace(/\/+$/, '')
  const basePath = path === '' ? '/bigbluebutton/api/' : path.endsWith('/api') ? `${path}/` : `${path}/api/`
  return { origin: parsed.origin, basePath, loopback }
}

/** Throws the rule that is broken, never the value. */
function checkSecret(secret: unknown, loopback: boolean): string {
  const refuse = (problem: string): never => {
    throw new BbbConfigError('secret', problem)
  }
  if (typeof secret !== 'string' || secret === '') return refuse('is empty: take it from `bbb-conf --secret`')
  if (secret.trim() !== secret) refuse('begins or ends with white space')
  if (secret.length < 16) refuse('is shorter than 16 characters')
  if (!loopback && SAMPLE_SECRETS.has(secret))
    refuse('is a sample from documentation: set one of your own on the server')
  return secret
}

function algorithm(option: string, value: ChecksumAlgorithm): ChecksumAlgorithm {
  if (!CHECKSUM_ALGORITHMS.includes(value))
    throw new BbbConfigError(option, `must be one of ${CHECKSUM_ALGORITHMS.join(', ')}`)
  return value
}

/** Longest that a timer of Node can be set to; longer ones go off at once. */
const MOST = 2_147_483_647

/** A count, a size or milliseconds. */
export function whole(option: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least || value > MOST)
    throw new BbbConfigError(option, `must be a whole number from ${least} to ${MOST}`)
  return value
}

/**
 * Options from `BBB_SERVER_URL`, `BBB_SHARED_SECRET` (several separated by a blank, newest first) and, when set,
 * `BBB_CHECKSUM` and `BBB_ALLOW_INSECURE_HTTP`. Throws {@link BbbConfigError} naming the variable that is missing or wrong.
 */
export function bbbOptionsFromEnv(env: Readonly<Record<string, string | undefined>> = process.env): BbbClientOptions {
  const needed = (name: string): string => {
    const value = env[name]?.trim()
    if (value === undefined || value === '') throw new BbbConfigError(name, 'is not set')
    return value
  }
  const chosen = <T extends string>(name: string, known: readonly T[]): T | undefined => {
    const value = env[name]?.trim()
    if (value === undefined || value === '') return undefined
    const found = known.find(candidate => candidate === value)
    if (found === undefined) throw new BbbConfigError(name, `must be one of ${known.join(', ')}`)
    return found
  }
  return {
    url: needed('BBB_SERVER_URL'),
    secret: needed('BBB_SHARED_SECRET').split(/\s+/),
    checksum: chosen('BBB_CHECKSUM', CHECKSUM_ALGORITHMS),
    allowInsecureHttp: chosen('BBB_ALLOW_INSECURE_HTTP', ['true', 'false']) === 'true',
  }
}

/**
 * Why a URL may not be sent as a parameter; `undefined` when it may. It will be opened in participants' browsers or by
 * the server, so it must be absolute, without credentials, `https:` (or `http:` where the server itself is), and of an
 * allowed origin where those are set.
 */
export function urlProblem(value: string, options: ResolvedOptions): string | undefined {
  if (/[\s\\\u0000-\u001f\u007f-\u009f\ufffe\uffff]/.test(value) || !value.isWellFormed())
    return 'must be a URL without blanks, backslashes and control characters'
  const parsed = URL.parse(value)
  if (parsed === null || !/^https?:\/\//i.test(value)) return 'must be an absolute https: URL'
  const allowed = parsed.protocol === 'https:' || (parsed.protocol === 'http:' && options.origin.startsWith('http:'))
  if (!allowed) return 'must be an absolute https: URL'
  if (parsed.username !== '' || parsed.password !== '') return 'must not hold a user name or password'
  if (options.allowedUrlOrigins !== undefined && !options.allowedUrlOrigins.includes(parsed.origin))
    return 'is not of an origin in allowedUrlOrigins'
  return undefined
}
