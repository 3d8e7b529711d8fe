import type { Fields } from '../fields.ts'

/** A raw message in the terms of a mapped event. */
export interface RawEvent {
  readonly id: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly ts: unknown
}

/** One message of BigBlueButton's apps, its parts at hand. */
interface AkkaMessage {
  readonly body: Fields
  readonly meetingID: unknown
  /** Whom the message names; `not-used` for nobody. */
  readonly userID: unknown
}

type Mapping = readonly [id: string, attributes: Readonly<Record<string, unknown>>]

function meeting({ meetingID }: AkkaMessage, more: Readonly<Record<string, unknown>> = {}) {
  return { 'internal-meeting-id': meetingID, ...more }
}

function user({ userID }: AkkaMessage, more: Readonly<Record<string, unknown>> = {}) {
  return { 'internal-user-id': userID, ...more }
}

const screenshare =
  (id: string) =>
  (message: AkkaMessage): Mapping => {
    // Before BigBlueButton 3.0.11 nobody is named.
    const named = typeof message.userID === 'string' && message.userID !== 'not-used'
    return [id, { meeting: meeting(message), ...(named ? { user: user(message) } : {}) }]
  }

const presence =
  (id: string) =>
  (message: AkkaMessage): Mapping => {
    const { body } = message
    const more = {
      'external-user-id': body.take('extId'),
      name: body.take('name'),
      role: body.take('role'),
      presenter: body.take('presenter'),
      guest: body.take('guest'),
      userdata: body.take('userMetadata'),
      'ip-address': body.take('ipAddress'),
      'user-agent': body.take('userAgent'),
      referer: body.take('referer'),
    }
    return [id, { meeting: meeting(message), user: user(message, more) }]
  }

const aboutUser =
  (id: string, keys: Readonly<Record<string, string>>) =>
  (message: AkkaMessage): Mapping => {
    const more = Object.fromEntries(Object.entries(keys).map(([to, from]) => [to, message.body.take(from)]))
    return [id, { meeting: meeting(message), user: user(message, more) }]
  }

const recording =
  (id: string) =>
  ({ body }: AkkaMessage): Mapping => {
    const recordID = body.take('recordId')
    return [id, { meeting: { 'internal-meeting-id': recordID }, 'record-id': recordID }]
  }

function created(message: AkkaMessage): Mapping {
  const props = message.body.fields('props')
  const main = props.fields('meetingProp')
  const duration = props.maybeFields('durationProps')
  return [
    'meeting-created',
    {
      meeting: {
        'internal-meeting-id': main.take('intId'),
        'external-meeting-id': main.take('extId'),
        name: main.take('name'),
        'is-breakout': main.take('isBreakout'),
        'parent-id': props.maybeFields('breakoutProps')?.take('parentId'),
        duration: duration?.take('duration'),
        'create-time': duration?.take('createdTime'),
        record: props.maybeFields('recordProp')?.take('record'),
        'voice-conf': props.maybeFields('voiceProp')?.take('voiceConf'),
        'dial-number': props.maybeFields('voiceProp')?.take('dialNumber'),
        'max-users': props.maybeFields('usersProp')?.take('maxUsers'),
        metadata: props.maybeFields('metadataProp')?.take('metadata'),
        audioBridge: main.take('audioBridge'),
        cameraBridge: main.take('cameraBridge'),
        screenShareBridge: main.take('screenShareBridge'),
      },
    },
  ]
}

function chat(message: AkkaMessage): Mapping {
  const msg = message.body.fields('msg')
  const sender = msg.fields('sender')
  return [
    'chat-group-message-sent',
    {
      meeting: meeting(message),
      'chat-id': message.body.take('chatId'),
      'chat-message': {
        id: msg.take('id'),
        message: msg.take('message'),
        sender: { 'internal-user-id': sender.take('id'), name: sender.take('name'), time: msg.take('timestamp') },
      },
    },
  ]
}

function emoji(message: AkkaMessage): Mapping {
  const value = message.body.take('reactionEmoji') ?? message.body.take('emoji')
  // Old servers raise hands by emoji; bbb-webhooks maps it the same way.
  return value === 'raiseHand'
    ? ['user-raise-hand-changed', { meeting: meeting(message), user: user(message, { raiseHand: true }) }]
    : ['user-emoji-changed', { meeting: meeting(message), user: user(message, { emoji: value }) }]
}

/** By message name (upstream `src/process/event.js`). */
const AKKA: Readonly<Record<string, (message: AkkaMessage) => Mapping>> = {
  MeetingCreatedEvtMsg: created,
  MeetingDestroyedEvtMsg: message => ['meeting-ended', { meeting: meeting(message) }],
  RecordingStatusChangedEvtMsg: message => {
    const on = message.body.take('recording')
    const suffix = typeof on === 'boolean' ? (on ? 'started' : 'stopped') : 'unhandled'
    return [`meeting-recording-${suffix}`, { meeting: meeting(message) }]
  },
  ScreenshareRtmpBroadcastStartedEvtMsg: screenshare('meeting-screenshare-started'),
  ScreenshareRtmpBroadcastStoppedEvtMsg: screenshare('meeting-screenshare-stopped'),
  SetCurrentPresentationEvtMsg: message => [
    'meeting-presentation-changed',
    { meeting: meeting(message, { 'presentation-id': message.body.take('presentationId') }) },
  ],
  UserJoinedMeetingEvtMsg: presence('user-joined'),
  UserLeftMeetingEvtMsg: presence('user-left'),
  UserMutedVoiceEvtMsg: message => {
    const muted = message.body.take('muted')
    const suffix = typeof muted === 'boolean' ? (muted ? 'muted' : 'unmuted') : 'unhandled'
    return [`user-audio-${suffix}`, { meeting: meeting(message), user: user(message, { muted }) }]
  },
  UserJoinedVoiceConfToClientEvtMsg: message => {
    const listening = message.body.maybeFlag('listenOnly')
    const sharing = listening === null ? null : !listening
    const more = { 'listening-only': listening, 'sharing-mic': sharing, muted: message.body.take('muted') }
    return ['user-audio-voice-enabled', { meeting: meeting(message), user: user(message, more) }]
  },
  UserLeftVoiceConfToClientEvtMsg: message => {
    const more = { 'listening-only': false, 'sharing-mic': false, muted: true }
    return ['user-audio-voice-disabled', { meeting: meeting(message), user: user(message, more) }]
  },
  UserBroadcastCamStartedEvtMsg: aboutUser('user-cam-broadcast-start', { stream: 'stream' }),
  UserBroadcastCamStoppedEvtMsg: aboutUser('user-cam-broadcast-end', { stream: 'stream' }),
  PresenterAssignedEvtMsg: aboutUser('user-presenter-assigned', { name: 'presenterName' }),
  PresenterUnassignedEvtMsg: aboutUser('user-presenter-unassigned', { name: 'name' }),
  UserEmojiChangedEvtMsg: emoji,
  UserReactionEmojiChangedEvtMsg: emoji,
  UserRaiseHandChangedEvtMsg: aboutUser('user-raise-hand-changed', { 'raise-hand': 'raiseHand' }),
  GroupChatMessageBroadcastEvtMsg: chat,
  PollStartedEvtMsg: message => {
    const { body } = message
    const answers = body.fields('poll').take('answers')
    const poll = { id: body.take('pollId'), question: body.take('question'), answers }
    return ['poll-started', { meeting: meeting(message), user: user(message), poll }]
  },
  UserRespondedToPollRespMsg: message => {
    const { body } = message
    const poll = { id: body.take('pollId'), answerIds: body.take('answerIds') }
    const respondent = { 'internal-user-id': body.take('userId') }
    return ['poll-responded', { meeting: meeting(message), user: user(message), respondent, poll }]
  },
  PadContentEvtMsg: message => {
    const { body } = message
    const pad = {
      id: body.take('padId'),
      'external-pad-id': body.take('externalId'),
      rev: body.take('rev'),
      start: body.take('start'),
      end: body.take('end'),
      text: body.take('text'),
    }
    return ['pad-content', { meeting: meeting(message), pad }]
  },
  TranscriptUpdatedEvtMsg: message => {
    const { body } = message
    const transcript = {
      id: body.take('transcriptId'),
      transcript: body.take('transcript'),
      locale: body.take('locale'),
      final: body.take('result'),
    }
    return ['transcript-updated', { meeting: meeting(message), user: user(message), transcript }]
  },
  PublishedRecordingSysMsg: recording('rap-published'),
  UnpublishedRecordingSysMsg: recording('rap-unpublished'),
  DeletedRecordingSysMsg: recording('rap-deleted'),
}

/** A message of the apps (`{envelope, core}`) as an event; `null` when nothing corresponds to it. */
export function readAkka(message: Fields): RawEvent | null {
  const envelope = message.fields('envelope')
  const name = envelope.text('name')
  const map = Object.hasOwn(AKKA, name) ? AKKA[name] : undefined
  if (map === undefined) return null
  const core = message.fields('core')
  const header = core.fields('header')
  const body = core.fields('body')
  const [id, attributes] = map({
    body,
    meetingID: header.take('meetingId') ?? body.take('meetingId'),
    userID: header.take('userId'),
  })
  return { id, attributes, ts: envelope.take('timestamp') }
}

const STEPS =
  /^(post_)?(archive|process|publish)_(started|ended)$|^sanity_(started|ended)$|^(published|unpublished|deleted)$/

/** A message of the recording scripts (`{header, payload}`) as an event; `null` when nothing corresponds to it. */
export function readRecordingMessage(message: Fields): RawEvent | null {
  const header = message.fields('header')
  const name = header.text('name')
  if (!STEPS.test(name)) return null
  const payload = message.fields('payload')
  const metadata = payload.maybeFields('metadata')
  const recording = {
    name: metadata?.take('meetingName'),
    'is-breakout': metadata?.take('isBreakout'),
    'start-time': payload.take('start_time'),
    'end-time': payload.take('end_time'),
    size: payload.maybeFields('playback')?.take('size'),
    'raw-size': payload.take('raw_size'),
    metadata: payload.take('metadata'),
    playback: payload.take('playback'),
  }
  return {
    id: `rap-${name.replaceAll('_', '-')}`,
    attributes: {
      meeting: {
        'internal-meeting-id': payload.take('meeting_id'),
        'external-meeting-id': payload.take('external_meeting_id'),
      },
      'record-id': payload.take('record_id'),
      workflow: payload.take('workflow'),
      success: payload.take('success'),
      'step-time': payload.take('step_time'),
      ...(name === 'publish_ended' ? { recording } : {}),
    },
    ts: header.take('current_time'),
  }
}
