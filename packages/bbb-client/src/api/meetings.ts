import { meetingId, required, text } from '../codecs.ts'
import { byTable, paramTable } from '../params.ts'
import type { Bag, Reader } from '../reader.ts'
import { NO_PARENT } from './create.ts'
import { extra, type StringMap } from './maps.ts'
import { isMissingMeeting, type Operation } from './operation.ts'

/** Parameters of the calls that only name a meeting. */
export interface MeetingParams {
  readonly meetingID: string
  /** Parameters newer than this release, by their name on the wire. */
  readonly extra?: StringMap | undefined
}

/** Parameters of the calls that name nothing. */
export interface ListParams {
  readonly extra?: StringMap | undefined
}

/** Roles in answers; servers may have others. */
export type AttendeeRole = 'MODERATOR' | 'VIEWER' | 'DIAL-IN-USER' | (string & {})

/** One connection of a person, as the server sees it. */
export interface Attendee {
  /** What `userID` of the join link said, or the server's own id. */
  readonly userID: string
  readonly fullName: string
  readonly role: AttendeeRole
  readonly isPresenter: boolean
  readonly isListeningOnly: boolean
  readonly hasJoinedVoice: boolean
  readonly hasVideo: boolean
  readonly clientType: string | null
  /** The `userdata-…` of the join link. */
  readonly customdata: Bag
  readonly extra: Bag
}

/** A running meeting. Counts are of people connected now (since 2.6). */
export interface MeetingInfo {
  readonly meetingID: string
  readonly meetingName: string
  readonly internalMeetingID: string
  /** Epoch milliseconds, exact, as `joinUrl` wants it; `null` if the server did not say. */
  readonly createTime: number | null
  readonly voiceBridge: string | null
  readonly dialNumber: string | null
  readonly attendeePW: string | null
  readonly moderatorPW: string | null
  /** At least one person is connected. */
  readonly running: boolean
  /** Minutes; 0 = no limit. */
  readonly duration: number
  readonly hasUserJoined: boolean
  /** The meeting may be recorded (the `record` of create), not "is being recorded now". */
  readonly recording: boolean
  readonly hasBeenForciblyEnded: boolean
  /** `null` until it began. */
  readonly startTime: Date | null
  /** `null` until it ended. */
  readonly endTime: Date | null
  readonly participantCount: number
  readonly listenerCount: number
  readonly voiceParticipantCount: number
  readonly videoCount: number
  readonly moderatorCount: number
  /** 0 = no limit. */
  readonly maxUsers: number
  readonly isBreakout: boolean
  readonly parentMeetingID: string | null
  /** Number of a breakout room. */
  readonly sequence: number | null
  readonly freeJoin: boolean | null
  /** Connected people; in `getMeetings` of 2.6 and later also those who left. */
  readonly attendees: readonly Attendee[]
  readonly metadata: Bag
  /** Internal ids of the breakout rooms. */
  readonly breakoutRooms: readonly string[]
  readonly extra: Bag
}

const ATTENDEE_FIELDS = new Set(
  'userID fullName role isPresenter isListeningOnly hasJoinedVoice hasVideo clientType customdata'.split(' '),
)

function decodeAttendee(reader: Reader): Attendee {
  return {
    userID: reader.identity('userID'),
    fullName: reader.text('fullName') ?? '',
    role: reader.filled('role') ?? 'VIEWER',
    isPresenter: reader.boolean('isPresenter') ?? false,
    isListeningOnly: reader.boolean('isListeningOnly') ?? false,
    hasJoinedVoice: reader.boolean('hasJoinedVoice') ?? false,
    hasVideo: reader.boolean('hasVideo') ?? false,
    clientType: reader.filled('clientType'),
    customdata: reader.bag('customdata'),
    extra: reader.extra(ATTENDEE_FIELDS),
  }
}

const MEETING_FIELDS = new Set(
  `returncode meetingID meetingName internalMeetingID createTime createDate voiceBridge dialNumber attendeePW
  moderatorPW running duration hasUserJoined recording hasBeenForciblyEnded startTime endTime participantCount listenerCount
  voiceParticipantCount videoCount moderatorCount maxUsers isBreakout parentMeetingID sequence freeJoin attendees metadata
  breakoutRooms breakout`.split(/\s+/),
)

function decodeMeeting(reader: Reader): MeetingInfo {
  // The published documentation draws breakout facts inside an element; servers put them at the top.
  const breakout = reader.child('breakout') ?? reader
  const parent = breakout.filled('parentMeetingID')
  return {
    meetingID: reader.identity('meetingID'),
    meetingName: reader.text('meetingName') ?? '',
    internalMeetingID: reader.text('internalMeetingID') ?? '',
    createTime: reader.epoch('createTime'),
    voiceBridge: reader.filled('voiceBridge'),
    dialNumber: reader.filled('dialNumber'),
    attendeePW: reader.filled('attendeePW'),
    moderatorPW: reader.filled('moderatorPW'),
    running: reader.boolean('running') ?? false,
    duration: reader.count('duration') ?? 0,
    hasUserJoined: reader.boolean('hasUserJoined') ?? false,
    recording: reader.boolean('recording') ?? false,
    hasBeenForciblyEnded: reader.boolean('hasBeenForciblyEnded') ?? false,
    startTime: reader.date('startTime'),
    endTime: reader.date('endTime'),
    participantCount: reader.count('participantCount') ?? 0,
    listenerCount: reader.count('listenerCount') ?? 0,
    voiceParticipantCount: reader.count('voiceParticipantCount') ?? 0,
    videoCount: reader.count('videoCount') ?? 0,
    moderatorCount: reader.count('moderatorCount') ?? 0,
    maxUsers: reader.count('maxUsers') ?? 0,
    isBreakout: reader.boolean('isBreakout') ?? false,
    parentMeetingID: parent === NO_PARENT ? null : parent,
    sequence: breakout.count('sequence'),
    freeJoin: breakout.boolean('freeJoin'),
    attendees: reader.list('attendees', 'attendee', decodeAttendee),
    metadata: reader.bag('metadata'),
    breakoutRooms: reader.texts('breakoutRooms', 'breakout'),
    extra: reader.extra(MEETING_FIELDS),
  }
}

const meetingTable = paramTable<MeetingParams>({ meetingID: meetingId(), extra: extra() })
const listTable = paramTable<ListParams>({ extra: extra() })

/** Whether anybody is in the meeting: an unknown, ended or still empty one is `false`. */
export const isMeetingRunning: Operation<MeetingParams, boolean> = {
  call: 'isMeetingRunning',
  repeat: 'safe',
  encode: byTable(meetingTable),
  decode: response => response.verdict('running'),
  absent: failure => (isMissingMeeting(failure) ? { result: false } : undefined),
}

/** One meeting with everybody in it; `null` when there is none of that id. */
export const getMeetingInfo: Operation<MeetingParams, MeetingInfo | null> = {
  call: 'getMeetingInfo',
  repeat: 'safe',
  encode: byTable(meetingTable),
  decode: decodeMeeting,
  absent: failure => (isMissingMeeting(failure) ? { result: null } : undefined),
}

/** Every meeting of the server; an empty list is an answer and no error. */
export const getMeetings: Operation<ListParams, readonly MeetingInfo[]> = {
  call: 'getMeetings',
  repeat: 'safe',
  encode: byTable(listTable),
  decode: response => response.answer('meetings', 'meeting', 'noMeetings', decodeMeeting),
  absent: failure => (failure.messageKey === 'noMeetings' ? { result: [] } : undefined),
}

/**
 * Ends a meeting for everybody. `true`: the server took the request (it ends a moment later); `false`: no such meeting.
 * Not repeated once sent.
 */
export const end: Operation<MeetingParams, boolean> = {
  call: 'end',
  repeat: 'unsent',
  encode: byTable(meetingTable),
  decode: () => true,
  absent: failure => (isMissingMeeting(failure) ? { result: false } : undefined),
}

/** A browser session (undocumented call). */
export interface Session {
  readonly internalMeetingID: string
  readonly meetingName: string
  readonly userName: string
}

/** Sessions of all meetings. Undocumented; many load balancers do not offer it. */
export const getSessions: Operation<ListParams, readonly Session[]> = {
  call: 'getSessions',
  repeat: 'safe',
  encode: byTable(listTable),
  decode: response =>
    response.answer('sessions', 'meeting', 'noSessions', reader => ({
      internalMeetingID: reader.identity('meetingID'),
      meetingName: reader.text('meetingName') ?? '',
      userName: reader.text('userName') ?? '',
    })),
  absent: failure => (failure.messageKey === 'noSessions' ? { result: [] } : undefined),
}

/** Parameters of `sendChatMessage`. Since 3.0. */
export interface SendChatMessageParams {
  readonly meetingID: string
  /** 1 to 500 characters; shown as a message of the system. */
  readonly message: string
  /** @default 'System' */
  readonly userName?: string | undefined
  readonly extra?: StringMap | undefined
}

const chatTable = paramTable<SendChatMessageParams>({
  meetingID: meetingId(),
  message: required(text({ min: 1, max: 500 })),
  userName: text({ min: 1, max: 255 }),
  extra: extra(),
})

/** Says something in the public chat. Never repeated once sent. */
export const sendChatMessage: Operation<SendChatMessageParams, void> = {
  call: 'sendChatMessage',
  repeat: 'unsent',
  encode: byTable(chatTable),
  decode: () => undefined,
}

/** What the server says of itself; most fields only where its administrator allows it. */
export interface ServerVersion {
  /** Version of the API, `2.0`. */
  readonly version: string
  readonly apiVersion: string | null
  /** For example `3.0.18`; `null` where it is not revealed. */
  readonly bbbVersion: string | null
  readonly graphqlWebsocketUrl: string | null
  readonly graphqlApiUrl: string | null
  readonly html5PluginSdkVersion: string | null
  /** Scalelite's own version. */
  readonly build: string | null
  readonly extra: Bag
}

const VERSION_FIELDS = new Set(
  'returncode messageKey message version apiVersion bbbVersion graphqlWebsocketUrl graphqlApiUrl html5PluginSdkVersion build'.split(
    ' ',
  ),
)

/** The API's index page, which needs no checksum. */
export const version: Operation<ListParams, ServerVersion> = {
  call: '',
  repeat: 'safe',
  encode: byTable(listTable),
  decode: response => ({
    version: response.identity('version'),
    apiVersion: response.filled('apiVersion'),
    bbbVersion: response.filled('bbbVersion'),
    graphqlWebsocketUrl: response.filled('graphqlWebsocketUrl'),
    graphqlApiUrl: response.filled('graphqlApiUrl'),
    html5PluginSdkVersion: response.filled('html5PluginSdkVersion'),
    build: response.filled('build'),
    extra: response.extra(VERSION_FIELDS),
  }),
}
