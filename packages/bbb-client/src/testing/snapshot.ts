import type { FakeDocument, FakeRole, Meeting } from './meeting.ts'

/** A live meeting as a test wants to see it. Holds no password and no token. */
export interface MeetingSnapshot {
  readonly meetingID: string
  readonly internalMeetingID: string
  readonly name: string
  readonly createTime: number
  readonly running: boolean
  readonly recording: boolean
  /** Parameters of `create` as decoded, passwords left out. */
  readonly parameters: ReadonlyMap<string, string>
  readonly metadata: ReadonlyMap<string, string>
  readonly documents: readonly FakeDocument[]
  /** Other modules of the POSTed XML. */
  readonly modules: ReadonlyMap<string, string>
  readonly attendees: readonly AttendeeSnapshot[]
  readonly chat: readonly { readonly name: string; readonly text: string }[]
}

/** One session in a meeting. */
export interface AttendeeSnapshot {
  readonly internalUserID: string
  readonly externalUserID: string
  readonly fullName: string
  readonly role: FakeRole
  readonly guest: boolean
  readonly guestStatus: 'ALLOW' | 'WAIT' | 'DENY'
  readonly status: 'registered' | 'present' | 'left'
  readonly handRaised: boolean
}

/** Copies what may be shown. */
export function snapshotOf(meeting: Meeting): MeetingSnapshot {
  const hidden = new Set(['attendeePW', 'moderatorPW', 'checksum'])
  return {
    meetingID: meeting.externalId,
    internalMeetingID: meeting.internalId,
    name: meeting.name,
    createTime: meeting.createTime,
    running: meeting.people.some(({ status }) => status === 'present'),
    recording: meeting.recordingNow,
    parameters: new Map([...meeting.parameters].filter(([name]) => !hidden.has(name))),
    metadata: new Map(meeting.metadata),
    documents: [...meeting.documents],
    modules: new Map(meeting.modules),
    attendees: meeting.people.map(person => ({
      internalUserID: person.internalId,
      externalUserID: person.externalId,
      fullName: person.fullName,
      role: person.role,
      guest: person.guest,
      guestStatus: person.guestStatus,
      status: person.status,
      handRaised: person.handRaised,
    })),
    chat: meeting.chat.map(({ senderName, text }) => ({ name: senderName, text })),
  }
}
