import type { EncodeContext } from '../params.ts'
import type { QueryBuilder } from '../query.ts'
import type { Reader } from '../reader.ts'

/** A request body; the checksum never covers it, so nothing that decides anything goes there. */
export interface CallBody {
  readonly contentType: string
  readonly content: Uint8Array | string
}

/** One failure in the server's words. */
export interface ServerFailure {
  readonly key: string
  readonly message: string
}

/** One API call as data: how it is written, how often it may be sent, what its answer means. */
export interface Operation<P, R> {
  /** The name in the URL and in the checksum, for example `create` or `hooks/list`. */
  readonly call: string
  /**
   * `safe`: repeating it does nothing twice. `unsent`: repeated only when no byte left.
   * Some calls are safe with some parameters only.
   */
  readonly repeat: 'safe' | 'unsent' | ((params: P) => 'safe' | 'unsent')
  /** The index and ping take no checksum, and get none: nothing is signed that need not be. @default true */
  readonly signed?: false
  encode(out: QueryBuilder, params: P, context: EncodeContext): CallBody | undefined
  /** Throws `ShapeError` where the answer lacks what every such answer has. */
  decode(response: Reader, params: P): R
  /** For the one call that answers in plain text. */
  readonly decodeText?: ((body: string) => R | undefined) | undefined
  /** For the one call whose failures may come as a redirect: what its target says of them. */
  readonly failureInRedirect?: ((location: string) => readonly ServerFailure[]) | undefined
  /** FAILED answers that are a result and no error. `repeated`: the call was sent more than once. */
  readonly absent?:
    | ((failure: { messageKey: string; message: string }, repeated: boolean) => { readonly result: R } | undefined)
    | undefined
}

/** The part of a call's encode that most calls share: no body. */
export function withoutBody<P>(
  encode: (out: QueryBuilder, params: P, context: EncodeContext) => void,
): Operation<P, never>['encode'] {
  return (out, params, context) => {
    encode(out, params, context)
    return undefined
  }
}

const MISSING_MEETING = new Set(['notFound', 'meetingNotFound', 'invalidMeetingIdentifier', 'meetingForciblyEnded'])

/** Whether a failure says that the meeting is not there. Early 2.4 answered validationError for it. */
export function isMissingMeeting(failure: { messageKey: string; message: string }): boolean {
  if (MISSING_MEETING.has(failure.messageKey)) return true
  return (
    failure.messageKey === 'validationError' && /meeting.*(not exist|could not find|no meeting)/i.test(failure.message)
  )
}
