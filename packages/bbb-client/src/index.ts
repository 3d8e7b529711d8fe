export type { CreatedMeeting } from './api/create.ts'
export type {
  BreakoutGroup,
  CreateParams,
  Feature,
  GuestPolicy,
  MeetingLayout,
  PluginManifest,
  PrivilegedCreateParams,
} from './api/create-params.ts'
export type { DocumentParams, InsertDocumentParams } from './api/documents.ts'
export type { FreeCallParams, FreeCallResult } from './api/free-call.ts'
export type { CreatedHook, CreateHookParams, DestroyHookParams, Hook, ListHooksParams } from './api/hooks.ts'
export type { JoinedSession, JoinParams, JoinRole, PrivilegedJoinParams } from './api/join.ts'
export type { StringMap } from './api/maps.ts'
export type {
  Attendee,
  AttendeeRole,
  ListParams,
  MeetingInfo,
  MeetingParams,
  SendChatMessageParams,
  ServerVersion,
  Session,
} from './api/meetings.ts'
export type {
  DeleteRecordingsParams,
  GetRecordingsParams,
  PublishRecordingsParams,
  Recording,
  RecordingFormat,
  RecordingImage,
  RecordingState,
  UpdateRecordingsParams,
} from './api/recordings.ts'
export type { PutTextTrackParams, TextTrack, TextTracksParams } from './api/text-tracks.ts'
export type { CallOptions } from './call.ts'
export type { ChecksumAlgorithm } from './checksum.ts'
export { BbbClient } from './client.ts'
export { type BbbClientOptions, bbbOptionsFromEnv } from './config.ts'
export {
  BbbApiError,
  BbbCircuitOpenError,
  BbbConfigError,
  BbbError,
  type BbbErrorCode,
  BbbHttpError,
  BbbNetworkError,
  BbbParamError,
  BbbResponseError,
  BbbTimeoutError,
  type NetworkReason,
  type Outcome,
  type ResponseProblem,
} from './errors.ts'
export { type EnsuredHook, ensureHook, type HookAction, type WantedHook } from './hook-keeper.ts'
export { adviceFor, type KnownMessageKey, type MessageKey, type MessageKeyAdvice } from './message-keys.ts'
export type { Bag } from './reader.ts'
