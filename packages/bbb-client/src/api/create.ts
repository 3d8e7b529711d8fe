import { BbbParamError } from '../errors.ts'
import { encodeParams } from '../params.ts'
import type { Bag } from '../reader.ts'
import type { XmlElement } from '../xml.ts'
import { type CreateParams, createTable } from './create-params.ts'
import { documentsElement, modulesBody } from './documents.ts'
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
  repeat: params => (params.attendeePW !== undefined && params.moderatorPW !== undefined ? 'safe' : 'unsent'),
  encode(out, params, context) {
    if (params.isBreakout === true && (params.parentMeetingID === undefined || params.sequence === undefined))
      throw new BbbParamError(context.call, 'isBreakout', 'needs parentMeetingID and sequence')
    encodeParams(createTable, params, out, context)
    const modules: XmlElement[] = []
    if (params.presentations !== undefined && params.presentations.length > 0)
      modules.push(documentsElement(params.presentations, context))
    const override = params.privileged?.clientSettingsOverride
    if (override !== undefined)
      modules.push({ name: 'module', attributes: { name: 'clientSettingsOverride' }, cdata: JSON.stringify(override) })
    return modules.length > 0 ? modulesBody(modules) : undefined
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
