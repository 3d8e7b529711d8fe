import { type BbbClient, BbbParamError } from 'bbb-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { data, readText } from '../support/data.ts'
import { respond, success, type TestServer, testServer } from '../support/server.ts'

/** Parameters that BigBlueButton's documentation of its API names, 2.4 to 4.0. */
const DOCUMENTED =
  `allowModsToEjectCameras allowModsToUnmuteUsers allowPromoteGuestToModerator allowRequestsWithoutSession
  allowStartStopRecording attendeePW audioBridge auth autoStartRecording avatarURL bannerColor bannerText bot
  breakoutRoomsCaptureNotes breakoutRoomsCaptureNotesFilename breakoutRoomsCaptureSlides breakoutRoomsCaptureSlidesFilename
  breakoutRoomsEnabled breakoutRoomsPrivateChatEnabled breakoutRoomsRecord callbackURL cameraBridge checksum
  clientSettingsOverride clientSettingsOverrideJsonUrl clientURL configToken copyright createTime darklogo defaultLayout
  dialNumber disabledFeatures disabledFeaturesExclude duration endWhenNoModerator endWhenNoModeratorDelayInMinutes
  enforceLayout errorRedirectUrl eventID excludeFromDashboard existingUserID firstName freeJoin fullName getRaw groups guest
  guestPolicy hookID isBreakout joinViaHtml5 kind label lang lastName learningDashboardCleanupDelayInMinutes
  learningDashboardEnabled limit lockSettingsDisableCam lockSettingsDisableMic lockSettingsDisableNote
  lockSettingsDisableNotes lockSettingsDisablePrivateChat lockSettingsDisablePublicChat lockSettingsHideUserList
  lockSettingsHideViewersAnnotation lockSettingsHideViewersCursor lockSettingsLockOnJoin lockSettingsLockOnJoinConfigurable
  lockSettingsLockedLayout lockSettingsPresenterPolicy loginURL logo logoutTimer logoutURL maxNumPages maxParticipants
  maxPinnedCameras meetingCameraCap meetingEndedURL meetingExpireIfNoUserJoinedInMinutes
  meetingExpireWhenLastUserLeftInMinutes meetingID meetingKeepEvents meetingLayout message moderatorOnlyMessage moderatorPW
  multiUserWhiteboardEnabled muteOnStart name notifyRecordingAppend notifyRecordingIsOn offset parentMeetingID password
  pluginManifests pluginManifestsFetchUrl preUploadedPresentation preUploadedPresentationName
  preUploadedPresentationOverrideDefault presentationConversionCacheEnabled presentationUploadExternalDescription
  presentationUploadExternalUrl publish record recordFullDurationMedia recordID redirect replaceSessionToken
  requireUserConsentBeforeUnmuting role screenShareBridge sequence sessionName sharedNotesEditor
  sharedNotesInitialContentJson sharedNotesInitialContentJsonUrl sharedNotesInitialContentMarkdown
  sharedNotesInitialContentMarkdownUrl state userCameraCap userID userName virtualBackgroundsDisabled voiceBridge webVoice
  webVoiceConf webcamBackgroundURL webcamsOnlyForModerator welcome meta_title userdata-bbb_title plugin_title`.split(
    /\s+/,
  )

/** Those that decide who somebody is, or load or call something. */
const DECIDING =
  `role password moderatorPW attendeePW meetingID userID guest auth redirect checksum createTime logoutURL loginURL logo
  darklogo avatarURL webcamBackgroundURL errorRedirectUrl meetingEndedURL preUploadedPresentation pluginManifests
  pluginManifestsFetchUrl clientSettingsOverride clientSettingsOverrideJsonUrl presentationUploadExternalUrl
  sharedNotesInitialContentJson sharedNotesInitialContentJsonUrl sharedNotesInitialContentMarkdownUrl`.split(/\s+/)

const fullWidth = (name: string): string =>
  name.replace(/[A-Za-z]/g, char => String.fromCharCode(char.charCodeAt(0) + 0xfee0))

/** Ways to write a name so that a check misses it and a server does not. */
const DISGUISES: readonly (readonly [string, (name: string) => string])[] = [
  ['as it is', name => name],
  ['in capitals', name => name.toUpperCase()],
  ['in lower case', name => name.toLowerCase()],
  ['full-width', fullWidth],
  ['with the Kelvin sign and the long s', name => name.replace(/k/gi, '\u212a').replace(/s/gi, '\u017f')],
  ['with a blank after it', name => `${name} `],
  ['with NUL after it', name => `${name}\0`],
  ['percent-encoded', name => name.replace(/[a-z]/, char => `%${char.charCodeAt(0).toString(16)}`)],
  ['behind another pair', name => `x=1&${name}`],
  ['with a zero-width joiner', name => `${name.slice(0, 1)}\u200d${name.slice(1)}`],
]

describe('reserved names never travel as free keys', () => {
  let server: TestServer
  let client: BbbClient
  beforeAll(async () => {
    server = await testServer()
    server.answer((_request, response) =>
      respond(response, success('<meetingID>m</meetingID><createTime>1</createTime>')),
    )
    client = server.client()
  })
  afterAll(() => server.close())

  async function refused(act: () => unknown, what: string): Promise<void> {
    await expect((async () => act())(), what).rejects.toBeInstanceOf(BbbParamError)
    expect(server.targets, what).toEqual([])
  }

  const base = { meetingID: 'room', name: 'Room' } as const
  const person = { meetingID: 'room', fullName: 'Ada', role: 'VIEWER' } as const

  it.each(DISGUISES)('T2 in extra, every documented parameter %s', async (_way, disguise) => {
    for (const name of DOCUMENTED) {
      const given = disguise(name)
      // A name without the letter in question is no disguise, but the name itself, which is refused as well.
      await refused(() => client.create({ ...base, extra: { [given]: 'x' } }), `create ${given}`)
      await refused(() => client.joinUrl({ ...person, extra: new Map([[given, 'x']]) }), `join ${given}`)
      await refused(() => client.getRecordings({ extra: { [given]: 'x' } }), `getRecordings ${given}`)
    }
    expect(await server.connections()).toBe(0)
  })

  it.each(DISGUISES)('T2 in meta and userdata, every deciding parameter %s', async (_way, disguise) => {
    for (const name of DECIDING) {
      const given = disguise(name)
      await refused(() => client.create({ ...base, meta: { [given]: 'x' } }), `meta ${given}`)
      await refused(() => client.updateRecordings({ recordID: 'r', meta: { [given]: 'x' } }), `update ${given}`)
      await refused(() => client.joinUrl({ ...person, userdata: { [given]: 'x' } }), `userdata ${given}`)
    }
    expect(await server.connections()).toBe(0)
  })

  it.each([
    ['endCallbackUrl', 'meta'],
    ['EndCallbackURL', 'meta'],
    ['bbb-recording-ready-url', 'meta'],
    ['bn-recording-ready-url', 'meta'],
    ['canvas-recording-ready-url', 'meta'],
    ['analytics-callback-url', 'meta'],
    ['bbb_custom_style', 'userdata'],
    ['bbb_custom_style_url', 'userdata'],
    ['BBB_Custom_Style_URL', 'userdata'],
  ] as const)('T2 T11 %s calls or loads something, so it is no ordinary %s', async (name, kind) => {
    if (kind === 'meta') await refused(() => client.create({ ...base, meta: { [name]: 'https://x.example/' } }), name)
    else await refused(() => client.joinUrl({ ...person, userdata: { [name]: 'https://x.example/' } }), name)
    await refused(() => client.call('newCall', { [`meta_${name}`]: 'x', [`userdata-${name}`]: 'x' }), name)
  })

  it('T2 a call of any name carries no privileged parameter either, and is never join', async () => {
    for (const name of DECIDING.filter(each =>
      /URL|logo|plugin|client|preUploaded|shared|presentation|checksum/i.test(each),
    ))
      await refused(() => client.call('newCall', { [name]: 'x' }), name)
    for (const name of ['join', 'JOIN', 'Join']) await refused(() => client.call(name), name)
  })

  it('a metadata key of one foreign letter is not made a plain one by lower-casing', async () => {
    await refused(() => client.create({ ...base, meta: { '\u212aey': 'x' } }), 'Kelvin')
  })

  it('new names and ordinary keys pass', async () => {
    await client.create({ ...base, extra: { aBrandNewOne: '1' }, meta: { Course: '1', 'bbb-origin': 'lms' } })
    expect(server.targets[0]).toContain('meta_course=1&meta_bbb-origin=lms&aBrandNewOne=1&checksum=')
  })
})

describe.skipIf(!data)('the list above', () => {
  it('T2 knows every parameter of the tables of create, join, recordings and hooks', () => {
    const wire = readText('wire.md')
    const sections = [
      ['### 4.2', '### 4.3'],
      ['### 5.1', '### 5.2'],
      ['### 7.1', '### 7.2'],
    ] as const
    const names = sections
      .flatMap(([from, to]) => wire.slice(wire.indexOf(from), wire.indexOf(to)).split('\n'))
      .filter(line => line.startsWith('| ') && !line.startsWith('| Name'))
      .flatMap(line => (line.split('|')[1] ?? '').split(','))
      .map(name => name.trim())
      .filter(name => /^[A-Za-z]\w+$/.test(name) && !name.endsWith('_NAME'))
    expect(names.length).toBeGreaterThan(100)
    const known = new Set(DOCUMENTED)
    expect(names.filter(name => !known.has(name) && !name.startsWith('meta_'))).toEqual([])
  })
})
