import {
  color,
  digits,
  escapedText,
  flag,
  flagWhenTrue,
  group,
  integer,
  jsonModule,
  jsonText,
  meetingId,
  renamed,
  required,
  text,
  trustedHtml,
  url,
  word,
  words,
} from '../codecs.ts'
import { type Codec, checkList, checkText, ownFields, paramTable, refuse } from '../params.ts'
import {
  type BreakoutGroup,
  type CreateParams,
  GUEST_POLICIES,
  MEETING_LAYOUTS,
  type MeetingLayout,
  type PluginManifest,
  type PrivilegedCreateParams,
} from './create-params.ts'
import { documents } from './documents.ts'
import { extra, meta, plugin } from './maps.ts'

const password = text({ min: 2, max: 64 })

/** A malformed list makes the server fail (BigBlueButton's ParamsProcessorUtil), so it is built anew here. */
const groups: Codec<readonly BreakoutGroup[]> = {
  encode(out, name, value, context) {
    const checked = checkList(value, name, context).map((item, i) => {
      const at = `${name}[${i}]`
      const group = ownFields(item, ['id', 'name', 'roster'], at, context)
      return {
        id: checkText(group.id, `${at}.id`, context),
        ...(group.name !== undefined && { name: checkText(group.name, `${at}.name`, context) }),
        roster: checkList(group.roster, `${at}.roster`, context).map((id, j) =>
          checkText(id, `${at}.roster[${j}]`, context),
        ),
      }
    })
    out.add(name, jsonText(checked, name, context))
  },
}

/** Each manifest's address is checked like every other URL. */
const pluginManifests: Codec<readonly PluginManifest[]> = {
  encode(out, name, value, context) {
    const checked = checkList(value, name, context).map((item, i) => {
      const at = `${name}[${i}]`
      const manifest = ownFields(item, ['url', 'checksum'], at, context)
      const address = checkText(manifest.url, `${at}.url`, context)
      const problem = context.checkUrl(address)
      if (problem !== undefined) refuse(context, `${at}.url`, problem)
      return {
        url: address,
        ...(manifest.checksum !== undefined && { checksum: checkText(manifest.checksum, `${at}.checksum`, context) }),
      }
    })
    out.add(name, jsonText(checked, name, context))
  },
}

const privilegedTable = paramTable<PrivilegedCreateParams>({
  logoutURL: url(),
  loginURL: url(),
  logo: url(),
  darklogo: url(),
  bannerText: text(),
  bannerColor: color(),
  welcomeHtml: trustedHtml('welcome'),
  moderatorOnlyMessageHtml: trustedHtml('moderatorOnlyMessage'),
  meetingEndedURL: url(),
  endCallbackUrl: url('meta_endCallbackUrl'),
  recordingReadyUrl: url('meta_bbb-recording-ready-url'),
  analyticsCallbackUrl: url('meta_analytics-callback-url'),
  lrsPayload: renamed('meta_secret-lrs-payload', text()),
  preUploadedPresentation: url(),
  presentationUploadExternalUrl: url(),
  presentationUploadExternalDescription: text(),
  pluginManifests,
  pluginManifestsFetchUrl: url(),
  plugin: plugin(),
  clientSettingsOverride: jsonModule(),
  clientSettingsOverrideJsonUrl: url(),
  sharedNotesInitialContentJson: jsonModule(),
  sharedNotesInitialContentJsonUrl: url(),
  sharedNotesInitialContentMarkdownUrl: url(),
})

/** The rows of `create`. */
export const createTable = paramTable<CreateParams>({
  meetingID: meetingId(),
  name: required(text({ min: 2, max: 256, shown: true })),
  attendeePW: password,
  moderatorPW: password,
  welcome: escapedText(),
  moderatorOnlyMessage: escapedText(),
  dialNumber: text(),
  voiceBridge: digits(),
  webVoice: text(),
  maxParticipants: integer(),
  record: flag(),
  duration: integer(),
  isBreakout: flagWhenTrue(),
  parentMeetingID: {
    encode(out, name, value, context) {
      text({ min: 2, max: 256 }).encode(out, name, value, context)
      // 2.6 looks for the parent under a name of its own.
      out.add('parentIdMeetingId', value)
    },
  },
  sequence: integer({ min: 1 }),
  freeJoin: flag(),
  breakoutRoomsEnabled: flag(),
  breakoutRoomsPrivateChatEnabled: flag(),
  breakoutRoomsRecord: flag(),
  breakoutRoomsCaptureSlides: flag(),
  breakoutRoomsCaptureNotes: flag(),
  breakoutRoomsCaptureSlidesFilename: text(),
  breakoutRoomsCaptureNotesFilename: text(),
  autoStartRecording: flag(),
  allowStartStopRecording: flag(),
  recordFullDurationMedia: flag(),
  notifyRecordingIsOn: flag(),
  notifyRecordingAppend: text(),
  webcamsOnlyForModerator: flag(),
  muteOnStart: flag(),
  allowModsToUnmuteUsers: flag(),
  requireUserConsentBeforeUnmuting: flag(),
  allowModsToEjectCameras: flag(),
  allowPromoteGuestToModerator: flag(),
  userCameraCap: integer(),
  meetingCameraCap: integer(),
  maxPinnedCameras: integer({ min: 1 }),
  meetingExpireIfNoUserJoinedInMinutes: integer(),
  meetingExpireWhenLastUserLeftInMinutes: integer(),
  endWhenNoModerator: flag(),
  endWhenNoModeratorDelayInMinutes: integer(),
  logoutTimer: integer(),
  copyright: text(),
  guestPolicy: word(GUEST_POLICIES),
  meetingLayout: word<MeetingLayout>(MEETING_LAYOUTS, { open: true }),
  meetingKeepEvents: flag(),
  learningDashboardEnabled: flag(),
  learningDashboardCleanupDelayInMinutes: integer(),
  virtualBackgroundsDisabled: flag(),
  allowRequestsWithoutSession: flag(),
  disabledFeatures: words(),
  disabledFeaturesExclude: words(),
  groups,
  lockSettingsDisableCam: flag(),
  lockSettingsDisableMic: flag(),
  lockSettingsDisablePrivateChat: flag(),
  lockSettingsDisablePublicChat: flag(),
  lockSettingsDisableNotes: flag(),
  lockSettingsDisableNote: flag(),
  lockSettingsHideUserList: flag(),
  lockSettingsLockOnJoin: flag(),
  lockSettingsLockOnJoinConfigurable: flag(),
  lockSettingsHideViewersCursor: flag(),
  lockSettingsHideViewersAnnotation: flag(),
  lockSettingsLockedLayout: flag(),
  lockSettingsPresenterPolicy: word(['moderatorOnly', 'requireApproval', 'freeForAll']),
  multiUserWhiteboardEnabled: flag(),
  preUploadedPresentationName: text(),
  preUploadedPresentationOverrideDefault: flag(),
  presentationConversionCacheEnabled: flag(),
  maxNumPages: integer({ min: 1 }),
  cameraBridge: text(),
  screenShareBridge: text(),
  audioBridge: text(),
  sharedNotesEditor: word(['etherpad', 'blockNote']),
  sharedNotesInitialContentMarkdown: text(),
  meta: meta(),
  presentations: documents(),
  privileged: group(privilegedTable),
  extra: extra(),
})
