import { tomcatPage } from '../html.ts'
import { type FakeRole, javaBoolean, type Meeting, type Person } from '../meeting.ts'
import { type FakeResponse, type ReadRequest, redirectResponse, xmlResponse } from '../message.ts'
import { decodeForm } from '../parameters.ts'
import { registerPerson } from '../people.ts'
import {
  booleanViolations,
  integerViolations,
  meetingIDViolations,
  passwordViolations,
  type Violation,
} from '../violations.ts'
import type { World } from '../world.ts'
import { failure, line, messageLines, templateResponse } from '../xml.ts'
import { checkCall, cleaned, failed, withoutControls } from './checks.ts'

/** `join`: registers a session and sends the browser to the room. */
export function join(world: World, request: ReadRequest): FakeResponse {
  const { parameters } = request
  const { release } = world.settings
  const wantsXml = parameters.get('redirect')?.toLowerCase() === 'false'
  const violation = checkCall(world, 'join', request, rulesOf(world, request))
  const nameThrows = release.missingNameThrows && !parameters.has('fullName') && violation?.key !== 'checksumError'
  if (nameThrows) {
    return tomcatPage(500, 'Cannot invoke "String.replaceAll(String, String)" because "<parameter1>" is null')
  }
  if (violation) {
    return wantsXml && release.joinChecksAsXml ? failed(violation) : errorRedirect(world, request, violation)
  }
  const meeting = world.meetings.find(cleaned(request, 'meetingID'))
  if (!meeting) return tomcatPage(500)
  const refuse = (problem: Violation): FakeResponse =>
    wantsXml && release.joinRefusalsAsXml ? failed(problem) : errorRedirect(world, request, problem)
  const createTime = parameters.get('createTime')
  if (createTime && createTime.trim() !== String(meeting.createTime)) {
    const message = 'The createTime parameter submitted mismatches with the current meeting.'
    return refuse({ key: 'mismatchCreateTimeParam', message })
  }
  const role = roleOf(meeting, parameters.get('role'), parameters.get('password'))
  if (!role) return xmlResponse(failure('Params required', roleMessage(parameters.get('password'))))
  const externalId = parameters.get('userID')
  if (isFull(meeting, externalId)) {
    const message = 'The number of participants allowed for this meeting has been reached.'
    return refuse({ key: 'maxParticipantsReached', message })
  }
  const guest = javaBoolean(parameters.get('guest'))
  const guestStatus = guestStatusOf(meeting.guestPolicy, role, guest, authenticated(request, guest))
  if (guestStatus === 'DENY') {
    const message = "You have been denied access to this meeting based on the meeting's guest policy"
    return refuse({ key: 'guestDeniedAccess', message })
  }
  const fullName = withoutControls(parameters.get('fullName') ?? '')
  const userdata = userdataOf(parameters)
  const person = registerPerson(world, meeting, { fullName, role, externalId, guest, guestStatus, userdata })
  const url = `${world.publicUrl()}/html5client/join?sessionToken=${person.sessionToken}`
  const cookie = { 'set-cookie': `JSESSIONID=${world.identifiers.cookie()}; Path=/; HttpOnly` }
  return wantsXml ? xmlResponse(joinAnswer(meeting, person, url), cookie) : redirectResponse(url, cookie)
}

function rulesOf(world: World, request: ReadRequest): Violation[] {
  const meetingID = cleaned(request, 'meetingID')
  const found = [
    ...meetingIDViolations(meetingID),
    ...passwordViolations(cleaned(request, 'password')),
    ...integerViolations('Create time', cleaned(request, 'createTime')),
    ...booleanViolations('Guest', cleaned(request, 'guest')),
    ...booleanViolations('Auth', cleaned(request, 'auth')),
  ]
  if (!cleaned(request, 'fullName')) found.push({ key: 'missingParamFullName', message: 'You must provide your name' })
  if (!world.meetings.find(meetingID)) {
    found.push(
      {
        key: 'invalidMeetingIdentifier',
        message: 'The meeting ID that you supplied did not match any existing meetings',
      },
      {
        key: 'meetingForciblyEnded',
        message: 'You can not join a meeting that has already been forcibly ended',
      },
    )
  }
  return found
}

/** The `role` wins; only without a usable one the password decides. */
function roleOf(meeting: Meeting, role: string | undefined, password: string | undefined): FakeRole | undefined {
  const wanted = role?.toUpperCase()
  if (wanted === 'MODERATOR' || wanted === 'VIEWER') return wanted
  if (password === meeting.moderatorPW) return 'MODERATOR'
  return password === meeting.attendeePW ? 'VIEWER' : undefined
}

function roleMessage(password: string | undefined): string {
  // The spelling is the server's.
  return password
    ? 'You must enter a valid password'
    : 'You must either send the valid role of the user, or the password, sould the meeting has one.'
}

/** Counts people, not sessions: who is in already may open another tab. */
function isFull(meeting: Meeting, externalId: string | undefined): boolean {
  if (meeting.maxUsers === 0) return false
  const inside = new Set(meeting.people.filter(({ status }) => status !== 'left').map(({ externalId: known }) => known))
  return inside.size >= meeting.maxUsers && !(externalId !== undefined && inside.has(externalId))
}

/** A guest is not authenticated unless `auth` says so; everybody else is. */
function authenticated(request: ReadRequest, guest: boolean): boolean {
  const auth = request.parameters.get('auth')
  return auth ? javaBoolean(auth) : !guest
}

/** Upstream: `Meeting.java`, `calcGuestStatus`. */
function guestStatusOf(policy: string, role: FakeRole, guest: boolean, auth: boolean): Person['guestStatus'] {
  if (role === 'MODERATOR' || policy === 'ALWAYS_ACCEPT') return 'ALLOW'
  if (policy === 'ASK_MODERATOR') return guest || auth ? 'WAIT' : 'ALLOW'
  if (policy === 'ALWAYS_ACCEPT_AUTH') return guest ? 'WAIT' : 'ALLOW'
  return 'DENY'
}

/** `userdata-KEY`: the name is split at every dash and must give two parts. */
function userdataOf(parameters: ReadonlyMap<string, string>): Map<string, string> {
  const userdata = new Map<string, string>()
  for (const [name, value] of parameters) {
    const [prefix, key, ...more] = name.split('-')
    if (prefix === 'userdata' && key && more.length === 0) userdata.set(key, value)
  }
  return userdata
}

function joinAnswer(meeting: Meeting, person: Person, url: string): string {
  return templateResponse('SUCCESS', [
    ...messageLines('successfullyJoined', 'You have joined successfully.'),
    line('meeting_id', meeting.internalId),
    line('user_id', person.internalId),
    line('auth_token', person.authToken),
    line('session_token', person.sessionToken),
    line('guestStatus', person.guestStatus),
    line('url', url),
  ])
}

/** Sends a refused browser away, the reason in the query (upstream: `ApiController.respondWithErrors`). */
function errorRedirect(world: World, request: ReadRequest, { key, message }: Violation): FakeResponse {
  const { parameters } = request
  const target =
    (world.settings.release.redirectsErrors && parameters.get('errorRedirectUrl')) ||
    parameters.get('logoutURL') ||
    world.publicUrl()
  const errors = `errors=${javaUriQuery(JSON.stringify([{ key, message }]))}`
  const [base = '', query = ''] = target.split('#', 1)[0]?.split(/\?(.*)/s) ?? []
  const decoded = decodeForm(query.replaceAll('+', '%2B')) ?? query
  return redirectResponse(`${base}?${query ? `${javaUriQuery(decoded)}&` : ''}${errors}`)
}

/** What `java.net.URI` escapes in a query it is given decoded: everything that is no URI character. */
function javaUriQuery(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/%(?:2C|3B|3A|24|26|2B|3D|3F|2F|5B|5D|40)/g, escaped =>
    decodeURIComponent(escaped),
  )
}
