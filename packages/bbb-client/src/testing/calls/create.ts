import { tomcatPage } from '../html.ts'
import { openMeeting } from '../lifecycle.ts'
import { javaBoolean, javaDate, type Meeting } from '../meeting.ts'
import { type FakeResponse, type ReadRequest, xmlResponse } from '../message.ts'
import { MalformedModules, type Modules, readModules } from '../modules.ts'
import { newMeeting } from '../new-meeting.ts'
import {
  booleanViolations,
  integerViolations,
  meetingIDViolations,
  nameViolations,
  passwordViolations,
  type Violation,
} from '../violations.ts'
import type { World } from '../world.ts'
import { block, failure, line, messageLines, templateResponse } from '../xml.ts'
import { checkCall, cleaned, failed, withoutControls } from './checks.ts'

const voiceBridgeTaken = templateResponse('FAILED', [
  block('errors', [
    block('error', [
      line('key', 'nonUniqueVoiceBridge'),
      line('message', 'The selected voice bridge is already in use.'),
    ]),
  ]),
])

/** `create`: a new meeting, or the live one of the same id. */
export function create(world: World, request: ReadRequest): FakeResponse {
  const violation = checkCall(world, 'create', request, rulesOf(world, request)) ?? breakoutProblem(world, request)
  if (violation) return failed(violation)
  const { parameters } = request
  const parent = parentOf(world, request)
  if (parent && !/^\d+$/.test(parameters.get('sequence') ?? '')) {
    return tomcatPage(500, `For input string: "${parameters.get('sequence') ?? 'null'}"`)
  }
  if (parameters.has('groups') && !isJsonArray(parameters.get('groups'))) {
    return tomcatPage(500, 'A JSONArray text must start with "["')
  }
  const live = world.meetings.byExternalId(parameters.get('meetingID') ?? '')
  if (live) return xmlResponse(repeatedCreate(world, live, request))
  const voiceBridge = cleaned(request, 'voiceBridge') || freeVoiceBridge(world)
  if (world.meetings.list().some(meeting => meeting.voiceBridge === voiceBridge)) return xmlResponse(voiceBridgeTaken)
  let modules: Modules
  try {
    modules = hasModules(request) ? readModules(request.body) : { documents: [], others: new Map() }
  } catch (error) {
    if (error instanceof MalformedModules) return tomcatPage(500, error.message)
    throw error
  }
  const meeting = newMeeting(world, parameters, { parent, voiceBridge, modules })
  parent?.breakoutRooms.push(meeting.internalId)
  openMeeting(world, meeting)
  return xmlResponse(createAnswer(meeting, '', ''))
}

function rulesOf(world: World, request: ReadRequest): Violation[] {
  const meetingID = request.parameters.get('meetingID')
  const isOdd = meetingID === undefined || withoutControls(meetingID).trim() !== meetingID
  return [
    ...meetingIDViolations(cleaned(request, 'meetingID')),
    ...(world.settings.release.checksTrimmedMeetingID && isOdd
      ? [{ key: 'validationError', message: 'Invalid meeting ID' }]
      : []),
    ...nameViolations(cleaned(request, 'name')),
    ...passwordViolations(cleaned(request, 'attendeePW')),
    ...passwordViolations(cleaned(request, 'moderatorPW')),
    ...integerViolations('Voice bridge', cleaned(request, 'voiceBridge')),
    ...booleanViolations('Breakout room', cleaned(request, 'isBreakoutRoom')),
    ...booleanViolations('Record', cleaned(request, 'record')),
  ]
}

function breakoutProblem(world: World, request: ReadRequest): Violation | undefined {
  const { parameters } = request
  const noParent = 'No parent meeting ID was provided for the breakout room'
  if (world.settings.release.oddBreakoutCheck && parameters.get('isBreakout') && !parameters.get('parentIdMeetingId')) {
    return { key: 'parentMeetingIdMissing', message: noParent }
  }
  if (!javaBoolean(parameters.get('isBreakout'))) return undefined
  if (!parameters.get('parentMeetingID')) return { key: 'parentMeetingIDMissing', message: noParent }
  if (parentOf(world, request)) return undefined
  return { key: 'parentMeetingDoesNotExist', message: 'No parent meeting exists for the breakout room' }
}

function parentOf(world: World, request: ReadRequest): Meeting | undefined {
  const isBreakout = javaBoolean(request.parameters.get('isBreakout'))
  return isBreakout ? world.meetings.find(request.parameters.get('parentMeetingID')) : undefined
}

/** The live meeting's own values, whatever was asked for this time; other passwords are refused. */
function repeatedCreate(world: World, live: Meeting, request: ReadRequest): string {
  const attendeePW = request.parameters.get('attendeePW')
  const moderatorPW = request.parameters.get('moderatorPW')
  const none = attendeePW === undefined && moderatorPW === undefined
  const equal = attendeePW === live.attendeePW && moderatorPW === live.moderatorPW
  if (equal || (none && world.settings.release.duplicateWithoutPasswords)) {
    const message = 'This conference was already in existence and may currently be in progress.'
    return createAnswer(live, 'duplicateWarning', message)
  }
  const message = 'A meeting already exists with that meeting ID. Please use a different meeting ID.'
  return failure('idNotUnique', message)
}

function createAnswer(meeting: Meeting, messageKey: string, message: string): string {
  return templateResponse('SUCCESS', [
    line('meetingID', meeting.externalId),
    line('internalMeetingID', meeting.internalId),
    line('parentMeetingID', meeting.breakout?.parentId ?? 'bbb-none'),
    line('attendeePW', meeting.attendeePW),
    line('moderatorPW', meeting.moderatorPW),
    line('createTime', meeting.createTime),
    line('voiceBridge', meeting.voiceBridge),
    line('dialNumber', meeting.dialNumber),
    line('createDate', javaDate(meeting.createTime)),
    line('hasUserJoined', meeting.startTime > 0),
    line('duration', meeting.duration),
    line('hasBeenForciblyEnded', false),
    ...messageLines(messageKey, message),
  ])
}

function freeVoiceBridge(world: World): string {
  const taken = new Set(world.meetings.list().map(({ voiceBridge }) => voiceBridge))
  let voiceBridge = world.identifiers.voiceBridge()
  while (taken.has(voiceBridge)) voiceBridge = world.identifiers.voiceBridge()
  return voiceBridge
}

/** A body that is no form is read as XML, whatever its content type says. */
function hasModules(request: ReadRequest): boolean {
  return (
    request.method === 'POST' &&
    request.bytes.length > 0 &&
    request.contentType !== 'application/x-www-form-urlencoded' &&
    request.contentType !== 'multipart/form-data'
  )
}

function isJsonArray(text: string | undefined): boolean {
  try {
    return text === undefined || text === '' || Array.isArray(JSON.parse(text))
  } catch {
    return false
  }
}
