import {
  type EventBase,
  type EventMeeting,
  type EventSource,
  type EventUser,
  meetingOf,
  readMeeting,
  readUser,
} from './base.ts'

/** A meeting was made. The only event that carries its metadata. Its passwords are left out. */
export interface MeetingCreatedEvent extends EventBase<'meeting-created'> {
  readonly meeting: EventMeeting & {
    readonly name: string | null
    /** Exactly as `join` wants it, in milliseconds. */
    readonly createTime: number | null
    readonly isBreakout: boolean
    /** Internal id of the parent of a breakout room. */
    readonly parentID: string | null
    /** 0 for none. */
    readonly durationMinutes: number | null
    /** Whether it can be recorded, not whether it is being recorded. */
    readonly record: boolean
    /** 0 for no limit. */
    readonly maxUsers: number | null
    readonly voiceBridge: string | null
    readonly dialNumber: string | null
    /** Keys in lower case, without `meta_`. */
    readonly metadata: Readonly<Record<string, string>>
    readonly audioBridge: string | null
    readonly cameraBridge: string | null
    readonly screenShareBridge: string | null
  }
}

/** Nothing but the meeting: it ended, or its recording was switched on or off by somebody. */
export interface MeetingStateEvent
  extends EventBase<
    'meeting-ended' | 'meeting-recording-started' | 'meeting-recording-stopped' | 'meeting-recording-unhandled'
  > {
  readonly meeting: EventMeeting
}

export interface ScreenshareEvent extends EventBase<'meeting-screenshare-started' | 'meeting-screenshare-stopped'> {
  readonly meeting: EventMeeting
  /** Who shares; `null` from bbb-webhooks 2.x and in raw messages. */
  readonly user: EventUser | null
}

export interface PresentationChangedEvent extends EventBase<'meeting-presentation-changed'> {
  readonly meeting: EventMeeting & { readonly presentationID: string | null }
}

/** What stands in `parent-id` when there is no parent. */
const NO_PARENT = 'bbb-none'

function readCreated(source: EventSource): MeetingCreatedEvent {
  const meeting = source.attributes.fields('meeting')
  const parentID = meeting.maybeText('parent-id')
  // A Java date string that says the same as create-time.
  meeting.take('create-date')
  return {
    ...source.base('meeting-created'),
    meeting: {
      ...readMeeting(meeting),
      name: meeting.maybeText('name'),
      createTime: meeting.maybeNumber('create-time'),
      isBreakout: meeting.maybeFlag('is-breakout') ?? false,
      parentID: parentID === NO_PARENT ? null : parentID,
      durationMinutes: meeting.maybeNumber('duration'),
      record: meeting.maybeFlag('record') ?? false,
      maxUsers: meeting.maybeNumber('max-users'),
      voiceBridge: meeting.maybeText('voice-conf'),
      dialNumber: meeting.maybeText('dial-number'),
      metadata: meeting.map('metadata'),
      audioBridge: meeting.maybeText('audioBridge'),
      cameraBridge: meeting.maybeText('cameraBridge'),
      screenShareBridge: meeting.maybeText('screenShareBridge'),
    },
  }
}

const state =
  (id: MeetingStateEvent['id']) =>
  (source: EventSource): MeetingStateEvent => ({
    ...source.base(id),
    meeting: meetingOf(source),
  })

const screenshare =
  (id: ScreenshareEvent['id']) =>
  (source: EventSource): ScreenshareEvent => {
    const user = source.attributes.maybeFields('user')
    return { ...source.base(id), meeting: meetingOf(source), user: user === null ? null : readUser(user) }
  }

export const meetingReaders = {
  'meeting-created': readCreated,
  'meeting-ended': state('meeting-ended'),
  'meeting-recording-started': state('meeting-recording-started'),
  'meeting-recording-stopped': state('meeting-recording-stopped'),
  'meeting-recording-unhandled': state('meeting-recording-unhandled'),
  'meeting-screenshare-started': screenshare('meeting-screenshare-started'),
  'meeting-screenshare-stopped': screenshare('meeting-screenshare-stopped'),
  'meeting-presentation-changed': (source: EventSource): PresentationChangedEvent => {
    const meeting = source.attributes.fields('meeting')
    return {
      ...source.base('meeting-presentation-changed'),
      meeting: { ...readMeeting(meeting), presentationID: meeting.maybeText('presentation-id') },
    }
  },
}
