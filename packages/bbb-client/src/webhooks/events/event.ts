import { BbbWebhookError } from '../errors.ts'
import { bareRecord, Fields, toDate } from '../fields.ts'
import {
  activityReaders,
  type ChatMessageEvent,
  type PadContentEvent,
  type PollRespondedEvent,
  type PollStartedEvent,
  type TranscriptUpdatedEvent,
} from './activity.ts'
import type { EventBase, EventMeeting, EventSource } from './base.ts'
import {
  type MeetingCreatedEvent,
  type MeetingStateEvent,
  meetingReaders,
  type PresentationChangedEvent,
  type ScreenshareEvent,
} from './meeting.ts'
import { type RawEvent, readAkka, readRecordingMessage } from './raw.ts'
import {
  type RecordingPublishEndedEvent,
  type RecordingStateEvent,
  type RecordingStepEndedEvent,
  type RecordingStepStartedEvent,
  recordingReaders,
} from './recording.ts'
import {
  type UserAudioEvent,
  type UserCameraEvent,
  type UserEmojiEvent,
  type UserPresenceEvent,
  type UserPresenterEvent,
  type UserRaiseHandEvent,
  userReaders,
} from './user.ts'

/** An event with a type of its own: comparing `id` narrows to it. */
export type KnownWebhookEvent =
  | MeetingCreatedEvent
  | MeetingStateEvent
  | ScreenshareEvent
  | PresentationChangedEvent
  | UserPresenceEvent
  | UserAudioEvent
  | UserCameraEvent
  | UserPresenterEvent
  | UserEmojiEvent
  | UserRaiseHandEvent
  | ChatMessageEvent
  | PollStartedEvent
  | PollRespondedEvent
  | PadContentEvent
  | TranscriptUpdatedEvent
  | RecordingStepStartedEvent
  | RecordingStepEndedEvent
  | RecordingPublishEndedEvent
  | RecordingStateEvent

/** Every event id this version knows. */
export type WebhookEventID = KnownWebhookEvent['id']

const READERS: Readonly<Record<WebhookEventID, (source: EventSource) => KnownWebhookEvent>> = {
  ...meetingReaders,
  ...userReaders,
  ...activityReaders,
  ...recordingReaders,
}

/**
 * At run time the id as it arrived. The suffix exists only for the compiler, which needs it to see that an unknown id
 * is none of the known ones; compare with `String(event.id)`.
 */
export type UnknownWebhookEventID = `${string}<unknown>`

/** An event of a newer bbb-webhooks, or a raw message that corresponds to no event. Kept, never an error. */
export interface UnknownWebhookEvent {
  readonly id: UnknownWebhookEventID
  readonly known: false
  readonly form: 'mapped' | 'raw'
  readonly at: Date | null
  readonly meeting: EventMeeting | null
  /** All of it as it arrived, without credentials. */
  readonly data: Readonly<Record<string, unknown>>
}

export type WebhookEvent = KnownWebhookEvent | UnknownWebhookEvent

/** The ids this version knows, for `hooks/create?eventID=`. */
export const WEBHOOK_EVENT_IDS: readonly WebhookEventID[] = Object.freeze(Object.keys(READERS).filter(isKnown))

function isKnown(id: string): id is WebhookEventID {
  return Object.hasOwn(READERS, id)
}

function isUnknown(id: string): id is UnknownWebhookEventID {
  return !isKnown(id)
}

/**
 * One element of the `event` field, mapped or raw, told apart by its shape.
 * @throws {@link BbbWebhookError} `malformed` when it is neither, or a known event misses what it cannot do without.
 */
export function readEvent(value: unknown, path: string): WebhookEvent {
  const root = new Fields(value, path)
  const data = root.maybeFields('data')
  if (data !== null) {
    data.take('type')
    const id = data.text('id')
    const ts = data.maybeFields('event')?.take('ts')
    if (!isKnown(id)) return unknown(id, 'mapped', ts, data.maybeFields('attributes')?.maybeFields('meeting'), value)
    return known(id, 'mapped', ts, data.take('attributes'))
  }
  const raw = readRaw(root)
  if (raw === null) throw new BbbWebhookError('malformed', `${path} is neither an event nor a raw message.`)
  const { message, name, ts } = raw
  if (message !== null && isKnown(message.id)) {
    return known(message.id, 'raw', message.ts, message.attributes)
  }
  return unknown(name, 'raw', ts, null, value)
}

function readRaw(
  root: Fields,
): { readonly message: RawEvent | null; readonly name: string; readonly ts: unknown } | null {
  const envelope = root.maybeFields('envelope')
  if (envelope !== null) return { message: readAkka(root), name: envelope.text('name'), ts: envelope.take('timestamp') }
  const header = root.maybeFields('header')
  if (header === null || !root.has('payload')) return null
  return { message: readRecordingMessage(root), name: header.text('name'), ts: header.take('current_time') }
}

function known(id: WebhookEventID, form: 'mapped' | 'raw', ts: unknown, value: unknown): KnownWebhookEvent {
  const at = toDate(ts)
  if (at === null) throw new BbbWebhookError('malformed', `${id}: the time of the event is missing or implausible.`)
  const extra = bareRecord<unknown>()
  try {
    const attributes = new Fields(value, '')
    const event = READERS[id]({
      attributes,
      base: <ID extends string>(own: ID): EventBase<ID> => ({ id: own, known: true, at, form, extra }),
    })
    if (form === 'mapped') attributes.collectUnread(extra)
    return event
  } catch (error) {
    if (error instanceof BbbWebhookError) throw new BbbWebhookError('malformed', `${id}: ${error.message}`)
    throw error
  }
}

function unknown(
  id: string,
  form: 'mapped' | 'raw',
  ts: unknown,
  meeting: Fields | null | undefined,
  value: unknown,
): UnknownWebhookEvent {
  if (!isUnknown(id)) throw new BbbWebhookError('malformed', 'A raw message has the name of an event.')
  const internalMeetingID = meeting?.maybeText('internal-meeting-id') ?? null
  return {
    id,
    known: false,
    form,
    at: toDate(ts),
    meeting:
      internalMeetingID === null
        ? null
        : { internalMeetingID, externalMeetingID: meeting?.maybeText('external-meeting-id') ?? null },
    data: { ...(value as Record<string, unknown>) },
  }
}
