import type { AttendanceEvent, Meeting, MeetingSpec, Recording, Room } from '../../model.ts'
import type { ListedMeeting, MeetingBody, ZoomMeeting, ZoomRecordingSet, ZoomReportRow } from './calls.ts'
import { identityOf, type PersonOf } from './person.ts'
import type { ZoomMeetingSettings } from './settings.ts'

/** Zoom's words → ours, and back. Pure. */

/** Lists show the first 250 characters of an agenda, so the marker of a class is its first line. */
export const MAX_MARKER = 200
const MAX_AGENDA = 2000
const MAX_TOPIC = 200

const firstLine = (agenda: string): string => agenda.split('\n', 1)[0]?.trim() ?? ''

/** The meeting with our marker among those listed; of several (two processes at once) always the same one. */
export function findMarked(listed: readonly ListedMeeting[], marker: string): ListedMeeting | undefined {
  const order = ({ created_at: createdAt = '', id }: ListedMeeting): string => `${createdAt} ${id.padStart(20, '0')}`
  return listed
    .filter(({ agenda }) => firstLine(agenda) === marker)
    .sort((a, b) => (order(a) < order(b) ? -1 : 1))
    .at(0)
}

/** Cut to so many UTF-16 units, never through a character. */
const cut = (value: string, max: number): string =>
  value.length <= max ? value : value.slice(0, max).replace(/[\uD800-\uDBFF]$/, '')

/** Whole seconds, as Zoom writes times. */
const zoomTime = (at: Date): string => `${at.toISOString().slice(0, 19)}Z`

const planOf = (
  spec: MeetingSpec,
  marker: string,
): Pick<MeetingBody, 'topic' | 'start_time' | 'duration' | 'agenda'> => ({
  topic: cut(spec.title, MAX_TOPIC),
  start_time: zoomTime(spec.startsAt),
  duration: spec.durationMinutes,
  agenda: cut(spec.description === '' ? marker : `${marker}\n${spec.description}`, MAX_AGENDA),
})

/** A class and how meetings are set up → what create wants. */
export function toCreateBody(
  meeting: Meeting,
  spec: MeetingSpec,
  marker: string,
  settings: ZoomMeetingSettings,
): MeetingBody {
  const registration = settings.registration ?? true
  return {
    ...planOf(spec, marker),
    type: 2,
    password: meeting.attendeePassword,
    settings: {
      join_before_host: settings.joinBeforeHost,
      waiting_room: settings.waitingRoom,
      mute_upon_entry: settings.muteUponEntry,
      host_video: settings.hostVideo,
      participant_video: settings.participantVideo,
      auto_recording: spec.record ? 'cloud' : 'none',
      approval_type: registration ? 0 : 2,
      // The addresses of our registrants take no mail.
      ...(registration && { registrants_email_notification: false, allow_multiple_devices: true }),
    },
  }
}

/** A meeting that comes again and again, without fixed times or with (Zoom's Meeting API document). */
const RECURRING: readonly (number | undefined)[] = [3, 8]

/**
 * What has changed since the meeting was made; `null` when nothing has. Zoom takes no start in the past. A recurring
 * meeting is none of ours: it holds other classes too, and its plan is its owner's.
 */
export function toUpdateBody(
  current: ZoomMeeting,
  spec: MeetingSpec,
  marker: string,
  now: number,
): Partial<MeetingBody> | null {
  if (RECURRING.includes(current.type)) return null
  const plan = planOf(spec, marker)
  const changed: Partial<MeetingBody> = {
    ...(current.topic !== plan.topic && { topic: plan.topic }),
    ...(current.agenda !== plan.agenda && { agenda: plan.agenda }),
    ...(current.duration !== plan.duration && { duration: plan.duration }),
    ...(spec.startsAt.getTime() > now &&
      current.start_time !== Date.parse(plan.start_time) && { start_time: plan.start_time }),
  }
  return Object.keys(changed).length === 0 ? null : changed
}

/** Fields that are left out rather than `undefined`: a fact is its fields. */
export const personField = (person: string | undefined): { person?: string } => (person === undefined ? {} : { person })
export const roomField = (room: Room | undefined): { room?: Room } => (room === undefined ? {} : { room })

/** A row of the participant report → a connection's beginning and end. Rows of the waiting room are no presence. */
export function toAttendance(
  row: ZoomReportRow,
  instance: string,
  personOf: PersonOf,
  emailOf: (registrantId: string) => string | undefined,
): readonly AttendanceEvent[] {
  if (row.status === 'in_waiting_room') return []
  const registered = row.registrant_id === undefined ? undefined : emailOf(row.registrant_id)
  const common = {
    instance,
    session: row.user_id,
    ...personField(personOf(identityOf({ ...row, email: registered ?? row.user_email }))),
    ...roomField(row.bo_mtg_id === undefined ? undefined : `breakout:${row.bo_mtg_id}`),
  }
  return [
    { type: 'joined', ...common, at: row.join_time },
    ...(row.leave_time === undefined ? [] : [{ type: 'left' as const, ...common, at: row.leave_time }]),
  ]
}

/** What was recorded of one run → ours. Its length is that of the pictures, since Zoom's own is whole minutes. */
export function toRecording(set: ZoomRecordingSet): Omit<Recording, 'classId'> {
  const files = set.recording_files
  const done = files.length > 0 && files.every(file => file.status === undefined || file.status === 'completed')
  const starts = files.flatMap(file => file.recording_start ?? [])
  const ends = files.flatMap(file => file.recording_end ?? [])
  const films = files.filter(file => file.file_type === 'MP4')
  const seconds = spanSeconds(
    films.flatMap(file => file.recording_start ?? []),
    films.flatMap(file => file.recording_end ?? []),
  )
  return {
    recordId: set.uuid,
    name: set.topic,
    state: done ? 'published' : 'processing',
    published: done,
    startedAt: starts.length === 0 ? null : new Date(Math.min(...starts)),
    endedAt: done && ends.length > 0 ? new Date(Math.max(...ends)) : null,
    durationSeconds: seconds,
    sizeBytes: set.total_size ?? null,
    playback: files.flatMap(({ play_url: url, recording_type: type, file_type: fileType, ...file }) => {
      if (url === undefined || !/^https:\/\//i.test(url)) return []
      const length = spanSeconds(
        file.recording_start === undefined ? [] : [file.recording_start],
        file.recording_end === undefined ? [] : [file.recording_end],
      )
      return {
        type: type ?? fileType.toLowerCase(),
        url: withPasscode(url, set.recording_play_passcode),
        durationMinutes: length === null ? null : Math.round(length / 60),
      }
    }),
  }
}

const spanSeconds = (starts: readonly number[], ends: readonly number[]): number | null => {
  if (starts.length === 0 || ends.length === 0) return null
  const span = Math.max(...ends) - Math.min(...starts)
  return span > 0 ? Math.round(span / 1000) : null
}

function withPasscode(url: string, passcode: string | undefined): string {
  const parsed = new URL(url)
  if (passcode !== undefined) parsed.searchParams.set('pwd', passcode)
  return parsed.href
}
