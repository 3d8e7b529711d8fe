/**
 * Names with a meaning of their own, in lower case: they never travel as free keys, in whatever spelling. Source:
 * BigBlueButton's ApiParams and its documentation of create and join, 2.4 to 4.0, removed ones included.
 */
const RESERVED = new Set(
  `allowModsToEjectCameras allowModsToUnmuteUsers allowOverrideClientSettingsOnCreateCall allowPromoteGuestToModerator
  allowRequestsWithoutSession allowStartStopRecording attendeePW audioBridge auth autoStartRecording avatarURL bannerColor
  bannerText bot breakoutRoomsCaptureNotes breakoutRoomsCaptureNotesFilename breakoutRoomsCaptureSlides
  breakoutRoomsCaptureSlidesFilename breakoutRoomsEnabled breakoutRoomsPrivateChatEnabled breakoutRoomsRecord callbackURL
  cameraBridge checksum clientSettingsOverride clientSettingsOverrideJsonUrl clientURL configToken copyright createTime
  darklogo defaultLayout dialNumber disabledFeatures disabledFeaturesExclude duration endCallbackUrl endWhenNoModerator
  endWhenNoModeratorDelayInMinutes enforceLayout errorRedirectUrl eventID excludeFromDashboard existingUserID file firstName
  freeJoin fullName getRaw groups guest guestPolicy hookID html5InstanceId isBreakout isBreakoutRoom joinViaHtml5 keepEvents
  kind label lang lastName learningDashboardCleanupDelayInMinutes learningDashboardEnabled limit lockSettingsDisableCam
  lockSettingsDisableMic lockSettingsDisableNote lockSettingsDisableNotes lockSettingsDisablePrivateChat
  lockSettingsDisablePublicChat lockSettingsHideUserList lockSettingsHideViewersAnnotation lockSettingsHideViewersCursor
  lockSettingsLockOnJoin lockSettingsLockOnJoinConfigurable lockSettingsLockedLayout lockSettingsPresenterPolicy loginURL
  logo logoutTimer logoutURL maxNumPages maxParticipants maxPinnedCameras meetingCameraCap meetingEndedURL
  meetingExpireIfNoUserJoinedInMinutes meetingExpireWhenLastUserLeftInMinutes meetingID meetingKeepEvents meetingLayout
  message moderatorOnlyMessage moderatorPW multiUserWhiteboardEnabled muteOnStart name notifyRecordingAppend
  notifyRecordingIsOn offset parentIdMeetingId parentMeetingID password pluginManifests pluginManifestsFetchUrl
  preUploadedPresentation preUploadedPresentationName preUploadedPresentationOverrideDefault presentation
  presentationConversionCacheEnabled presentationUploadExternalDescription presentationUploadExternalUrl publish record
  recordFullDurationMedia recordID redirect replaceSessionToken requireUserConsentBeforeUnmuting role screenShareBridge
  sequence sessionName sessionToken sharedNotesEditor sharedNotesInitialContentJson sharedNotesInitialContentJsonUrl
  sharedNotesInitialContentMarkdown sharedNotesInitialContentMarkdownUrl state userCameraCap userID userName
  virtualBackgroundsDisabled voiceBridge webVoice webVoiceConf webcamBackgroundURL webcamsOnlyForModerator welcome`
    .split(/\s+/)
    .map(name => name.toLowerCase()),
)

/** Metadata that makes the server call or load something (BigBlueButton's callback and recording scripts). */
const RESERVED_META = new Set([
  'endcallbackurl',
  'bbb-recording-ready-url',
  'bn-recording-ready-url',
  'canvas-recording-ready-url',
  'analytics-callback-url',
  'secret-lrs-payload',
])

/** User data that loads foreign content into the browser of the one who joins. */
const RESERVED_USERDATA = new Set(['bbb_custom_style', 'bbb_custom_style_url'])

const lowerCased = (names: string): readonly string[] => names.split(/\s+/).map(name => name.toLowerCase())

/** Load from elsewhere, run, redirect, or make the server call an address: options of their own, under `privileged`. */
const PRIVILEGED = new Set(
  lowerCased(`logoutURL loginURL logo darklogo avatarURL webcamBackgroundURL errorRedirectUrl clientURL meetingEndedURL
  preUploadedPresentation pluginManifests pluginManifestsFetchUrl clientSettingsOverride clientSettingsOverrideJsonUrl
  presentationUploadExternalUrl sharedNotesInitialContentJson sharedNotesInitialContentJsonUrl
  sharedNotesInitialContentMarkdownUrl existingUserID replaceSessionToken`),
)

/** Decide who someone is and what they may do: not even as part of another name. */
const DECIDING = new Set(
  lowerCased(
    'role password moderatorPW attendeePW meetingID userID guest auth redirect checksum createTime callbackURL',
  ),
)

const PREFIXES = ['meta_', 'userdata-', 'userdata_', 'plugin_']

/** For `extra`, in lower case: every documented name, and everything that is a family of names. */
export function isReservedName(name: string): boolean {
  return RESERVED.has(name) || PREFIXES.some(prefix => name.startsWith(prefix))
}

/** For parameters of calls that are not known, in lower case. */
export function isPrivilegedName(name: string): boolean {
  return PRIVILEGED.has(name)
}

/** For keys of `meta`, in lower case. */
export function isReservedMetaName(name: string): boolean {
  return RESERVED_META.has(name) || DECIDING.has(name) || PRIVILEGED.has(name)
}

/** For keys of `userdata`, in lower case. */
export function isReservedUserdataName(name: string): boolean {
  return RESERVED_USERDATA.has(name) || DECIDING.has(name) || PRIVILEGED.has(name)
}
