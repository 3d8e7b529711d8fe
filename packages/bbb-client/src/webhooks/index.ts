export type { ChecksumAlgorithm } from '../checksum.ts'
export { BbbConfigError } from '../errors.ts'
export { BbbWebhookError, type BbbWebhookReason } from './errors.ts'
export type {
  ChatMessageEvent,
  PadContentEvent,
  PollRespondedEvent,
  PollStartedEvent,
  TranscriptUpdatedEvent,
} from './events/activity.ts'
export type { EventBase, EventMeeting, EventUser } from './events/base.ts'
export {
  type KnownWebhookEvent,
  type UnknownWebhookEvent,
  type UnknownWebhookEventID,
  WEBHOOK_EVENT_IDS,
  type WebhookEvent,
  type WebhookEventID,
} from './events/event.ts'
export type {
  MeetingCreatedEvent,
  MeetingStateEvent,
  PresentationChangedEvent,
  ScreenshareEvent,
} from './events/meeting.ts'
export type {
  PublishedFormat,
  RecordingPlayback,
  RecordingPublishEndedEvent,
  RecordingStateEvent,
  RecordingStepEndedEvent,
  RecordingStepStartedEvent,
} from './events/recording.ts'
export type {
  EventAttendee,
  UserAudioEvent,
  UserCameraEvent,
  UserEmojiEvent,
  UserPresenceEvent,
  UserPresenterEvent,
  UserRaiseHandEvent,
} from './events/user.ts'
export type { VerifyWebhookOptions, WebhookScheme, WebhookSecret, WebhookSecrets } from './options.ts'
export { parseWebhook, type WebhookContent } from './parse.ts'
export { type ReceivedWebhook, receiveWebhook } from './receive.ts'
export type { WebhookHeaders, WebhookRequest } from './request.ts'
export { type SignedWebhook, type SignWebhookOptions, signWebhook } from './sign.ts'
export { type VerifiedWebhook, verifyWebhook } from './verify.ts'
