/**
 * What the message keys of a FAILED answer mean, and what to do. The set is open: servers add keys, load balancers
 * have their own. Source of the keys: BigBlueButton's ApiErrors, its validation constraints and controllers,
 * bbb-webhooks' responses, Scalelite's errors.
 */

/** One sentence each: for the developer or administrator, and for the person in front of the page. */
export interface MessageKeyAdvice {
  readonly advice: string
  readonly userMessage: string
}

const TRY_AGAIN = 'The live class service is having trouble. Please try again in a minute.'
const ASK_ADMIN = 'Live classes are not set up correctly. Please tell your administrator.'
const NOT_OPEN = 'This class is not open at the moment.'
const SETUP = 'The class could not be set up with these settings. Please check them or tell your administrator.'
const RECORDING_GONE = 'This recording is not available.'

const advice = <K extends string>(
  table: Record<K, readonly [advice: string, userMessage: string]>,
): Record<K, MessageKeyAdvice> => {
  const entries = Object.entries<readonly [string, string]>(table)
  return Object.fromEntries(
    entries.map(([key, [text, userMessage]]) => [key, { advice: text, userMessage }]),
  ) as Record<K, MessageKeyAdvice>
}

/** Every key that is known, with what to do. */
export const MESSAGE_KEYS = advice({
  checksumError: [
    'The server computed another checksum: compare the shared secret with `bbb-conf --secret`, check that the server takes the chosen algorithm, and that no proxy rewrites the query.',
    ASK_ADMIN,
  ],
  notFound: ['No such meeting or recording: it never existed, has ended, or expired because nobody joined.', NOT_OPEN],
  idNotUnique: [
    'A meeting with this meetingID is running with other passwords: send the passwords of the first create, or use another meetingID.',
    SETUP,
  ],
  NotUniqueMeetingID: [
    'The same, as old releases said it: use another meetingID, or the passwords of the first create.',
    SETUP,
  ],
  nonUniqueVoiceBridge: ['Another running meeting uses this voiceBridge: leave it out, or choose another.', SETUP],
  parentMeetingIDMissing: ['A breakout room needs parentMeetingID.', SETUP],
  parentMeetingIdMissing: ['A breakout room needs parentMeetingID.', SETUP],
  parentMeetingDoesNotExist: ['The parent meeting of the breakout room is not running.', SETUP],
  missingParamMeetingID: ['Send meetingID.', SETUP],
  missingParameterMeetingID: ['Send meetingID.', SETUP],
  missingParameterName: ['Send name.', SETUP],
  missingParamFullName: ['Send fullName.', 'Please give a name to join with.'],
  missingParamRecordID: ['Send recordID.', RECORDING_GONE],
  missingParameterRecordID: ['Send recordID.', RECORDING_GONE],
  missingParameterPublish: ['Send publish as true or false.', RECORDING_GONE],
  missingParamPublish: ['Send publish as true or false.', RECORDING_GONE],
  missingParamMessage: ['Send message.', 'Please write a message first.'],
  missingParamCallbackURL: ['Send callbackURL.', ASK_ADMIN],
  missingParamHookID: ['Send hookID.', ASK_ADMIN],
  MissingParam: ['A required parameter is missing; the message names it.', SETUP],
  missingParameters: ['A required parameter is missing; the message names it.', SETUP],
  sizeError: ['A value is too short or too long; the message names it.', SETUP],
  nullError: ['A required parameter is missing; the message names it.', SETUP],
  emptyError: ['A required parameter is empty; the message names it.', SETUP],
  invalidFormat: ['A value has the wrong form; the message names it.', SETUP],
  invalidMeetingId: ['meetingID has the wrong form: 2 to 256 characters without comma.', SETUP],
  validationError: ['A value has the wrong form; the message names it.', SETUP],
  invalidPassword: ['Passwords are 2 to 64 characters; on join, the password fits neither role.', NOT_OPEN],
  fullNameTooLong: ['fullName is longer than the server takes (255).', 'Please use a shorter name.'],
  invalidMeetingIdentifier: ['No meeting with this meetingID is running.', NOT_OPEN],
  meetingForciblyEnded: ['The meeting has ended, or none with this meetingID is running.', NOT_OPEN],
  'Params required': ['join needs a role (or a password that fits one).', NOT_OPEN],
  mismatchCreateTimeParam: [
    'The link belongs to an earlier run of this meeting: make a new one.',
    'This link is out of date. Please open the class again.',
  ],
  mismatchCreateTime: [
    'The link belongs to an earlier run of this meeting: make a new one.',
    'This link is out of date. Please open the class again.',
  ],
  maxParticipantsReached: ['maxParticipants of the meeting is reached.', 'This class is full.'],
  guestDeniedAccess: ['The guest policy of the meeting refused this user.', 'You are not admitted to this class.'],
  meetingNotFound: ['No meeting with this meetingID is running.', NOT_OPEN],
  unsupportedContentType: ['The server does not take this content type for the call.', ASK_ADMIN],
  malformedXml: ['The server could not read the XML body.', ASK_ADMIN],
  fileNameError: [
    'A document has a file name the server cannot decode.',
    'A file of the class has a name that cannot be used.',
  ],
  recordingNotFound: ['The recording does not exist.', RECORDING_GONE],
  noRecordings: ['The recording does not exist.', RECORDING_GONE],
  noCaptionsFound: ['The recording has no text tracks.', 'This recording has no captions.'],
  paramError: [
    'A parameter of the text track is missing or wrong; the message names it.',
    'The captions could not be saved.',
  ],
  invalidKind: ['kind is subtitles or captions.', 'The captions could not be saved.'],
  invalidLang: ['lang has the form en or en_US.', 'The captions could not be saved.'],
  empty_uploaded_text_track: ['The uploaded text track is empty.', 'The captions file is empty.'],
  upload_text_track_failed: ['The server could not store the text track.', 'The captions could not be saved.'],
  apiNotEnabled: ['The API is switched off on the server.', ASK_ADMIN],
  createHookError: ['bbb-webhooks could not store the hook: look at its Redis.', ASK_ADMIN],
  destroyHookError: ['bbb-webhooks could not remove the hook: look at its Redis.', ASK_ADMIN],
  destroyMissingHook: ['There is no such hook, or it is a permanent one.', ASK_ADMIN],
  listHookError: ['bbb-webhooks could not list hooks; without meetingID it often can.', ASK_ADMIN],
  notImplemented: ['This server or load balancer does not offer the call.', 'This is not available here.'],
  unsupportedRequest: ['This server or load balancer does not offer the call.', 'This is not available here.'],
  internalError: ['The server or load balancer failed; its log says why.', TRY_AGAIN],
  serverUnavailable: ['The load balancer has no BigBlueButton server free.', TRY_AGAIN],
  serverTagUnavailable: ['The load balancer has no server with the tag asked for.', TRY_AGAIN],
  b3scale_server_error: ['The load balancer failed; its log says why.', TRY_AGAIN],
})

/** The server gave up on the way: it may or may not have done what it was asked. */
const UNDECIDED: ReadonlySet<string> = new Set(['internalError', 'b3scale_server_error'])

/** Nothing was done, and a moment later it may be. */
const BUSY: ReadonlySet<string> = new Set(['serverUnavailable', 'serverTagUnavailable'])

/** Whether a FAILED answer leaves open what happened; one with a server's error status does, unless its key says why. */
export function isUndecided(key: string, status: number): boolean {
  return UNDECIDED.has(key) || (status >= 500 && adviceFor(key) === undefined)
}

/** Whether a FAILED answer says to come back later. */
export function isBusy(key: string): boolean {
  return BUSY.has(key)
}

/** A message key this release knows. */
export type KnownMessageKey = keyof typeof MESSAGE_KEYS

/** A message key of a FAILED answer; unknown ones are kept as they came. */
export type MessageKey = KnownMessageKey | (string & {})

/** Advice for a key; `undefined` for one this release does not know. */
export function adviceFor(key: string): MessageKeyAdvice | undefined {
  return Object.hasOwn(MESSAGE_KEYS, key) ? MESSAGE_KEYS[key as KnownMessageKey] : undefined
}

/** For failures that are not the server's word. */
export const USER_MESSAGES = { TRY_AGAIN, ASK_ADMIN, SETUP } as const
