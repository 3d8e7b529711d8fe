export { type BreakerOptions, CircuitBreaker, DEFAULT_BREAKER } from './breaker.ts'
export { type FetchLike, fetchTransport } from './fetch.ts'
export { backoffMs, DEFAULT_RETRY, isTransientStatus, RetryBudget, type RetryPolicy, retryAfterMs } from './retry.ts'
export {
  type HttpClock,
  isTransientReason,
  type SendOutcome,
  type SendPolicy,
  type ServerHealth,
  send,
  systemHttpClock,
} from './send.ts'
export {
  HttpFailure,
  type HttpFailureReason,
  type HttpRequest,
  type HttpResponse,
  type Transport,
  toHttpFailure,
} from './types.ts'
export { undiciTransport } from './undici.ts'
