import type { Fields } from '../fields.ts'
import { type EventBase, type EventMeeting, type EventSource, type EventUser, meetingOf, readUser } from './base.ts'

/** A person with what the join said about them. Session tokens are left out. */
export interface EventAttendee extends EventUser {
  readonly name: string | null
  readonly role: 'MODERATOR' | 'VIEWER' | (string & {}) | null
  /** `false` at the join; becoming presenter is an event of its own. */
  readonly presenter: boolean | null
  readonly guest: boolean | null
  /** The `userdata-…` parameters of the join. */
  readonly userdata: Readonly<Record<string, string>>
  /** Personal data, from bbb-webhooks 3.5 on and if BigBlueButton supplies it. */
  readonly ipAddress: string | null
  readonly userAgent: string | null
  readonly referer: string | null
}

/**
 * Somebody came or went. One who is cut off shortly makes no event; after a longer gap the same `internalUserID` leaves
 * and joins. At the end of a meeting bbb-webhooks 3 makes up a `user-left` for everyone, and a second, emptier one
 * (`externalUserID` null, `guest` false) may follow.
 */
export interface UserPresenceEvent extends EventBase<'user-joined' | 'user-left'> {
  readonly meeting: EventMeeting
  readonly user: EventAttendee
}

export interface UserAudioEvent
  extends EventBase<
    | 'user-audio-voice-enabled'
    | 'user-audio-voice-disabled'
    | 'user-audio-muted'
    | 'user-audio-unmuted'
    | 'user-audio-unhandled'
    | 'user-audio-listen-only-enabled'
    | 'user-audio-listen-only-disabled'
  > {
  readonly meeting: EventMeeting
  readonly user: EventUser & {
    readonly listeningOnly: boolean | null
    readonly sharingMic: boolean | null
    readonly muted: boolean | null
  }
}

export interface UserCameraEvent extends EventBase<'user-cam-broadcast-start' | 'user-cam-broadcast-end'> {
  readonly meeting: EventMeeting
  readonly user: EventUser & { readonly stream: string | null }
}

/** Being assigned may repeat for the same person. */
export interface UserPresenterEvent extends EventBase<'user-presenter-assigned' | 'user-presenter-unassigned'> {
  readonly meeting: EventMeeting
  readonly user: EventUser & { readonly name: string | null }
}

export interface UserEmojiEvent extends EventBase<'user-emoji-changed'> {
  readonly meeting: EventMeeting
  /** The emoji itself; `null` when there is none or the release does not say. */
  readonly user: EventUser & { readonly emoji: string | null }
}

export interface UserRaiseHandEvent extends EventBase<'user-raise-hand-changed'> {
  readonly meeting: EventMeeting
  readonly user: EventUser & { readonly raiseHand: boolean }
}

const presence =
  (id: UserPresenceEvent['id']) =>
  (source: EventSource): UserPresenceEvent => {
    const user = source.attributes.fields('user')
    return {
      ...source.base(id),
      meeting: meetingOf(source),
      user: {
        ...readUser(user),
        name: user.maybeText('name'),
        role: user.maybeText('role'),
        presenter: user.maybeFlag('presenter'),
        guest: user.maybeFlag('guest'),
        userdata: user.map('userdata'),
        ipAddress: user.maybeText('ip-address'),
        userAgent: user.maybeText('user-agent'),
        referer: user.maybeText('referer'),
      },
    }
  }

const audio =
  (id: UserAudioEvent['id']) =>
  (source: EventSource): UserAudioEvent => {
    const user = source.attributes.fields('user')
    return {
      ...source.base(id),
      meeting: meetingOf(source),
      user: {
        ...readUser(user),
        listeningOnly: user.maybeFlag('listening-only'),
        sharingMic: user.maybeFlag('sharing-mic'),
        muted: user.maybeFlag('muted'),
      },
    }
  }

const camera =
  (id: UserCameraEvent['id']) =>
  (source: EventSource): UserCameraEvent => {
    const user = source.attributes.fields('user')
    return {
      ...source.base(id),
      meeting: meetingOf(source),
      user: { ...readUser(user), stream: user.maybeText('stream') },
    }
  }

const presenter =
  (id: UserPresenterEvent['id']) =>
  (source: EventSource): UserPresenterEvent => {
    const user = source.attributes.fields('user')
    return { ...source.base(id), meeting: meetingOf(source), user: { ...readUser(user), name: user.maybeText('name') } }
  }

/** bbb-webhooks writes `raiseHand` when it makes the event up from the emoji of an old server. */
function raisedHand(user: Fields): boolean {
  return user.maybeFlag('raise-hand') ?? user.flag('raiseHand')
}

export const userReaders = {
  'user-joined': presence('user-joined'),
  'user-left': presence('user-left'),
  'user-audio-voice-enabled': audio('user-audio-voice-enabled'),
  'user-audio-voice-disabled': audio('user-audio-voice-disabled'),
  'user-audio-muted': audio('user-audio-muted'),
  'user-audio-unmuted': audio('user-audio-unmuted'),
  'user-audio-unhandled': audio('user-audio-unhandled'),
  'user-audio-listen-only-enabled': audio('user-audio-listen-only-enabled'),
  'user-audio-listen-only-disabled': audio('user-audio-listen-only-disabled'),
  'user-cam-broadcast-start': camera('user-cam-broadcast-start'),
  'user-cam-broadcast-end': camera('user-cam-broadcast-end'),
  'user-presenter-assigned': presenter('user-presenter-assigned'),
  'user-presenter-unassigned': presenter('user-presenter-unassigned'),
  'user-emoji-changed': (source: EventSource): UserEmojiEvent => {
    const user = source.attributes.fields('user')
    const emoji = user.maybeText('emoji')
    return {
      ...source.base('user-emoji-changed'),
      meeting: meetingOf(source),
      user: { ...readUser(user), emoji: emoji === 'none' ? null : emoji },
    }
  },
  'user-raise-hand-changed': (source: EventSource): UserRaiseHandEvent => {
    const user = source.attributes.fields('user')
    return {
      ...source.base('user-raise-hand-changed'),
      meeting: meetingOf(source),
      user: { ...readUser(user), raiseHand: raisedHand(user) },
    }
  },
}
