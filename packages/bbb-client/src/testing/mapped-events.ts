import { isRecordingStep, type RoomEvent } from './events.ts'
import { javaDate, type Meeting, type Person } from './meeting.ts'
import type { WebhooksVersion } from './options.ts'
import type { Recording } from './recordings.ts'

/** An event as bbb-webhooks posts it. */
export interface MappedEvent {
  readonly data: {
    readonly type: 'event'
    readonly id: string
    readonly attributes: EventAttributes
    readonly event: { readonly ts: number }
  }
}

interface MeetingReference {
  readonly 'internal-meeting-id': string
  readonly 'external-meeting-id'?: string | undefined
  /** More on `meeting-created` and `meeting-presentation-changed`. */
  readonly [name: string]: unknown
}

interface EventAttributes {
  readonly meeting: MeetingReference
  readonly [name: string]: unknown
}

/** Which of the three generations of bbb-webhooks. */
interface Generation {
  readonly is3: boolean
  readonly is34: boolean
}

/** Events that 2.x does not know. */
const since3 = new Set<RoomEvent['id']>([
  'user-audio-muted',
  'user-audio-unmuted',
  'user-raise-hand-changed',
  'poll-started',
  'poll-responded',
])

/**
 * Turns an event into what a callback carries, with the fields and the gaps of the given bbb-webhooks release
 * (upstream: `bbb-webhooks src/process/event.js`).
 *
 * @returns `undefined` where that release sends nothing.
 */
export function mapEvent(
  event: RoomEvent,
  version: WebhooksVersion,
  now: number,
  publicUrl: string,
): MappedEvent | undefined {
  const generation: Generation = { is3: version !== '2.6.1', is34: version === '3.5.0' }
  if (!generation.is3 && (since3.has(event.id) || (event.id === 'user-left' && 'how' in event && event.how))) {
    return undefined
  }
  const attributes = attributesOf(event, generation, publicUrl)
  const ts = isRecordingStep(event.id) ? Math.floor(now / 1000) : now
  return { data: { type: 'event', id: event.id, attributes, event: { ts } } }
}

function attributesOf(event: RoomEvent, generation: Generation, publicUrl: string): EventAttributes {
  switch (event.id) {
    case 'meeting-created':
      return { meeting: createdMeeting(event.meeting, generation) }
    case 'meeting-ended':
    case 'meeting-recording-started':
    case 'meeting-recording-stopped':
      return { meeting: reference(event.meeting) }
    case 'meeting-presentation-changed':
      return { meeting: { ...reference(event.meeting), 'presentation-id': event.presentationId } }
    case 'meeting-screenshare-started':
    case 'meeting-screenshare-stopped':
      return { meeting: reference(event.meeting), ...(generation.is3 && { user: ids(event.person) }) }
    case 'user-joined':
      return { meeting: reference(event.meeting), user: joinRecord(event.person, generation) }
    case 'user-left':
      return departure(event, generation)
    case 'chat-group-message-sent':
      return { meeting: reference(event.meeting), ...chatAttributes(event, generation) }
    case 'poll-started': {
      const { id, question, options } = event.poll
      const answers = options.map((key, index) => ({ id: index, key }))
      return { meeting: reference(event.meeting), user: ids(event.person), poll: { id, question, answers } }
    }
    case 'poll-responded':
      return {
        meeting: reference(event.meeting),
        user: ids(event.person),
        poll: { id: event.poll.id, answerIds: [event.answerId] },
      }
    case 'rap-published':
    case 'rap-unpublished':
    case 'rap-deleted': {
      const meeting = recordingMeeting(event.recording, !generation.is3)
      return { meeting, ...(generation.is3 && { 'record-id': event.recording.recordID }) }
    }
    default:
      if ('recording' in event) return recordingAttributes(event, generation, publicUrl)
      return { meeting: reference(event.meeting), user: { ...ids(event.person), ...detail(event, generation) } }
  }
}

function reference(meeting: Meeting): MeetingReference {
  return { 'internal-meeting-id': meeting.internalId, 'external-meeting-id': meeting.externalId }
}

function ids(person: Person) {
  return { 'internal-user-id': person.internalId, 'external-user-id': person.externalId }
}

function createdMeeting(meeting: Meeting, generation: Generation): MeetingReference {
  const bridge = (name: string) => meeting.parameters.get(name) || 'bbb-webrtc-sfu'
  return {
    ...reference(meeting),
    name: meeting.name,
    'is-breakout': meeting.breakout !== undefined,
    ...(generation.is3 && { 'parent-id': meeting.breakout?.parentId ?? 'bbb-none' }),
    duration: meeting.duration,
    'create-time': meeting.createTime,
    'create-date': javaDate(meeting.createTime),
    'moderator-pass': meeting.moderatorPW,
    'viewer-pass': meeting.attendeePW,
    record: meeting.record,
    'voice-conf': meeting.voiceBridge,
    'dial-number': meeting.dialNumber,
    'max-users': meeting.maxUsers,
    metadata: Object.fromEntries(meeting.metadata),
    ...(generation.is34 && {
      audioBridge: bridge('audioBridge'),
      cameraBridge: bridge('cameraBridge'),
      screenShareBridge: bridge('screenShareBridge'),
    }),
  }
}

function joinRecord(person: Person, generation: Generation): Readonly<Record<string, unknown>> {
  const { ipAddress, userAgent, referer } = person.client
  return {
    ...ids(person),
    name: person.fullName,
    role: person.role,
    presenter: false,
    ...(generation.is34 && {
      'ip-address': ipAddress,
      'user-agent': userAgent,
      referer,
      'session-token': [person.sessionToken],
    }),
    ...(generation.is3 && {
      userdata: person.userdata.size > 0 ? Object.fromEntries(person.userdata) : undefined,
      guest: person.guest,
    }),
  }
}

function departure(event: Extract<RoomEvent, { readonly id: 'user-left' }>, generation: Generation): EventAttributes {
  const { meeting, person } = event
  if (event.how === 'made-up') return { meeting: reference(meeting), user: joinRecord(person, generation) }
  if (event.how === 'repeated') {
    return {
      meeting: { 'internal-meeting-id': meeting.internalId },
      user: { 'internal-user-id': person.internalId, 'external-user-id': '', guest: false },
    }
  }
  return { meeting: reference(meeting), user: { ...ids(person), ...(generation.is3 && { guest: person.guest }) } }
}

function chatAttributes(
  event: Extract<RoomEvent, { readonly id: 'chat-group-message-sent' }>,
  generation: Generation,
): Readonly<Record<string, unknown>> {
  const { message, person } = event
  const externalId = generation.is34 ? person?.externalId : generation.is3 ? undefined : message.senderName
  return {
    'chat-message': {
      ...(generation.is3 && { id: message.id }),
      message: message.text,
      sender: {
        'internal-user-id': person || !generation.is34 ? message.senderId : null,
        'external-user-id': externalId,
        ...(generation.is3 && { name: message.senderName }),
        time: message.at,
      },
    },
    'chat-id': 'MAIN-PUBLIC-GROUP-CHAT',
  }
}

function detail(
  event: Extract<RoomEvent, { readonly person: Person }>,
  generation: Generation,
): Readonly<Record<string, unknown>> {
  const { person } = event
  switch (event.id) {
    case 'user-audio-voice-enabled': {
      const { listenOnly = false, muted = true } = person.voice ?? {}
      return { 'listening-only': listenOnly, 'sharing-mic': !listenOnly, ...(generation.is3 && { muted }) }
    }
    case 'user-audio-voice-disabled':
      return { 'listening-only': false, 'sharing-mic': false, ...(generation.is3 && { muted: true }) }
    case 'user-audio-muted':
      return { muted: true }
    case 'user-audio-unmuted':
      return { muted: false }
    case 'user-cam-broadcast-start':
    case 'user-cam-broadcast-end':
      return { stream: person.stream }
    case 'user-presenter-unassigned':
      return { name: person.fullName }
    case 'user-emoji-changed':
      return generation.is3 ? { emoji: person.emoji } : {}
    case 'user-raise-hand-changed':
      return { 'raise-hand': person.handRaised }
    default:
      return {}
  }
}

function recordingMeeting(recording: Recording, named: boolean): MeetingReference {
  return {
    'internal-meeting-id': recording.recordID,
    'external-meeting-id': named ? recording.meetingID : undefined,
  }
}

function recordingAttributes(
  event: Extract<RoomEvent, { readonly stepTimeMs?: number | undefined }>,
  generation: Generation,
  publicUrl: string,
): EventAttributes {
  const { id, recording, workflow, stepTimeMs = 0 } = event
  // When archiving starts there is no events.xml to read the external id from, and 3.x has forgotten it with the meeting.
  const meeting = recordingMeeting(recording, id !== 'rap-archive-started' || !generation.is3)
  return {
    meeting,
    'record-id': recording.recordID,
    ...(id.endsWith('-ended') && { success: true, 'step-time': stepTimeMs }),
    ...(workflow !== undefined && { workflow }),
    ...(id === 'rap-archive-ended' && generation.is3 && { recorded: false, duration: 0 }),
    ...(id === 'rap-publish-ended' && { recording: publishedRecording(recording, workflow, generation, publicUrl) }),
  }
}

function publishedRecording(
  recording: Recording,
  workflow: string | undefined,
  generation: Generation,
  publicUrl: string,
): Readonly<Record<string, unknown>> {
  const format = recording.formats.find(({ type }) => type === workflow)
  return {
    name: hashValue(recording.name),
    'is-breakout': String(recording.isBreakout),
    ...(generation.is3 && { 'start-time': recording.startTime, 'end-time': recording.endTime }),
    size: format?.size,
    ...(generation.is3 && { 'raw-size': recording.rawSize }),
    metadata: Object.fromEntries([...recording.metadata].map(([name, value]) => [name, hashValue(value)])),
    playback: format && {
      format: format.type,
      link: format.url ?? `${publicUrl}/playback/${format.type}/2.3/${recording.recordID}`,
      processing_time: format.processingTimeMs,
      duration: recording.endTime - recording.startTime,
      size: format.size,
    },
    download: {},
  }
}

/** What the scripts' XML-to-hash makes of a text: numbers of digits, empty elements of nothing. */
function hashValue(text: string): unknown {
  if (text === '') return {}
  return /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text
}
