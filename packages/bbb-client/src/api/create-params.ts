import type { DocumentParams } from './documents.ts'
import type { StringMap } from './maps.ts'

/** Who is let in, waits or is turned away (BigBlueButton docs, create). */
export const GUEST_POLICIES = ['ALWAYS_ACCEPT', 'ALWAYS_DENY', 'ASK_MODERATOR', 'ALWAYS_ACCEPT_AUTH'] as const
/** What happens to users that join with `guest: true`. */
export type GuestPolicy = (typeof GUEST_POLICIES)[number]

/** Layouts of 2.4 to 4.0. */
export const MEETING_LAYOUTS = [
  'CUSTOM_LAYOUT',
  'SMART_LAYOUT',
  'PRESENTATION_FOCUS',
  'VIDEO_FOCUS',
  'CAMERAS_ONLY',
  'PARTICIPANTS_AND_CHAT_ONLY',
  'PRESENTATION_ONLY',
  'MEDIA_ONLY',
  'UNIFIED_LAYOUT',
] as const
/** A layout; servers add others. */
export type MeetingLayout = (typeof MEETING_LAYOUTS)[number] | (string & {})

/** Names that `disabledFeatures` knows; servers ignore those they do not. */
export type Feature =
  | 'breakoutRooms'
  | 'captions'
  | 'chat'
  | 'privateChat'
  | 'deleteChatMessage'
  | 'editChatMessage'
  | 'replyChatMessage'
  | 'chatMessageReactions'
  | 'chatEmojiPicker'
  | 'pinChatMessage'
  | 'downloadPresentationWithAnnotations'
  | 'downloadPresentationConvertedToPdf'
  | 'downloadPresentationOriginalFile'
  | 'snapshotOfCurrentSlide'
  | 'externalVideos'
  | 'importPresentationWithAnnotationsFromBreakoutRooms'
  | 'importSharedNotesFromBreakoutRooms'
  | 'layouts'
  | 'learningDashboard'
  | 'learningDashboardDownloadSessionData'
  | 'polls'
  | 'quizzes'
  | 'screenshare'
  | 'sharedNotes'
  | 'virtualBackgrounds'
  | 'customVirtualBackgrounds'
  | 'liveTranscription'
  | 'presentation'
  | 'cameraAsContent'
  | 'timer'
  | 'infiniteWhiteboard'
  | 'raiseHand'
  | 'userReactions'
  | 'plugins'
  | 'multiFunctionalMode'
  | 'webcamGrid'
  | 'lockSettings'
  | (string & {})

/** A group offered for breakout rooms. */
export interface BreakoutGroup {
  readonly id: string
  readonly name?: string | undefined
  /** User ids, as `userID` of the join links. */
  readonly roster: readonly string[]
}

/** A plugin that runs in every participant's browser. */
export interface PluginManifest {
  readonly url: string
  /** Of the manifest, to be checked by the server. */
  readonly checksum?: string | undefined
}

/**
 * Parameters of `create`. Defaults are those of BigBlueButton and can be changed by its administrator; a parameter
 * left out is not sent. "Since" is the first BigBlueButton that reads it; nothing said: 2.4 or earlier.
 * Source: BigBlueButton docs (create), its ApiParams and ParamsProcessorUtil.
 */
export interface CreateParams {
  /** Your id of the meeting: 2 to 256 characters, no comma. Best a long one of letters, digits, `-`, `_`. */
  readonly meetingID: string
  /** Shown to participants: 2 to 256 characters. */
  readonly name: string
  /** 2 to 64 characters. Send both passwords, kept from the first create, to make create repeatable. @default 8 random ones */
  readonly attendeePW?: string | undefined
  /** 2 to 64 characters. @default 8 random ones */
  readonly moderatorPW?: string | undefined
  /** Chat welcome, as plain text (escaped here). Knows `%%CONFNAME%%`, `%%DIALNUM%%`, `%%CONFNUM%%`, `%%SERVERURL%%`. */
  readonly welcome?: string | undefined
  /** The same for moderators only. */
  readonly moderatorOnlyMessage?: string | undefined
  readonly dialNumber?: string | undefined
  /** Digits, unique among running meetings. @default random */
  readonly voiceBridge?: string | undefined
  /** @deprecated undocumented, gone in 4.0. @default voiceBridge */
  readonly webVoice?: string | undefined
  /** Different people at once; 0 = no limit. @default 0 */
  readonly maxParticipants?: number | undefined
  /** Whether the meeting may be recorded. @default false */
  readonly record?: boolean | undefined
  /** Minutes until the meeting ends by itself; 0 = never. @default 0 */
  readonly duration?: number | undefined
  /** Makes a breakout room; needs `parentMeetingID` and `sequence`. @default false */
  readonly isBreakout?: boolean | undefined
  readonly parentMeetingID?: string | undefined
  /** Number of the breakout room, from 1. */
  readonly sequence?: number | undefined
  /** Whether users may choose their breakout room. @default false */
  readonly freeJoin?: boolean | undefined
  /** @deprecated since 2.5: `disabledFeatures: ['breakoutRooms']` */
  readonly breakoutRoomsEnabled?: boolean | undefined
  /** @default true */
  readonly breakoutRoomsPrivateChatEnabled?: boolean | undefined
  /** @default false */
  readonly breakoutRoomsRecord?: boolean | undefined
  /** Since 2.6. @default false */
  readonly breakoutRoomsCaptureSlides?: boolean | undefined
  /** Since 2.6. @default false */
  readonly breakoutRoomsCaptureNotes?: boolean | undefined
  /** Since 2.6. */
  readonly breakoutRoomsCaptureSlidesFilename?: string | undefined
  /** Since 2.6. */
  readonly breakoutRoomsCaptureNotesFilename?: string | undefined
  /** @default false */
  readonly autoStartRecording?: boolean | undefined
  /** @default true */
  readonly allowStartStopRecording?: boolean | undefined
  /** Since 2.6.9. @default false */
  readonly recordFullDurationMedia?: boolean | undefined
  /** Since 2.6. @default false */
  readonly notifyRecordingIsOn?: boolean | undefined
  /** Text added to the notice of recording. Since 4.0. */
  readonly notifyRecordingAppend?: string | undefined
  /** @default false */
  readonly webcamsOnlyForModerator?: boolean | undefined
  /** @default false */
  readonly muteOnStart?: boolean | undefined
  /** @default false */
  readonly allowModsToUnmuteUsers?: boolean | undefined
  /** Since 4.0. */
  readonly requireUserConsentBeforeUnmuting?: boolean | undefined
  /** @default false */
  readonly allowModsToEjectCameras?: boolean | undefined
  /** Since 2.7.9. @default false */
  readonly allowPromoteGuestToModerator?: boolean | undefined
  /** Cameras per user; 0 = no limit. Since 2.4.5. @default 3 */
  readonly userCameraCap?: number | undefined
  /** Cameras in the meeting; 0 = no limit. Since 2.5. @default 0 */
  readonly meetingCameraCap?: number | undefined
  /** Since 2.6. @default 3 */
  readonly maxPinnedCameras?: number | undefined
  /** Minutes; 0 = never. Since 2.5. @default 5 */
  readonly meetingExpireIfNoUserJoinedInMinutes?: number | undefined
  /** Minutes; 0 = never. Since 2.5. @default 1 */
  readonly meetingExpireWhenLastUserLeftInMinutes?: number | undefined
  /** @default false */
  readonly endWhenNoModerator?: boolean | undefined
  /** Minutes. @default 1 */
  readonly endWhenNoModeratorDelayInMinutes?: number | undefined
  /** Minutes. @deprecated undocumented, gone in 4.0. @default 0 */
  readonly logoutTimer?: number | undefined
  /** @deprecated undocumented, gone in 4.0 */
  readonly copyright?: string | undefined
  /** @default 'ALWAYS_ACCEPT' */
  readonly guestPolicy?: GuestPolicy | undefined
  /** @default 'CUSTOM_LAYOUT' up to 3.0, 'UNIFIED_LAYOUT' in 4.0 */
  readonly meetingLayout?: MeetingLayout | undefined
  /** Keeps events of unrecorded meetings, which learning analytics need. @default false */
  readonly meetingKeepEvents?: boolean | undefined
  /** @deprecated since 2.5: `disabledFeatures: ['learningDashboard']` */
  readonly learningDashboardEnabled?: boolean | undefined
  /** Minutes; 0 = keep. @default 2 */
  readonly learningDashboardCleanupDelayInMinutes?: number | undefined
  /** @deprecated since 2.5: `disabledFeatures: ['virtualBackgrounds']` */
  readonly virtualBackgroundsDisabled?: boolean | undefined
  /** Ignored by 3.0's client. Since 2.4.3. @default false */
  readonly allowRequestsWithoutSession?: boolean | undefined
  /** Since 2.5. */
  readonly disabledFeatures?: readonly Feature[] | undefined
  /** Takes names out of the server's own list. Since 2.6.9. */
  readonly disabledFeaturesExclude?: readonly Feature[] | undefined
  /** Groups offered for breakout rooms. Since 2.5. */
  readonly groups?: readonly BreakoutGroup[] | undefined
  /** @default false */
  readonly lockSettingsDisableCam?: boolean | undefined
  /** @default false */
  readonly lockSettingsDisableMic?: boolean | undefined
  /** @default false */
  readonly lockSettingsDisablePrivateChat?: boolean | undefined
  /** @default false */
  readonly lockSettingsDisablePublicChat?: boolean | undefined
  /** Since 2.5. @default false */
  readonly lockSettingsDisableNotes?: boolean | undefined
  /** @deprecated since 2.5: lockSettingsDisableNotes. Gone in 4.0. */
  readonly lockSettingsDisableNote?: boolean | undefined
  /** @default false */
  readonly lockSettingsHideUserList?: boolean | undefined
  /** @default true */
  readonly lockSettingsLockOnJoin?: boolean | undefined
  /** @default false */
  readonly lockSettingsLockOnJoinConfigurable?: boolean | undefined
  /** Since 2.5. @default false */
  readonly lockSettingsHideViewersCursor?: boolean | undefined
  /** Since 2.7. @default false */
  readonly lockSettingsHideViewersAnnotation?: boolean | undefined
  /** @deprecated gone in 2.6. @default false */
  readonly lockSettingsLockedLayout?: boolean | undefined
  /** Who may become presenter. Since 4.0. */
  readonly lockSettingsPresenterPolicy?: 'moderatorOnly' | 'requireApproval' | 'freeForAll' | undefined
  /** Since 3.0. @default false */
  readonly multiUserWhiteboardEnabled?: boolean | undefined
  /** Name of the privileged `preUploadedPresentation`. Since 2.7.2. */
  readonly preUploadedPresentationName?: string | undefined
  /** Since 2.5. @default true */
  readonly preUploadedPresentationOverrideDefault?: boolean | undefined
  /** Since 3.0. @default false */
  readonly presentationConversionCacheEnabled?: boolean | undefined
  /** Pages of a presentation. Since 3.0. @default 200 */
  readonly maxNumPages?: number | undefined
  /** `livekit` or `bbb-webrtc-sfu`. Since 3.0. */
  readonly cameraBridge?: string | undefined
  /** Since 3.0. */
  readonly screenShareBridge?: string | undefined
  /** Since 3.0. */
  readonly audioBridge?: string | undefined
  /** Since 3.0. @default 'blockNote' in 4.0 */
  readonly sharedNotesEditor?: 'etherpad' | 'blockNote' | undefined
  /** Since 3.0. */
  readonly sharedNotesInitialContentMarkdown?: string | undefined
  /** Shown on recordings and handed to callbacks; keys are letters, digits and `-`, in lower case. */
  readonly meta?: StringMap | undefined
  /** Documents to show, the first marked `current` first; sent in the request body. Ignored when the meeting runs already. */
  readonly presentations?: readonly DocumentParams[] | undefined
  /** What runs code, or loads from elsewhere, in every participant's browser, or makes the server call an address. */
  readonly privileged?: PrivilegedCreateParams | undefined
  /** Parameters newer than this release, by their name on the wire. */
  readonly extra?: StringMap | undefined
}

/** Only for values the operator controls; never from a form that users fill in. URLs are checked by the client's policy. */
export interface PrivilegedCreateParams {
  /** Where browsers go after the meeting. */
  readonly logoutURL?: string | undefined
  /** Since 3.0. */
  readonly loginURL?: string | undefined
  readonly logo?: string | undefined
  /** Since 3.0. */
  readonly darklogo?: string | undefined
  readonly bannerText?: string | undefined
  /** `#RRGGBB`. */
  readonly bannerColor?: string | undefined
  /** `welcome` as HTML (a, b, br, i, img, li, small, span, strong, u, ul survive). */
  readonly welcomeHtml?: string | undefined
  readonly moderatorOnlyMessageHtml?: string | undefined
  /** Called by GET when the meeting ends, unsigned; private, unlike `endCallbackUrl`. */
  readonly meetingEndedURL?: string | undefined
  /** `meta_endCallbackUrl`: called by GET when the meeting ends, unsigned. */
  readonly endCallbackUrl?: string | undefined
  /** `meta_bbb-recording-ready-url`: called by a signed POST per published format. */
  readonly recordingReadyUrl?: string | undefined
  /** `meta_analytics-callback-url`: called by POST with the learning analytics. */
  readonly analyticsCallbackUrl?: string | undefined
  /** `meta_secret-lrs-payload`: where learning records go. */
  readonly lrsPayload?: string | undefined
  /** Since 2.7.2. */
  readonly preUploadedPresentation?: string | undefined
  /** Since 2.6. */
  readonly presentationUploadExternalUrl?: string | undefined
  readonly presentationUploadExternalDescription?: string | undefined
  /** Since 3.0. */
  readonly pluginManifests?: readonly PluginManifest[] | undefined
  /** Since 3.0. */
  readonly pluginManifestsFetchUrl?: string | undefined
  /** Settings for plugins. Since 3.0. */
  readonly plugin?: StringMap | undefined
  /** Settings of the HTML5 client, sent in the body; ignored unless the server allows it. Since 3.0. */
  readonly clientSettingsOverride?: Readonly<Record<string, unknown>> | undefined
  /** Since 3.0.25. */
  readonly clientSettingsOverrideJsonUrl?: string | undefined
  /** Shared notes to begin with, sent in the body. Since 3.0.25. */
  readonly sharedNotesInitialContentJson?: Readonly<Record<string, unknown>> | undefined
  /** Since 3.0.25. */
  readonly sharedNotesInitialContentJsonUrl?: string | undefined
  /** Since 3.0.33. */
  readonly sharedNotesInitialContentMarkdownUrl?: string | undefined
}
