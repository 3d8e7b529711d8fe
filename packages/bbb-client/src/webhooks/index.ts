export type { ChecksumAlgorithm } from '../checksum.ts'
export { BbbConfigError } from '../errors.ts'
export {
  type AnalyticsAttendee,
  type AnalyticsEngagement,
  type AnalyticsMoment,
  type AnalyticsPoll,
  type AnalyticsReport,
  type AnalyticsSession,
  parseAnalytics,
  type ReceivedAnalytics,
  receiveAnalytics,
  verifyAnalytics,
} from './analytics.ts'
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
export { toFetchHandler } from './fetch.ts'
export {
  type CallbackAnswer,
  type CallbackHandler,
  type CallbackHandlerOptions,
  type CallbackInput,
  type CallbackObservers,
  createCallbackHandler,
  createWebhookHandler,
  type WebhookHandlerOptions,
} from './handler.ts'
export {
  type MeetingEndedHint,
  type MeetingEndedOptions,
  readMeetingEnded,
  receiveMeetingEnded,
} from './meeting-ended.ts'
export { toNodeHandler } from './node.ts'
export type { SecretOptions, VerifyWebhookOptions, WebhookScheme, WebhookSecret, WebhookSecrets } from './options.ts'
export { parseWebhook, type WebhookContent } from './parse.ts'
export { type ReceivedWebhook, receiveWebhook } from './receive.ts'
export { type RecordingReady, receiveRecordingReady } from './recording-ready.ts'
export type { WebhookHeaders, WebhookRequest } from './request.ts'
export { type SignedWebhook, type SignWebhookOptions, signWebhook } from './sign.ts'
export { type VerifiedWebhook, verifyWebhook } from './verify.ts'
