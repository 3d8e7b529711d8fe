import { adviceFor, type MessageKey, USER_MESSAGES } from './message-keys.ts'

/**
 * What happened at the server: `not-sent`: no byte of the request left; `refused`: the server (or something before
 * it) said no; `unknown`: bytes left and no usable answer came, so the call may or may not have been carried out.
 */
export type Outcome = 'not-sent' | 'refused' | 'unknown'

/** Every stable code of a {@link BbbError}. */
export type BbbErrorCode =
  | 'BBB_CONFIG_INVALID'
  | 'BBB_PARAM_INVALID'
  | 'BBB_API_FAILED'
  | 'BBB_HTTP_STATUS'
  | 'BBB_NETWORK'
  | 'BBB_TIMEOUT'
  | 'BBB_CIRCUIT_OPEN'
  | 'BBB_RESPONSE_INVALID'

interface Fields {
  /** The API call, for example `create`; empty for configuration errors. */
  readonly call?: string | undefined
  /** How many requests were begun. */
  readonly attempts?: number | undefined
  readonly outcome?: Outcome | undefined
  /** Whether the same call may be made again without doing something twice. */
  readonly retryable?: boolean | undefined
  readonly userMessage?: string | undefined
}

/**
 * Base of every error of the client. Switch on `code`.
 * No field, message or cause holds a secret, a checksum, a query or a join link.
 */
export abstract class BbbError extends Error {
  abstract readonly code: BbbErrorCode
  readonly call: string
  readonly attempts: number
  readonly outcome: Outcome
  readonly retryable: boolean
  /** A sentence fit for a teacher. */
  readonly userMessage: string

  constructor(message: string, fields: Fields) {
    super(message)
    this.call = fields.call ?? ''
    this.attempts = fields.attempts ?? 0
    this.outcome = fields.outcome ?? 'not-sent'
    this.retryable = fields.retryable ?? false
    this.userMessage = fields.userMessage ?? USER_MESSAGES.ASK_ADMIN
  }
}

/** The client was set up wrongly; `option` names what to change. Thrown at construction. */
export class BbbConfigError extends BbbError {
  override readonly name = 'BbbConfigError'
  readonly code = 'BBB_CONFIG_INVALID'
  readonly option: string

  constructor(option: string, problem: string) {
    super(`${option}: ${problem}`, {})
    this.option = option
  }
}

/** A parameter cannot be sent; `param` names it. Nothing was sent. */
export class BbbParamError extends BbbError {
  override readonly name = 'BbbParamError'
  readonly code = 'BBB_PARAM_INVALID'
  readonly param: string

  constructor(call: string, param: string, problem: string) {
    super(`${call}: ${param} ${problem}`, { call, userMessage: USER_MESSAGES.SETUP })
    this.param = param
  }
}

/** The server answered `FAILED`. Switch on `messageKey`; never on the text, which changes between versions. */
export class BbbApiError extends BbbError {
  override readonly name = 'BbbApiError'
  readonly code = 'BBB_API_FAILED'
  readonly messageKey: MessageKey
  /** The server's own words. */
  readonly apiMessage: string
  /** All of them, where the server gives a list. */
  readonly errors: readonly { readonly key: MessageKey; readonly message: string }[]
  /** What to do about it, when the key is known. */
  readonly advice: string | undefined
  readonly status: number

  constructor(fields: {
    call: string
    attempts: number
    status: number
    outcome?: Outcome | undefined
    retryable?: boolean | undefined
    messageKey: string
    apiMessage: string
    errors?: readonly { key: string; message: string }[]
  }) {
    const known = adviceFor(fields.messageKey)
    const said = fields.apiMessage === '' ? '' : `: ${fields.apiMessage}`
    const hint = known === undefined ? '' : ` ${known.advice}`
    super(
      `${fields.call} failed with ${fields.messageKey || 'no message key'}${said}${said.endsWith('.') || said === '' ? '' : '.'}${hint}`,
      {
        call: fields.call,
        attempts: fields.attempts,
        outcome: fields.outcome ?? 'refused',
        retryable: fields.retryable,
        userMessage: known?.userMessage ?? USER_MESSAGES.TRY_AGAIN,
      },
    )
    this.messageKey = fields.messageKey
    this.apiMessage = fields.apiMessage
    this.errors = fields.errors ?? []
    this.advice = known?.advice
    this.status = fields.status
  }
}

/** HTTP said no before the API could: a proxy, a load balancer, a restarting server, a wrong address. */
export class BbbHttpError extends BbbError {
  override readonly name = 'BbbHttpError'
  readonly code = 'BBB_HTTP_STATUS'
  readonly status: number
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(fields: {
    call: string
    attempts: number
    status: number
    outcome: Outcome
    retryable: boolean
    retryAfterMs?: number | undefined
    detail?: string | undefined
  }) {
    super(`${fields.call}: HTTP ${fields.status}. ${fields.detail ?? statusAdvice(fields.status)}`, {
      ...fields,
      userMessage: fields.status >= 500 || fields.status === 429 ? USER_MESSAGES.TRY_AGAIN : USER_MESSAGES.ASK_ADMIN,
    })
    this.status = fields.status
    this.retryAfterMs = fields.retryAfterMs
  }
}

function statusAdvice(status: number): string {
  if (status === 404)
    return 'There is no such call at this address: check the server URL, and that the server offers the call.'
  if (status === 401 || status === 403)
    return 'Something in front of the server refuses us: check proxies and firewalls.'
  if (status === 413) return 'The request body is too large for the proxy: give documents by URL, or raise its limit.'
  if (status === 414 || status === 431) return 'The URL is too long for the proxy: send fewer or shorter parameters.'
  if (status === 429) return 'The server limits how often it may be asked: wait and ask less often.'
  if (status >= 500) return 'The server or its load balancer is failing or restarting.'
  return 'The server did not answer as an API.'
}

/** What went wrong on the way. */
export type NetworkReason =
  | 'dns'
  | 'refused'
  | 'unreachable'
  | 'tls'
  | 'reset'
  | 'blocked'
  | 'aborted'
  | 'protocol'
  | 'closed'

/** No answer, for a reason of the network. */
export class BbbNetworkError extends BbbError {
  override readonly name = 'BbbNetworkError'
  readonly code = 'BBB_NETWORK'
  readonly reason: NetworkReason
  /** The system's code, for example `ECONNREFUSED`. */
  readonly systemCode: string | undefined

  constructor(fields: {
    call: string
    attempts: number
    outcome: Outcome
    retryable: boolean
    reason: NetworkReason
    systemCode?: string | undefined
    origin: string
  }) {
    const system = fields.systemCode === undefined ? '' : ` (${fields.systemCode})`
    super(`${fields.call}: ${fields.origin} ${NETWORK_ADVICE[fields.reason]}${system}`, {
      ...fields,
      userMessage: USER_MESSAGES.TRY_AGAIN,
    })
    this.reason = fields.reason
    this.systemCode = fields.systemCode
  }
}

const NETWORK_ADVICE: Readonly<Record<NetworkReason, string>> = {
  dns: 'has no address: check the host name of the server URL and the name server',
  refused: 'refused the connection: check port, firewall, and that the server runs',
  unreachable: 'cannot be reached: check the network between here and there',
  tls: 'has no acceptable TLS certificate or protocol: renew it, or give a private CA to the dispatcher',
  reset: 'broke the connection before the answer was complete',
  blocked: 'resolves to an address that is not allowed',
  aborted: 'could not be asked',
  protocol: 'did not speak proper HTTP',
  closed: 'is no longer asked: the client is closed',
}

/** No complete answer in time. */
export class BbbTimeoutError extends BbbError {
  override readonly name = 'BbbTimeoutError'
  readonly code = 'BBB_TIMEOUT'
  /** The limit that was reached, in milliseconds. */
  readonly timeoutMs: number
  /** Which limit: that of one attempt, or the deadline over all of them. */
  readonly limit: 'attempt' | 'deadline'

  constructor(fields: {
    call: string
    attempts: number
    outcome: Outcome
    retryable: boolean
    timeoutMs: number
    limit: 'attempt' | 'deadline'
    origin: string
  }) {
    super(
      `${fields.call}: no complete answer from ${fields.origin} within ${fields.timeoutMs} ms (${fields.limit}). Check the server's load, or raise ${fields.limit === 'attempt' ? 'timeoutMs' : 'deadlineMs'}.`,
      { ...fields, userMessage: USER_MESSAGES.TRY_AGAIN },
    )
    this.timeoutMs = fields.timeoutMs
    this.limit = fields.limit
  }
}

/** The server failed so often just now that it is left alone for a moment. Nothing was sent. */
export class BbbCircuitOpenError extends BbbError {
  override readonly name = 'BbbCircuitOpenError'
  readonly code = 'BBB_CIRCUIT_OPEN'
  /** When the next request is let through, in milliseconds from now. */
  readonly retryAfterMs: number

  constructor(fields: { call: string; origin: string; retryAfterMs: number }) {
    super(
      `${fields.call}: ${fields.origin} failed repeatedly; the next attempt is let through in ${fields.retryAfterMs} ms.`,
      {
        call: fields.call,
        outcome: 'not-sent',
        retryable: true,
        userMessage: USER_MESSAGES.TRY_AGAIN,
      },
    )
    this.retryAfterMs = fields.retryAfterMs
  }
}

/** What kind of non-answer came. */
export type ResponseProblem =
  | 'html'
  | 'empty'
  | 'not-xml'
  | 'encoding'
  | 'too-large'
  | 'no-verdict'
  | 'redirect'
  | 'shape'
  | 'paging'

/** An answer came, and it is not one: HTML, cut off, no verdict, too large, a redirect, a missing field. */
export class BbbResponseError extends BbbError {
  override readonly name = 'BbbResponseError'
  readonly code = 'BBB_RESPONSE_INVALID'
  readonly problem: ResponseProblem
  readonly status: number
  /** Where and what, without content: for example `meetings[3].meetingID is missing`. */
  readonly issues: readonly string[]

  constructor(fields: {
    call: string
    attempts: number
    outcome: Outcome
    status: number
    problem: ResponseProblem
    issues: readonly string[]
  }) {
    super(`${fields.call}: ${RESPONSE_ADVICE[fields.problem]} (${fields.issues.join('; ')}).`, {
      ...fields,
      retryable: false,
      userMessage: USER_MESSAGES.TRY_AGAIN,
    })
    this.problem = fields.problem
    this.status = fields.status
    this.issues = fields.issues
  }
}

const RESPONSE_ADVICE: Readonly<Record<ResponseProblem, string>> = {
  html: 'a web page came instead of an API answer: check the server URL, and what stands in front of the server',
  empty: 'the answer is empty: look at the log of the server, which swallowed an error',
  'not-xml': 'the answer is incomplete or no XML: look at the log of the server or proxy',
  encoding: 'the answer is not plain UTF-8: check what stands in front of the server',
  'too-large': 'the answer is larger than allowed: ask for less, or raise maxResponseBytes',
  'no-verdict': 'the answer has no single SUCCESS or FAILED: check that the address is that of a BigBlueButton API',
  redirect: 'the server redirects, which is not followed: use the address it redirects to, if it is yours',
  shape: 'the answer lacks something every such answer has',
  paging: 'the list changed while it was read: try again',
}
