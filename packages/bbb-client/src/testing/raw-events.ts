import type { RoomEvent } from './events.ts'
import type { MappedEvent } from './mapped-events.ts'
import { javaDate, type Meeting, type Person } from './meeting.ts'

/** The Redis message behind an event, as hooks with `getRaw=true` get it. */
export function rawMessage(event: RoomEvent, mapped: MappedEvent, now: number): object {
  if ('recording' in event) {
    const { meeting: _, ...attributes } = mapped.data.attributes
    return {
      header: {
        name: event.id.replace(/^rap-/, '').replaceAll('-', '_'),
        current_time: mapped.data.event.ts,
        timestamp: mapped.data.event.ts,
        version: '0.0.1',
      },
      payload: {
        meeting_id: event.recording.recordID,
        external_meeting_id: event.recording.meetingID,
        ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name.replaceAll('-', '_'), value])),
      },
    }
  }
  const name = messageNames[event.id]
  const meetingId = event.meeting.internalId
  if (event.id === 'meeting-created' || event.id === 'meeting-ended') {
    return {
      envelope: { name, routing: { sender: 'bbb-apps-akka' }, timestamp: now },
      core: { header: { name }, body: event.id === 'meeting-ended' ? { meetingId } : { props: props(event.meeting) } },
    }
  }
  const userId = 'person' in event ? (event.person?.internalId ?? 'not-used') : 'not-used'
  return {
    envelope: { name, routing: { msgType: 'BROADCAST_TO_MEETING', meetingId, userId }, timestamp: now },
    core: { header: { name, meetingId, userId }, body: bodyOf(event) },
  }
}

type AkkaEvent = Exclude<RoomEvent, { readonly recording: unknown }>

const messageNames: Readonly<Record<AkkaEvent['id'], string>> = {
  'meeting-created': 'MeetingCreatedEvtMsg',
  'meeting-ended': 'MeetingDestroyedEvtMsg',
  'meeting-recording-started': 'RecordingStatusChangedEvtMsg',
  'meeting-recording-stopped': 'RecordingStatusChangedEvtMsg',
  'meeting-screenshare-started': 'ScreenshareRtmpBroadcastStartedEvtMsg',
  'meeting-screenshare-stopped': 'ScreenshareRtmpBroadcastStoppedEvtMsg',
  'meeting-presentation-changed': 'SetCurrentPresentationEvtMsg',
  'user-joined': 'UserJoinedMeetingEvtMsg',
  'user-left': 'UserLeftMeetingEvtMsg',
  'user-audio-voice-enabled': 'UserJoinedVoiceConfToClientEvtMsg',
  'user-audio-voice-disabled': 'UserLeftVoiceConfToClientEvtMsg',
  'user-audio-muted': 'UserMutedVoiceEvtMsg',
  'user-audio-unmuted': 'UserMutedVoiceEvtMsg',
  'user-cam-broadcast-start': 'UserBroadcastCamStartedEvtMsg',
  'user-cam-broadcast-end': 'UserBroadcastCamStoppedEvtMsg',
  'user-presenter-assigned': 'PresenterAssignedEvtMsg',
  'user-presenter-unassigned': 'PresenterUnassignedEvtMsg',
  'user-emoji-changed': 'UserReactionEmojiChangedEvtMsg',
  'user-raise-hand-changed': 'UserRaiseHandChangedEvtMsg',
  'chat-group-message-sent': 'GroupChatMessageBroadcastEvtMsg',
  'poll-started': 'PollStartedEvtMsg',
  'poll-responded': 'UserRespondedToPollRespMsg',
}

function props(meeting: Meeting): object {
  return {
    meetingProp: {
      name: meeting.name,
      extId: meeting.externalId,
      intId: meeting.internalId,
      isBreakout: meeting.breakout !== undefined,
    },
    breakoutProps: { parentId: meeting.breakout?.parentId ?? 'bbb-none', sequence: meeting.breakout?.sequence ?? 0 },
    durationProps: {
      duration: meeting.duration,
      createdTime: meeting.createTime,
      createdDate: javaDate(meeting.createTime),
    },
    password: { moderatorPass: meeting.moderatorPW, viewerPass: meeting.attendeePW },
    recordProp: { record: meeting.record },
    voiceProp: { voiceConf: meeting.voiceBridge, dialNumber: meeting.dialNumber },
    usersProp: { maxUsers: meeting.maxUsers },
    metadataProp: { metadata: Object.fromEntries(meeting.metadata) },
  }
}

function bodyOf(event: AkkaEvent): object {
  switch (event.id) {
    case 'user-joined':
      return joined(event.person)
    case 'user-left':
      return { intId: event.person.internalId, eject: false, ejectedBy: '', reason: '', reasonCode: '' }
    case 'meeting-recording-started':
    case 'meeting-recording-stopped':
      return { recording: event.meeting.recordingNow, setBy: 'not-used' }
    case 'user-audio-voice-enabled': {
      const { listenOnly = false, muted = true } = event.person.voice ?? {}
      return { intId: event.person.internalId, listenOnly, muted }
    }
    case 'user-audio-muted':
    case 'user-audio-unmuted':
      return { intId: event.person.internalId, muted: event.id === 'user-audio-muted' }
    case 'user-cam-broadcast-start':
    case 'user-cam-broadcast-end':
      return { userId: event.person.internalId, stream: event.person.stream }
    case 'user-presenter-assigned':
    case 'user-presenter-unassigned':
      return { presenterId: event.person.internalId, presenterName: event.person.fullName }
    case 'user-emoji-changed':
      return { userId: event.person.internalId, reactionEmoji: event.person.emoji }
    case 'user-raise-hand-changed':
      return { userId: event.person.internalId, raiseHand: event.person.handRaised }
    case 'chat-group-message-sent': {
      const { id, senderId, senderName, text, at } = event.message
      return {
        chatId: 'MAIN-PUBLIC-GROUP-CHAT',
        msg: { id, timestamp: at, sender: { id: senderId, name: senderName }, message: text },
      }
    }
    case 'meeting-presentation-changed':
      return { presentationId: event.presentationId }
    case 'poll-started':
      return { userId: event.person.internalId, pollId: event.poll.id, question: event.poll.question }
    case 'poll-responded':
      return { pollId: event.poll.id, answerIds: [event.answerId] }
    default:
      return 'person' in event ? { intId: event.person.internalId } : {}
  }
}

function joined(person: Person): object {
  return {
    intId: person.internalId,
    extId: person.externalId,
    name: person.fullName,
    role: person.role,
    guest: person.guest,
    authed: !person.guest,
    guestStatus: person.guestStatus,
    raiseHand: person.handRaised,
    presenter: false,
    clientType: 'HTML5',
    userMetadata: Object.fromEntries(person.userdata),
    ipAddress: person.client.ipAddress,
    userAgent: person.client.userAgent,
    referer: person.client.referer,
    sessionToken: [person.sessionToken],
  }
}
