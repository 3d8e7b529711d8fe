import { z } from 'zod'
import type { AttendanceEvent, ConferenceEvent } from '../../model.ts'
import { personField, roomField } from './map.ts'
import { identityOf, type PersonOf } from './person.ts'
import { meetingId, text, time, timeIfAny } from './schemas.ts'

const envelope = z.object({ event: z.string().min(1).max(200), payload: z.unknown() })

const run = z.object({
  object: z.object({ id: meetingId, uuid: z.string().min(1), start_time: timeIfAny.catch(undefined) }),
})
const started = z.object({ object: z.object({ start_time: time }) })
const ended = z.object({ object: z.object({ end_time: time }) })

const participant = z.object({
  user_id: z.union([z.string().min(1), z.int()]).transform(String),
  id: text,
  email: text,
  registrant_id: text,
  customer_key: text,
  participant_user_id: text,
})

const coming = z.object({
  object: z.object({
    breakout_room_uuid: text,
    participant: participant.extend({
      join_time: time.optional(),
      leave_time: time.optional(),
      date_time: time.optional(),
    }),
  }),
})

type Coming = { readonly type: 'joined' | 'left'; readonly room?: 'breakout' | 'waiting' | undefined }

/** The waiting room is no presence; it is kept for who asks why somebody was late. */
const COMINGS: Readonly<Record<string, Coming>> = {
  'meeting.participant_joined': { type: 'joined' },
  'meeting.participant_left': { type: 'left' },
  'meeting.participant_joined_breakout_room': { type: 'joined', room: 'breakout' },
  'meeting.participant_left_breakout_room': { type: 'left', room: 'breakout' },
  'meeting.participant_joined_waiting_room': { type: 'joined', room: 'waiting' },
  'meeting.participant_put_in_waiting_room': { type: 'joined', room: 'waiting' },
  'meeting.participant_left_waiting_room': { type: 'left', room: 'waiting' },
  'meeting.participant_admitted': { type: 'left', room: 'waiting' },
}

const RECORDING_EVENTS = new Set([
  'recording.completed',
  'recording.transcript_completed',
  'recording.renamed',
  'recording.trashed',
  'recording.deleted',
  'recording.recovered',
])

/**
 * A webhook's parsed body → ours. What bears on attendance must be complete; everything else is kept by name.
 * Throws `ZodError` for an event that should say more than it does.
 */
export function toConferenceEvent(body: unknown, personOf: PersonOf): ConferenceEvent {
  const { event: name, payload } = envelope.parse(body)
  const comes = Object.hasOwn(COMINGS, name) ? COMINGS[name] : undefined
  if (comes === undefined && name !== 'meeting.started' && name !== 'meeting.ended' && !RECORDING_EVENTS.has(name)) {
    const known = run.safeParse(payload)
    return { kind: 'other', meetingKey: known.success ? known.data.object.id : null, name }
  }
  const { id: meetingKey, uuid: instance, start_time: runStartedAt } = run.parse(payload).object
  const ofRun = { meetingKey, ...(runStartedAt !== undefined && { runStartedAt }) }
  if (comes !== undefined) return { kind: 'attendance', ...ofRun, event: toComing(payload, instance, comes, personOf) }
  if (name === 'meeting.started') {
    const at = started.parse(payload).object.start_time
    return { kind: 'attendance', ...ofRun, event: { type: 'started', instance, at } }
  }
  if (name === 'meeting.ended') {
    const at = ended.parse(payload).object.end_time
    return { kind: 'attendance', ...ofRun, event: { type: 'ended', instance, at } }
  }
  return { kind: 'recording', ...ofRun, recordId: instance }
}

function toComing(payload: unknown, instance: string, { type, room }: Coming, personOf: PersonOf): AttendanceEvent {
  const { participant: who, breakout_room_uuid: breakout } = coming.parse(payload).object
  const at = (type === 'joined' ? who.join_time : who.leave_time) ?? who.date_time
  return {
    type,
    instance,
    session: who.user_id,
    ...personField(personOf(identityOf({ ...who, participant_user_id: who.participant_user_id ?? who.id }))),
    ...roomField(room === 'breakout' ? `breakout:${z.string().parse(breakout)}` : room),
    at: z.number().parse(at),
  }
}
