import { tomcatPage } from '../html.ts'
import { after, endMeeting } from '../lifecycle.ts'
import { javaDate, type Meeting, type Person, presentPeople } from '../meeting.ts'
import { type FakeResponse, jsonResponse, type ReadRequest, xmlResponse } from '../message.ts'
import { chat } from '../people.ts'
import { meetingIDViolations, passwordViolations, type Violation } from '../violations.ts'
import type { World } from '../world.ts'
import { block, failure, line, messageLines, templateResponse } from '../xml.ts'
import { checkCall, cleaned, failed } from './checks.ts'

/** The unsigned index call: versions, and nothing else unless the server is told to reveal more. */
export function index(world: World, request: ReadRequest): FakeResponse {
  const { release, revealVersion } = world.settings
  const origin = world.publicUrl()
  const fields = {
    version: '2.0',
    apiVersion: '2.0',
    bbbVersion: revealVersion ? release.text : '',
    ...(release.hasGraphql && {
      graphqlWebsocketUrl: `${origin.replace(/^http/, 'ws')}/graphql`,
      graphqlApiUrl: `${origin}/api/rest`,
    }),
  }
  if (request.contentType === 'application/json') {
    return jsonResponse({ response: { returncode: 'SUCCESS', ...fields } })
  }
  const lines = Object.entries(fields).map(([name, value]) => line(name, value))
  return xmlResponse(templateResponse('SUCCESS', lines))
}

/** `isMeetingRunning`: somebody is there. */
export function isMeetingRunning(world: World, request: ReadRequest): FakeResponse {
  const meetingID = cleaned(request, 'meetingID')
  const violation = checkCall(world, 'isMeetingRunning', request, meetingIDViolations(meetingID))
  if (violation) return failed(violation)
  const meeting = world.meetings.find(meetingID)
  const running = meeting !== undefined && presentPeople(meeting).length > 0
  return xmlResponse(templateResponse('SUCCESS', [line('running', running)]))
}

/** `end`: answered at once, done a moment later; the password is not compared. */
export function end(world: World, request: ReadRequest): FakeResponse {
  const meetingID = cleaned(request, 'meetingID')
  const rules = [...existing(world, meetingID), ...passwordViolations(cleaned(request, 'password'))]
  const violation = checkCall(world, 'end', request, rules)
  if (violation) return failed(violation)
  const meeting = world.meetings.find(meetingID)
  if (meeting && world.settings.endDelayMs === 0) endMeeting(world, meeting)
  else if (meeting && !meeting.timers.has('ending')) {
    after(world, meeting, 'ending', world.settings.endDelayMs, () => endMeeting(world, meeting))
  }
  const message =
    'A request to end the meeting was sent. Please wait a few seconds, and then use the getMeetingInfo or isMeetingRunning API calls to verify that it was ended.'
  return xmlResponse(templateResponse('SUCCESS', messageLines('sentEndMeetingRequest', message)))
}

/** `getMeetingInfo` */
export function getMeetingInfo(world: World, request: ReadRequest): FakeResponse {
  const meetingID = cleaned(request, 'meetingID')
  const violation = checkCall(world, 'getMeetingInfo', request, existing(world, meetingID))
  if (violation) return failed(violation)
  const meeting = world.meetings.find(meetingID)
  if (!meeting) return failed(notFound)
  return xmlResponse(templateResponse('SUCCESS', meetingLines(meeting, presentPeople(meeting), String)))
}

/** `getMeetings`: every live meeting, people who left included. */
export function getMeetings(world: World, request: ReadRequest): FakeResponse {
  const violation = checkCall(world, 'getMeetings', request, [])
  if (violation) return failed(violation)
  const meetings = world.meetings.list()
  if (meetings.length === 0) {
    const none = messageLines('noMeetings', 'no meetings were found on this server')
    return xmlResponse(templateResponse('SUCCESS', ['<meetings/>', ...none]))
  }
  const count = world.settings.release.groupsCounts ? (value: number) => value.toLocaleString('en-US') : String
  const blocks = meetings.map(meeting => {
    const everybody = meeting.people.filter(({ status }) => status !== 'registered')
    return block('meeting', meetingLines(meeting, everybody, count))
  })
  return xmlResponse(templateResponse('SUCCESS', [block('meetings', blocks)]))
}

/** `getSessions`: everybody whom `join` let in, connected or not. */
export function getSessions(world: World, request: ReadRequest): FakeResponse {
  const violation = checkCall(world, 'getSessions', request, [])
  if (violation) return failed(violation)
  const sessions = world.meetings
    .list()
    .flatMap(meeting =>
      meeting.people
        .filter(person => !person.loggedOut)
        .map(person =>
          block('meeting', [
            line('meetingID', meeting.internalId),
            line('meetingName', meeting.name),
            line('userName', person.fullName),
          ]),
        ),
    )
  // The spelling is the server's.
  const none = ['<sessions/>', ...messageLines('noSessions', 'no sessions were found on this serverr')]
  return xmlResponse(templateResponse('SUCCESS', sessions.length > 0 ? [block('sessions', sessions)] : none))
}

/** `sendChatMessage` (3.0): into the public chat, under any name. */
export function sendChatMessage(world: World, request: ReadRequest): FakeResponse {
  const message = request.parameters.get('message')
  const userName = request.parameters.get('userName')
  const rules: Violation[] = []
  if (message === undefined) rules.push({ key: 'nullError', message: 'You must provide the param message' })
  else if (message.length < 1 || message.length > 500) {
    rules.push({ key: 'sizeError', message: 'Param message must be between 1 and 500 characters' })
  }
  if (userName !== undefined && userName.length > 255) {
    rules.push({ key: 'sizeError', message: 'Param userName must be between 1 and 255 characters' })
  }
  const violation = checkCall(world, 'sendChatMessage', request, rules)
  if (violation) return failed(violation)
  const meetingID = cleaned(request, 'meetingID')
  if (!meetingID) return tomcatPage(500, 'Cannot invoke "String.length()" because "meetingId" is null')
  const meeting = world.meetings.find(meetingID)
  if (!meeting || presentPeople(meeting).length === 0)
    return xmlResponse(failure('meetingNotFound', 'Meeting not found'))
  chat(world, meeting, message ?? '', undefined, userName || 'System')
  return xmlResponse(templateResponse('SUCCESS', messageLines('', '')))
}

const notFound: Violation = { key: 'notFound', message: 'A meeting with that ID does not exist' }

function existing(world: World, meetingID: string | undefined): Violation[] {
  return [...meetingIDViolations(meetingID), ...(world.meetings.find(meetingID) ? [] : [notFound])]
}

function meetingLines(meeting: Meeting, attendees: readonly Person[], count: (value: number) => string): string[] {
  const present = presentPeople(meeting)
  const number = (test: (person: Person) => boolean) => count(present.filter(test).length)
  return [
    line('meetingName', meeting.name),
    line('meetingID', meeting.externalId),
    line('internalMeetingID', meeting.internalId),
    line('createTime', meeting.createTime),
    line('createDate', javaDate(meeting.createTime)),
    line('voiceBridge', meeting.voiceBridge),
    line('dialNumber', meeting.dialNumber),
    line('attendeePW', meeting.attendeePW),
    line('moderatorPW', meeting.moderatorPW),
    line('running', present.length > 0),
    line('duration', meeting.duration),
    line('hasUserJoined', meeting.startTime > 0),
    line('recording', meeting.record),
    line('hasBeenForciblyEnded', meeting.timers.has('ending')),
    line('startTime', meeting.startTime),
    line('endTime', meeting.endTime),
    line('participantCount', count(present.length)),
    line(
      'listenerCount',
      number(({ voice }) => voice?.listenOnly === true),
    ),
    line(
      'voiceParticipantCount',
      number(({ voice }) => voice?.listenOnly === false),
    ),
    line(
      'videoCount',
      number(({ stream }) => stream !== undefined),
    ),
    line('maxUsers', meeting.maxUsers),
    line(
      'moderatorCount',
      number(({ role }) => role === 'MODERATOR'),
    ),
    block('attendees', attendees.map(attendee)),
    block(
      'metadata',
      [...meeting.metadata].map(([name, value]) => line(name, value)),
    ),
    line('isBreakout', meeting.breakout !== undefined),
    ...(meeting.breakout
      ? [
          line('parentMeetingID', meeting.breakout.parentId),
          line('sequence', meeting.breakout.sequence),
          line('freeJoin', meeting.breakout.freeJoin),
        ]
      : []),
    ...(meeting.breakoutRooms.length > 0
      ? [
          block(
            'breakoutRooms',
            meeting.breakoutRooms.map(internalId => line('breakout', internalId)),
          ),
        ]
      : []),
  ]
}

function attendee(person: Person): string {
  const userdata = [...person.userdata].map(([name, value]) => line(name, value))
  return block('attendee', [
    line('userID', person.externalId),
    line('fullName', person.fullName),
    line('role', person.role),
    line('isPresenter', person.presenter),
    line('isListeningOnly', person.voice?.listenOnly === true),
    line('hasJoinedVoice', person.voice?.listenOnly === false),
    line('hasVideo', person.stream !== undefined),
    line('clientType', 'HTML5'),
    ...(userdata.length > 0 ? [block('customdata', userdata)] : []),
  ])
}
