import { byTable, refuse } from '../params.ts'
import type { Bag } from '../reader.ts'
import type { CreateParams } from './create-params.ts'
import { createTable } from './create-table.ts'
import type { Operation } from './operation.ts'

/** What `create` answers: the meeting as it is, which for a repeated create is the one that was there. */
export interface CreatedMeeting {
  readonly meetingID: string
  /** `sha1(meetingID)-createTime`; the record id of a recording too. Empty where the server says none. */
  readonly internalMeetingID: string
  /** `null` unless it is a breakout room. */
  readonly parentMeetingID: string | null
  readonly attendeePW: string | null
  readonly moderatorPW: string | null
  /** Epoch milliseconds, exact, as `joinUrl` wants it. */
  readonly createTime: number
  /** `null` where `createTime` is no time. */
  readonly createdAt: Date | null
  readonly voiceBridge: string | null
  readonly dialNumber: string | null
  readonly hasUserJoined: boolean
  /** Minutes; 0 = no limit. */
  readonly duration: number
  readonly hasBeenForciblyEnded: boolean
  /** The meeting was there already; it keeps its old values and this create changed nothing. */
  readonly duplicate: boolean
  readonly messageKey: string | null
  readonly message: string | null
  readonly extra: Bag
}

const KNOWN = new Set(
  `returncode meetingID internalMeetingID parentMeetingID attendeePW moderatorPW createTime createDate voiceBridge dialNumber
  hasUserJoined duration hasBeenForciblyEnded messageKey message`.split(/\s+/),
)

/** The parent a meeting names when it has none. */
export const NO_PARENT = 'bbb-none'

/** Makes a meeting, or finds it again: with both passwords of the first time the call may be repeated at will. */
export const create: Operation<CreateParams, CreatedMeeting> = {
  call: 'create',
  repeat: out => (out.get('attendeePW') !== undefined && out.get('moderatorPW') !== undefined ? 'safe' : 'unsent'),
  encode(out, params, context) {
    byTable(createTable)(out, params, context)
    const breakout = out.get('isBreakout') !== undefined
    if (breakout && (out.get('parentMeetingID') === undefined || out.get('sequence') === undefined))
      refuse(context, 'isBreakout', 'needs parentMeetingID and sequence')
  },
  decode(response) {
    const parent = response.filled('parentMeetingID')
    const messageKey = response.filled('messageKey')
    return {
      meetingID: response.identity('meetingID'),
      internalMeetingID: response.text('internalMeetingID') ?? '',
      parentMeetingID: parent === NO_PARENT ? null : parent,
      attendeePW: response.filled('attendeePW'),
      moderatorPW: response.filled('moderatorPW'),
      createTime: response.positive('createTime'),
      createdAt: response.date('createTime'),
      voiceBridge: response.filled('voiceBridge'),
      dialNumber: response.filled('dialNumber'),
      hasUserJoined: response.boolean('hasUserJoined') ?? false,
      duration: response.count('duration') ?? 0,
      hasBeenForciblyEnded: response.boolean('hasBeenForciblyEnded') ?? false,
      duplicate: messageKey === 'duplicateWarning',
      messageKey,
      message: response.filled('message'),
      extra: response.extra(KNOWN),
    }
  },
}
