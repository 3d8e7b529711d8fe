import { type Parameters, parseParameters, splitTarget } from './parameters.ts'

/** A request as it arrived, before anybody decoded anything. */
export interface FakeRequest {
  readonly method: string
  /** Raw path and query; the absolute form (`https://host/path?query`) is understood too. */
  readonly target: string
  /** Names in any case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body?: string | Uint8Array | undefined
}

/** Damage that only a socket can show; `serve()` does it, a transport-free caller decides what it means. */
export type FakeDamage =
  /** The connection is closed without an answer. */
  | { readonly kind: 'drop' }
  /** No answer ever comes. */
  | { readonly kind: 'hang' }
  /** The body stops after this many bytes. */
  | { readonly kind: 'cut'; readonly bytes: number; readonly framing: 'length' | 'chunked' | 'close' }

/** What the fake server answers. */
export interface FakeResponse {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly damage?: FakeDamage | undefined
}

/** A request with its parts taken apart, for the code that answers it. */
export interface ReadRequest {
  readonly method: string
  readonly target: string
  readonly origin: string | undefined
  readonly path: string
  /** The raw query. */
  readonly query: string
  /** URL parameters and form fields; the URL wins. */
  readonly parameters: Parameters
  /** Form fields alone. */
  readonly form: Parameters
  /** Media type in lower case without parameters; empty without the header. */
  readonly contentType: string
  readonly body: string
  readonly bytes: Uint8Array
  header(name: string): string | undefined
}

const formType = 'application/x-www-form-urlencoded'

/** Takes a request apart. */
export function readRequest(request: FakeRequest): ReadRequest {
  const { origin, path, query } = splitTarget(request.target)
  const header = (name: string): string | undefined => {
    for (const [key, value] of Object.entries(request.headers)) {
      if (key.toLowerCase() === name) return typeof value === 'string' ? value : value?.join(', ')
    }
    return undefined
  }
  const bytes =
    typeof request.body === 'string' ? Buffer.from(request.body, 'utf8') : (request.body ?? new Uint8Array())
  const body = Buffer.from(bytes).toString('utf8')
  const contentType = (header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const formText = contentType === formType && request.method === 'POST' ? body : ''
  return {
    method: request.method,
    target: request.target,
    origin,
    path,
    query,
    parameters: parseParameters(query, formText),
    form: parseParameters(formText),
    contentType,
    body,
    bytes,
    header,
  }
}

/** An XML answer of bbb-web. */
export function xmlResponse(body: string, headers: Readonly<Record<string, string>> = {}): FakeResponse {
  return {
    status: 200,
    headers: { 'cache-control': 'no-cache', 'content-type': 'text/xml;charset=utf-8', ...headers },
    body,
  }
}

/** A JSON answer of bbb-web. */
export function jsonResponse(value: unknown): FakeResponse {
  return { status: 200, headers: { 'content-type': 'application/json;charset=utf-8' }, body: JSON.stringify(value) }
}

/** A redirect without a body. */
export function redirectResponse(location: string, headers: Readonly<Record<string, string>> = {}): FakeResponse {
  return { status: 302, headers: { ...headers, location }, body: '' }
}

/** A page for people. Nothing in it may come from, or go to, another origin. */
export function pageResponse(body: string, status = 200): FakeResponse {
  return {
    status,
    headers: {
      'cache-control': 'no-store',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; form-action 'self' http: https:; base-uri 'none'",
      'content-type': 'text/html;charset=utf-8',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
    body,
  }
}
