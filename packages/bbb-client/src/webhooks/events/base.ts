import type { Fields } from '../fields.ts'

/** The meeting of an event. */
export interface EventMeeting {
  /** `sha1(external id)-createTime`: one run of the meeting. */
  readonly internalMeetingID: string
  /** The `meetingID` of `create`; `null` where bbb-webhooks does not know it (yet, or any more). */
  readonly externalMeetingID: string | null
}

/** A person of an event. */
export interface EventUser {
  /** One connection (`w_…`); a second tab or device is another. `null` when BigBlueButton names nobody. */
  readonly internalUserID: string | null
  /** The `userID` of `join`, or the internal id if none was given; `null` when bbb-webhooks does not know it. */
  readonly externalUserID: string | null
}

/** What every known event has. */
export interface EventBase<ID extends string> {
  readonly id: ID
  readonly known: true
  /** When it happened. Steps of recordings are exact to the second, everything else to the millisecond. */
  readonly at: Date
  /** `raw` when it was read from a message of a `getRaw` hook, which knows fewer external ids. */
  readonly form: 'mapped' | 'raw'
  /** Fields that this version does not know, by path. Credentials are left out here as everywhere. */
  readonly extra: Readonly<Record<string, unknown>>
}

/** One event on its way from wire form to typed form. */
export interface EventSource {
  readonly attributes: Fields
  base<ID extends string>(id: ID): EventBase<ID>
}

export function readMeeting(meeting: Fields): EventMeeting {
  return {
    internalMeetingID: meeting.text('internal-meeting-id'),
    externalMeetingID: meeting.maybeText('external-meeting-id'),
  }
}

export function meetingOf(source: EventSource): EventMeeting {
  return readMeeting(source.attributes.fields('meeting'))
}

/** The key must be there: a user event without it would be about nobody by accident, not by statement. */
export function readUser(user: Fields): EventUser {
  if (!user.has('internal-user-id')) user.missing('internal-user-id')
  const internalUserID = user.maybeText('internal-user-id')
  return {
    // What BigBlueButton's own messages say for "nobody".
    internalUserID: internalUserID === 'not-used' ? null : internalUserID,
    externalUserID: user.maybeText('external-user-id'),
  }
}
