import { createHmac } from 'node:crypto'
import { ConferencingError } from '../../src/errors.ts'
import type { AttendanceEvent, ConferenceEvent, Meeting, Recording } from '../../src/model.ts'
import type { CallbackRequest, ConferenceProvider, KeptCallbacks } from '../../src/provider.ts'

interface RoomState {
  readonly instance: string
  readonly people: Set<string>
}

type ListedRecording = Omit<Recording, 'classId'>

/** What a test may make go wrong: called before the call does anything, it throws or waits. */
export type Fault = () => void | Promise<void>

/**
 * A complete provider in one process, over plain JSON callbacks signed with an HMAC: rooms are made once per identity,
 * forgotten when they end, and "running" while somebody is inside.
 */
export class PlainProvider implements ConferenceProvider {
  readonly name: string
  readonly capabilities: ConferenceProvider['capabilities']
  readonly signatureHeaders = ['x-signature']
  readonly rooms = new Map<string, RoomState>()
  readonly recorded = new Map<string, ListedRecording[]>()
  /** What the provider itself wrote down, by meeting id. */
  readonly reports = new Map<string, readonly AttendanceEvent[] | null>()
  /** Every call, in order, by name. */
  readonly calls: string[] = []
  /** Faults waiting for the next calls of a name, first come first served. */
  readonly faults = new Map<string, Fault[]>()
  /** How the next `keepCallbacks` finds our registration. */
  registered: KeptCallbacks['state'] = 'kept'
  readonly #secret = 'callbacks are signed with this'
  #instances = 0

  constructor({ name = 'bbb', idempotentOpen = true, publishRecordings = true } = {}) {
    this.name = name
    this.capabilities = { idempotentOpen, snapshots: true, publishRecordings }
  }

  failNext(call: string, ...faults: Fault[]): void {
    this.faults.set(call, [...(this.faults.get(call) ?? []), ...faults])
  }

  async #called(call: string): Promise<void> {
    this.calls.push(call)
    await this.faults.get(call)?.shift()?.()
  }

  planMeeting: ConferenceProvider['planMeeting'] = spec => ({
    provider: this.name,
    serverId: 'plain-1',
    meetingId: `meeting-${spec.classId}`,
    meetingKey: `meeting-${spec.classId}`,
    moderatorPassword: `moderators of ${spec.classId}`,
    attendeePassword: `attendees of ${spec.classId}`,
    details: {},
  })

  openMeeting: ConferenceProvider['openMeeting'] = async meeting => {
    await this.#called('openMeeting')
    const room = this.rooms.get(meeting.meetingId) ?? { instance: `run-${++this.#instances}`, people: new Set() }
    this.rooms.set(meeting.meetingId, room)
    return { ...meeting, details: { run: room.instance } }
  }

  joinLink: ConferenceProvider['joinLink'] = async (meeting, { userId, displayName, role }) => {
    await this.#called('joinLink')
    const query = new URLSearchParams({ room: meeting.meetingId, role, userId, name: displayName })
    query.set('ticket', createHmac('sha256', this.#secret).update(query.toString()).digest('hex'))
    return `https://rooms.example/join?${query}`
  }

  endMeeting: ConferenceProvider['endMeeting'] = async meeting => {
    await this.#called('endMeeting')
    this.rooms.delete(meeting.meetingId)
  }

  cancelMeeting: ConferenceProvider['cancelMeeting'] = async meeting => {
    await this.#called('cancelMeeting')
    this.rooms.delete(meeting.meetingId)
  }

  report: ConferenceProvider['report'] = async meeting => {
    await this.#called('report')
    return this.reports.get(meeting.meetingId) ?? null
  }

  isRunning: ConferenceProvider['isRunning'] = async meeting => {
    await this.#called('isRunning')
    return (this.rooms.get(meeting.meetingId)?.people.size ?? 0) > 0
  }

  snapshot: ConferenceProvider['snapshot'] = async meeting => {
    await this.#called('snapshot')
    const room = this.rooms.get(meeting.meetingId)
    if (!room) return null
    return { instance: room.instance, present: [...room.people].map(person => ({ session: null, person })) }
  }

  readonly callbackServers = ['plain-1']

  keepCallbacks: NonNullable<ConferenceProvider['keepCallbacks']> = async () => {
    await this.#called('keepCallbacks')
    const state = this.registered
    this.registered = 'kept'
    return { serverId: 'plain-1', state, found: state === 'kept' ? 'in place' : 'was gone' }
  }

  recordings: ConferenceProvider['recordings'] = async meeting => {
    await this.#called('recordings')
    return this.recorded.get(meeting.meetingId) ?? []
  }

  publishRecording: NonNullable<ConferenceProvider['publishRecording']> = async (meeting, { recordId, published }) => {
    await this.#called('publishRecording')
    const listed = this.recorded.get(meeting.meetingId) ?? []
    this.recorded.set(
      meeting.meetingId,
      listed.map(one =>
        one.recordId === recordId ? { ...one, published, state: published ? 'published' : 'unpublished' } : one,
      ),
    )
  }

  deleteRecording: NonNullable<ConferenceProvider['deleteRecording']> = async (meeting, recordId) => {
    await this.#called('deleteRecording')
    const listed = this.recorded.get(meeting.meetingId) ?? []
    this.recorded.set(
      meeting.meetingId,
      listed.filter(one => one.recordId !== recordId),
    )
  }

  verify: ConferenceProvider['verify'] = request => {
    const given = request.headers instanceof Headers ? request.headers.get('x-signature') : undefined
    if (given !== this.sign(request.target, request.body)) {
      throw new ConferencingError('CALLBACK_REJECTED', 'The signature does not fit.', {
        provider: this.name,
        details: { reason: 'mismatch' },
      })
    }
    return { serverId: 'plain-1', body: request.body, kind: 'plain' }
  }

  events: ConferenceProvider['events'] = ({ body }) => {
    const events: ConferenceEvent[] = JSON.parse(Buffer.from(body).toString('utf8'))
    return events
  }

  sign(target: string, body: Uint8Array | string): string {
    return createHmac('sha256', this.#secret).update(target).update('\n').update(body).digest('hex')
  }

  /** A signed callback with these facts about one meeting. */
  callback(meeting: Pick<Meeting, 'meetingKey'>, ...events: AttendanceEvent[]): CallbackRequest {
    return this.callbackOf(events.map(event => ({ kind: 'attendance', meetingKey: meeting.meetingKey, event })))
  }

  callbackOf(events: readonly ConferenceEvent[], target = '/api/v1/classes/bbb-webhook/token'): CallbackRequest {
    const body = Buffer.from(JSON.stringify(events))
    return { method: 'POST', target, headers: new Headers({ 'x-signature': this.sign(target, body) }), body }
  }
}

/** A recording as this provider lists it. */
export const listedRecording = (changes: Partial<ListedRecording> = {}): ListedRecording => ({
  recordId: 'record-1',
  name: 'Lesson',
  state: 'published',
  published: true,
  startedAt: new Date('2027-03-01T09:00:00Z'),
  endedAt: new Date('2027-03-01T10:00:00Z'),
  durationSeconds: 3600,
  sizeBytes: 250_000_000,
  playback: [{ type: 'presentation', url: 'https://rooms.example/playback/record-1', durationMinutes: 60 }],
  ...changes,
})

export const unavailable =
  (outcome: 'not-sent' | 'unknown' = 'unknown') =>
  (): never => {
    throw new ConferencingError('UNAVAILABLE', 'plain: no answer', {
      outcome,
      userMessage: 'The video service does not answer. Please try again in a minute.',
    })
  }

export const refusal = (): never => {
  throw new ConferencingError('REFUSED', 'plain: no such thing', {
    outcome: 'refused',
    userMessage: 'The video service does not accept this class.',
  })
}
