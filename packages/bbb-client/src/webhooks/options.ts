import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from '../checksum.ts'
import { BbbConfigError } from '../errors.ts'
import { MAX_BODY_BYTES } from './request.ts'

/**
 * How a callback can be signed. Which one a server uses is found by verifying, never by its version.
 *
 * - `url+body`: bbb-webhooks 3.4.0 and later; hash over URL, raw body and secret.
 * - `bearer`: `auth2_0: true`, the default of the Debian package; the shared secret itself in `Authorization`.
 * - `url+json`: bbb-webhooks 2.x; hash over a JSON text rebuilt from the form.
 * - `url+braces`: bbb-webhooks 3.0.0 to 3.3.1; hash that does not depend on the body, so whoever has seen one callback
 *   can forge all. Treat its events as hints: ask the API before believing them.
 */
export type WebhookScheme = 'url+body' | 'bearer' | 'url+json' | 'url+braces'

/** A shared secret with a name and an end, for several servers behind one route and for rotation. */
export interface WebhookSecret {
  readonly secret: string
  /** Told back as `secretId` when this secret verified, for example the name of the server. */
  readonly id?: string | undefined
  /** From this moment on callbacks signed with it are refused. */
  readonly until?: Date | undefined
}

/** One secret or several, newest first. */
export type WebhookSecrets = string | WebhookSecret | readonly (string | WebhookSecret)[]

export interface SecretOptions {
  readonly secrets: WebhookSecrets
  /**
   * The clock that end times are compared with. Asked only when a secret or a token has one.
   * @default () => new Date()
   */
  readonly now?: (() => Date) | undefined
  /**
   * Bodies above this many bytes are refused unread.
   * @default 1_048_576
   */
  readonly maxBodyBytes?: number | undefined
}

/** Read on every request, so a getter for `secrets` rotates them without a restart. */
export interface VerifyWebhookOptions extends SecretOptions {
  /** The very string that was given to `hooks/create`, or several while it changes. Never taken from the request. */
  readonly callbackUrl: string | readonly string[]
  /** @default ['url+body', 'bearer'] */
  readonly accept?: readonly WebhookScheme[] | undefined
  /** @default ['sha1', 'sha256', 'sha384', 'sha512'] */
  readonly algorithms?: readonly ChecksumAlgorithm[] | undefined
  /**
   * Takes the shared secret as Bearer although the callback URL is plain `http:` to another machine.
   * @default false
   */
  readonly allowInsecureBearer?: boolean | undefined
}

export interface PreparedSecret {
  readonly secret: string
  readonly id: string | null
  readonly alive: boolean
}

/** {@link VerifyWebhookOptions}, checked, with every default in place. */
export interface PreparedOptions {
  readonly urls: readonly string[]
  readonly schemes: readonly WebhookScheme[]
  readonly algorithms: readonly ChecksumAlgorithm[]
  readonly secrets: readonly PreparedSecret[]
  readonly maxBodyBytes: number
  readonly allowInsecureBearer: boolean
}

const MIN_SECRET_CHARACTERS = 16
/** Secrets of public test servers and of the documentation of the past: anybody can sign with them. */
const SAMPLE_SECRETS = ['8cd8ef52e8e101574e400365b55e11a6', '330a8b08c3b4c61533e1d0c5ce1ac88f']
const SCHEMES: readonly WebhookScheme[] = ['url+body', 'bearer', 'url+json', 'url+braces']
const DEFAULT_ACCEPT: readonly WebhookScheme[] = ['url+body', 'bearer']

function list<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T]
}

/** @throws BbbConfigError naming the rule that a secret breaks, never the secret. */
export function prepareSecrets(options: SecretOptions): PreparedSecret[] {
  let now: number | undefined
  const prepared = list<string | WebhookSecret>(options.secrets).map(item => {
    const { secret, id, until } = typeof item === 'string' ? { secret: item, id: undefined, until: undefined } : item
    if (typeof secret !== 'string' || secret === '') throw new BbbConfigError('secrets', 'is empty')
    if (secret.trim() !== secret) throw new BbbConfigError('secrets', 'has white space at an end')
    if (secret.length < MIN_SECRET_CHARACTERS) {
      throw new BbbConfigError('secrets', `is shorter than ${MIN_SECRET_CHARACTERS} characters`)
    }
    if (SAMPLE_SECRETS.includes(secret)) throw new BbbConfigError('secrets', 'is a published sample value')
    if (until === undefined) return { secret, id: id ?? null, alive: true }
    now ??= (options.now ?? (() => new Date()))().getTime()
    return { secret, id: id ?? null, alive: now < until.getTime() }
  })
  if (prepared.length === 0) throw new BbbConfigError('secrets', 'is empty')
  return prepared
}

/** @throws BbbConfigError when one is no absolute http(s) URL. */
export function prepareCallbackUrls(callbackUrl: string | readonly string[]): readonly string[] {
  const urls = list<string>(callbackUrl)
  for (const url of urls) {
    // Not parsed: what is signed is the string as it was registered, which may hold blanks, dots and capitals.
    if (typeof url !== 'string' || !/^https?:\/\/[^/?#]/i.test(url)) {
      throw new BbbConfigError('callbackUrl', 'must be the http(s) URL given to hooks/create, character for character')
    }
  }
  if (urls.length === 0) throw new BbbConfigError('callbackUrl', 'is empty')
  return urls
}

function prepareSchemes(accept: readonly WebhookScheme[] = DEFAULT_ACCEPT): readonly WebhookScheme[] {
  if (!Array.isArray(accept) || accept.length === 0 || accept.some(scheme => !SCHEMES.includes(scheme))) {
    throw new BbbConfigError('accept', `must name one or more of ${SCHEMES.join(', ')}`)
  }
  return accept
}

function prepareAlgorithms(
  algorithms: readonly ChecksumAlgorithm[] = CHECKSUM_ALGORITHMS,
): readonly ChecksumAlgorithm[] {
  if (!Array.isArray(algorithms) || algorithms.some(name => !CHECKSUM_ALGORITHMS.includes(name))) {
    throw new BbbConfigError('algorithms', `must name some of ${CHECKSUM_ALGORITHMS.join(', ')}`)
  }
  return algorithms
}

function bodyLimit(options: SecretOptions): number {
  const limit = options.maxBodyBytes ?? MAX_BODY_BYTES
  if (!Number.isSafeInteger(limit) || limit < 1) throw new BbbConfigError('maxBodyBytes', 'must be a positive integer')
  return limit
}

/** @throws BbbConfigError naming the option. */
export function prepareOptions(options: VerifyWebhookOptions): PreparedOptions {
  return {
    urls: prepareCallbackUrls(options.callbackUrl),
    schemes: prepareSchemes(options.accept),
    algorithms: prepareAlgorithms(options.algorithms),
    secrets: prepareSecrets(options),
    maxBodyBytes: bodyLimit(options),
    allowInsecureBearer: options.allowInsecureBearer === true,
  }
}

/** Whether a secret may travel to this URL in the clear text of a header: TLS, or not leaving the machine. */
export function keepsSecrets(callbackUrl: string): boolean {
  if (!URL.canParse(callbackUrl)) return false
  const { protocol, hostname } = new URL(callbackUrl)
  return protocol === 'https:' || hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}
