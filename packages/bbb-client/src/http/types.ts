/** One HTTP request, complete: nothing is added to or taken from `path` on the way out. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Scheme, host and port, without a path. */
  readonly origin: string
  /** Path and query, sent byte for byte. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string | undefined
  /** Ends the request; its reason is not looked at. */
  readonly signal: AbortSignal
  /** Largest body read, in bytes. */
  readonly maxResponseBytes: number
}

/** A whole answer, as it came. */
export interface HttpResponse {
  readonly status: number
  /** Lower-case names; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Sends one request once. Rejects with {@link HttpFailure} and nothing else. Follows no redirect, decodes nothing. */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>

/** What went wrong, as far as a program can act on it. */
export type HttpFailureReason =
  | 'dns'
  | 'refused'
  | 'unreachable'
  | 'tls'
  | 'reset'
  | 'blocked'
  | 'aborted'
  | 'protocol'
  | 'closed'
  | 'too-large'
  | 'encoding'

/** Why there is no answer. Carries no request, no URL, no cause: those hold secrets. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure'
  readonly reason: HttpFailureReason
  /** Whether bytes of the request may have left this process. */
  readonly sent: boolean
  readonly systemCode: string | undefined

  constructor(reason: HttpFailureReason, sent: boolean, systemCode?: string) {
    super(`HTTP request failed: ${reason}${systemCode === undefined ? '' : ` (${systemCode})`}`)
    this.reason = reason
    this.sent = sent
    this.systemCode = systemCode
  }
}

const BY_CODE: Readonly<Record<string, HttpFailureReason>> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  EAI_NODATA: 'dns',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'unreachable',
  UND_ERR_CONNECT_TIMEOUT: 'unreachable',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  UND_ERR_ABORTED: 'aborted',
  UND_ERR_CLOSED: 'closed',
  UND_ERR_DESTROYED: 'closed',
  UND_ERR_HEADERS_OVERFLOW: 'too-large',
  EADDRBLOCKED: 'blocked',
}

const TLS_CODE = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO|HOSTNAME_MISMATCH)/
const CERTIFICATE_CODE = /^(ERR_TLS_CERT|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH)/
const SYSTEM_CODE = /^[A-Z][A-Z0-9_]{2,60}$/

/**
 * Turns whatever a transport threw into a {@link HttpFailure}, keeping only the system's code. `sent`: whether bytes may
 * have left, as far as the transport knows; what can only happen before that is known better here.
 */
export function toHttpFailure(error: unknown, sent: boolean): HttpFailure {
  if (error instanceof HttpFailure) return error
  const found = systemError(error)
  if (found === undefined) return new HttpFailure(isAbort(error) ? 'aborted' : 'protocol', sent)
  const { code, syscall } = found
  const reason = BY_CODE[code] ?? (TLS_CODE.test(code) ? 'tls' : 'protocol')
  // The code alone does not tell: a connection may time out, or become unreachable, long after the request.
  const before =
    reason === 'dns' ||
    reason === 'refused' ||
    reason === 'blocked' ||
    code === 'UND_ERR_CONNECT_TIMEOUT' ||
    syscall === 'connect' ||
    CERTIFICATE_CODE.test(code)
  return new HttpFailure(reason, sent && !before, code)
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** The code is on the error, on its cause (fetch), or on one of several (happy eyeballs). */
function systemError(error: unknown, depth = 0): { code: string; syscall: unknown } | undefined {
  if (typeof error !== 'object' || error === null || depth > 4) return undefined
  if (error instanceof AggregateError) {
    for (const inner of error.errors) {
      const found = systemError(inner, depth + 1)
      if (found !== undefined) return found
    }
  }
  const code: unknown = Reflect.get(error, 'code')
  if (typeof code === 'string' && SYSTEM_CODE.test(code)) return { code, syscall: Reflect.get(error, 'syscall') }
  return systemError(Reflect.get(error, 'cause'), depth + 1)
}
