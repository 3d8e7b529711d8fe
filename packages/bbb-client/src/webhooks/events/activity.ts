import type { Fields } from '../fields.ts'
import { type EventBase, type EventMeeting, type EventSource, type EventUser, meetingOf, readUser } from './base.ts'

/** A message in the public chat. `text` is what a participant typed: untrusted text that may hold HTML. */
export interface ChatMessageEvent extends EventBase<'chat-group-message-sent'> {
  readonly meeting: EventMeeting
  readonly chatID: string | null
  readonly message: {
    /** `null` from bbb-webhooks 2.x. */
    readonly id: string | null
    readonly text: string
    readonly sentAt: Date | null
    readonly sender: EventUser & { readonly name: string | null }
  }
}

export interface PollStartedEvent extends EventBase<'poll-started'> {
  readonly meeting: EventMeeting
  /** Who started it. */
  readonly user: EventUser
  readonly poll: {
    readonly id: string
    readonly question: string | null
    readonly answers: readonly { readonly id: number; readonly key: string | null }[]
  }
}

/** Somebody answered a poll. The mapped form does not say who: its `user` is the presenter, so it is called that here. */
export interface PollRespondedEvent extends EventBase<'poll-responded'> {
  readonly meeting: EventMeeting
  readonly presenter: EventUser
  /** Only known from raw messages. */
  readonly respondent: EventUser | null
  readonly poll: { readonly id: string; readonly answerIDs: readonly number[] }
}

/** The shared notes after a change. */
export interface PadContentEvent extends EventBase<'pad-content'> {
  readonly meeting: EventMeeting
  readonly pad: {
    readonly id: string
    readonly externalPadID: string | null
    readonly revision: string | null
    readonly start: number | null
    readonly end: number | null
    readonly text: string
  }
}

/** A piece of a live transcript; `final` when it will not change any more. */
export interface TranscriptUpdatedEvent extends EventBase<'transcript-updated'> {
  readonly meeting: EventMeeting
  readonly user: EventUser
  readonly transcript: {
    readonly id: string
    readonly text: string
    readonly locale: string | null
    readonly final: boolean
  }
}

/** Text that may well be empty, but must be text. */
function body(fields: Fields, key: string): string {
  const value = fields.take(key)
  return typeof value === 'string' ? value : fields.missing(key)
}

function readChat(source: EventSource): ChatMessageEvent {
  const { attributes } = source
  const message = attributes.fields('chat-message')
  const sender = message.fields('sender')
  const id = message.maybeText('id')
  const user = readUser(sender)
  const name = sender.maybeText('name')
  return {
    ...source.base('chat-group-message-sent'),
    meeting: meetingOf(source),
    chatID: attributes.maybeText('chat-id'),
    message: {
      id,
      text: body(message, 'message'),
      sentAt: sender.maybeDate('time'),
      // 2.x gives messages no id, and puts the display name where the external id belongs.
      sender: id === null ? { ...user, externalUserID: null, name: name ?? user.externalUserID } : { ...user, name },
    },
  }
}

function readAnswers(poll: Fields): PollStartedEvent['poll']['answers'] {
  return poll.list('answers').map((value, index) => {
    const answer = poll.item('answers', index, value)
    return { id: answer.maybeNumber('id') ?? answer.missing('id'), key: answer.maybeText('key') }
  })
}

export const activityReaders = {
  'chat-group-message-sent': readChat,
  'poll-started': (source: EventSource): PollStartedEvent => {
    const poll = source.attributes.fields('poll')
    return {
      ...source.base('poll-started'),
      meeting: meetingOf(source),
      user: readUser(source.attributes.fields('user')),
      poll: { id: poll.text('id'), question: poll.maybeText('question'), answers: readAnswers(poll) },
    }
  },
  'poll-responded': (source: EventSource): PollRespondedEvent => {
    const poll = source.attributes.fields('poll')
    const respondent = source.attributes.maybeFields('respondent')
    return {
      ...source.base('poll-responded'),
      meeting: meetingOf(source),
      presenter: readUser(source.attributes.fields('user')),
      respondent: respondent === null ? null : readUser(respondent),
      poll: {
        id: poll.text('id'),
        answerIDs: poll.list('answerIds').map(id => (typeof id === 'number' ? id : poll.missing('answerIds'))),
      },
    }
  },
  'pad-content': (source: EventSource): PadContentEvent => {
    const pad = source.attributes.fields('pad')
    return {
      ...source.base('pad-content'),
      meeting: meetingOf(source),
      pad: {
        id: pad.text('id'),
        externalPadID: pad.maybeText('external-pad-id'),
        revision: pad.maybeText('rev'),
        start: pad.maybeNumber('start'),
        end: pad.maybeNumber('end'),
        text: body(pad, 'text'),
      },
    }
  },
  'transcript-updated': (source: EventSource): TranscriptUpdatedEvent => {
    const transcript = source.attributes.fields('transcript')
    return {
      ...source.base('transcript-updated'),
      meeting: meetingOf(source),
      user: readUser(source.attributes.fields('user')),
      transcript: {
        id: transcript.text('id'),
        text: body(transcript, 'transcript'),
        locale: transcript.maybeText('locale'),
        final: transcript.maybeFlag('final') ?? false,
      },
    }
  },
}
