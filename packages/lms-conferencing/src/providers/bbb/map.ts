import type { Recording as BbbRecording, CreateParams } from 'bbb-client'
import type { WebhookEvent } from 'bbb-client/webhooks'
import type { ConferenceEvent, Meeting, MeetingSpec, Recording, RecordingState } from '../../model.ts'
import { baseUrlBeside, callbackUrl, type MeetingCallback } from './callback-urls.ts'
import type { Server } from './servers.ts'
import type { BbbMeetingSettings } from './settings.ts'

/** BigBlueButton's words → ours, and back. Pure. */

/** An internal meeting id is `sha1(meetingID)-createTime`: what stands before the dash is the same for every run. */
export function meetingKeyOf(internalMeetingID: string): string {
  const dash = internalMeetingID.lastIndexOf('-')
  return dash < 0 ? internalMeetingID : internalMeetingID.slice(0, dash)
}

/** When a run began, by its internal id; `undefined` where a load balancer made that another way. */
export function startOf(internalMeetingID: string): number | undefined {
  const time = internalMeetingID.slice(internalMeetingID.lastIndexOf('-') + 1)
  return /^\d{13}$/.test(time) ? Number(time) : undefined
}

/** A run by its internal id: the meeting's key, and when it began. */
export function runOf(internalMeetingID: string): { readonly meetingKey: string; readonly runStartedAt?: number } {
  const runStartedAt = startOf(internalMeetingID)
  return { meetingKey: meetingKeyOf(internalMeetingID), ...(runStartedAt !== undefined && { runStartedAt }) }
}

/** What the server calls a connection, and people who came without our user id. */
export const isInternalId = (id: string): boolean => /^w_[a-z0-9]{12}$/.test(id)

/** A callback's event → ours. The facts it rests on are the internal ids, which every event carries in any order. */
export function toConferenceEvent(event: WebhookEvent): ConferenceEvent {
  if (!event.known) return { kind: 'other', meetingKey: null, name: String(event.id) }
  const instance = event.meeting.internalMeetingID
  const run = runOf(instance)
  const { meetingKey } = run
  const at = event.at.getTime()
  switch (event.id) {
    case 'meeting-created': {
      const { isBreakout, parentID } = event.meeting
      if (!isBreakout || parentID === null)
        return { kind: 'attendance', ...run, event: { type: 'started', instance, at } }
      return {
        kind: 'breakout',
        meetingKey,
        parentKey: meetingKeyOf(parentID),
        parentInstance: parentID,
        room: `breakout:${instance}`,
      }
    }
    case 'meeting-ended':
      return { kind: 'attendance', ...run, event: { type: 'ended', instance, at } }
    case 'user-joined':
    case 'user-left': {
      const { internalUserID: session, externalUserID } = event.user
      // BigBlueButton names nobody in some messages; such an event says nothing about anyone.
      if (session === null) return { kind: 'other', meetingKey, name: event.id }
      // Someone who came without our user id is called by the server's own: unattributed, never guessed.
      const person = externalUserID === null || externalUserID === session ? undefined : externalUserID
      const type = event.id === 'user-joined' ? 'joined' : 'left'
      return {
        kind: 'attendance',
        ...run,
        event: { type, instance, session, ...(person !== undefined && { person }), at },
      }
    }
    case 'rap-publish-ended':
    case 'rap-published':
    case 'rap-unpublished':
    case 'rap-deleted':
      return { kind: 'recording', ...run, recordId: event.recordID }
    default:
      return { kind: 'other', meetingKey, name: event.id }
  }
}

/** A class, how rooms are set up and where their server calls back → what create wants. */
export function toCreateParams(
  meeting: Meeting,
  spec: MeetingSpec,
  settings: BbbMeetingSettings,
  { id: serverId, callbacks, client }: Server,
): CreateParams {
  const { logoutURL, ...flags } = settings
  const baseUrl = callbacks?.baseUrl === undefined ? baseUrlBeside(callbacks?.url ?? '', client.url) : callbacks.baseUrl
  const to = (kind: MeetingCallback): string | undefined =>
    callbacks && baseUrl !== null
      ? callbackUrl(baseUrl, callbacks.secrets, kind, { serverId, meetingId: meeting.meetingId })
      : undefined
  const endCallbackUrl = to('meeting-ended')
  return {
    meetingID: meeting.meetingId,
    name: spec.title,
    attendeePW: meeting.attendeePassword,
    moderatorPW: meeting.moderatorPassword,
    record: spec.record,
    ...(spec.description !== '' && { welcome: spec.description }),
    ...flags,
    autoStartRecording: spec.record ? flags.autoStartRecording : undefined,
    // Without its events BigBlueButton has nothing to count when a class was not recorded.
    meetingKeepEvents: endCallbackUrl === undefined ? undefined : true,
    meta: { 'lms-class-id': spec.classId, 'lms-course-id': spec.courseId },
    privileged: {
      logoutURL,
      endCallbackUrl,
      analyticsCallbackUrl: to('analytics'),
      recordingReadyUrl: spec.record ? to('recording-ready') : undefined,
    },
  }
}

const STATES: Readonly<Record<string, RecordingState>> = {
  processing: 'processing',
  processed: 'processing',
  published: 'published',
  available: 'published',
  unpublished: 'unpublished',
  deleted: 'deleted',
}

/** A recording as BigBlueButton lists it → ours. */
export function toRecording(recording: BbbRecording): Omit<Recording, 'classId'> {
  const { startTime, endTime, playback } = recording
  const state = STATES[recording.state ?? ''] ?? (recording.published ? 'published' : 'unpublished')
  const longest = Math.max(-1, ...playback.map(format => format.length ?? -1))
  const span =
    startTime !== null && endTime !== null && endTime > startTime ? endTime.getTime() - startTime.getTime() : null
  return {
    recordId: recording.recordID,
    name: recording.name,
    state,
    published: recording.published,
    startedAt: startTime,
    endedAt: endTime,
    // Formats tell whole minutes; the span of the meeting is exact, but longer than what was recorded.
    durationSeconds: longest > 0 ? longest * 60 : span === null ? null : Math.round(span / 1000),
    sizeBytes: recording.size,
    playback: playback
      .filter(format => /^https?:\/\//i.test(format.url))
      .map(format => ({ type: format.type, url: format.url, durationMinutes: format.length })),
  }
}
