import type { ChatMessage, FakePoll, Meeting, Person } from './meeting.ts'
import type { Recording } from './recordings.ts'

/** What happens on the server, before the webhooks service turns it into a callback. */
export type RoomEvent =
  | { readonly id: 'meeting-created' | 'meeting-ended'; readonly meeting: Meeting }
  | { readonly id: 'meeting-recording-started' | 'meeting-recording-stopped'; readonly meeting: Meeting }
  | {
      readonly id: 'meeting-screenshare-started' | 'meeting-screenshare-stopped'
      readonly meeting: Meeting
      readonly person: Person
    }
  | { readonly id: 'meeting-presentation-changed'; readonly meeting: Meeting; readonly presentationId: string }
  | { readonly id: 'user-joined'; readonly meeting: Meeting; readonly person: Person }
  | {
      readonly id: 'user-left'
      readonly meeting: Meeting
      readonly person: Person
      /** `made-up` at the meeting's end; `repeated` when the real one follows after it. */
      readonly how?: 'made-up' | 'repeated' | undefined
    }
  | {
      readonly id:
        | 'user-audio-voice-enabled'
        | 'user-audio-voice-disabled'
        | 'user-audio-muted'
        | 'user-audio-unmuted'
        | 'user-cam-broadcast-start'
        | 'user-cam-broadcast-end'
        | 'user-presenter-assigned'
        | 'user-presenter-unassigned'
        | 'user-emoji-changed'
        | 'user-raise-hand-changed'
      readonly meeting: Meeting
      readonly person: Person
    }
  | {
      readonly id: 'chat-group-message-sent'
      readonly meeting: Meeting
      readonly message: ChatMessage
      readonly person: Person | undefined
    }
  | { readonly id: 'poll-started'; readonly meeting: Meeting; readonly person: Person; readonly poll: FakePoll }
  | {
      readonly id: 'poll-responded'
      readonly meeting: Meeting
      /** The presenter: the real service names him and not who answered. */
      readonly person: Person
      readonly poll: FakePoll
      readonly answerId: number
    }
  | {
      readonly id: RecordingStep
      readonly recording: Recording
      readonly workflow?: string | undefined
      readonly stepTimeMs?: number | undefined
    }
  | { readonly id: 'rap-published' | 'rap-unpublished' | 'rap-deleted'; readonly recording: Recording }

/** Steps that the recording scripts report; `-ended` carries success and duration. */
export type RecordingStep = `rap-${
  | 'archive'
  | 'sanity'
  | 'process'
  | 'publish'
  | 'post-archive'
  | 'post-process'
  | 'post-publish'}-${'started' | 'ended'}`

/** Ids of events that the recording scripts report in seconds. */
export function isRecordingStep(id: RoomEvent['id']): id is RecordingStep {
  return id.startsWith('rap-') && (id.endsWith('-started') || id.endsWith('-ended'))
}
