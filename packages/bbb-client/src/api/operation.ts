import type { EncodeContext, RequestDraft } from '../params.ts'
import type { Reader } from '../reader.ts'

/** One failure in the server's words. */
export interface ServerFailure {
  readonly key: string
  readonly message: string
}

/** `safe`: doing it twice does nothing twice. `unsent`: repeated only when no byte left. */
export type Repeat = 'safe' | 'unsent'

/** One API call as data: how it is written, how often it may be sent, what its answer means. */
export interface Operation<P, R> {
  /** The name in the URL and in the checksum, for example `create` or `hooks/list`. */
  readonly call: string
  /** Some calls are safe with some parameters only. */
  readonly repeat: Repeat | ((out: RequestDraft) => Repeat)
  /** Throws `BbbParamError` for what cannot be sent. */
  encode(out: RequestDraft, params: P, context: EncodeContext): void
  /** Throws `ShapeError` where the answer lacks what every such answer has. */
  decode(response: Reader): R
  /** For the one call that answers in plain text. */
  readonly decodeText?: (body: string) => R | undefined
  /** For the one call whose failures may come as a redirect: what its target says of them. */
  readonly failureInRedirect?: (location: string) => readonly ServerFailure[]
  /** FAILED answers that are a result and no error. `repeated`: the call was sent more than once. */
  readonly absent?: (
    failure: { messageKey: string; message: string },
    repeated: boolean,
  ) => { readonly result: R } | undefined
}

const MISSING_MEETING = new Set(['notFound', 'meetingNotFound', 'invalidMeetingIdentifier', 'meetingForciblyEnded'])

/** Whether a failure says that the meeting is not there. Early 2.4 answered validationError for it. */
export function isMissingMeeting(failure: { messageKey: string; message: string }): boolean {
  if (MISSING_MEETING.has(failure.messageKey)) return true
  const said = failure.message.slice(0, 200).toLowerCase()
  return (
    failure.messageKey === 'validationError' &&
    said.includes('meeting') &&
    ['not exist', 'could not find', 'no meeting'].some(words => said.includes(words))
  )
}
