import { watchAttendance } from './lifecycle.ts'
import { type FakeRole, type Meeting, type Person, presentPeople } from './meeting.ts'
import { depart, muteAt } from './presence.ts'
import type { World } from './world.ts'

/** What a join decided about a person. */
export interface Arrival {
  readonly fullName: string
  readonly role: FakeRole
  readonly externalId?: string | undefined
  readonly guest?: boolean | undefined
  readonly guestStatus?: Person['guestStatus'] | undefined
  readonly userdata?: ReadonlyMap<string, string> | undefined
}

/** Registers a session, as `join` does. Nobody is in the room before {@link connect}. */
export function registerPerson(world: World, meeting: Meeting, arrival: Arrival): Person {
  const internalId = world.identifiers.userId()
  const person: Person = {
    internalId,
    externalId: arrival.externalId || internalId,
    fullName: arrival.fullName,
    role: arrival.role,
    guest: arrival.guest ?? false,
    authToken: world.identifiers.authToken(),
    sessionToken: world.identifiers.sessionToken(),
    userdata: arrival.userdata ?? new Map(),
    guestStatus: arrival.guestStatus ?? 'ALLOW',
    status: 'registered',
    loggedOut: false,
    presenter: false,
    voice: undefined,
    stream: undefined,
    pages: 0,
    handRaised: false,
    emoji: 'none',
    client: {},
    lost: undefined,
    visits: [],
    engagement: { chats: 0, talks: 0, raisehand: 0, emojis: 0, pollVotes: 0, talkMs: 0 },
    talkingSince: undefined,
    lastTalkedAt: undefined,
  }
  meeting.people.push(person)
  return person
}

/**
 * The client connects: the person is in the room from now on. After a short loss nothing happens; after a long one, the same
 * internal id joins again.
 */
export function connect(world: World, meeting: Meeting, person: Person, client: Person['client'] = {}): void {
  if (meeting.ended || person.guestStatus !== 'ALLOW' || person.loggedOut) return
  if (person.lost) {
    world.clock.clearTimeout(person.lost)
    person.lost = undefined
  }
  if (person.status === 'present') return
  const now = world.clock.now()
  person.status = 'present'
  person.client = { ...person.client, ...client }
  person.visits.push({ joinedAt: now, leftAt: undefined })
  const first = meeting.startTime === 0
  if (first) meeting.startTime = now
  world.emit({ id: 'user-joined', meeting, person })
  watchAttendance(world, meeting)
  endOldestSession(world, meeting, person)
  const presenter = presentPeople(meeting).find(other => other.presenter)
  if (!presenter && person.role === 'MODERATOR') makePresenter(world, meeting, person)
  if (first && meeting.record && meeting.parameters.get('autoStartRecording')?.toLowerCase() === 'true') {
    setRecording(world, meeting, true)
  }
}

/** One external user id has only so many sessions at a time; the oldest makes room. */
function endOldestSession(world: World, meeting: Meeting, person: Person): void {
  const sessions = presentPeople(meeting).filter(other => other.externalId === person.externalId)
  const oldest = sessions[0]
  if (oldest && sessions.length > world.settings.maxUserConcurrentAccesses) logOut(world, meeting, oldest)
}

/** Gives the presenter's role to a person. */
export function makePresenter(world: World, meeting: Meeting, person: Person): void {
  for (const other of meeting.people) {
    if (!other.presenter || other === person) continue
    other.presenter = false
    world.emit({ id: 'user-presenter-unassigned', meeting, person: other })
  }
  person.presenter = true
  world.emit({ id: 'user-presenter-assigned', meeting, person })
}

/** The connection is lost. Who does not come back within `graceMs` has left. */
export function drop(world: World, meeting: Meeting, person: Person, graceMs: number): void {
  if (person.status !== 'present' || person.lost || meeting.ended) return
  person.lost = world.clock.setTimeout(() => {
    person.lost = undefined
    leave(world, meeting, person)
  }, graceMs)
}

/** The person is gone; the same session may connect again. */
export function leave(world: World, meeting: Meeting, person: Person): void {
  if (person.status !== 'present' || meeting.ended) return
  setCamera(world, meeting, person, false)
  leaveAudio(world, meeting, person)
  if (person.presenter) {
    person.presenter = false
    world.emit({ id: 'user-presenter-unassigned', meeting, person })
  }
  depart(world, person)
  world.emit({ id: 'user-left', meeting, person })
  watchAttendance(world, meeting)
}

/** The person logs out or is ejected: gone, and the session token with them. */
export function logOut(world: World, meeting: Meeting, person: Person): void {
  leave(world, meeting, person)
  person.loggedOut = true
}

/** Raises or lowers the hand. */
export function raiseHand(world: World, meeting: Meeting, person: Person, raised: boolean): void {
  if (person.status !== 'present' || person.handRaised === raised) return
  person.handRaised = raised
  if (raised) person.engagement.raisehand++
  world.emit({ id: 'user-raise-hand-changed', meeting, person })
}

/** Shows an emoji; `none` takes it away. */
export function showEmoji(world: World, meeting: Meeting, person: Person, emoji: string): void {
  if (person.status !== 'present') return
  person.emoji = emoji
  if (emoji !== 'none') person.engagement.emojis++
  world.emit({ id: 'user-emoji-changed', meeting, person })
}

/** Joins the audio, with a muted microphone or only to listen. */
export function joinAudio(world: World, meeting: Meeting, person: Person, listenOnly = false): void {
  if (person.status !== 'present' || person.voice) return
  person.voice = { listenOnly, muted: true }
  world.emit({ id: 'user-audio-voice-enabled', meeting, person })
}

/** Opens or closes the microphone; joins the audio first where needed. */
export function talk(world: World, meeting: Meeting, person: Person, talking: boolean): void {
  if (person.status !== 'present') return
  if (talking) joinAudio(world, meeting, person)
  const voice = person.voice
  if (!voice || voice.listenOnly || voice.muted === !talking) return
  if (talking) {
    voice.muted = false
    person.engagement.talks++
    person.talkingSince = world.clock.now()
    person.lastTalkedAt = person.talkingSince
    world.emit({ id: 'user-audio-unmuted', meeting, person })
  } else {
    muteAt(world, person)
    world.emit({ id: 'user-audio-muted', meeting, person })
  }
}

/** Leaves the audio. */
export function leaveAudio(world: World, meeting: Meeting, person: Person): void {
  if (!person.voice) return
  muteAt(world, person)
  person.voice = undefined
  world.emit({ id: 'user-audio-voice-disabled', meeting, person })
}

/** Turns the camera on or off. */
export function setCamera(world: World, meeting: Meeting, person: Person, on: boolean): void {
  if (person.status !== 'present' || (person.stream !== undefined) === on) return
  if (on) {
    person.stream = `${person.internalId}_${world.identifiers.hex(64)}`
    world.emit({ id: 'user-cam-broadcast-start', meeting, person })
  } else {
    world.emit({ id: 'user-cam-broadcast-end', meeting, person })
    person.stream = undefined
  }
}

/** Sends a public chat message; without a person it comes from the server's own API. */
export function chat(
  world: World,
  meeting: Meeting,
  text: string,
  sender: Person | undefined,
  senderName = 'System',
): void {
  const at = world.clock.now()
  const message = {
    id: `${at}-${world.identifiers.hex(8)}`,
    senderId: sender?.internalId ?? 'SYSTEM_MESSAGE',
    senderName: sender?.fullName ?? senderName,
    text,
    at,
  }
  meeting.chat.push(message)
  if (sender) sender.engagement.chats++
  world.emit({ id: 'chat-group-message-sent', meeting, message, person: sender })
}

/** The record button. */
export function setRecording(world: World, meeting: Meeting, on: boolean): void {
  if (!meeting.record || meeting.recordingNow === on) return
  meeting.recordingNow = on
  meeting.recordingMarked ||= on
  world.emit({ id: on ? 'meeting-recording-started' : 'meeting-recording-stopped', meeting })
}

/** A moderator's word about a waiting guest. */
export function decideGuest(person: Person, admitted: boolean): void {
  if (person.guestStatus === 'WAIT') person.guestStatus = admitted ? 'ALLOW' : 'DENY'
}
